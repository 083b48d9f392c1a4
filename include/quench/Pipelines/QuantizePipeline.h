//===- QuantizePipeline.h - Quantize IR of other compilers ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For a compiler that has a pipeline of its own. Its ops take part through the interfaces
// BasisOpInterface and QuantizableOpInterface; those of linalg and tosa do already. In between the
// two pipelines stands what lowers its ops to linalg, if there is anything to lower:
//
//   quench-quantize-functions    float ops            ->  the same ops between quench.dequantize
//   (your lowering)              your ops             ->  linalg
//   quench-to-upstream           quench and linalg    ->  upstream dialects, products of codes
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_PIPELINES_QUANTIZEPIPELINE_H
#define QUENCH_PIPELINES_QUANTIZEPIPELINE_H

#include "mlir/Pass/PassOptions.h"

#include <string>

namespace quench {

/// Options of the pipeline `quench-quantize-functions`.
struct QuantizePipelineOptions : mlir::PassPipelineOptions<QuantizePipelineOptions> {
  Option<std::string> recipe{*this, "recipe", llvm::cl::init("w8a8-dynamic"),
                             llvm::cl::desc("A built-in recipe or a file: the formats; passes that "
                                            "the recipe names are not run")};
  Option<bool> equalize{*this, "equalize", llvm::cl::init(false),
                        llvm::cl::desc("Equalize the channels of neighbouring layers first")};
  Option<bool> rotate{*this, "rotate", llvm::cl::init(false),
                      llvm::cl::desc("Rotate the inputs of layers first")};
};

/// Appends the passes that fold batch norms into layers, move outliers out of the way as the
/// options say, evaluate what that made of the weights, and quantize in QDQ form. Weights are
/// constants of the IR. Static ranges of activations are those on `quench.observe` ops that are
/// there.
void buildQuantizePipeline(mlir::OpPassManager &pm, const QuantizePipelineOptions &options);

/// Appends the passes that turn what quantization left into linalg, arith and tensor. Contractions
/// multiply codes where both sides have signed codes of eight bits; elsewhere they stay in float
/// between the arithmetic that encodes and decodes.
void buildUpstreamPipeline(mlir::OpPassManager &pm);

/// Registers both by their names, `quench-quantize-functions` and `quench-to-upstream`.
void registerQuantizePipelines();

} // namespace quench

#endif // QUENCH_PIPELINES_QUANTIZEPIPELINE_H
