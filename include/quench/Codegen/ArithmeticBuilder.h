//===- ArithmeticBuilder.h - Arithmetic and loops of kernels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What builders of kernels for processors and for devices have in common. Values are scalars, or
// vectors for processors.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_ARITHMETICBUILDER_H
#define QUENCH_CODEGEN_ARITHMETICBUILDER_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <functional>

namespace quench {

class ArithmeticBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  /// A buffer whose rows are dense and which may begin anywhere: what kernels take.
  static mlir::MemRefType bufferType(mlir::ArrayRef<int64_t> shape, mlir::Type element);

  mlir::Value index(int64_t value);
  mlir::Value i32(int32_t value);
  mlir::Value f32(float value);

  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs);
  mlir::Value div(mlir::Value lhs, mlir::Value rhs);
  /// The larger (smaller) one; `rhs` when one is NaN.
  mlir::Value maximum(mlir::Value lhs, mlir::Value rhs);
  mlir::Value minimum(mlir::Value lhs, mlir::Value rhs);

  using LoopBody = std::function<void(mlir::Value index)>;
  using CarryingLoopBody =
      std::function<mlir::SmallVector<mlir::Value>(mlir::Value index, mlir::ValueRange carried)>;
  void loop(mlir::Value begin, mlir::Value end, mlir::Value step, const LoopBody &body);
  mlir::SmallVector<mlir::Value> loop(mlir::Value begin, mlir::Value end, mlir::Value step,
                                      mlir::ValueRange initial, const CarryingLoopBody &body);
};

} // namespace quench

#endif // QUENCH_CODEGEN_ARITHMETICBUILDER_H
