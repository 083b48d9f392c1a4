//===- ScalableInput.h - Inputs of layers whose channels scale --*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What SmoothQuant, AWQ and cross-layer equalization have in common: an input x of linear layers is
// divided by a scale for each channel, x' = x diag(s)⁻¹, which the weights of its readers make up
// for, and which something before has to take in: a gain, the rows of a linear layer. What that is
// the engine finds out; here is what has to be known to choose s.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_BASIS_SCALABLEINPUT_H
#define QUENCH_BASIS_SCALABLEINPUT_H

#include "quench/Basis/ConstantChain.h"
#include "quench/Basis/Rebase.h"
#include "quench/Workspace/Workspace.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace quench {

/// A value that linear layers read.
class ScalableInput {
public:
  /// Of all layers in a module, in program order, each value once: ops with QuantizableOpInterface,
  /// and others that sum over the channels with weights, such as `linalg.matmul` and `tosa.conv2d`.
  /// Inputs whose channels are not static are left out, and those of the first kind whose channels
  /// are not the last axis.
  static std::vector<ScalableInput> findAll(mlir::ModuleOp module);

  mlir::Value value() const { return input; }
  /// The axis of the channels.
  int64_t axis() const { return channelAxis; }
  llvm::ArrayRef<mlir::Operation *> layers() const { return readers; }
  /// The names of the layers.
  llvm::ArrayRef<std::string> layerNames() const { return names; }
  /// The name under which calibration knows the value: that of its observer, else the one that
  /// quench-insert-observers would give it.
  const std::string &edge() const { return edgeName; }

  /// Whether the recipe of the workspace, if there is one, quantizes the activations of a layer.
  bool isQuantizedBy(const Workspace &workspace) const;

  int64_t channels() const { return static_cast<int64_t>(classOf.size()); }
  /// Channels that can only have the same scale are of one class: those of query heads that share a
  /// key head. Classes are numbered in the order of their first channels.
  llvm::ArrayRef<int64_t> classes() const { return classOf; }
  int64_t numClasses() const { return count; }
  /// The largest of the values of the channels of each class.
  std::vector<double> largestOfClasses(llvm::ArrayRef<float> ofChannels) const;

  /// Looks for a way to divide the channels by scales, one for each class.
  RebaseResult plan(llvm::ArrayRef<double> scales) const;

private:
  mlir::Value input;
  int64_t channelAxis = 0;
  llvm::SmallVector<mlir::Operation *> readers;
  std::vector<std::string> names;
  std::string edgeName;
  std::vector<int64_t> classOf;
  int64_t count = 0;
};

/// Where the scales of an input would go: found with scales that tell classes apart.
class ScalePlan {
public:
  /// A weight with the axis that is scaled.
  struct Constant {
    mlir::Value value;
    int64_t axis;
    /// Of each index of the axis.
    std::vector<int64_t> classes;
  };

  /// Nothing, and a refusal, when the scales cannot go anywhere.
  static std::optional<ScalePlan> create(const ScalableInput &input, RebaseRefusal &refusal);

  /// Weights of layers that are divided by the scales: what makes the input.
  llvm::ArrayRef<Constant> makers() const { return divided; }
  /// Weights of layers that are multiplied by them: what reads it.
  llvm::ArrayRef<Constant> readers() const { return multiplied; }

  /// The largest magnitude in each class over all `constants`; 0 for classes without.
  static llvm::Expected<std::vector<double>>
  largest(llvm::ArrayRef<Constant> constants, int64_t numClasses, ConstantEvaluator &evaluator);

private:
  std::vector<Constant> divided, multiplied;
};

/// The scales of SmoothQuant (Xiao et al., 2022, arXiv 2211.10438): what a class has to be divided
/// by so that the difficulty of quantizing it is shared, `max|x|^alpha / max|w|^(1 - alpha)`, with
/// maxima and scales of at least 1e-5.
std::vector<double> smoothingScales(llvm::ArrayRef<double> activations,
                                    llvm::ArrayRef<double> weights, double alpha);

} // namespace quench

#endif // QUENCH_BASIS_SCALABLEINPUT_H
