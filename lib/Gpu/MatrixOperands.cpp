//===- MatrixOperands.cpp - Operands of matrix instructions ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of activations in memory of the group are a few words longer than what they hold, so that
// eight rows that a wave reads at a time begin in different banks. Where the machine copies without
// registers there are as many of these memories as it has room for, up to four: one is used while
// the others are filled, and a barrier before it is used tells that the last one is free. Matrices
// of eight rows of sixteen bytes, two for each instruction, are loaded from there by one
// instruction. The instruction of a warpgroup reads such matrices itself and wants the rows of each
// one behind the other.
//
//===----------------------------------------------------------------------===//

#include "MatrixEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quench;

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

/// Where four words of a row begin that begin at a multiple of four.
Value MatrixEmitter::wordInMemory(Value row, Value inRow) {
  if (!isWarpgroup) {
    return b.add(b.mul(row, stride), inRow);
  }
  constexpr int64_t rows = CoreMatrices::kRows, words = CoreMatrices::kWordsOfRow;
  Value ofEight = b.mul(b.div(row, rows), rows * stride);
  Value ofMatrix = b.mul(b.div(inRow, words), CoreMatrices::kWords);
  return b.add(ofEight, b.add(ofMatrix, b.mul(b.rem(row, rows), words)));
}

void MatrixEmitter::stageVector(Value vector, Value number, Value memory) {
  constexpr int64_t size = FragmentOrder::kVector;
  Value row = b.div(vector, stageWords / size);
  Value inRow = b.mul(b.rem(vector, stageWords / size), size);
  Value word = b.add(b.mul(number, stageWords), inRow);
  Value token = atMost(b.add(firstToken, row), b.sub(count, b.index(1)));
  Value to = b.add(memory, wordInMemory(row, inRow));
  // What is behind the end of a row is 0.
  Value isReal;
  if (rowWords() % stageWords != 0) {
    isReal = b.lessThan(word, b.index(rowWords()));
    word = b.select(isReal, word, b.index(0));
  }
  Value from = b.add(b.mul(token, rowWords()), word);
  if (fragment.copiesAsynchronously) {
    b.copyAsync(lhs, from, memories, to, size,
                isReal ? b.select(isReal, b.index(size), b.index(0)) : Value());
    return;
  }
  Value loaded = b.loadVector(lhs, from, size);
  if (isReal) {
    loaded = b.select(isReal, loaded, b.zeroVector(size));
  }
  b.storeVector(loaded, memories, to);
}

/// All threads of the group copy a stage of all its rows.
void MatrixEmitter::stage(Value number, Value memory) {
  const int64_t vectors = shape.tiles * fragment.n * stageWords / FragmentOrder::kVector;
  for (int64_t first = 0; first < vectors; first += b.threads) {
    Value vector = b.add(thread, b.index(first));
    auto copy = [&] { stageVector(vector, number, memory); };
    if (first + b.threads <= vectors) {
      copy();
    } else {
      b.ifThen(b.lessThan(vector, b.index(vectors)), copy);
    }
  }
}

