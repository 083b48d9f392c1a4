//===- GpuProductKernel.cpp - Matrix products on devices -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Gpu/GpuProductKernel.h"

#include "GpuMatrixProduct.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace quench;

std::string GpuProductKernel::name() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  const bool isE4M3 = layout.container == PanelContainer::F8E4M3FN ||
                      layout.container == PanelContainer::F8E4M3FNUZ;
  const StringRef byteFloat = isE4M3 ? "e4m3" : "e5m2";
  os << (fragment ? "matrix_product_" : "product_")
     << (!codedLhs            ? cooperative ? "f16" : "f32"
         : shortLhs()         ? fragment->element == MatrixElement::F16 ? "f16" : "bf16"
         : multipliesFloats() ? byteFloat
                              : "i8")
     << (!codedLhs || shortLhs() ? "_"
         : groupScales           ? "group_"
         : rowScales             ? "row_"
                                 : "_");
  if (holdsFloats(layout.container)) {
    os << "f32";
  } else {
    if (holdsByteFloats(layout.container)) {
      os << byteFloat;
    } else if (table) {
      const auto bytes = ArrayRef(reinterpret_cast<const uint8_t *>(table->data()), sizeof(*table));
      os << "t" << bitsOf(layout.container) << "_"
         << llvm::format_hex_no_prefix(llvm::xxh3_64bits(bytes) >> 32, 8) << "_";
    } else {
      os << "i" << bitsOf(layout.container);
    }
    if (layout.groups.group != layout.groups.k) {
      os << "g" << layout.groups.group;
    }
  }
  os << (zeroPoints ? "_zp" : "") << (bias ? "_bias" : "") << "_" << layout.n << "x"
     << layout.groups.k;
  if (parts > 1) {
    os << "_parts" << parts;
  }
  return text;
}

int64_t GpuProductKernel::partsFor(double groupsOfThreads) const {
  constexpr int64_t kLeastProducts = 512, kMost = 16;
  const GroupLayout &groups = layout.groups;
  if (codedLhs || (!holdsFloats(layout.container) && groups.k % groups.group != 0)) {
    return 1;
  }
  const int64_t steps = holdsFloats(layout.container) ? groups.k : groups.numGroups();
  const int64_t across = llvm::divideCeil(layout.n, GpuKernel().threads);
  const auto wanted = static_cast<int64_t>(groupsOfThreads) / across;
  return std::max<int64_t>(1, std::min({wanted, groups.k / kLeastProducts, steps, kMost}));
}

namespace {
class ProductEmitter {
public:
  ProductEmitter(GpuKernelBuilder &b, const GpuProductKernel &kernel, int64_t numRows,
                 ValueRange buffers, Value count)
      : b(b), kernel(kernel), layout(kernel.layout), groups(layout.groups), numRows(numRows),
        parts(numRows == 1 ? kernel.parts : 1), count(count) {
    size_t next = 0;
    lhs = buffers[next++];
    if (kernel.codedLhs) {
      rowScale = buffers[next++];
      rowSums = buffers[next++];
    }
    words = buffers[next++];
    if (!holdsFloats(layout.container)) {
      scales = buffers[next++];
      zeros = kernel.zeroPoints ? buffers[next++] : Value();
    }
    bias = kernel.bias && parts == 1 ? buffers[next++] : Value();
    result = buffers[next];
  }

  void emit() {
    column = b.globalId();
    b.ifThen(b.lessThan(column, b.index(layout.n)), [&] { emitColumn(); });
  }

private:
  using Values = SmallVector<Value>;

  void emitColumn() {
    int64_t tileRows = PanelLayout::kTilePanels * layout.lanes;
    int64_t fullTiles = layout.numPanels() / PanelLayout::kTilePanels;
    int64_t restRows = layout.numPanels() * layout.lanes - fullTiles * tileRows;
    Value tile = b.div(column, tileRows);
    tileBegin = b.mul(tile, tileRows);
    rowInTile = b.rem(column, tileRows);
    rowsOfTile =
        b.select(b.lessThan(tile, b.index(fullTiles)), b.index(tileRows), b.index(restRows));
    // Rows that do not exist are the last one again, and not stored.
    Value last = b.sub(count, b.index(1));
    for (int64_t i = 0; i < numRows; ++i) {
      Value row = b.add(b.mul(b.groupId(1), numRows), b.index(i));
      rows.push_back(row);
      loaded.push_back(numRows == 1 ? row : b.select(b.lessThan(row, count), row, last));
    }
    Values sums(numRows, b.f32(0.0f));
    if (holdsFloats(layout.container)) {
      sums = floatSums(sums);
    } else {
      sums = groupSums(sums);
    }
    for (int64_t i = 0; i < numRows; ++i) {
      Value sum = sums[i];
      if (kernel.codedLhs && !kernel.groupScales) {
        sum = b.mul(sum, b.load(rowScale, kernel.rowScales ? loaded[i] : b.index(0)));
      }
      if (bias) {
        sum = b.add(sum, b.load(bias, column));
      }
      Value row = parts > 1 ? b.groupId(2) : rows[i];
      auto store = [&] { b.store(sum, result, b.add(b.mul(row, layout.n), column)); };
      if (numRows == 1) {
        store();
      } else {
        b.ifThen(b.lessThan(rows[i], count), store);
      }
    }
  }

