//===- GpuCooperativeProduct.cpp - Products of cooperative matrices -------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuCooperativeProduct.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace quench;

bool CooperativeTile::fits(const CooperativeMatrix &matrix, const PanelLayout &layout) {
  return !holdsFloats(layout.container) && kRows == kSubgroups * layout.lanes &&
         kTokens % matrix.rows == 0 && layout.lanes % matrix.columns == 0 &&
         kChunkBytes % (matrix.depth * matrix.elementBytes()) == 0 && matrix.depth % 4 == 0 &&
         llvm::isPowerOf2_64(matrix.subgroupSize) && matrix.subgroupSize <= kTokens * 2;
}

namespace {
class CooperativeEmitter {
public:
  CooperativeEmitter(GpuKernelBuilder &b, const GpuProductKernel &kernel, ValueRange buffers,
                     Value count)
      : b(b), kernel(kernel), layout(kernel.layout), groups(layout.groups),
        matrix(*kernel.cooperative), bits(bitsOf(layout.container)), count(count),
        result(buffers.back()) {
    size_t next = 0;
    lhs = buffers[next++];
    if (!matrix.isHalf) {
      rowScale = buffers[next++];
      rowSums = buffers[next++];
    }
    words = buffers[next++];
    scales = buffers[next++];
    zeros = kernel.zeroPoints ? buffers[next++] : Value();
    bias = kernel.bias ? buffers[next] : Value();
    const int64_t bytes = matrix.elementBytes();
    const int64_t longest = std::min(Tile::kChunkBytes / bytes, groups.paddedGroup());
    chunkCodes = llvm::alignTo(longest, matrix.depth);
    chunkWords = chunkCodes * bytes / 4;
    stride = chunkWords + kPadding;
    weightsAt = Tile::kTokens * stride;
    sumsAt = weightsAt + Tile::kRows * stride;
    const int64_t last = groups.numGroups() - 1;
    hasWholeChunks = lengthOf(0) % chunkCodes == 0 && lengthOf(last) % chunkCodes == 0;
  }

  void emit();

private:
  using Tile = CooperativeTile;
  using Values = SmallVector<Value>;
  /// Between rows in memory of the group, so that those that are read together begin in different
  /// banks; sixteen bytes, to which all matrices are aligned.
  static constexpr int64_t kPadding = 4;
  static constexpr int64_t kSumStride = Tile::kRows + kPadding;

  Value atMost(Value value, Value limit) {
    return b.select(b.lessThan(value, limit), value, limit);
  }
  /// Elements of a row of activations in a group: codes are padded.
  int64_t lengthOf(int64_t group) const {
    const int64_t size = groups.groupSize(group);
    return matrix.isHalf ? size : llvm::alignTo(size, GroupLayout::kUnit);
  }
  /// Where the scales, and zero points, of a row of the weight are.
  Value scaleAt(Value group, Value row) {
    Value first = b.add(b.mul(firstRow, groups.numGroups()), b.mul(group, rowsOfTile));
    return b.add(first, atMost(row, b.sub(rowsOfTile, b.index(1))));
  }
  Value zeroAt(Value place) {
    return zeros ? b.load(zeros, place) : b.i32(PanelLayout::signOffset(layout.container));
  }
  Value tokenAt(Value inTile) { return b.add(firstToken, inTile); }
  Value loaded(Value token) { return atMost(token, b.sub(count, b.index(1))); }

  void findPlace();
  void forEach(int64_t number, function_ref<void(Value)> body);
  std::pair<Value, Value> placeOf(size_t number);
  Value activation(Value group, Value token, Value inGroup, Value length);
  void stageActivations(Value group, Value chunk, Value length);
  Values unpack(Value word, Value group, Value row);
  void stageWeights(Value group, Value chunk);
  gpu::MMAMatrixType typeOf(int64_t rows, int64_t columns, Type element, StringRef use);
  Value loadMatrix(int64_t rows, int64_t columns, StringRef use, Value at, bool isTransposed);
  Values multiplyChunk(ValueRange sums);
  Values sumsOf(Value group);
  void storeSums(ValueRange sums);
  Values addScaled(Value group, ValueRange totals);
  void store(ValueRange totals);

  GpuKernelBuilder &b;
  const GpuProductKernel &kernel;
  const PanelLayout &layout;
  const GroupLayout &groups;
  CooperativeMatrix matrix;
  unsigned bits;
  Value count, lhs, rowScale, rowSums, words, scales, zeros, bias, result;
  /// Elements and words of a row in a chunk, words from one row to the next, and where the parts of
  /// memory begin.
  int64_t chunkCodes, chunkWords, stride, weightsAt, sumsAt;
  /// Whether no chunk is longer than the rest of its group.
  bool hasWholeChunks;
  Value memory, thread, subgroup, firstToken, firstRow, rowsOfTile;
};
} // namespace

