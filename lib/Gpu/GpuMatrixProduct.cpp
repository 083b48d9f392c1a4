//===- GpuMatrixProduct.cpp - Products by instructions for matrices -------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of activations in memory of the group are eight words longer than what they hold, so that
// eight rows that a wave reads at a time begin in different banks. Where the machine copies without
// registers there are two of these memories: one is filled while the other is used.
//
//===----------------------------------------------------------------------===//

#include "GpuMatrixProduct.h"

#include "MatrixInstruction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <map>

using namespace mlir;
using namespace quench;

namespace {
class MatrixEmitter {
public:
  MatrixEmitter(GpuKernelBuilder &b, const GpuProductKernel &kernel, GpuMatrixShape shape,
                ValueRange buffers, Value count)
      : b(b), kernel(kernel), shape(shape), layout(kernel.layout), groups(layout.groups),
        fragment(*kernel.fragment), order(fragment.order), bits(bitsOf(layout.container)),
        count(count), result(buffers.back()) {
    size_t next = 0;
    lhs = buffers[next++];
    rowScale = buffers[next++];
    rowSums = fragment.multipliesFloats ? Value() : buffers[next++];
    words = buffers[next++];
    scales = buffers[next++];
    zeros = kernel.zeroPoints ? buffers[next++] : Value();
    bias = kernel.bias ? buffers[next] : Value();
    chunkCodes = fragment.codesOfChunk(layout);
    stageWords = chunkCodes / 4 * (shape.dividesK ? GpuMatrixShape::kWaves : 1);
    numStages = (rowWords() + stageWords - 1) / stageWords;
    stride = stageWords + 8;
    memoryWords = shape.tiles * fragment.n * stride;
    isGrouped = groups.numGroups() > 1;
    carriesFloats = isGrouped || fragment.multipliesFloats;
  }

  void emit();

private:
  using Values = SmallVector<Value>;

  int64_t rowWords() const { return groups.paddedK() / 4; }
  int64_t numSums() const { return fragment.numSums(); }
  Value atMost(Value value, Value limit) {
    return b.select(b.lessThan(value, limit), value, limit);
  }

  void findPlace();
  Value rowOf(int64_t sum);
  Value tokenOf(int64_t tile, int64_t sum);
  void stage(Value number, Value memory);
  void stageVector(Value vector, Value number, Value memory);
  Values loadWeights(Value chunk);
  Values operands(ValueRange vectors, int64_t step, int64_t instruction);
  Values computeChunk(Value chunk, ValueRange weights, Value memory, ValueRange carried);
  Values applyScales(ValueRange sums, Value group, ValueRange totals);
  Values addWaves(Values values);
  void finish(ValueRange values);

  GpuKernelBuilder &b;
  const GpuProductKernel &kernel;
  GpuMatrixShape shape;
  const PanelLayout &layout;
  const GroupLayout &groups;
  const MatrixFragment &fragment;
  const FragmentOrder &order;
  unsigned bits;
  Value count, lhs, rowScale, rowSums, words, scales, zeros, bias, result;
  int64_t chunkCodes, stageWords, numStages, stride, memoryWords;
  /// Whether groups have scales, and whether what is carried along K is sums in f32.
  bool isGrouped, carriesFloats;
  Value thread, lane, wave, group, part, panel, loadedPanel, firstToken, memories;
};
} // namespace

void MatrixEmitter::findPlace() {
  thread = b.threadId();
  lane = b.rem(thread, fragment.lanes);
  wave = b.div(thread, fragment.lanes);
  group = b.rem(b.div(lane, order.rowStride()), order.rowLanes());
  part = order.kStride == 1 ? b.rem(lane, order.kLanes) : b.div(lane, order.kStride);
  panel = shape.dividesK ? b.groupId(0) : b.add(b.mul(b.groupId(0), shape.panelsOfGroup()), wave);
  loadedPanel = atMost(panel, b.index(layout.numPanels() - 1));
  firstToken = b.mul(b.groupId(1), shape.tiles * fragment.n);
}

