//===- HadamardEmitter.h - Emission of fast Hadamard transforms -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// x (H_K ⊗ H_m) along runs of `inner` elements. The m are halved by butterflies: several rounds of
// them on as many registers as there are for each time that a row is read and written, the last
// rounds between lanes of a register. The K are summed by fours as HadamardTransform.h says, in
// straight-line code when K is small; Hartley's kernel is multiplied with.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CODEGEN_HADAMARDEMITTER_H
#define QUENCH_LIB_CODEGEN_HADAMARDEMITTER_H

#include "quench/Codegen/BasisPlan.h"
#include "quench/Codegen/KernelBuilder.h"

namespace quench {

/// The elements of one row: the last axis of a buffer at fixed indices of the others.
struct RowBuffer {
  mlir::Value buffer;
  llvm::SmallVector<mlir::Value, 2> prefix;

  llvm::SmallVector<mlir::Value, 2> at(mlir::Value element) const {
    llvm::SmallVector<mlir::Value, 2> indices = prefix;
    indices.push_back(element);
    return indices;
  }
};

/// Makes a constant buffer of the module around the builder and gets it.
mlir::Value constantBuffer(KernelBuilder &b, llvm::StringRef name, mlir::Type element,
                           llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<char> bytes);

template <typename T>
mlir::Value constantBuffer(KernelBuilder &b, llvm::StringRef name, mlir::Type element,
                           llvm::ArrayRef<int64_t> shape, const std::vector<T> &values) {
  llvm::ArrayRef<char> bytes(reinterpret_cast<const char *>(values.data()),
                             values.size() * sizeof(T));
  return constantBuffer(b, name, element, shape, bytes);
}

class HadamardEmitter {
public:
  /// Emits constants and scratch memory; `name` is a prefix for the names of the constants.
  HadamardEmitter(KernelBuilder &b, const BasisStep &step, llvm::StringRef name);

  /// Transforms the run of elements that starts at `base`. `source` and `target` may be the same.
  void emit(const RowBuffer &source, const RowBuffer &target, mlir::Value base);

private:
  /// None is a core of order 1, or the identity.
  enum class CoreForm { None, Unrolled, Tabled, Kernel };

  /// Makes the constants and the scratch memory of the core.
  void prepareCore(llvm::StringRef name);
  /// Butterflies between vectors `distance`, 2 `distance`, … apart, `rounds` of them. The first
  /// pass reads the source; the last one goes on with the lanes of each vector.
  void emitPass(const RowBuffer &source, const RowBuffer &target, mlir::Value base,
                int64_t distance, int64_t rounds, bool isFirst, bool isLast);
  /// Sylvester's part, for all parts of the core.
  void emitButterflies(const RowBuffer &source, const RowBuffer &target, mlir::Value base);
  mlir::Value crossLanes(mlir::Value vector);
  /// The core along the columns of a row, in place.
  void emitCore(const RowBuffer &row, mlir::Value base);
  void emitUnrolledCore(const RowBuffer &row, mlir::Value base, mlir::Value column);
  void emitTabledCore(const RowBuffer &row, mlir::Value base, mlir::Value column);
  void emitKernelCore(const RowBuffer &row, mlir::Value base, mlir::Value column);
  void emitTabledOutput(const RowBuffer &row, mlir::Value base, mlir::Value column,
                        mlir::Value output, int64_t first, int64_t count);
  /// Columns that are done at a time.
  int64_t tile() const;
  /// The position of the column of core input `part`.
  mlir::Value columnAt(mlir::Value base, mlir::Value part, mlir::Value column);
  void storeScaled(mlir::Value vector, const RowBuffer &row, mlir::Value base, mlir::Value element);
  mlir::Value loadFactor(mlir::Value factors, mlir::Value element);
  llvm::SmallVector<mlir::Value> signedSums(llvm::ArrayRef<mlir::Value> inputs);
  bool isNegative(int64_t input, int64_t output) const;

  KernelBuilder &b;
  const BasisStep &step;
  int64_t lanes, core, part;
  CoreForm form = CoreForm::None;
  /// Constants; null when not needed.
  mlir::Value before, after, codes, kernel;
  /// Scratch of the core; null when not needed.
  mlir::Value sums, outputs;
};

} // namespace quench

#endif // QUENCH_LIB_CODEGEN_HADAMARDEMITTER_H
