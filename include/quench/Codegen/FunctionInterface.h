//===- FunctionInterface.h - What a compiled function looks like from outside -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_FUNCTIONINTERFACE_H
#define QUENCH_CODEGEN_FUNCTIONINTERFACE_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace quench {

/// One argument or result of a compiled function: a scalar, or the elements and the shape of a
/// tensor.
struct FunctionParameter {
  enum class Kind { Index, F32, I32 };

  Kind kind = Kind::F32;
  bool isTensor = false;
  /// With ShapedType::kDynamic for what is known at run time.
  llvm::SmallVector<int64_t> shape;

  /// Nothing for types that compiled functions do not take.
  static std::optional<FunctionParameter> get(mlir::Type type);

  /// "tensor<?x256xf32>".
  std::string str() const;
};

/// How the caller of a function reaches it.
struct FunctionInterface {
  static constexpr llvm::StringLiteral kCallFunction = "quench_call";
  /// What a function in a file returns on a processor that lacks a feature.
  static constexpr int32_t kMissingFeatures = -1;

  llvm::SmallVector<FunctionParameter> arguments;
  /// All of them tensors of f32 or i32.
  llvm::SmallVector<FunctionParameter> results;

  /// The interface of the function `name` in `module`, which must have a body. Arguments are index,
  /// i32, f32 and ranked tensors of i32 and f32, results such tensors.
  static llvm::Expected<FunctionInterface> get(mlir::ModuleOp module, llvm::StringRef name);
};

} // namespace quench

#endif // QUENCH_CODEGEN_FUNCTIONINTERFACE_H