  /// Where the entry of this column is in step `step` of `steps` (see `PanelLayout::wordIndex`).
  Value entry(Value step, int64_t steps) {
    Value ofTile = b.add(b.mul(tileBegin, steps), rowInTile);
    return b.add(ofTile, b.mul(step, rowsOfTile));
  }

  Value wordAt(Value step) { return b.load(words, entry(step, layout.wordsPerRow())); }

  /// What this group of threads takes of so many steps along K.
  std::pair<Value, Value> rangeOf(int64_t number) {
    if (parts == 1) {
      return {b.index(0), b.index(number)};
    }
    const auto length = static_cast<int64_t>(llvm::divideCeil(number, parts));
    Value begin = b.mul(b.groupId(2), length), end = b.add(begin, b.index(length));
    return {begin, b.select(b.lessThan(end, b.index(number)), end, b.index(number))};
  }

  Values floatSums(const Values &initial) {
    auto [begin, end] = rangeOf(groups.k);
    return b.loop(begin, end, b.index(1), initial, [&](Value k, ValueRange sums) {
      Value weight = wordAt(k);
      Values next;
      for (int64_t i = 0; i < numRows; ++i) {
        Value x = b.load(lhs, b.add(b.mul(loaded[i], groups.k), k));
        next.push_back(b.fma(x, weight, sums[i]));
      }
      return next;
    });
  }

  /// Sums over all groups of their sums times their scales, in order.
  Values groupSums(const Values &initial) {
    int64_t number = groups.numGroups(), last = groups.groupSize(number - 1);
    int64_t equal = last == groups.group ? number : number - 1;
    auto addGroup = [&](Value group, int64_t size, ValueRange sums) {
      Value at = entry(group, number);
      Value scale = b.load(scales, at);
      Value zero = zeros ? b.load(zeros, at) : b.i32(PanelLayout::signOffset(layout.container));
      Values next =
          kernel.codedLhs ? integerGroup(group, size, zero) : decodedGroup(group, size, zero);
      for (int64_t i = 0; i < numRows; ++i) {
        Value own = scale;
        if (kernel.groupScales) {
          Value place = b.add(b.mul(loaded[i], number), group);
          own = b.mul(b.load(rowScale, place), scale);
        }
        next[i] = b.fma(next[i], own, sums[i]);
      }
      return next;
    };
    auto [begin, end] = rangeOf(equal);
    Values sums = b.loop(begin, end, b.index(1), initial, [&](Value group, ValueRange carried) {
      return addGroup(group, groups.group, carried);
    });
    return equal == number ? sums : addGroup(b.index(equal), last, sums);
  }

  Value firstWord(Value group) {
    return b.mul(group, groups.paddedGroup() / layout.codesPerWord());
  }

  /// sum (w - z) x of one group as f32: exact sums in i32 that begin with -z sum x.
  Values integerGroup(Value group, int64_t size, Value zero) {
    Values initial;
    for (int64_t i = 0; i < numRows; ++i) {
      Value sum = b.load(rowSums, b.add(b.mul(loaded[i], groups.numGroups()), group));
      initial.push_back(b.sub(b.i32(0), b.mul(zero, sum)));
    }
    int64_t perWord = layout.codesPerWord(), bits = bitsOf(layout.container);
    int64_t padded = (size + GroupLayout::kUnit - 1) / GroupLayout::kUnit * GroupLayout::kUnit;
    Value begin = firstWord(group);
    Values sums =
        b.loop(begin, b.add(begin, b.index(padded / perWord)), b.index(1), initial,
               [&](Value step, ValueRange carried) {
                 Value word = wordAt(step);
                 Values next(carried);
                 for (int64_t part = 0; part < perWord / 4; ++part) {
                   uint32_t mask = 0x01010101u * ((1u << bits) - 1u);
                   Value bytes = bits == 8 ? word : b.bitAnd(b.shiftRight(word, part * bits), mask);
                   for (int64_t i = 0; i < numRows; ++i) {
                     Value at = b.add(b.mul(loaded[i], groups.paddedK() / 4),
                                      b.add(b.mul(step, perWord / 4), b.index(part)));
                     next[i] = b.add(next[i], b.dotSignedUnsigned(b.load(lhs, at), bytes));
                   }
                 }
                 return next;
               });
    for (Value &sum : sums) {
      sum = b.toF32(sum);
    }
    return sums;
  }

