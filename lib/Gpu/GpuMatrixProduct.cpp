//===- GpuMatrixProduct.cpp - Products by instructions for matrices -------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quench;

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
// Sums
//===----------------------------------------------------------------------===//

/// `computeChunk` by instructions of a warpgroup: those of a group, or of the chunk, at a time.
SmallVector<Value> MatrixEmitter::computeByWarpgroup(Value chunk, ValueRange weights, Value memory,
                                                     ValueRange carried) {
  const int64_t codesOfStep = order.codesOfStep(bits), steps = chunkCodes / codesOfStep;
  const int64_t stepsOfGroup = (isGrouped ? groups.paddedGroup() : chunkCodes) / codesOfStep;
  const int64_t wordsOfInstruction = 8;
  Value firstGroup = b.mul(chunk, steps / stepsOfGroup);
  Values values(carried);
  for (int64_t first = 0; first < steps; first += stepsOfGroup) {
    Value number = b.add(firstGroup, b.index(isGrouped ? first / stepsOfGroup : 0));
    Values words, offsets = offsetsOf(isGrouped ? number : b.index(0));
    for (int64_t step = first; step < first + stepsOfGroup; ++step) {
      for (int64_t i = 0; i < order.instructions(bits); ++i) {
        words.append(operands(weights, step, i, offsets));
      }
    }
    const int64_t matrices = first * order.instructions(bits) * wordsOfInstruction;
    Value begin = b.add(memory, b.index(matrices * CoreMatrices::kRows));
    Value activations = CoreMatrices{CoreMatrices::kRows * stride}.describe(b, memories, begin);
    Values sums = multiplyByWarpgroup(b, fragment, shape.tiles, words, activations,
                                      carriesFloats ? ValueRange() : ValueRange(values));
    if (isGrouped) {
      values = applyScales(sums, number, values);
      continue;
    }
    for (size_t i = 0; carriesFloats && i < sums.size(); ++i) {
      sums[i] = b.add(values[i], sums[i]);
    }
    values = sums;
  }
  return values;
}

