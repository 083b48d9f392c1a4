//===- MatrixFragment.cpp - Instructions that multiply matrices -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Gpu/MatrixFragment.h"

#include "llvm/ADT/STLExtras.h"

using namespace quench;

// PTX ISA, "Matrix Fragments for mma.m16n8k32".
static MatrixFragment tensorCore(llvm::StringRef instruction, llvm::StringRef intrinsic,
                                 bool multipliesFloats) {
  return {instruction,
          intrinsic,
          /*lanes=*/32,
          /*n=*/8,
          FragmentOrder{2, 4, 2, 1},
          {1, 0, {0, 0, 8, 8}},
          {0, 2, {0, 1, 0, 1}},
          multipliesFloats,
          /*mixesSigns=*/!multipliesFloats,
          /*copiesAsynchronously=*/true};
}

// AMD Matrix Instruction Calculator.
static MatrixFragment matrixCore(llvm::StringRef instruction, llvm::StringRef intrinsic,
                                 int64_t words, bool multipliesFloats) {
  return {instruction,
          intrinsic,
          /*lanes=*/64,
          /*n=*/16,
          FragmentOrder{1, 4, words, 16},
          {0, 4, {0, 1, 2, 3}},
          {1, 0, {0, 0, 0, 0}},
          multipliesFloats,
          /*mixesSigns=*/false,
          /*copiesAsynchronously=*/false};
}

const std::vector<MatrixFragment> &MatrixFragment::all() {
  static const std::vector<MatrixFragment> fragments = {
      tensorCore("mma.m16n8k32", "llvm.nvvm.mma.m16n8k32.row.col.u8.s8", false),
      matrixCore("v_mfma_i32_16x16x32_i8", "llvm.amdgcn.mfma.i32.16x16x32.i8", 2, false),
      matrixCore("v_mfma_i32_16x16x16i8", "llvm.amdgcn.mfma.i32.16x16x16i8", 1, false),
      {"v_wmma_i32_16x16x16_iu8",
       "llvm.amdgcn.wmma.i32.16x16x16.iu8",
       /*lanes=*/32,
       /*n=*/16,
       FragmentOrder{1, 1, 4, 16},
       {0, 1, {0, 2, 4, 6, 8, 10, 12, 14}},
       {1, 0, {0, 0, 0, 0, 0, 0, 0, 0}},
       /*multipliesFloats=*/false,
       /*mixesSigns=*/true,
       /*copiesAsynchronously=*/false},
      tensorCore("mma.m16n8k32.e4m3", "llvm.nvvm.mma.m16n8k32.row.col.f32.e4m3.e4m3.f32", true),
      tensorCore("mma.m16n8k32.e5m2", "llvm.nvvm.mma.m16n8k32.row.col.f32.e5m2.e5m2.f32", true),
      matrixCore("v_mfma_f32_16x16x32_fp8_fp8", "llvm.amdgcn.mfma.f32.16x16x32.fp8.fp8", 2, true),
      matrixCore("v_mfma_f32_16x16x32_bf8_bf8", "llvm.amdgcn.mfma.f32.16x16x32.bf8.bf8", 2, true),
  };
  return fragments;
}

const MatrixFragment *MatrixFragment::find(llvm::StringRef instruction) {
  auto found = llvm::find_if(
      all(), [&](const MatrixFragment &fragment) { return fragment.instruction == instruction; });
  return found == all().end() ? nullptr : &*found;
}

int64_t MatrixFragment::codesOfChunk(const PanelLayout &layout) const {
  const int64_t least = std::max<int64_t>(128, order.codesOfVector(bitsOf(layout.container)));
  const GroupLayout &groups = layout.groups;
  return groups.numGroups() == 1 ? least : std::max(least, groups.paddedGroup());
}

bool MatrixFragment::fits(const PanelLayout &layout) const {
  if (holdsFloats(layout.container) || holdsByteFloats(layout.container) != multipliesFloats ||
      layout.lanes != FragmentOrder::kRows) {
    return false;
  }
  const GroupLayout &groups = layout.groups;
  const unsigned bits = bitsOf(layout.container);
  const int64_t chunk = codesOfChunk(layout);
  return chunk <= 256 && chunk % order.codesOfVector(bits) == 0 &&
         (groups.numGroups() == 1 || (groups.paddedGroup() % order.codesOfStep(bits) == 0 &&
                                      chunk % groups.paddedGroup() == 0));
}
