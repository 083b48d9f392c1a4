//===- MatrixFragment.cpp - Instructions that multiply matrices -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Gpu/MatrixFragment.h"

#include "llvm/ADT/STLExtras.h"

using namespace quench;

// PTX ISA, "Matrix Fragments for mma.m16n8k32", and for m16n8k16 with elements of 16 bits. Those of
// wgmma.m64n64 are, in each of four waves, those of eight such instructions side by side.
static MatrixFragment tensorCore(llvm::StringRef instruction, llvm::StringRef intrinsic,
                                 MatrixElement element, llvm::StringRef warpgroup = {}) {
  const bool isShort = element == MatrixElement::BF16 || element == MatrixElement::F16;
  return {instruction,
          intrinsic,
          /*lanes=*/32,
          /*n=*/8,
          FragmentOrder{2, 4, isShort ? 1 : 2, 1},
          {1, 0, {0, 0, 8, 8}},
          {0, 2, {0, 1, 0, 1}},
          element,
          /*mixesSigns=*/element == MatrixElement::Byte,
          /*copiesAsynchronously=*/true,
          warpgroup};
}

// AMD Matrix Instruction Calculator. Waves of 64 lanes.
static MatrixFragment matrixCore(llvm::StringRef instruction, llvm::StringRef intrinsic,
                                 int64_t words, MatrixElement element) {
  return {instruction,
          intrinsic,
          /*lanes=*/64,
          /*n=*/16,
          FragmentOrder{1, 4, words, 16},
          {0, 4, {0, 1, 2, 3}},
          {1, 0, {0, 0, 0, 0}},
          element,
          /*mixesSigns=*/false,
          /*copiesAsynchronously=*/false};
}

// Waves of 32 lanes.
static MatrixFragment waveMatrix(llvm::StringRef instruction, llvm::StringRef intrinsic,
                                 MatrixElement element) {
  return {instruction,
          intrinsic,
          /*lanes=*/32,
          /*n=*/16,
          FragmentOrder{1, 1, 4, 16},
          {0, 1, {0, 2, 4, 6, 8, 10, 12, 14}},
          {1, 0, {0, 0, 0, 0, 0, 0, 0, 0}},
          element,
          /*mixesSigns=*/element == MatrixElement::Byte,
          /*copiesAsynchronously=*/false};
}

const std::vector<MatrixFragment> &MatrixFragment::all() {
  constexpr auto bytes = MatrixElement::Byte, floats = MatrixElement::ByteFloat;
  constexpr auto bf16 = MatrixElement::BF16, f16 = MatrixElement::F16;
  constexpr llvm::StringLiteral mfmaBF16 = "llvm.amdgcn.mfma.f32.16x16x16bf16.1k";
  constexpr llvm::StringLiteral mfmaF16 = "llvm.amdgcn.mfma.f32.16x16x16f16";
  constexpr llvm::StringLiteral mmaBytes = "llvm.nvvm.mma.m16n8k32.row.col.u8.s8";
  constexpr llvm::StringLiteral mmaE4M3 = "llvm.nvvm.mma.m16n8k32.row.col.f32.e4m3.e4m3.f32";
  constexpr llvm::StringLiteral mmaE5M2 = "llvm.nvvm.mma.m16n8k32.row.col.f32.e5m2.e5m2.f32";
  constexpr llvm::StringLiteral mmaBF16 = "llvm.nvvm.mma.m16n8k16.row.col.bf16";
  constexpr llvm::StringLiteral mmaF16 = "llvm.nvvm.mma.m16n8k16.row.col.f32.f32";
  static const std::vector<MatrixFragment> fragments = {
      tensorCore("mma.m16n8k32", mmaBytes, bytes),
      tensorCore("mma.m16n8k32.e4m3", mmaE4M3, floats),
      tensorCore("mma.m16n8k32.e5m2", mmaE5M2, floats),
      tensorCore("mma.m16n8k16.bf16", mmaBF16, bf16),
      tensorCore("mma.m16n8k16.f16", mmaF16, f16),
      tensorCore("wgmma.m64n64k32", mmaBytes, bytes, "m64n64k32.s32.u8.s8"),
      tensorCore("wgmma.m64n64k32.e4m3", mmaE4M3, floats, "m64n64k32.f32.e4m3.e4m3"),
      tensorCore("wgmma.m64n64k32.e5m2", mmaE5M2, floats, "m64n64k32.f32.e5m2.e5m2"),
      tensorCore("wgmma.m64n64k16.bf16", mmaBF16, bf16, "m64n64k16.f32.bf16.bf16"),
      tensorCore("wgmma.m64n64k16.f16", mmaF16, f16, "m64n64k16.f32.f16.f16"),
      matrixCore("v_mfma_i32_16x16x32_i8", "llvm.amdgcn.mfma.i32.16x16x32.i8", 2, bytes),
      matrixCore("v_mfma_i32_16x16x16i8", "llvm.amdgcn.mfma.i32.16x16x16i8", 1, bytes),
      matrixCore("v_mfma_f32_16x16x32_fp8_fp8", "llvm.amdgcn.mfma.f32.16x16x32.fp8.fp8", 2, floats),
      matrixCore("v_mfma_f32_16x16x32_bf8_bf8", "llvm.amdgcn.mfma.f32.16x16x32.bf8.bf8", 2, floats),
      // gfx90a and gfx942 write the same instructions in two ways.
      matrixCore("v_mfma_f32_16x16x16bf16_1k", mfmaBF16, 1, bf16),
      matrixCore("v_mfma_f32_16x16x16_bf16", mfmaBF16, 1, bf16),
      matrixCore("v_mfma_f32_16x16x16f16", mfmaF16, 1, f16),
      matrixCore("v_mfma_f32_16x16x16_f16", mfmaF16, 1, f16),
      waveMatrix("v_wmma_i32_16x16x16_iu8", "llvm.amdgcn.wmma.i32.16x16x16.iu8", bytes),
      waveMatrix("v_wmma_f32_16x16x16_bf16", "llvm.amdgcn.wmma.f32.16x16x16.bf16", bf16),
      waveMatrix("v_wmma_f32_16x16x16_f16", "llvm.amdgcn.wmma.f32.16x16x16.f16", f16),
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
  const bool wantsFloats = element == MatrixElement::ByteFloat;
  if (holdsFloats(layout.container) || layout.lanes != FragmentOrder::kRows ||
      (!isShort() && holdsByteFloats(layout.container) != wantsFloats)) {
    return false;
  }
  const GroupLayout &groups = layout.groups;
  const unsigned bits = bitsOf(layout.container);
  const int64_t chunk = codesOfChunk(layout);
  return chunk <= kWordsOfChunk * elementsOfWord() && chunk % order.codesOfVector(bits) == 0 &&
         (groups.numGroups() == 1 || (groups.paddedGroup() % order.codesOfStep(bits) == 0 &&
                                      chunk % groups.paddedGroup() == 0));
}
