//===- LlamaGraph.h - A Llama model found in IR -----------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The inverse of `buildLlama`. Other tools do not read IR: what they load is a list of tensors and
// a configuration, and the network is in their code. So a model can be handed to them as long as
// its IR still is that network, whatever was done to the weights: rotations of the residual stream
// and smoothing leave it as it is, a change of basis that stays online does not.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_EXPORT_LLAMAGRAPH_H
#define QUENCH_EXPORT_LLAMAGRAPH_H

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Import/LlamaConfig.h"
#include "quench/Model/ModelFolder.h"

#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace quench {

/// A tensor that the network needs, under its Hugging Face name.
struct GraphTensor {
  std::string name;
  llvm::SmallVector<int64_t> shape;
  /// Null where the IR does without: norms without a gain, layers without a bias that others have.
  WeightOp weight;
  /// The value of all elements then.
  float filler = 0.0f;
  /// Of weights of linear layers: what rounds their input; null when nothing does.
  QuantizeOp inputRounding = nullptr;
};

struct LlamaGraph {
  /// "LlamaForCausalLM". Rotary frequencies are plain, linearly scaled, or have divisors.
  LlamaConfig config;
  /// In the order of `visitLlamaTensors`.
  std::vector<GraphTensor> tensors;
  /// Whether inputs of linear layers are rounded to a scheme, which `inputRounding` has.
  bool roundsInputs = false;
  /// Whether inputs are rounded to short floats or by `quench.fake_quantize`, whether keys and
  /// values are, and whether anything else is.
  bool roundsFloatInputs = false, roundsCaches = false, roundsOthers = false;

  /// "inputs of linear layers, caches": what is rounded, for people; empty when nothing is. Without
  /// schemes, only what no `inputRounding` says.
  std::string rounded(bool withSchemes) const;
};

/// Finds the network in a function. Errors start with `file` and name the place in the model, what
/// was expected there and what was found.
llvm::Expected<LlamaGraph> findLlamaGraph(const CausalLM &model, llvm::StringRef file);

} // namespace quench

#endif // QUENCH_EXPORT_LLAMAGRAPH_H