/// What is carried from chunk to chunk: totals in f32 if there are groups, else sums in i32; or in
/// f32, to which those of the chunk are added, since an instruction may keep fewer bits of its own.
SmallVector<Value> MatrixEmitter::computeChunk(Value chunk, ValueRange weights, Value memory,
                                               ValueRange carried) {
  if (isWarpgroup) {
    return computeByWarpgroup(chunk, weights, memory, carried);
  }
  const int64_t codesOfStep = order.codesOfStep(bits);
  const int64_t groupCodes = isGrouped ? groups.paddedGroup() : chunkCodes;
  const int64_t perLane = codesOfStep / order.kLanes / perWord;
  Value row = group, inRow = b.mul(part, perLane);
  if (fragment.copiesAsynchronously) {
    row = b.rem(lane, fragment.n);
    inRow = b.mul(b.div(lane, fragment.n), FragmentOrder::kVector);
  } else if (order.kLanes == 1) {
    inRow = b.index(0);
  }
  Value from = b.add(b.add(memory, b.mul(row, stride)), inRow);
  if (shape.dividesK) {
    from = b.add(from, b.mul(wave, chunkCodes / perWord));
  }
  const int64_t instructions = order.instructions(bits);
  auto multiply = [&](int64_t step, int64_t i, int64_t tile, ValueRange a, ValueRange sums) {
    Values x = loadActivations(from, step * instructions + i, tile);
    return multiplyTiles(b, fragment, a, x, sums);
  };
  const int64_t steps = chunkCodes / codesOfStep;
  Values none = noSums(b, fragment), values(carried);
  const auto size = static_cast<int64_t>(none.size());
  if (carriesFloats && !isGrouped) {
    // Tile by tile: registers hold the sums of few.
    Values next, offsets = offsetsOf(b.index(0));
    for (int64_t tile = 0; tile < shape.tiles; ++tile) {
      Values sums = none;
      for (int64_t step = 0; step < steps; ++step) {
        for (int64_t i = 0; i < instructions; ++i) {
          sums = multiply(step, i, tile, operands(weights, step, i, offsets), sums);
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
  Values offsets;
  Value firstGroup = b.mul(chunk, isGrouped ? chunkCodes / groupCodes : 0);
  for (int64_t step = 0; step < steps; ++step) {
    if (step * codesOfStep % groupCodes == 0) {
      offsets = offsetsOf(b.add(firstGroup, b.index(step * codesOfStep / groupCodes)));
    }
    for (int64_t i = 0; i < instructions; ++i) {
      Values a = operands(weights, step, i, offsets);
      for (int64_t tile = 0; tile < shape.tiles; ++tile) {
        sums[tile] = multiply(step, i, tile, a, sums[tile]);
      }
    }
    if (isGrouped && (step + 1) * codesOfStep % groupCodes == 0) {
      Value number = b.add(firstGroup, b.index((step + 1) * codesOfStep / groupCodes - 1));
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

/// Scales, and zero points, lie as `PanelLayout::scaleIndex` says: those of the rows of this panel
/// in a group begin at so many panels.
Value MatrixEmitter::scaleBase(Value number) {
  const int64_t full = layout.numPanels() / PanelLayout::kTilePanels * PanelLayout::kTilePanels;
  Value inTile = b.rem(loadedPanel, PanelLayout::kTilePanels);
  Value firstPanel = b.sub(loadedPanel, inTile);
  Value width = b.select(b.lessThan(loadedPanel, b.index(full)), b.index(PanelLayout::kTilePanels),
                         b.index(layout.numPanels() - full));
  return b.add(b.mul(firstPanel, groups.numGroups()), b.add(b.mul(number, width), inTile));
}

/// Totals plus `scale * (sum - zero point * sum of activations)`, or `scale * sum` of floats.
/// Scales of groups of activations are factors of the scale.
SmallVector<Value> MatrixEmitter::applyScales(ValueRange sums, Value number, ValueRange totals) {
  const int64_t inStages = isGrouped ? numStages * stageWords * perWord / groups.paddedGroup() : 1;
  Value isReal;
  if (inStages > groups.numGroups()) {
    isReal = b.lessThan(number, b.index(groups.numGroups()));
    number = atMost(number, b.index(groups.numGroups() - 1));
  }
  Value base = scaleBase(number);
  std::map<int64_t, std::pair<Value, Value>> ofRow;
  for (int64_t sum = 0; sum < numSums(); ++sum) {
    auto &[scale, zero] = ofRow[fragment.row.ofRegister[sum]];
    if (!scale) {
      Value at = b.add(b.mul(base, layout.lanes), rowOf(sum));
      scale = b.load(scales, at);
      if (fragment.multipliesFloats()) {
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
    std::map<int64_t, std::pair<Value, Value>> ofColumn;
    for (int64_t sum = 0; sum < numSums(); ++sum) {
      auto &[ofActivations, groupScale] = ofColumn[fragment.column.ofRegister[sum]];
      if (!ofActivations && !groupScale && (rowSums || kernel.groupScales)) {
        Value token = atMost(tokenOf(tile, sum), last);
        Value at = b.add(b.mul(token, groups.numGroups()), number);
        ofActivations = rowSums ? b.load(rowSums, at) : Value();
        groupScale = kernel.groupScales ? b.load(rowScale, at) : Value();
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
      Value factor = groupScale ? b.mul(groupScale, scale) : scale;
      next.push_back(b.fma(value, factor, totals[place]));
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
        Value scaled = total;
        if (rowScale && !kernel.groupScales) {
          scaled = b.mul(total, b.load(rowScale, kernel.rowScales ? token : b.index(0)));
        }
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
  memories = b.sharedBuffer(numMemories * memoryWords, b.getI32Type());
  Values initial;
  for (int64_t tile = 0; tile < shape.tiles; ++tile) {
    initial.append(carriesFloats ? Values(numSums(), b.f32(0.0f)) : noSums(b, fragment));
  }
  for (int64_t number = 0; number < numMemories - 1; ++number) {
    if (number < numStages) {
      stage(b.index(number), b.index(number * memoryWords));
    }
    b.commitCopies();
  }
  auto compute = [&](Value number, ValueRange carried) {
    Value chunk = shape.dividesK ? b.add(b.mul(number, GpuMatrixShape::kWaves), wave) : number;
    Values weights = loadWeights(chunk);
    if (!isAsync) {
      stage(number, b.index(0));
      b.barrier();
      Values next = computeChunk(chunk, weights, b.index(0), carried);
      b.barrier();
      return next;
    }
    // Behind the barrier nobody reads the memory of the stage before, and it is filled again.
    b.waitForCopies(numMemories - 2);
    if (isWarpgroup) {
      publishToWarpgroup(b);
    }
    b.barrier();
    Value later = b.add(number, b.index(numMemories - 1));
    b.ifThen(b.lessThan(later, b.index(numStages)),
             [&] { stage(later, b.mul(b.rem(later, numMemories), memoryWords)); });
    b.commitCopies();
    return computeChunk(chunk, weights, b.mul(b.rem(number, numMemories), memoryWords), carried);
  };
  Value end = b.index(numStages);
  if ((carriesFloats && !isGrouped) || isWarpgroup || kernel.groupScales) {
    // Assemblers that know how often this body runs repeat it until registers spill.
    end = b.select(b.lessThan(b.index(0), count), end, b.index(0));
  }
  Values sums = b.loop(b.index(0), end, b.index(1), initial, compute);
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
