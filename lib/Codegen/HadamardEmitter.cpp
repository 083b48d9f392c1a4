//===- HadamardEmitter.cpp - Emission of fast Hadamard transforms ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HadamardEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quench;

/// Cores up to this order are written out.
static constexpr int64_t kUnrolledCore = 36;
/// Groups of four inputs whose signed sums are in scratch memory at a time: 16 KiB of them with two
/// vectors of 64 bytes.
static constexpr int64_t kGroupsAtOnce = 8;

Value quench::constantBuffer(KernelBuilder &b, StringRef name, Type element,
                             ArrayRef<int64_t> shape, ArrayRef<char> bytes) {
  auto module = b.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  auto type = MemRefType::get(shape, element);
  auto values = DenseElementsAttr::getFromRawBuffer(RankedTensorType::get(shape, element), bytes);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    memref::GlobalOp::create(b, b.getStringAttr(name), b.getStringAttr("private"),
                             TypeAttr::get(type), values, b.getUnitAttr(), b.getI64IntegerAttr(64));
  }
  return memref::GetGlobalOp::create(b, type, name);
}

HadamardEmitter::HadamardEmitter(KernelBuilder &b, const BasisStep &step, StringRef name)
    : b(b), step(step), lanes(step.lanes), core(step.hadamard->coreOrder()),
      part(step.hadamard->sylvesterOrder() * step.region.inner) {
  auto makeFactors = [&](const std::vector<float> &factors, StringRef suffix) -> Value {
    if (factors.empty()) {
      return nullptr;
    }
    return constantBuffer(b, (name + suffix).str(), b.getF32Type(),
                          {static_cast<int64_t>(factors.size())}, factors);
  };
  before = makeFactors(step.factors, "_before");
  // One multiplication for the norm and the factors.
  std::vector<float> scaled = step.factorsAfter;
  for (float &factor : scaled) {
    factor = static_cast<float>(factor * step.hadamard->normalization());
  }
  after = makeFactors(scaled, "_after");
  prepareCore(name);
}

void HadamardEmitter::prepareCore(StringRef name) {
  auto scratch = [&](int64_t vectors) {
    auto type = MemRefType::get({vectors * tile()}, b.getF32Type());
    return memref::AllocaOp::create(b, type, b.getI64IntegerAttr(64));
  };
  if (step.hadamard->construction() == numerics::HadamardConstruction::Hartley) {
    form = CoreForm::Kernel;
    std::vector<float> values(core);
    for (int64_t i = 0; i < core; ++i) {
      values[i] = static_cast<float>(step.hadamard->coreEntry(1, i));
    }
    kernel = constantBuffer(b, (name + "_kernel").str(), b.getF32Type(), {core}, values);
    outputs = scratch(core);
    return;
  }
  if (core == 1 || step.hadamard->coreSigns().empty()) {
    return;
  }
  form = core <= kUnrolledCore ? CoreForm::Unrolled : CoreForm::Tabled;
  if (form == CoreForm::Unrolled) {
    return;
  }
  const int64_t groups = core / 4;
  std::vector<uint8_t> signs(core * groups, 0);
  for (int64_t output = 0; output < core; ++output) {
    for (int64_t input = 0; input < core; ++input) {
      signs[output * groups + input / 4] |= isNegative(input, output) << (input % 4);
    }
  }
  codes = constantBuffer(b, (name + "_codes").str(), b.getI8Type(), {core, groups}, signs);
  sums = scratch(16 * kGroupsAtOnce);
  outputs = scratch(core);
}

int64_t HadamardEmitter::tile() const {
  // A code or entry that is looked up serves two vectors.
  const bool isLong = core > kUnrolledCore || step.hadamard->coreSigns().empty();
  return isLong && part % (2 * lanes) == 0 ? 2 * lanes : lanes;
}

bool HadamardEmitter::isNegative(int64_t input, int64_t output) const {
  const int64_t row = step.transposed ? output : input;
  const int64_t column = step.transposed ? input : output;
  return step.hadamard->coreSigns()[row * core + column] < 0;
}

void HadamardEmitter::emit(const RowBuffer &source, const RowBuffer &target, Value base) {
  emitButterflies(source, target, base);
  if (form != CoreForm::None) {
    emitCore(target, base);
  }
}

//===----------------------------------------------------------------------===//
// Sylvester's matrix.
//===----------------------------------------------------------------------===//

void HadamardEmitter::emitButterflies(const RowBuffer &source, const RowBuffer &target,
                                      Value base) {
  const int64_t inner = step.region.inner;
  const int64_t vectors = part / lanes;
  // Between the lanes there are rounds only for the elements of one vector.
  int64_t distance = std::max<int64_t>(1, inner / lanes);
  int64_t rounds = llvm::Log2_64(vectors / distance);
  const int64_t most = b.getTarget().vectorRegisters >= 32 ? 4 : 3;
  // The widest butterflies first, in passes of nearly equal numbers of rounds.
  bool isFirst = true;
  for (int64_t passes = std::max<int64_t>(1, llvm::divideCeil(rounds, most)); passes > 0;
       --passes) {
    const int64_t now = llvm::divideCeil(rounds, passes);
    rounds -= now;
    emitPass(source, target, base, distance << rounds, now, isFirst, passes == 1);
    isFirst = false;
  }
}

