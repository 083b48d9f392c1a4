//===- PackedRowsEmitter.h - Code that packs and unpacks rows ---*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CODEGEN_PACKEDROWSEMITTER_H
#define QUENCH_LIB_CODEGEN_PACKEDROWSEMITTER_H

#include "quench/Codegen/KernelBuilder.h"
#include "quench/Dialect/Quench/IR/PackedRows.h"

namespace quench {

/// Emits accesses to one row of a buffer of packed rows, whose leading indices are `row`.
class PackedRowsEmitter {
public:
  PackedRowsEmitter(KernelBuilder &builder, const PackedRows &rows, mlir::Value buffer,
                    llvm::ArrayRef<mlir::Value> row)
      : b(builder), rows(rows), buffer(buffer), row(row) {}

  /// Bytes that `storeCodes` reads: one for each code, and room for a vector behind the last one.
  static int64_t scratchSize(const PackedRows &rows, int64_t lanes);

  /// Writes the scale (f32) of a group and its zero point, a whole number in f32 or null.
  void storeGroup(mlir::Value group, mlir::Value scale, mlir::Value zeroPoint);
  /// Writes all codes, which are in `scratch` less the smallest code, as bytes.
  void storeCodes(mlir::Value scratch);
  /// Codes, whole numbers in f32, as bytes less the smallest code.
  mlir::Value toBytes(mlir::Value codes);

  /// The values of a vector of elements from `offset` on, a multiple of the lanes. Lanes behind the
  /// last element are any multiple of a scale.
  mlir::Value loadValues(int64_t offset);

private:
  llvm::SmallVector<mlir::Value> at(mlir::Value byte) const;
  llvm::SmallVector<mlir::Value> at(int64_t byte) { return at(b.index(byte)); }
  mlir::Value integers(llvm::function_ref<int32_t(int64_t lane)> value);
  /// Bits of a plane of each lane, at their place in the code.
  mlir::Value loadPlane(const PackedRows::Plane &plane, int64_t offset);
  /// One of `perGroup`, a vector with the values of consecutive groups, for each lane.
  mlir::Value spread(mlir::Value perGroup, int64_t offset);

  KernelBuilder &b;
  const PackedRows &rows;
  mlir::Value buffer;
  llvm::SmallVector<mlir::Value> row;
};

} // namespace quench

#endif // QUENCH_LIB_CODEGEN_PACKEDROWSEMITTER_H
