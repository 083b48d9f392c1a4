//===- DepthwiseKernel.cpp - Kernels of filters of single channels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/DepthwiseKernel.h"

#include "quench/Codegen/ActivationCodes.h"
#include "quench/Codegen/QuantizeKernel.h"
#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"

#include <algorithm>

using namespace mlir;
using namespace quench;

namespace {
/// One side of the products.
struct Side {
  Value elements, scales, zeroPoints;
  std::optional<ByteCodes> codes;
};

class DepthwiseEmitter {
public:
  DepthwiseEmitter(KernelBuilder &builder, const DepthwiseKernel &kernel, ValueRange parameters)
      : b(builder), kernel(kernel) {
    auto next = parameters.begin();
    auto side = [&](std::optional<ByteCodes> codes) {
      Side side{*next++, {}, {}, codes};
      side.scales = codes ? *next++ : Value();
      side.zeroPoints = codes && codes->hasZeroPoints ? *next++ : Value();
      return side;
    };
    input = side(kernel.input);
    filter = side(kernel.filter);
    bias = kernel.bias ? *next++ : Value();
    other = kernel.epilogue.takesTwo() ? *next++ : Value();
    bool stores = kernel.requantization.has_value();
    resultScale = stores ? *next++ : Value();
    resultZeroPoint = stores && kernel.requantization->hasZeroPoint ? *next++ : Value();
    result = *next;
  }

  void emit() {
    int64_t height = kernel.windows(0), width = kernel.windows(1);
    int64_t vectors = llvm::divideCeil(kernel.channels, b.lanes());
    int64_t cycles = width * vectors * (kernel.kernel[0] * kernel.kernel[1] + 4);
    Value numImages = b.div(b.size(input.elements, 0), b.index(kernel.height));
    Value lines = b.mul(numImages, b.index(height));
    count = b.mul(lines, b.index(width));
    b.parallelLoop(lines, cycles, [&](Value line) {
      Value image = b.div(line, b.index(height));
      Value y = b.sub(line, b.mul(image, b.index(height)));
      top = b.add(b.mul(image, b.index(kernel.height)), b.mul(y, b.index(kernel.strides[0])));
      firstRow = b.mul(line, b.index(width));
      int64_t tile = std::min(tileWidth(), width), full = width / tile * tile;
      b.loop(b.index(0), b.index(full), tile, [&](Value x) { emitTile(x, tile); });
      if (full < width) {
        emitTile(b.index(full), width - full);
      }
    });
  }

private:
  /// Windows that are computed together: with their sums and the filters of a row of the window in
  /// registers.
  int64_t tileWidth() const {
    return std::clamp<int64_t>(b.getTarget().vectorRegisters - 3 - kernel.kernel[1], 2, 8);
  }

  /// Windows `x` to `x + windows - 1` of the line, of all channels.
  void emitTile(Value x, int64_t windows) {
    int64_t full = kernel.channels / b.lanes() * b.lanes();
    b.loop(b.index(0), b.index(full), b.lanes(),
           [&](Value channel) { emitChannels({x, windows, channel, -1}); });
    int64_t rest = kernel.channels - full;
    if (rest > 0 && full > 0 && !kernel.requantization) {
      // Some channels again, to mask none.
      emitChannels({x, windows, b.index(kernel.channels - b.lanes()), -1});
    } else if (rest > 0) {
      emitChannels({x, windows, b.index(full), rest});
    }
  }

  struct Tile {
    Value x;
    int64_t windows;
    Value channel;
    int64_t live;
  };

  void emitChannels(const Tile &tile) {
    SmallVector<Value> sums(tile.windows, b.splat(0.0f));
    sums = b.loop(b.index(0), b.index(kernel.kernel[0]), 1, sums,
                  [&](Value i, ValueRange carried) { return addRow(tile, i, carried); });
    for (auto [t, sum] : llvm::enumerate(sums)) {
      storeWindow(tile, b.add(b.add(firstRow, tile.x), b.index(t)), sum);
    }
  }