Value HadamardEmitter::crossLanes(Value vector) {
  for (int64_t distance = step.region.inner; distance < lanes; distance *= 2) {
    SmallVector<int64_t> partners;
    SmallVector<float> signs;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      partners.push_back(lane ^ distance);
      signs.push_back(lane & distance ? -1.0f : 1.0f);
    }
    Value sign = arith::ConstantOp::create(
        b, DenseElementsAttr::get(cast<ShapedType>(b.floats(lanes)), ArrayRef<float>(signs)));
    Value partner = vector::ShuffleOp::create(b, vector, vector, partners);
    vector = b.fma(vector, sign, partner);
  }
  return vector;
}

void HadamardEmitter::emitPass(const RowBuffer &source, const RowBuffer &target, Value base,
                               int64_t distance, int64_t rounds, bool isFirst, bool isLast) {
  const int64_t radix = int64_t(1) << rounds;
  const RowBuffer &from = isFirst ? source : target;
  auto emitBlock = [&](Value element) {
    SmallVector<Value> x, positions;
    for (int64_t i = 0; i < radix; ++i) {
      positions.push_back(b.add(element, b.index(i * distance * lanes)));
      x.push_back(b.load(from.buffer, from.at(b.add(base, positions.back())), lanes));
      if (isFirst && before) {
        x.back() = b.mul(x.back(), loadFactor(before, positions.back()));
      }
    }
    for (int64_t half = radix / 2; half > 0; half /= 2) {
      for (int64_t i = 0; i < radix; ++i) {
        if ((i & half) == 0) {
          Value low = x[i], high = x[i + half];
          x[i] = b.add(low, high);
          x[i + half] = b.sub(low, high);
        }
      }
    }
    for (int64_t i = 0; i < radix; ++i) {
      Value y = isLast ? crossLanes(x[i]) : x[i];
      if (isLast && form == CoreForm::None) {
        storeScaled(y, target, base, positions[i]);
      } else {
        b.store(y, target.buffer, target.at(b.add(base, positions[i])));
      }
    }
  };
  b.loop(b.index(0), b.index(core * part), radix * distance * lanes, [&](Value block) {
    b.loop(b.index(0), b.index(distance * lanes), lanes,
           [&](Value offset) { emitBlock(b.add(block, offset)); });
  });
}

Value HadamardEmitter::loadFactor(Value factors, Value element) {
  return b.load(factors, {element}, lanes);
}

void HadamardEmitter::storeScaled(Value vector, const RowBuffer &row, Value base, Value element) {
  const auto norm = static_cast<float>(step.hadamard->normalization());
  Value factor = after ? loadFactor(after, element) : b.splat(norm, lanes);
  b.store(b.mul(vector, factor), row.buffer, row.at(b.add(base, element)));
}

//===----------------------------------------------------------------------===//
// The core.
//===----------------------------------------------------------------------===//

Value HadamardEmitter::columnAt(Value base, Value input, Value column) {
  return b.add(base, b.add(b.mul(input, b.index(part)), column));
}

void HadamardEmitter::emitCore(const RowBuffer &row, Value base) {
  b.loop(b.index(0), b.index(part), tile(), [&](Value column) {
    switch (form) {
    case CoreForm::None:
      return;
    case CoreForm::Unrolled:
      return emitUnrolledCore(row, base, column);
    case CoreForm::Tabled:
      return emitTabledCore(row, base, column);
    case CoreForm::Kernel:
      return emitKernelCore(row, base, column);
    }
  });
}

/// ±x0 ±x1 ±x2 ±x3 for the codes 0 to 7, in which the last sign is plus; bit b is the sign of x_b.
SmallVector<Value> HadamardEmitter::signedSums(ArrayRef<Value> x) {
  Value s = b.add(x[0], x[1]), d = b.sub(x[0], x[1]);
  Value t = b.add(x[2], x[3]), e = b.sub(x[3], x[2]);
  return {b.add(t, s), b.sub(t, d), b.add(t, d), b.sub(t, s),
          b.add(e, s), b.sub(e, d), b.add(e, d), b.sub(e, s)};
}

void HadamardEmitter::emitUnrolledCore(const RowBuffer &row, Value base, Value column) {
  SmallVector<SmallVector<Value>> groups;
  for (int64_t first = 0; first < core; first += 4) {
    SmallVector<Value> inputs;
    for (int64_t input = first; input < first + 4; ++input) {
      Value position = columnAt(base, b.index(input), column);
      inputs.push_back(b.load(row.buffer, row.at(position), lanes));
    }
    groups.push_back(signedSums(inputs));
  }
  for (int64_t output = 0; output < core; ++output) {
    Value sum;
    for (auto [group, table] : llvm::enumerate(groups)) {
      int64_t code = 0;
      for (int64_t bit = 0; bit < 4; ++bit) {
        code |= static_cast<int64_t>(isNegative(4 * group + bit, output)) << bit;
      }
      // The other half of the table has the opposite signs.
      Value term = table[code < 8 ? code : 15 - code];
      if (!sum) {
        sum = code < 8 ? term : b.sub(b.splat(0.0f, lanes), term);
      } else {
        sum = code < 8 ? b.add(sum, term) : b.sub(sum, term);
      }
    }
    storeScaled(sum, row, base, b.add(b.index(output * part), column));
  }
}