  /// sum (w - z) x of one group with float x.
  Values decodedGroup(Value group, int64_t size, Value zero) {
    int64_t perWord = layout.codesPerWord();
    Value begin = firstWord(group), firstK = b.mul(group, groups.group);
    auto addCodes = [&](Value step, int64_t number, ValueRange carried) {
      Value word = wordAt(step);
      Value k = b.add(firstK, b.mul(b.sub(step, begin), perWord));
      Values next(carried);
      for (int64_t j = 0; j < number; ++j) {
        Value weight = b.toF32(b.sub(codeAt(word, j), zero));
        for (int64_t i = 0; i < numRows; ++i) {
          Value at = b.add(b.mul(loaded[i], groups.k), b.add(k, b.index(j)));
          next[i] = b.fma(b.load(lhs, at), weight, next[i]);
        }
      }
      return next;
    };
    Values sums(numRows, b.f32(0.0f));
    Value end = b.add(begin, b.index(size / perWord));
    sums = b.loop(begin, end, b.index(1), sums,
                  [&](Value step, ValueRange carried) { return addCodes(step, perWord, carried); });
    return size % perWord == 0 ? sums : addCodes(end, size % perWord, sums);
  }

  /// Code `j` of a word is in byte `j mod 4`.
  Value codeAt(Value word, int64_t j) {
    int64_t bits = bitsOf(layout.container);
    Value shifted = b.shiftRight(word, static_cast<int32_t>(8 * (j % 4) + bits * (j / 4)));
    return b.bitAnd(shifted, (1u << bits) - 1u);
  }

  GpuKernelBuilder &b;
  const GpuProductKernel &kernel;
  const PanelLayout &layout;
  const GroupLayout &groups;
  int64_t numRows, parts;
  Value count, lhs, rowScale, rowSums, words, scales, zeros, bias, result;
  Value column, tileBegin, rowInTile, rowsOfTile;
  Values rows, loaded;
};
} // namespace

SmallVector<Type> GpuProductKernel::parameters(MLIRContext *context, bool hasParts) const {
  Type f32 = Float32Type::get(context), i32 = IntegerType::get(context, 32);
  constexpr int64_t dynamic = ShapedType::kDynamic;
  const GroupLayout &groups = layout.groups;
  SmallVector<Type> types;
  auto parameter = [&](ArrayRef<int64_t> shape, Type element) {
    types.push_back(ArithmeticBuilder::bufferType(shape, element));
  };
  if (shortLhs()) {
    parameter({dynamic, groups.paddedK() / 2}, i32);
  } else if (codedLhs) {
    parameter({dynamic, groups.paddedK() / 4}, i32);
    parameter({rowScales ? dynamic : 1, groupScales ? groups.numGroups() : 1}, f32);
    if (!multipliesFloats()) {
      parameter({dynamic, groups.numGroups()}, i32);
    }
  } else {
    parameter({dynamic, groups.k}, f32);
  }
  bool isFloat = holdsFloats(layout.container);
  parameter({layout.numWords()}, isFloat ? f32 : i32);
  if (!isFloat) {
    parameter({layout.numScales()}, f32);
    if (zeroPoints) {
      parameter({layout.numScales()}, i32);
    }
  }
  if (bias && !hasParts) {
    parameter({layout.n}, f32);
  }
  parameter({hasParts ? parts : dynamic, layout.n}, f32);
  return types;
}

func::FuncOp GpuProductKernel::getOrCreateForRows(ModuleOp module, int64_t rows) const {
  const bool hasParts = parts > 1 && rows == 1;
  GpuKernel kernel;
  kernel.name = name() + "_rows" + std::to_string(rows);
  kernel.parameters = parameters(module.getContext(), hasParts);
  if (fragment) {
    auto shape = GpuMatrixShape::get(*fragment, rows);
    kernel.threads = GpuMatrixShape::kWaves * fragment->lanes;
    kernel.launch = [this, shape, rows](GpuKernelBuilder &host, ValueRange values) {
      Value count = memref::DimOp::create(host, values.front(), 0);
      int64_t across = llvm::divideCeil(layout.numPanels(), shape.panelsOfGroup());
      return GpuLaunch{{host.index(across), host.ceilDiv(count, rows), host.index(1)}, {count}};
    };
    kernel.body = [&](GpuKernelBuilder &device, ValueRange buffers, ValueRange sizes) {
      emitMatrixProduct(device, *this, shape, buffers, sizes[0]);
    };
    return kernel.getOrCreate(module);
  }
  kernel.launch = [&](GpuKernelBuilder &host, ValueRange values) {
    Value count = memref::DimOp::create(host, values.front(), 0);
    int64_t across = (layout.n + kernel.threads - 1) / kernel.threads;
    Value together = host.index(hasParts ? parts : 1);
    return GpuLaunch{{host.index(across), host.ceilDiv(count, rows), together}, {count}};
  };
  kernel.body = [&](GpuKernelBuilder &device, ValueRange buffers, ValueRange sizes) {
    ProductEmitter(device, *this, rows, buffers, sizes[0]).emit();
  };
  return kernel.getOrCreate(module);
}