  /// Adds products with row `i` of the filter.
  SmallVector<Value> addRow(const Tile &tile, Value i, ValueRange carried) {
    Value row = b.add(top, b.mul(i, b.index(kernel.dilations[0])));
    Value tap = b.mul(i, b.index(kernel.kernel[1]));
    Value left = b.mul(tile.x, b.index(kernel.strides[1] * kernel.channels));
    auto pixel = [&](Value column) {
      Value place = b.add(b.add(left, b.mul(column, b.index(kernel.channels))), tile.channel);
      return load(input, {row, place}, {b.index(0), b.index(0)}, tile.live);
    };
    auto weight = [&](Value j) {
      Value channel = kernel.perChannel ? tile.channel : b.index(0);
      return load(filter, {b.add(tap, j), tile.channel}, {b.index(0), channel}, tile.live);
    };
    SmallVector<Value> sums(carried);
    constexpr int64_t mostUnrolled = 16;
    if (kernel.kernel[1] > mostUnrolled) {
      return b.loop(b.index(0), b.index(kernel.kernel[1]), 1, sums, [&](Value j, ValueRange inner) {
        SmallVector<Value> next;
        Value w = weight(j);
        for (auto [t, sum] : llvm::enumerate(inner)) {
          Value column =
              b.add(b.mul(j, b.index(kernel.dilations[1])), b.index(t * kernel.strides[1]));
          next.push_back(b.fma(pixel(column), w, sum));
        }
        return next;
      });
    }
    // The windows that see a column of pixels, and with which tap.
    std::map<int64_t, SmallVector<std::pair<int64_t, int64_t>>> columns;
    SmallVector<Value> weights;
    for (int64_t j = 0; j < kernel.kernel[1]; ++j) {
      weights.push_back(weight(b.index(j)));
      for (int64_t t = 0; t < tile.windows; ++t) {
        columns[t * kernel.strides[1] + j * kernel.dilations[1]].push_back({t, j});
      }
    }
    for (const auto &[column, readers] : columns) {
      Value x = pixel(b.index(column));
      for (const std::pair<int64_t, int64_t> &reader : readers) {
        Value &sum = sums[reader.first];
        sum = b.fma(x, weights[reader.second], sum);
      }
    }
    return sums;
  }

  /// Elements of a side as floats, less their zero points, which are at `block`.
  Value load(const Side &side, ValueRange place, ValueRange block, int64_t live) {
    Value elements = b.load(side.elements, place, b.lanes(), live);
    if (!side.codes) {
      return elements;
    }
    Type wide = b.vectorType(b.getI32Type());
    Value code = arith::ExtSIOp::create(b, wide, elements);
    if (side.zeroPoints) {
      code = b.sub(code, parameters(side.zeroPoints, block, live));
    }
    return arith::SIToFPOp::create(b, b.floats(), code);
  }

  /// A parameter for each channel from `block` on, or the only one in all lanes.
  Value parameters(Value buffer, ValueRange block, int64_t live) {
    bool isOne = cast<MemRefType>(buffer.getType()).getDimSize(1) == 1;
    return isOne ? b.splat(b.loadScalar(buffer, {b.index(0), b.index(0)}))
                 : b.load(buffer, block, 0, live);
  }

  void storeWindow(const Tile &tile, Value row, Value value) {
    if (kernel.filter) {
      value = b.mul(value, parameters(filter.scales, {b.index(0), tile.channel}, tile.live));
      value = b.mul(value, b.splat(b.loadScalar(input.scales, {b.index(0), b.index(0)})));
    }
    if (bias) {
      value = b.add(value, b.load(bias, {tile.channel}, 0, tile.live));
    }
    Value loaded = other ? b.load(other, {row, tile.channel}, 0, tile.live) : Value();
    value = kernel.epilogue.emit(b, value, loaded);
    if (!kernel.requantization) {
      b.store(value, result, {row, tile.channel}, tile.live);
      return;
    }
    CodeScale scale = CodeScale::load(b, resultScale, resultZeroPoint);
    emitCodes(b, *kernel.requantization, value, scale, result, count, row, tile.channel, tile.live);
  }