/// The operand words of a tile of activations for instruction `instruction` of a chunk. `from` is
/// where this lane's words of the first tile and the first instruction are.
SmallVector<Value> MatrixEmitter::loadActivations(Value from, int64_t instruction, int64_t tile) {
  const int64_t ofTile = tile * fragment.n * stride, words = order.words * 4 / perWord;
  if (fragment.copiesAsynchronously) {
    // Of each row eight words, as two matrices, for this instruction and the next.
    Values &pair = loaded[tile];
    if (instruction % 2 == 0) {
      pair = b.loadMatrices(memories, b.add(from, b.index(ofTile + instruction * 8)));
    }
    return Values(ArrayRef<Value>(pair).slice(instruction % 2 * words, words));
  }
  const int64_t instructions = order.instructions(bits);
  const int64_t ofStep = instruction / instructions * order.codesOfStep(bits) / perWord;
  const int64_t first = ofTile + ofStep + instruction % instructions * words;
  Values result;
  for (int64_t word = 0; word < words; word += FragmentOrder::kVector) {
    const int64_t size = std::min(words, FragmentOrder::kVector);
    Value vector = b.loadVector(memories, b.add(from, b.index(first + word)), size);
    for (int64_t i = 0; i < size; ++i) {
      result.push_back(b.element(vector, i));
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// The words of this lane for a chunk. Behind the last one they are any, as activations are 0.
SmallVector<Value> MatrixEmitter::loadWeights(Value chunk) {
  const int64_t perChunk = chunkCodes / layout.codesPerVector();
  const bool isExact =
      numStages * stageWords * perWord == layout.numVectors() * layout.codesPerVector();
  Value own = order.kLanes == 1 ? group : lane;
  Values vectors;
  for (int64_t i = 0; i < perChunk; ++i) {
    Value vector = b.add(b.mul(chunk, perChunk), b.index(i));
    if (!isExact) {
      vector = atMost(vector, b.index(layout.numVectors() - 1));
    }
    vector = b.add(b.mul(loadedPanel, layout.numVectors()), vector);
    Value at = b.mul(b.add(b.mul(vector, order.lanes()), own), FragmentOrder::kVector);
    vectors.push_back(b.loadVector(words, at, FragmentOrder::kVector));
  }
  return vectors;
}

/// What is taken off 16-bit floats of the rows of this lane in a group, if they have zero points;
/// one for all rows where codes are stored with the same.
SmallVector<Value> MatrixEmitter::offsetsOf(Value number) {
  Values offsets;
  for (int64_t row = 0; fragment.isShort() && row < order.rowsOfLane; ++row) {
    if (!decoder.hasOffsets()) {
      offsets.push_back(Value());
      continue;
    }
    const int32_t middle = PanelLayout::signOffset(layout.container);
    if (!zeros) {
      offsets.push_back(decoder.offsetOf(b.i32(middle)));
      continue;
    }
    const int64_t last = groups.numGroups() - 1;
    Value inRow = last == 0 ? b.index(0) : atMost(number, b.index(last));
    Value inPanel = b.add(group, b.index(row * order.rowLanes()));
    Value at = b.add(b.mul(scaleBase(inRow), layout.lanes), inPanel);
    offsets.push_back(decoder.offsetOf(b.load(zeros, at)));
  }
  return offsets;
}

/// The operand words of a step for one instruction.
SmallVector<Value> MatrixEmitter::operands(ValueRange vectors, int64_t step, int64_t instruction,
                                           ValueRange offsets) {
  const int64_t parts = FragmentOrder::parts(bits), inVector = step % order.stepsOfVector(bits);
  auto wordOf = [&](int64_t operand, int64_t row) {
    return b.element(vectors[step / order.stepsOfVector(bits)],
                     order.slot(inVector, row, operand / parts, bits));
  };
  Values result;
  for (int64_t i = 0; i < order.words; ++i) {
    const int64_t operand = instruction * order.words + i;
    for (int64_t half = 0; fragment.isShort() && half < 2; ++half) {
      for (int64_t row = 0; row < order.rowsOfLane; ++row) {
        result.push_back(decoder.decode(wordOf(operand, row), operand % parts, half, offsets[row]));
      }
    }
    for (int64_t row = 0; !fragment.isShort() && row < order.rowsOfLane; ++row) {
      Value word = wordOf(operand, row);
      if (bits < 8) {
        word = b.bitAnd(b.shiftRight(word, static_cast<int32_t>(operand % parts * bits)),
                        0x01010101u * ((1u << bits) - 1u));
      } else if (fragment.needsSigned()) {
        word = arith::XOrIOp::create(b, word, b.i32(static_cast<int32_t>(0x80808080u)));
      }
      result.push_back(word);
    }
  }
  return result;
}