void CooperativeEmitter::findPlace() {
  thread = b.threadId();
  subgroup = gpu::SubgroupIdOp::create(b, /*upper_bound=*/IntegerAttr());
  firstToken = b.mul(b.groupId(1), Tile::kTokens);
  firstRow = b.mul(b.groupId(0), Tile::kRows);
  const int64_t rest = layout.numPanels() * layout.lanes % Tile::kRows;
  Value isFull = b.lessThan(b.add(b.groupId(0), b.index(1)),
                            b.index(llvm::divideCeil(layout.numPanels(), Tile::kSubgroups)));
  rowsOfTile =
      rest == 0 ? b.index(Tile::kRows) : b.select(isFull, b.index(Tile::kRows), b.index(rest));
  memory = b.sharedBuffer(sumsAt + Tile::kTokens * kSumStride, b.getI32Type());
}

/// All threads of the group share so many pieces of work.
void CooperativeEmitter::forEach(int64_t number, function_ref<void(Value)> body) {
  for (int64_t first = 0; first < number; first += b.threads) {
    Value piece = b.add(thread, b.index(first));
    if (first + b.threads <= number) {
      body(piece);
    } else {
      b.ifThen(b.lessThan(piece, b.index(number)), [&] { body(piece); });
    }
  }
}

/// Row of activations and row of the weight of so-manieth result of this thread.
std::pair<Value, Value> CooperativeEmitter::placeOf(size_t number) {
  const auto first = static_cast<int64_t>(number) * b.threads;
  if (b.threads % Tile::kRows == 0) {
    return {b.add(b.div(thread, Tile::kRows), b.index(first / Tile::kRows)),
            b.rem(thread, Tile::kRows)};
  }
  return {b.index(first / Tile::kRows), b.add(thread, b.index(first % Tile::kRows))};
}

/// A word of codes, or a float, at an element of a group; zero where the group has ended.
Value CooperativeEmitter::activation(Value group, Value token, Value inGroup, Value length) {
  Value isReal;
  if (!hasWholeChunks) {
    isReal = b.lessThan(inGroup, length);
    inGroup = b.select(isReal, inGroup, b.index(0));
  }
  const bool isHalf = matrix.isHalf;
  const int64_t perRow = isHalf ? groups.k : groups.paddedK();
  Value begin = b.add(b.mul(loaded(tokenAt(token)), perRow),
                      b.mul(group, isHalf ? groups.group : groups.paddedGroup()));
  Value at = b.add(begin, inGroup);
  Value value = b.load(lhs, isHalf ? at : b.div(at, 4));
  return isReal ? b.select(isReal, value, isHalf ? b.f32(0.0f) : b.i32(0)) : value;
}

/// Two floats that f16 holds.
static Value packHalves(GpuKernelBuilder &b, Value first, Value second) {
  auto type = VectorType::get({2}, b.getF32Type());
  Value both = spirv::CompositeConstructOp::create(b, type, ValueRange{first, second});
  return spirv::GLPackHalf2x16Op::create(b, b.getI32Type(), both);
}

/// A chunk of all rows of activations.
void CooperativeEmitter::stageActivations(Value group, Value chunk, Value length) {
  forEach(Tile::kTokens * chunkWords, [&](Value piece) {
    Value token = b.div(piece, chunkWords), inRow = b.rem(piece, chunkWords);
    const int64_t perWord = 4 / matrix.elementBytes();
    Value first = b.add(b.mul(chunk, chunkCodes), b.mul(inRow, perWord));
    Value word = activation(group, token, first, length);
    if (matrix.isHalf) {
      word = packHalves(b, word, activation(group, token, b.add(first, b.index(1)), length));
    }
    b.store(word, memory, b.add(b.mul(token, stride), inRow));
  });
}