void HadamardEmitter::emitTabledCore(const RowBuffer &row, Value base, Value column) {
  const int64_t groups = core / 4;
  for (int64_t first = 0; first < groups; first += kGroupsAtOnce) {
    const int64_t count = std::min(kGroupsAtOnce, groups - first);
    b.loop(b.index(0), b.index(count), 1, [&](Value group) {
      Value input = b.mul(b.add(group, b.index(first)), b.index(4));
      for (int64_t offset = 0; offset < tile(); offset += lanes) {
        SmallVector<Value> inputs;
        for (int64_t i = 0; i < 4; ++i) {
          Value position = columnAt(base, b.add(input, b.index(i)), column);
          inputs.push_back(b.load(row.buffer, row.at(b.add(position, b.index(offset))), lanes));
        }
        Value table = b.add(b.mul(group, b.index(16 * tile())), b.index(offset));
        for (auto [code, sum] : llvm::enumerate(signedSums(inputs))) {
          const auto opposite = static_cast<int64_t>(15 - code);
          Value negated = b.sub(b.splat(0.0f, lanes), sum);
          b.store(sum, sums, {b.add(table, b.index(code * tile()))});
          b.store(negated, sums, {b.add(table, b.index(opposite * tile()))});
        }
      }
    });
    b.loop(b.index(0), b.index(core), 1,
           [&](Value output) { emitTabledOutput(row, base, column, output, first, count); });
  }
}

void HadamardEmitter::emitTabledOutput(const RowBuffer &row, Value base, Value column, Value output,
                                       int64_t first, int64_t count) {
  SmallVector<Value> totals(tile() / lanes), places;
  for (size_t i = 0; i < totals.size(); ++i) {
    places.push_back(b.add(b.mul(output, b.index(tile())), b.index(i * lanes)));
    if (first > 0) {
      totals[i] = b.load(outputs, {places[i]}, lanes);
    }
  }
  for (int64_t group = 0; group < count; ++group) {
    Value code = b.loadScalar(codes, {output, b.index(first + group)});
    Value entry = arith::IndexCastUIOp::create(b, b.getIndexType(), code);
    Value at = b.mul(b.add(b.index(16 * group), entry), b.index(tile()));
    for (size_t i = 0; i < totals.size(); ++i) {
      Value term = b.load(sums, {b.add(at, b.index(i * lanes))}, lanes);
      totals[i] = totals[i] ? b.add(totals[i], term) : term;
    }
  }
  for (size_t i = 0; i < totals.size(); ++i) {
    if (4 * (first + count) == core) {
      Value position = b.add(b.add(b.mul(output, b.index(part)), column), b.index(i * lanes));
      storeScaled(totals[i], row, base, position);
    } else {
      b.store(totals[i], outputs, {places[i]});
    }
  }
}

void HadamardEmitter::emitKernelCore(const RowBuffer &row, Value base, Value column) {
  const int64_t vectors = tile() / lanes;
  b.loop(b.index(0), b.index(core), 1, [&](Value output) {
    // Entry (i, output) of the core is number i * output modulo K of the kernel.
    SmallVector<Value> initial = {b.index(0)};
    initial.append(vectors, b.splat(0.0f, lanes));
    SmallVector<Value> done =
        b.loop(b.index(0), b.index(core), 1, initial, [&](Value input, ValueRange carried) {
          Value entry = b.splat(b.loadScalar(kernel, {carried[0]}), lanes);
          Value position = columnAt(base, input, column);
          Value next = b.add(carried[0], output), wrapped = b.sub(next, b.index(core));
          Value isInside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, next, b.index(core));
          SmallVector<Value> results = {arith::SelectOp::create(b, isInside, next, wrapped)};
          for (int64_t i = 0; i < vectors; ++i) {
            Value at = b.add(position, b.index(i * lanes));
            Value x = b.load(row.buffer, row.at(at), lanes);
            results.push_back(b.fma(x, entry, carried[i + 1]));
          }
          return results;
        });
    for (int64_t i = 0; i < vectors; ++i) {
      Value place = b.add(b.mul(output, b.index(tile())), b.index(i * lanes));
      b.store(done[i + 1], outputs, {place});
    }
  });
  b.loop(b.index(0), b.index(core), 1, [&](Value output) {
    for (int64_t i = 0; i < vectors; ++i) {
      Value place = b.add(b.mul(output, b.index(tile())), b.index(i * lanes));
      Value position = b.add(b.add(b.mul(output, b.index(part)), column), b.index(i * lanes));
      storeScaled(b.load(outputs, {place}, lanes), row, base, position);
    }
  });
}