  KernelBuilder &b;
  const DepthwiseKernel &kernel;
  Side input, filter;
  Value bias, other, resultScale, resultZeroPoint, result;
  /// Rows of the result; of the line, its first row of pixels and its first row of the result.
  Value count, top, firstRow;
};
} // namespace

std::string DepthwiseKernel::refusalOfCodes(QTensorType input, QTensorType filter,
                                            ArrayRef<int64_t> kernel) {
  SchemeAttr left = input.getScheme(), right = filter.getScheme();
  auto isWhole = [](int64_t extent) { return extent == SchemeAttr::kWhole; };
  auto hasPlainParameters = [](SchemeAttr scheme) {
    return scheme.getScaleType().isF32() && scheme.hasPlainParameters();
  };
  if (!left.isInteger() || !right.isInteger() || left.getCodeType().getIntOrFloatBitWidth() > 8 ||
      right.getCodeType().getIntOrFloatBitWidth() != 8 ||
      !right.getNumericsScheme().element.isSigned()) {
    return "codes of the filter are not signed bytes";
  }
  if (!hasPlainParameters(left) || !hasPlainParameters(right) || !left.isPerTensor() ||
      !isWhole(right.getBlock()[0]) ||
      (right.getBlock()[1] != 1 && !isWhole(right.getBlock()[1]))) {
    return "images have not one scale, or channels of the filter have several";
  }
  constexpr double exact = 1 << 24;
  if (nn::DepthwiseConvOp::boundOfSums(left, right, kernel[0] * kernel[1]) > exact) {
    return "a sum of its products may not be exact in f32";
  }
  return "";
}

std::string DepthwiseKernel::name() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto differs = [](const std::array<int64_t, 2> &numbers) {
    return numbers != std::array<int64_t, 2>{1, 1};
  };
  auto sideName = [](const std::optional<ByteCodes> &codes) -> std::string {
    return !codes ? "_f32" : codes->hasZeroPoints ? "_i8z" : "_i8";
  };
  os << "depthwise" << sideName(input) << sideName(filter) << (perChannel ? "c" : "")
     << (bias ? "_bias" : "") << epilogue.name();
  os << "_" << height << 'x' << width << 'x' << channels << "_by" << kernel[0] << 'x' << kernel[1];
  if (differs(strides)) {
    os << "_stride" << strides[0] << 'x' << strides[1];
  }
  if (differs(dilations)) {
    os << "_dilated" << dilations[0] << 'x' << dilations[1];
  }
  if (requantization) {
    os << "_to_" << requantization->name();
  }
  return text;
}

func::FuncOp DepthwiseKernel::getOrCreate(ModuleOp module, const Target &target) const {
  auto parameters = [&](KernelBuilder &b) -> SmallVector<Type> {
    int64_t rows = ShapedType::kDynamic;
    SmallVector<Type> types;
    auto add = [&](std::optional<ByteCodes> codes, ArrayRef<int64_t> shape, int64_t blocks) {
      types.push_back(b.bufferType(shape, codes ? Type(b.getI8Type()) : b.getF32Type()));
      if (codes) {
        types.push_back(b.bufferType({1, blocks}, b.getF32Type()));
      }
      if (codes && codes->hasZeroPoints) {
        types.push_back(b.bufferType({1, blocks}, b.getI32Type()));
      }
    };
    add(input, {rows, width * channels}, 1);
    add(filter, {kernel[0] * kernel[1], channels}, perChannel ? channels : 1);
    if (bias) {
      types.push_back(b.bufferType({channels}, b.getF32Type()));
    }
    if (epilogue.takesTwo()) {
      types.push_back(b.bufferType({rows, channels}, b.getF32Type()));
    }
    if (requantization) {
      types.push_back(b.bufferType({1, 1}, b.getF32Type()));
      types.append(requantization->hasZeroPoint, b.bufferType({1, 1}, b.getI32Type()));
      types.push_back(codeBuffer(b, requantization->groups));
    } else {
      types.push_back(b.bufferType({rows, channels}, b.getF32Type()));
    }
    return types;
  };
  return getOrCreateKernel(
      module, name(), target, parameters,
      [&](KernelBuilder &b, ValueRange values) { DepthwiseEmitter(b, *this, values).emit(); });
}