/// The elements that the codes of a word become: their bytes, signed, or floats without the zero
/// point, in the order of K.
SmallVector<Value> CooperativeEmitter::unpack(Value word, Value group, Value row) {
  if (bits == 8 && !matrix.isHalf) {
    return {arith::XOrIOp::create(b, word, b.i32(static_cast<int32_t>(0x80808080u)))};
  }
  Values result;
  const uint32_t mask = (1u << bits) - 1u;
  for (unsigned shift = 0; shift < 8; shift += bits) {
    if (!matrix.isHalf) {
      result.push_back(b.bitAnd(b.shiftRight(word, shift), 0x01010101u * mask));
      continue;
    }
    Value zero = zeroAt(scaleAt(group, row));
    auto code = [&](unsigned byte) {
      return b.toF32(b.sub(b.bitAnd(b.shiftRight(word, shift + 8 * byte), mask), zero));
    };
    for (unsigned byte = 0; byte < 4; byte += 2) {
      Value low = code(byte), high = code(byte + 1);
      result.push_back(packHalves(b, low, high));
    }
  }
  return result;
}

/// A chunk of the weight; any codes where the group has ended.
void CooperativeEmitter::stageWeights(Value group, Value chunk) {
  const int64_t perRow = chunkCodes / layout.codesPerWord(), perWord = chunkWords / perRow;
  const int64_t ofGroup = groups.paddedGroup() / layout.codesPerWord();
  forEach(Tile::kRows * perRow, [&](Value piece) {
    Value row = b.rem(piece, Tile::kRows), inRow = b.div(piece, Tile::kRows);
    Value step = b.add(b.mul(group, ofGroup), b.add(b.mul(chunk, perRow), inRow));
    step = hasWholeChunks ? step : atMost(step, b.index(layout.wordsPerRow() - 1));
    Value inTile = atMost(row, b.sub(rowsOfTile, b.index(1)));
    Value at = b.add(b.mul(firstRow, layout.wordsPerRow()), b.add(b.mul(step, rowsOfTile), inTile));
    Value to = b.add(b.add(b.mul(row, stride), b.mul(inRow, perWord)), b.index(weightsAt));
    for (auto [place, word] : llvm::enumerate(unpack(b.load(words, at), group, row))) {
      b.store(word, memory, b.add(to, b.index(static_cast<int64_t>(place))));
    }
  });
}

gpu::MMAMatrixType CooperativeEmitter::typeOf(int64_t rows, int64_t columns, Type element,
                                              StringRef use) {
  return gpu::MMAMatrixType::get({rows, columns}, element, use);
}

Value CooperativeEmitter::loadMatrix(int64_t rows, int64_t columns, StringRef use, Value at,
                                     bool isTransposed) {
  Type element = matrix.isHalf ? Type(b.getF16Type()) : b.getIntegerType(8, /*isSigned=*/true);
  auto type = typeOf(rows, columns, element, use);
  return gpu::SubgroupMmaLoadMatrixOp::create(b, type, memory, at, b.getIndexAttr(stride),
                                              isTransposed ? b.getUnitAttr() : UnitAttr());
}

/// The sums of this subgroup plus the products of a chunk: tiles of activations, then of the
/// weight.
SmallVector<Value> CooperativeEmitter::multiplyChunk(ValueRange sums) {
  Value panel = b.mul(subgroup, layout.lanes * stride);
  Values next(sums);
  for (int64_t word = 0; word < chunkWords; word += matrix.depth * matrix.elementBytes() / 4) {
    Values weights;
    for (int64_t row = 0; row < layout.lanes; row += matrix.columns) {
      Value at = b.add(panel, b.index(weightsAt + row * stride + word));
      weights.push_back(loadMatrix(matrix.depth, matrix.columns, "BOp", at, true));
    }
    size_t place = 0;
    for (int64_t token = 0; token < Tile::kTokens; token += matrix.rows) {
      Value at = b.index(token * stride + word);
      Value activations = loadMatrix(matrix.rows, matrix.depth, "AOp", at, false);
      for (Value weight : weights) {
        Value &sum = next[place++];
        sum = gpu::SubgroupMmaComputeOp::create(b, sum.getType(), activations, weight, sum,
                                                UnitAttr(), UnitAttr());
      }
    }
  }
  return next;
}

/// The matrices of sums of a group of K.
SmallVector<Value> CooperativeEmitter::sumsOf(Value group) {
  const int64_t number = groups.numGroups(), full = lengthOf(0), last = lengthOf(number - 1);
  Value length = b.index(full);
  if (full != last) {
    length = b.select(b.lessThan(group, b.index(number - 1)), length, b.index(last));
  }
  Value none = matrix.isHalf ? b.f32(0.0f) : b.i32(0);
  Value zero = gpu::SubgroupMmaConstantMatrixOp::create(
      b, typeOf(matrix.rows, matrix.columns, none.getType(), "COp"), none);
  const int64_t tiles = Tile::kTokens / matrix.rows * (layout.lanes / matrix.columns);
  return b.loop(b.index(0), b.ceilDiv(length, chunkCodes), b.index(1), Values(tiles, zero),
                [&](Value chunk, ValueRange carried) {
                  stageActivations(group, chunk, length);
                  stageWeights(group, chunk);
                  b.barrier();
                  Values next = multiplyChunk(carried);
                  // Behind a group of one chunk is the barrier of its sums.
                  if (full > chunkCodes) {
                    b.barrier();
                  }
                  return next;
                });
}