func::FuncOp GpuProductKernel::getOrCreateSum(ModuleOp module) const {
  Type f32 = Float32Type::get(module.getContext());
  GpuKernel kernel;
  kernel.name = "sum_" + std::to_string(parts) + "x" + std::to_string(layout.n);
  kernel.parameters = {ArithmeticBuilder::bufferType({parts, layout.n}, f32)};
  if (bias) {
    kernel.name += "_bias";
    kernel.parameters.push_back(ArithmeticBuilder::bufferType({layout.n}, f32));
  }
  kernel.parameters.push_back(ArithmeticBuilder::bufferType({ShapedType::kDynamic, layout.n}, f32));
  kernel.launch = [&](GpuKernelBuilder &host, ValueRange) {
    const int64_t across = (layout.n + kernel.threads - 1) / kernel.threads;
    return GpuLaunch{{host.index(across), host.index(1), host.index(1)}, {}};
  };
  kernel.body = [&](GpuKernelBuilder &b, ValueRange buffers, ValueRange) {
    Value column = b.globalId();
    b.ifThen(b.lessThan(column, b.index(layout.n)), [&] {
      Value sum = b.load(buffers[0], column);
      for (int64_t part = 1; part < parts; ++part) {
        sum = b.add(sum, b.load(buffers[0], b.add(b.index(part * layout.n), column)));
      }
      if (bias) {
        sum = b.add(sum, b.load(buffers[1], column));
      }
      b.store(sum, buffers.back(), column);
    });
  };
  return kernel.getOrCreate(module);
}

func::FuncOp GpuProductKernel::getOrCreate(ModuleOp module) const {
  if (auto existing = module.lookupSymbol<func::FuncOp>(name())) {
    return existing;
  }
  const int64_t fewRows = fragment ? fragment->n : 1;
  func::FuncOp single = getOrCreateForRows(module, fewRows);
  func::FuncOp tiled = getOrCreateForRows(module, fragment ? GpuMatrixShape::kManyRows : kTileRows);
  func::FuncOp matrices = cooperative ? getOrCreateCooperative(module) : func::FuncOp();
  GpuKernelBuilder b(NameLoc::get(StringAttr::get(module.getContext(), name())),
                     module.getContext());
  b.setInsertionPointToEnd(module.getBody());
  SmallVector<Type> types(tiled.getFunctionType().getInputs());
  func::FuncOp sum = parts > 1 ? getOrCreateSum(module) : func::FuncOp();
  if (sum) {
    types.insert(types.end() - 1, sum.getFunctionType().getInput(0));
  }
  b.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(b, name(), b.getFunctionType(types, {}));
  function.setPrivate();
  function->setAttr(kLaunches, b.getUnitAttr());
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToEnd(entry);
  Value rows = memref::DimOp::create(b, entry->getArgument(0), 0);
  Value isSingle = arith::CmpIOp::create(b, arith::CmpIPredicate::ule, rows, b.index(fewRows));
  auto branch = scf::IfOp::create(b, isSingle, /*withElseRegion=*/true);
  SmallVector<Value> all(entry->getArguments()), ofSum;
  SmallVector<Value> ofSingle = all;
  if (sum) {
    // Products into parts; these, and the bias, into the result.
    Value result = all.pop_back_val(), together = all.pop_back_val();
    ofSingle = all;
    ofSum = {together};
    if (bias) {
      ofSum.push_back(ofSingle.pop_back_val());
    }
    ofSingle.push_back(together);
    ofSum.push_back(result);
    all.push_back(result);
  }
  b.setInsertionPoint(branch.elseBlock()->getTerminator());
  if (matrices) {
    Value isFew = arith::CmpIOp::create(b, arith::CmpIPredicate::ule, rows, b.index(kTileRows));
    auto choice = scf::IfOp::create(b, isFew, /*withElseRegion=*/true);
    b.setInsertionPoint(choice.elseBlock()->getTerminator());
    func::CallOp::create(b, matrices, all);
    b.setInsertionPoint(choice.thenBlock()->getTerminator());
  }
  func::CallOp::create(b, tiled, all);
  b.setInsertionPoint(branch.thenBlock()->getTerminator());
  func::CallOp::create(b, single, ofSingle);
  if (sum) {
    func::CallOp::create(b, sum, ofSum);
  }
  b.setInsertionPointToEnd(entry);
  func::ReturnOp::create(b);
  return function;
}
