//===- KernelSelection.h - Replace the operations of a function by kernels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the selection of kernels is for processors and for devices; each says which kernels it has.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_KERNELSELECTION_H
#define QUENCH_CODEGEN_KERNELSELECTION_H

#include "quench/Codegen/RowQuantization.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Target/Target.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <map>
#include <optional>

namespace quench {

/// Codes of activations, or floats of 16 bits, as kernels pass them on. Floats of eight bits have
/// no sums.
struct RowCodes {
  mlir::Value codes, scales, sums;
  bool rowScales;
  /// Bytes of an integer.
  int64_t digits = 1;
  /// Whether they are floats of 16 bits, without scales.
  bool areFloats = false;
  /// `GroupLayout::rows`.
  int64_t rowsTogether = 1;
  /// One for all of them, as they are stored; null without one.
  mlir::Value zeroPoint = {};
};

/// Replaces the operations of one function, in order.
class KernelSelection {
public:
  /// The remark on an operation without a kernel: its category and name, and what becomes of it.
  struct Remark {
    llvm::StringLiteral category, name, text;
  };

  KernelSelection(mlir::func::FuncOp function, const Target &target, Remark remark)
      : module(function->getParentOfType<mlir::ModuleOp>()), function(function), target(target),
        b(function.getLoc(), function.getContext()), remark(remark) {}
  virtual ~KernelSelection();

  void run();

protected:
  /// Replaces and erases `op` if there is a kernel for it.
  virtual bool select(mlir::Operation *op) = 0;
  /// The kernel that quantizes, the type of its codes, and what it reads: the input of the
  /// quantization, or what that is computed from.
  struct RowKernel {
    mlir::func::FuncOp function;
    mlir::RankedTensorType codes;
    llvm::SmallVector<mlir::Value> inputs;
  };
  /// The given scale of codes, and their zero point as they are stored if they have one.
  llvm::SmallVector<mlir::Value> parametersOf(QuantizeOp op);
  virtual RowKernel quantizeKernel(const RowQuantization &quantization, QuantizeOp op) = 0;
  /// An input of a kernel where the kernel can read it.
  virtual mlir::Value place(mlir::Value input) { return input; }

  /// Leaves `op` to the kernels of its users, which compute it on the way. Returns false.
  bool leaveToUsers(mlir::Operation *op);

  /// The codes of `op` with groups laid out for a weight, in one kind of floats if they are floats;
  /// emitted once for each layout. Nothing if no kernel computes them.
  std::optional<RowCodes> quantizedRows(QuantizeOp op, const GroupLayout &groups,
                                        bool isHalved = false);

  /// The rows that are made of `value`, in one layout: what `emit` makes of it where it is defined,
  /// once.
  RowCodes rowsOf(mlir::Value value, const GroupLayout &groups,
                  llvm::function_ref<RowCodes()> emit);

  /// An empty tensor with the static sizes of `type`, and one row for each `rows` of `like`.
  mlir::Value emptyLike(mlir::RankedTensorType type, mlir::Value like, int64_t rows = 1);
  llvm::SmallVector<mlir::Value> call(mlir::func::FuncOp kernel, mlir::ValueRange inputs,
                                      mlir::ValueRange destinations);
  /// Replaces a one-result operation by a call whose only destination is that result.
  bool replaceByCall(mlir::Operation *op, mlir::func::FuncOp kernel, mlir::ValueRange inputs,
                     mlir::Value like);

  /// Replaces `op`, and the `consumers` of its only result, each of which only the next one reads,
  /// by such a call.
  bool replaceByCall(mlir::Operation *op, llvm::ArrayRef<mlir::Operation *> consumers,
                     mlir::func::FuncOp kernel, mlir::ValueRange inputs, mlir::Value like);

  mlir::ModuleOp module;
  mlir::func::FuncOp function;
  const Target &target;
  mlir::ImplicitLocOpBuilder b;

private:
  void reportMissed(mlir::Operation *op);

  /// By the codes or the float matrix, the size of groups and the rows that lie together.
  std::map<std::tuple<void *, int64_t, int64_t>, RowCodes> rowCodes;
  Remark remark;
  /// Operations that are erased, and those that are left to their users.
  llvm::SmallPtrSet<mlir::Operation *, 16> gone, left;
};

/// The size of an axis of a ranked tensor.
inline int64_t staticDim(mlir::Value value, unsigned axis) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getDimSize(axis);
}

/// Whether all axes but the first have static sizes, none of them zero.
bool hasStaticRows(mlir::Value value);

/// Whether a value is a matrix of f32 with rows of a static size.
bool isFloatMatrix(mlir::Value value);

} // namespace quench

#endif // QUENCH_CODEGEN_KERNELSELECTION_H