void CooperativeEmitter::storeSums(ValueRange sums) {
  size_t place = 0;
  for (int64_t token = 0; token < Tile::kTokens; token += matrix.rows) {
    for (int64_t row = 0; row < layout.lanes; row += matrix.columns) {
      Value at = b.add(b.mul(subgroup, layout.lanes), b.index(sumsAt + token * kSumStride + row));
      gpu::SubgroupMmaStoreMatrixOp::create(b, sums[place++], memory, at,
                                            b.getIndexAttr(kSumStride), UnitAttr());
    }
  }
}

/// Totals plus `scale * (sum - zero point * sum of activations)`, or `scale * sum` of floats.
/// Scales of groups of activations are factors of the scale.
SmallVector<Value> CooperativeEmitter::addScaled(Value group, ValueRange totals) {
  Values next;
  for (auto [index, total] : llvm::enumerate(totals)) {
    auto [token, row] = placeOf(index);
    Value ofWeight = scaleAt(group, row), scale = b.load(scales, ofWeight);
    Value sum = b.load(memory, b.add(b.mul(token, kSumStride), b.add(row, b.index(sumsAt))));
    if (matrix.isHalf) {
      sum = arith::BitcastOp::create(b, b.getF32Type(), sum);
      next.push_back(b.fma(sum, scale, total));
      continue;
    }
    Value ofActivation = b.add(b.mul(loaded(tokenAt(token)), groups.numGroups()), group);
    Value zero = zeroAt(ofWeight);
    zero = bits == 8 ? b.sub(zero, b.i32(128)) : zero;
    sum = b.sub(sum, b.mul(zero, b.load(rowSums, ofActivation)));
    if (kernel.groupScales) {
      scale = b.mul(b.load(rowScale, ofActivation), scale);
    }
    next.push_back(b.fma(b.toF32(sum), scale, total));
  }
  return next;
}

void CooperativeEmitter::store(ValueRange totals) {
  for (auto [index, total] : llvm::enumerate(totals)) {
    auto [inTokens, inRows] = placeOf(index);
    Value token = tokenAt(inTokens), row = b.add(firstRow, inRows), sum = total;
    Value isReal =
        arith::AndIOp::create(b, b.lessThan(row, b.index(layout.n)), b.lessThan(token, count));
    b.ifThen(isReal, [&] {
      if (rowScale && !kernel.groupScales) {
        sum = b.mul(sum, b.load(rowScale, kernel.rowScales ? token : b.index(0)));
      }
      if (bias) {
        sum = b.add(sum, b.load(bias, row));
      }
      b.store(sum, result, b.add(b.mul(token, layout.n), row));
    });
  }
}

void CooperativeEmitter::emit() {
  findPlace();
  const int64_t perThread = Tile::kTokens * Tile::kRows / b.threads;
  store(b.loop(b.index(0), b.index(groups.numGroups()), b.index(1), Values(perThread, b.f32(0.0f)),
               [&](Value group, ValueRange totals) {
                 // The barriers of the next chunk keep its sums from these, which are read last.
                 storeSums(sumsOf(group));
                 b.barrier();
                 return addScaled(group, totals);
               }));
}

func::FuncOp GpuProductKernel::getOrCreateCooperative(ModuleOp module) const {
  using Tile = CooperativeTile;
  GpuKernel kernel;
  kernel.name = name() + "_matrices";
  kernel.parameters = parameters(module.getContext(), /*hasParts=*/false);
  kernel.threads = Tile::kSubgroups * cooperative->subgroupSize;
  kernel.launch = [&](GpuKernelBuilder &host, ValueRange values) {
    Value count = memref::DimOp::create(host, values.front(), 0);
    const auto across =
        static_cast<int64_t>(llvm::divideCeil(layout.numPanels(), Tile::kSubgroups));
    Value along = host.ceilDiv(count, Tile::kTokens);
    return GpuLaunch{{host.index(across), along, host.index(1)}, {count}};
  };
  kernel.body = [&](GpuKernelBuilder &device, ValueRange buffers, ValueRange sizes) {
    CooperativeEmitter(device, *this, buffers, sizes[0]).emit();
  };
  return kernel.getOrCreate(module);
}
