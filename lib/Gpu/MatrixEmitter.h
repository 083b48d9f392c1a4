//===- MatrixEmitter.h - Emission of products by matrix instructions -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a group of threads does (GpuMatrixProduct.h). Operands of instructions are made in
// MatrixOperands.cpp, sums in GpuMatrixProduct.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_GPU_MATRIXEMITTER_H
#define QUENCH_LIB_GPU_MATRIXEMITTER_H

#include "GpuMatrixProduct.h"
#include "MatrixInstruction.h"
#include "ShortFloatDecoder.h"

#include <algorithm>
#include <map>

namespace quench {

class MatrixEmitter {
public:
  MatrixEmitter(GpuKernelBuilder &b, const GpuProductKernel &kernel, GpuMatrixShape shape,
                mlir::ValueRange buffers, mlir::Value count)
      : b(b), kernel(kernel), shape(shape), layout(kernel.layout), groups(layout.groups),
        fragment(*kernel.fragment), order(fragment.order), bits(bitsOf(layout.container)),
        decoder(b, fragment, layout.container, kernel.table), perWord(fragment.elementsOfWord()),
        count(count), result(buffers.back()) {
    size_t next = 0;
    lhs = buffers[next++];
    rowScale = fragment.isShort() ? mlir::Value() : buffers[next++];
    rowSums = fragment.multipliesFloats() ? mlir::Value() : buffers[next++];
    words = buffers[next++];
    scales = buffers[next++];
    zeros = kernel.zeroPoints ? buffers[next++] : mlir::Value();
    bias = kernel.bias ? buffers[next] : mlir::Value();
    chunkCodes = fragment.codesOfChunk(layout);
    stageWords = chunkCodes / perWord * (shape.dividesK ? GpuMatrixShape::kWaves : 1);
    numStages = (rowWords() + stageWords - 1) / stageWords;
    isWarpgroup = fragment.hasWarpgroup() && !shape.dividesK;
    stride = stageWords + (isWarpgroup ? 0 : fragment.copiesAsynchronously ? 4 : 8);
    memoryWords = shape.tiles * fragment.n * stride;
    if (fragment.copiesAsynchronously) {
      const int64_t fitting = kernel.sharedBytes / (4 * memoryWords);
      numMemories = std::clamp<int64_t>(std::min(fitting, numStages), 2, kMemories);
    }
    isGrouped = groups.numGroups() > 1;
    carriesFloats = isGrouped || fragment.multipliesFloats();
  }

  void emit();

private:
  using Value = mlir::Value;
  using Values = mlir::SmallVector<mlir::Value>;
  static constexpr int64_t kMemories = 4;

  int64_t rowWords() const { return groups.paddedK() / perWord; }
  int64_t numSums() const { return fragment.numSums(); }
  mlir::Value atMost(mlir::Value value, mlir::Value limit) {
    return b.select(b.lessThan(value, limit), value, limit);
  }

  void findPlace();
  mlir::Value rowOf(int64_t sum);
  mlir::Value tokenOf(int64_t tile, int64_t sum);
  void stage(mlir::Value number, mlir::Value memory);
  void stageVector(mlir::Value vector, mlir::Value number, mlir::Value memory);
  Values loadWeights(mlir::Value chunk);
  Values operands(mlir::ValueRange vectors, int64_t step, int64_t instruction,
                  mlir::ValueRange offsets);
  Values offsetsOf(mlir::Value number);
  Values loadActivations(mlir::Value from, int64_t instruction, int64_t tile);
  Value wordInMemory(Value row, Value inRow);
  Values computeByWarpgroup(mlir::Value chunk, mlir::ValueRange weights, mlir::Value memory,
                            mlir::ValueRange carried);
  Values computeChunk(mlir::Value chunk, mlir::ValueRange weights, mlir::Value memory,
                      mlir::ValueRange carried);
  mlir::Value scaleBase(mlir::Value number);
  Values applyScales(mlir::ValueRange sums, mlir::Value group, mlir::ValueRange totals);
  Values addWaves(Values values);
  void finish(mlir::ValueRange values);

  GpuKernelBuilder &b;
  const GpuProductKernel &kernel;
  GpuMatrixShape shape;
  const PanelLayout &layout;
  const GroupLayout &groups;
  const MatrixFragment &fragment;
  const FragmentOrder &order;
  unsigned bits;
  ShortFloatDecoder decoder;
  /// Elements of activations in a word.
  int64_t perWord;
  mlir::Value count, lhs, rowScale, rowSums, words, scales, zeros, bias, result;
  int64_t chunkCodes, stageWords, numStages, stride, memoryWords;
  /// How many memories of the group hold a stage each.
  int64_t numMemories = 1;
  /// Whether groups have scales, and whether what is carried along K is sums in f32.
  bool isGrouped, carriesFloats;
  /// Whether the waves multiply together.
  bool isWarpgroup;
  mlir::Value thread, lane, wave, group, part, panel, loadedPanel, firstToken, memories;
  /// By tile, what was loaded last: words for two instructions.
  std::map<int64_t, Values> loaded;
};

} // namespace quench

#endif // QUENCH_LIB_GPU_MATRIXEMITTER_H
