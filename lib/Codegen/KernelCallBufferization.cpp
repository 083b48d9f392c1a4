//===- KernelCallBufferization.cpp - Bufferization of kernel calls -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/KernelCallBufferization.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/Dialect.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace quench;

namespace {
struct KernelCallModel : DstBufferizableOpInterfaceExternalModel<KernelCallModel, KernelCallOp> {
  /// Kernels write the whole of a destination and never read it.
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand, const AnalysisState &) const {
    return !cast<KernelCallOp>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options, BufferizationState &state) const {
    auto call = cast<KernelCallOp>(op);
    auto buffers = [&](OperandRange values, SmallVectorImpl<Value> &result) -> LogicalResult {
      for (Value value : values) {
        if (!isa<TensorType>(value.getType())) {
          result.push_back(value);
          continue;
        }
        FailureOr<Value> buffer = getBuffer(rewriter, value, options, state);
        if (failed(buffer)) {
          return failure();
        }
        result.push_back(*buffer);
      }
      return success();
    };
    SmallVector<Value> inputs, destinations;
    if (failed(buffers(call.getInputs(), inputs)) ||
        failed(buffers(call.getDestinations(), destinations))) {
      return failure();
    }
    KernelCallOp::create(rewriter, op->getLoc(), TypeRange(), call.getKernel(), inputs,
                         destinations);
    replaceOpWithBufferizedValues(rewriter, op, destinations);
    return success();
  }
};
} // namespace

void quench::registerKernelCallBufferization(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, QuenchDialect *) {
    KernelCallOp::attachInterface<KernelCallModel>(*context);
  });
}
