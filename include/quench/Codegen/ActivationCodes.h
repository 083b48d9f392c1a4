//===- ActivationCodes.h - Where the codes of activations are -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The codes of a row are neighbours, or lie in eights between those of the next row or in fours
// between those of its block, as `GroupLayout::rows` says. Kernels that write them and kernels that
// read them ask here.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_ACTIVATIONCODES_H
#define QUENCH_CODEGEN_ACTIVATIONCODES_H

#include "quench/Codegen/KernelBuilder.h"
#include "quench/Codegen/PanelLayout.h"

namespace quench {

/// The i8 buffer that holds the codes of any number of rows, of so many bytes each.
mlir::MemRefType codeBuffer(KernelBuilder &builder, const GroupLayout &groups,
                            int64_t bytesOfCode = 1);

/// The indices in a code buffer of byte `position` of one of `count` rows. Bytes up to the next
/// multiple of eight follow it, or of four in blocks.
mlir::SmallVector<mlir::Value> codeAddress(KernelBuilder &builder, const GroupLayout &groups,
                                           mlir::Value buffer, mlir::Value count, mlir::Value row,
                                           mlir::Value position);

/// The bytes of a vector register that a product takes of the rows from `row` on, of which there
/// are `rows`: four from `position` in every lane; or where two rows lie together, eight of both in
/// every 128 bits, of the only one twice. Both row and position begin such a piece. In blocks, the
/// row is one of those behind the last whole block.
mlir::Value loadActivations(KernelBuilder &builder, const GroupLayout &groups, mlir::Value buffer,
                            mlir::Value row, mlir::Value position, int64_t rows);

/// A code buffer as one row.
mlir::Value flatCodes(KernelBuilder &builder, mlir::Value buffer);

/// The operands of `count` products, 1, 2 or 4, of four bytes each from `address` of a flat buffer
/// on: one load, and one lane of it in all lanes for each, for instructions that take a lane.
mlir::SmallVector<mlir::Value> loadActivationLanes(KernelBuilder &builder, mlir::Value flat,
                                                   mlir::Value address, int64_t count);

} // namespace quench

#endif // QUENCH_CODEGEN_ACTIVATIONCODES_H