/// In the panel.
Value MatrixEmitter::rowOf(int64_t sum) {
  return b.add(b.add(b.mul(group, fragment.row.ofGroup), b.mul(part, fragment.row.ofPart)),
               b.index(fragment.row.ofRegister[sum]));
}

Value MatrixEmitter::tokenOf(int64_t tile, int64_t sum) {
  const MatrixFragment::Coordinate &column = fragment.column;
  Value inTile = b.add(b.mul(group, column.ofGroup), b.mul(part, column.ofPart));
  return b.add(firstToken, b.add(inTile, b.index(tile * fragment.n + column.ofRegister[sum])));
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

void MatrixEmitter::stageVector(Value vector, Value number, Value memory) {
  constexpr int64_t size = FragmentOrder::kVector;
  Value row = b.div(vector, stageWords / size);
  Value inRow = b.mul(b.rem(vector, stageWords / size), size);
  Value word = b.add(b.mul(number, stageWords), inRow);
  Value token = atMost(b.add(firstToken, row), b.sub(count, b.index(1)));
  Value to = b.add(memory, b.add(b.mul(row, stride), inRow));
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

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// The words of this lane for a chunk. Behind the last one they are any, as activations are 0.
SmallVector<Value> MatrixEmitter::loadWeights(Value chunk) {
  const int64_t perChunk = chunkCodes / layout.codesPerVector();
  const bool isExact = numStages * stageWords * 4 == layout.numVectors() * layout.codesPerVector();
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

/// The operand words of a step for one instruction.
SmallVector<Value> MatrixEmitter::operands(ValueRange vectors, int64_t step, int64_t instruction) {
  const int64_t parts = FragmentOrder::parts(bits), inVector = step % order.stepsOfVector(bits);
  Values result;
  for (int64_t i = 0; i < order.words; ++i) {
    const int64_t operand = instruction * order.words + i;
    for (int64_t row = 0; row < order.rowsOfLane; ++row) {
      Value word = b.element(vectors[step / order.stepsOfVector(bits)],
                             order.slot(inVector, row, operand / parts, bits));
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

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// What is carried from chunk to chunk: totals in f32 if there are groups, else sums in i32; or in
/// f32, to which those of the chunk are added, since an instruction may keep fewer bits of its own.
SmallVector<Value> MatrixEmitter::computeChunk(Value chunk, ValueRange weights, Value memory,
                                               ValueRange carried) {
  const int64_t codesOfStep = order.codesOfStep(bits);
  const int64_t groupCodes = isGrouped ? groups.paddedGroup() : chunkCodes;
  const int64_t perStep = order.wordsOfStep(bits) * FragmentOrder::parts(bits);
  Value own = order.kLanes == 1 ? b.index(0) : b.mul(part, perStep);
  Value from = b.add(b.add(memory, b.mul(group, stride)), own);
  if (shape.dividesK) {
    from = b.add(from, b.mul(wave, chunkCodes / 4));
  }
  auto multiply = [&](int64_t step, int64_t i, int64_t tile, ValueRange a, ValueRange sums) {
    const int64_t offset = tile * fragment.n * stride + step * codesOfStep / 4 + i * order.words;
    Value vector = b.loadVector(memories, b.add(from, b.index(offset)), order.words);
    Values x;
    for (int64_t word = 0; word < order.words; ++word) {
      x.push_back(b.element(vector, word));
    }
    return multiplyTiles(b, fragment, a, x, sums);
  };
  const int64_t steps = chunkCodes / codesOfStep;
  Values none = noSums(b, fragment), values(carried);
  const auto size = static_cast<int64_t>(none.size());
  if (carriesFloats && !isGrouped) {
    // Tile by tile: registers hold the sums of few.
    Values next;
    for (int64_t tile = 0; tile < shape.tiles; ++tile) {
      Values sums = none;
      for (int64_t step = 0; step < steps; ++step) {
        for (int64_t i = 0; i < order.instructions(bits); ++i) {
          sums = multiply(step, i, tile, operands(weights, step, i), sums);
        }
      }
      for (Value sum : elementsOfSums(b, sums)) {
        next.push_back(b.add(carried[next.size()], sum));
      }
    }
    return next;
  }
  SmallVector<Values> sums(shape.tiles, none);
  for (int64_t tile = 0; !isGrouped && tile < shape.tiles; ++tile) {
    sums[tile] = Values(carried.slice(tile * size, size));
  }
  for (int64_t step = 0; step < steps; ++step) {
    for (int64_t i = 0; i < order.instructions(bits); ++i) {
      Values a = operands(weights, step, i);
      for (int64_t tile = 0; tile < shape.tiles; ++tile) {
        sums[tile] = multiply(step, i, tile, a, sums[tile]);
      }
    }
    if (isGrouped && (step + 1) * codesOfStep % groupCodes == 0) {
      Value first = b.mul(chunk, chunkCodes / groupCodes);
      Value number = b.add(first, b.index((step + 1) * codesOfStep / groupCodes - 1));
      Values flat;
      for (Values &each : sums) {
        flat.append(elementsOfSums(b, each));
        each = none;
      }
      values = applyScales(flat, number, values);
    }
  }
  if (isGrouped) {
    return values;
  }
  Values next;
  for (Values &each : sums) {
    next.append(each);
  }
  return next;
}

/// Totals plus `scale * (sum - zero point * sum of activations)`, or `scale * sum` of floats.
SmallVector<Value> MatrixEmitter::applyScales(ValueRange sums, Value number, ValueRange totals) {
  const int64_t inStages = isGrouped ? numStages * stageWords * 4 / groups.paddedGroup() : 1;
  Value isReal;
  if (inStages > groups.numGroups()) {
    isReal = b.lessThan(number, b.index(groups.numGroups()));
    number = atMost(number, b.index(groups.numGroups() - 1));
  }
  // Scales lie as `PanelLayout::scaleIndex` says.
  const int64_t full = layout.numPanels() / PanelLayout::kTilePanels * PanelLayout::kTilePanels;
  Value inTile = b.rem(loadedPanel, PanelLayout::kTilePanels);
  Value firstPanel = b.sub(loadedPanel, inTile);
  Value width = b.select(b.lessThan(loadedPanel, b.index(full)), b.index(PanelLayout::kTilePanels),
                         b.index(layout.numPanels() - full));
  Value base = b.add(b.mul(firstPanel, groups.numGroups()), b.add(b.mul(number, width), inTile));
  std::map<int64_t, std::pair<Value, Value>> ofRow;
  for (int64_t sum = 0; sum < numSums(); ++sum) {
    auto &[scale, zero] = ofRow[fragment.row.ofRegister[sum]];
    if (!scale) {
      Value at = b.add(b.mul(base, layout.lanes), rowOf(sum));
      scale = b.load(scales, at);
      if (fragment.multipliesFloats) {
        continue;
      }
      zero = zeros ? b.load(zeros, at) : b.i32(PanelLayout::signOffset(layout.container));
      if (bits == 8 && fragment.needsSigned()) {
        zero = b.sub(zero, b.i32(128));
      }
    }
  }
  Value last = b.sub(count, b.index(1));
  Values next;
  for (int64_t tile = 0; tile < shape.tiles; ++tile) {
    std::map<int64_t, Value> ofColumn;
    for (int64_t sum = 0; sum < numSums(); ++sum) {
      Value &ofActivations = ofColumn[fragment.column.ofRegister[sum]];
      if (!ofActivations && rowSums) {
        Value token = atMost(tokenOf(tile, sum), last);
        ofActivations = b.load(rowSums, b.add(b.mul(token, groups.numGroups()), number));
      }
      auto [scale, zero] = ofRow[fragment.row.ofRegister[sum]];
      const size_t place = tile * numSums() + sum;
      Value value = sums[place];
      if (rowSums) {
        value = b.toF32(b.sub(value, b.mul(zero, ofActivations)));
      }
      if (isReal) {
        value = b.select(isReal, value, b.f32(0.0f));
      }
      next.push_back(b.fma(value, scale, totals[place]));
    }
  }
  return next;
}

/// The values of all waves added in their order; what the first wave has is then right.
SmallVector<Value> MatrixEmitter::addWaves(Values values) {
  const auto number = static_cast<int64_t>(values.size());
  Value shared = b.sharedBuffer(number * b.threads, values[0].getType());
  auto place = [&](Value ofWave, int64_t value) {
    Value inWave = b.add(b.index(value * fragment.lanes), lane);
    return b.add(b.mul(ofWave, number * fragment.lanes), inWave);
  };
  for (int64_t i = 0; i < number; ++i) {
    b.store(values[i], shared, place(wave, i));
  }
  b.barrier();
  for (int64_t i = 0; i < number; ++i) {
    values[i] = b.load(shared, place(b.index(0), i));
    for (int64_t other = 1; other < GpuMatrixShape::kWaves; ++other) {
      values[i] = b.add(values[i], b.load(shared, place(b.index(other), i)));
    }
  }
  return values;
}

void MatrixEmitter::finish(ValueRange values) {
  Values totals(values);
  if (!isGrouped) {
    totals = applyScales(totals, b.index(0), Values(totals.size(), b.f32(0.0f)));
  }
  for (int64_t tile = 0; tile < shape.tiles; ++tile) {
    for (int64_t sum = 0; sum < numSums(); ++sum) {
      Value row = b.add(b.mul(panel, layout.lanes), rowOf(sum)), token = tokenOf(tile, sum);
      Value total = totals[tile * numSums() + sum];
      Value isReal =
          arith::AndIOp::create(b, b.lessThan(row, b.index(layout.n)), b.lessThan(token, count));
      b.ifThen(isReal, [&] {
        Value scaled = b.mul(total, b.load(rowScale, kernel.rowScales ? token : b.index(0)));
        if (bias) {
          scaled = b.add(scaled, b.load(bias, row));
        }
        b.store(scaled, result, b.add(b.mul(token, layout.n), row));
      });
    }
  }
}

void MatrixEmitter::emit() {
  findPlace();
  const bool isAsync = fragment.copiesAsynchronously;
  memories = b.sharedBuffer((isAsync ? 2 : 1) * memoryWords, b.getI32Type());
  Values initial;
  for (int64_t tile = 0; tile < shape.tiles; ++tile) {
    initial.append(carriesFloats ? Values(numSums(), b.f32(0.0f)) : noSums(b, fragment));
  }
  if (isAsync) {
    stage(b.index(0), b.index(0));
    b.commitCopies();
  }
  Values sums = b.loop(
      b.index(0), b.index(numStages), b.index(1), initial, [&](Value number, ValueRange carried) {
        Value memory = b.index(0);
        if (isAsync) {
          // The other memory is filled meanwhile; at the end with what is there already.
          Value next = atMost(b.add(number, b.index(1)), b.index(numStages - 1));
          memory = b.mul(b.rem(number, 2), memoryWords);
          stage(next, b.sub(b.index(memoryWords), memory));
          b.commitCopies();
        } else {
          stage(number, memory);
        }
        Value chunk = shape.dividesK ? b.add(b.mul(number, GpuMatrixShape::kWaves), wave) : number;
        Values weights = loadWeights(chunk);
        if (isAsync) {
          b.waitForCopies(1);
        }
        b.barrier();
        Values next = computeChunk(chunk, weights, memory, carried);
        b.barrier();
        return next;
      });
  Values elements;
  if (carriesFloats) {
    elements = sums;
  } else {
    const size_t size = sums.size() / shape.tiles;
    for (int64_t tile = 0; tile < shape.tiles; ++tile) {
      elements.append(elementsOfSums(b, ValueRange(sums).slice(tile * size, size)));
    }
  }
  if (!shape.dividesK) {
    finish(elements);
    return;
  }
  elements = addWaves(elements);
  b.ifThen(b.lessThan(thread, b.index(fragment.lanes)), [&] { finish(elements); });
}

void quench::emitMatrixProduct(GpuKernelBuilder &b, const GpuProductKernel &kernel,
                               GpuMatrixShape shape, ValueRange buffers, Value count) {
  MatrixEmitter(b, kernel, shape, buffers, count).emit();
}
