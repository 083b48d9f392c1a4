//===- QuantizationOps.cpp - Quantized tensors in ONNX --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// QuantizeLinear is `saturate(roundeven(x / scale) + zero_point)` and DequantizeLinear is
// `(code - zero_point) * scale`, which are the meanings of `quench.quantize` and
// `quench.dequantize`, so that codes of ONNX are ours.
//
//===----------------------------------------------------------------------===//

#include "BuildingBlocks.h"
#include "GraphImporter.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Recipe/SchemeBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using llvm::Twine;

namespace quench::onnximport {

namespace {
/// What the inputs and attributes of a node say of codes.
struct Parameters {
  numerics::Scheme scheme;
  numerics::BlockScales blocks;
};
} // namespace

static std::optional<numerics::Encoding> encodingOf(int32_t dataType) {
  switch (dataType) {
  case datatype::Int4:
    return numerics::Encoding::integer(4);
  case datatype::UInt4:
    return numerics::Encoding::integer(4, /*isSigned=*/false);
  case datatype::Int8:
    return numerics::Encoding::integer(8);
  case datatype::UInt8:
    return numerics::Encoding::integer(8, /*isSigned=*/false);
  case datatype::Int16:
    return numerics::Encoding::integer(16);
  case datatype::UInt16:
    return numerics::Encoding::integer(16, /*isSigned=*/false);
  case datatype::Float8E4M3FN:
    return numerics::Encoding::floating(numerics::FloatFormat::F8E4M3FN);
  case datatype::Float8E5M2:
    return numerics::Encoding::floating(numerics::FloatFormat::F8E5M2);
  default:
    return std::nullopt;
  }
}

/// The extent of blocks along each axis, as the shape of the scales says.
static SmallVector<int64_t> blocksOf(Node &node, ArrayRef<int64_t> shape,
                                     ArrayRef<int64_t> scales) {
  int64_t rank = shape.size(), size = node.attribute("block_size", int64_t(0));
  SmallVector<int64_t> block(rank, numerics::kWhole);
  bool isTensor = scales.empty() || (scales.size() == 1 && scales[0] == 1 && size == 0);
  if (isTensor) {
    return block;
  }
  int64_t axis = node.axis(node.attribute("axis", int64_t(1)), rank);
  if (!node.ok()) {
    return block;
  }
  bool fits = !ShapedType::isDynamic(shape[axis]);
  if (size == 0) {
    block[axis] = 1;
    fits &= scales.size() == 1 && scales[0] == shape[axis];
  } else {
    block.assign(rank, 1);
    block[axis] = size;
    fits &= size > 0 && static_cast<int64_t>(scales.size()) == rank;
    for (int64_t i = 0; fits && i < rank; ++i) {
      int64_t blocks =
          i == axis ? static_cast<int64_t>(llvm::divideCeil(shape[i], size)) : shape[i];
      fits = scales[i] == blocks;
    }
  }
  if (!fits) {
    node.fail("expected one scale, or one for each index or block along axis " + Twine(axis));
  }
  return block;
}

/// The codes are of this type unless there is a zero point.
static std::optional<Parameters> readParameters(Node &node, ArrayRef<int64_t> shape,
                                                int32_t dataType) {
  const Constant *scales = node.maybeConstant(1), *zeroPoints = node.maybeConstant(2);
  if (!scales || scales->elements != ElementClass::Float || (node.has(2) && !zeroPoints)) {
    node.fail("expected constant scales and zero points");
    return std::nullopt;
  }
  if (zeroPoints) {
    dataType = zeroPoints->dataType;
  }
  std::optional<numerics::Encoding> element = encodingOf(dataType);
  if (!element) {
    node.fail("expected codes of 4, 8 or 16 bits or small floats, found data type " +
              Twine(dataType));
    return std::nullopt;
  }
  Parameters result;
  result.scheme.element = *element;
  result.scheme.block = blocksOf(node, shape, scales->shape);
  result.blocks.scales = scales->floats;
  for (float scale : scales->floats) {
    if (!std::isfinite(scale) || scale == 0.0f) {
      node.fail("expected scales that are finite and not 0");
    }
  }
  bool hasZeros =
      zeroPoints && llvm::any_of(zeroPoints->integers, [](int64_t z) { return z != 0; });
  if (zeroPoints && zeroPoints->size() != scales->size()) {
    node.fail("expected a zero point for each scale");
  }
  if (hasZeros) {
    result.scheme.zeroPoint = true;
    result.blocks.zeroPoints.assign(zeroPoints->integers.begin(), zeroPoints->integers.end());
  } else if (zeroPoints && llvm::any_of(zeroPoints->floats, [](float z) { return z != 0.0f; })) {
    node.fail("expected zero points of floats to be 0");
  }
  if (llvm::Error failure = result.scheme.verify()) {
    node.fail(llvm::toString(std::move(failure)));
  }
  return node.ok() ? std::optional(std::move(result)) : std::nullopt;
}

/// Constant codes as they are stored, or nothing for other elements.
static std::optional<numerics::CodeArray> codesOf(const Constant &constant,
                                                  const numerics::Encoding &element) {
  numerics::CodeArray codes(element, constant.size());
  for (size_t i = 0; i < constant.integers.size(); ++i) {
    codes.set(i, static_cast<int32_t>(constant.integers[i]));
  }
  bool isShort = constant.dataType == datatype::Float8E4M3FN;
  if (!isShort && constant.dataType != datatype::Float8E5M2) {
    return constant.floats.empty() ? std::optional(std::move(codes)) : std::nullopt;
  }
  for (size_t i = 0; i < constant.floats.size(); ++i) {
    APFloat value(constant.floats[i]);
    bool loses = false;
    value.convert(isShort ? APFloat::Float8E4M3FN() : APFloat::Float8E5M2(),
                  APFloat::rmNearestTiesToEven, &loses);
    codes.set(i, static_cast<int32_t>(value.bitcastToAPInt().getZExtValue()));
  }
  return codes;
}

static void importQuantize(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  if (node.attribute("saturate", int64_t(1)) == 0) {
    return node.fail("expected codes that saturate, found attribute 'saturate' of 0");
  }
  int64_t named = node.attribute("output_dtype", int64_t(0));
  int32_t dataType = named == 0 ? datatype::UInt8 : static_cast<int32_t>(named);
  const Constant *constant = node.maybeConstant(0);
  if (constant && constant->elements == ElementClass::Float) {
    std::optional<Parameters> parameters = readParameters(node, constant->shape, dataType);
    if (!parameters) {
      return;
    }
    auto codes = numerics::quantizeWithScales(constant->floats, constant->shape, parameters->scheme,
                                              parameters->blocks);
    if (!codes) {
      return node.fail(llvm::toString(codes.takeError()));
    }
    Tensor result;
    result.quantized = std::make_shared<QuantizedConstant>(
        QuantizedConstant{constant->name, parameters->scheme, std::move(*codes)});
    return node.define(0, std::move(result));
  }
  RankedValue input = node.floats(0);
  if (!node.ok()) {
    return;
  }
  std::optional<Parameters> parameters = readParameters(node, input.getType().getShape(), dataType);
  if (!parameters) {
    return;
  }
  llvm::Expected<SchemeAttr> scheme = recipe::buildScheme(b.getContext(), parameters->scheme);
  if (!scheme) {
    return node.fail(llvm::toString(scheme.takeError()));
  }
  auto type = QTensorType::get(input.getType(), *scheme);
  if (!type.getScalesTensor().hasStaticShape()) {
    return node.fail("expected scales along axes of fixed size");
  }
  Value scales = arith::ConstantOp::create(
      b,
      DenseElementsAttr::get(type.getScalesTensor(), ArrayRef<float>(parameters->blocks.scales)));
  Value zeroPoints;
  if (parameters->scheme.zeroPoint) {
    zeroPoints = arith::ConstantOp::create(
        b, DenseElementsAttr::get(type.getZeroPointsTensor(),
                                  ArrayRef<int32_t>(parameters->blocks.zeroPoints)));
  }
  Tensor result;
  result.codes = QuantizeOp::create(b, type, input, scales, zeroPoints);
  node.define(0, std::move(result));
}

/// Integers of 32 bits, which biases are stored as, become floats at once.
static void decodeWide(Node &node, const Constant &constant) {
  const Constant *scales = node.maybeConstant(1), *zeroPoints = node.maybeConstant(2);
  bool isTensor = scales && scales->size() == 1;
  bool fits = scales && scales->elements == ElementClass::Float &&
              (isTensor || (constant.shape.size() == 1 && scales->shape == constant.shape)) &&
              (!node.has(2) || (zeroPoints && llvm::all_of(zeroPoints->integers,
                                                           [](int64_t z) { return z == 0; })));
  if (!fits) {
    return node.fail("expected codes of 32 bits with one scale, or with one for each of a vector");
  }
  Constant result;
  result.name = constant.name;
  result.dataType = datatype::Float;
  result.shape = constant.shape;
  for (size_t i = 0; i < constant.integers.size(); ++i) {
    result.floats.push_back(static_cast<float>(constant.integers[i]) *
                            scales->floats[isTensor ? 0 : i]);
  }
  node.define(0, std::move(result));
}

/// Constant codes of the graph, with the scales of this node.
static void decodeConstant(Node &node, const Constant &constant) {
  if (constant.dataType == datatype::Int32) {
    return decodeWide(node, constant);
  }
  std::optional<Parameters> parameters = readParameters(node, constant.shape, constant.dataType);
  if (!parameters) {
    return;
  }
  std::optional<numerics::CodeArray> codes = codesOf(constant, parameters->scheme.element);
  if (!codes || encodingOf(constant.dataType) != parameters->scheme.element) {
    return node.fail("expected codes of the type of their zero point");
  }
  numerics::QuantizedTensor tensor;
  static_cast<numerics::BlockScales &>(tensor) = std::move(parameters->blocks);
  tensor.shape.assign(constant.shape.begin(), constant.shape.end());
  tensor.codes = std::move(*codes);
  Tensor result;
  result.quantized = std::make_shared<QuantizedConstant>(
      QuantizedConstant{constant.name, parameters->scheme, std::move(tensor)});
  result.isDecoded = true;
  node.define(0, std::move(result));
}

static bool hasElements(Value value, DenseElementsAttr wanted) {
  DenseElementsAttr found;
  return value && matchPattern(value, m_Constant(&found)) && found == wanted;
}

static void importDequantize(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor *input = node.tensor(0);
  if (!input) {
    return;
  }
  if (input->constant) {
    return decodeConstant(node, *input->constant);
  }
  if (input->quantized && !input->isDecoded) {
    std::optional<Parameters> parameters =
        readParameters(node, input->quantized->tensor.shape, datatype::UInt8);
    if (!parameters) {
      return;
    }
    QuantizedConstant decoded = *input->quantized;
    if (parameters->scheme.element != decoded.scheme.element) {
      return node.fail("expected the type of codes that they were made with");
    }
    decoded.scheme = parameters->scheme;
    static_cast<numerics::BlockScales &>(decoded.tensor) = std::move(parameters->blocks);
    Tensor result;
    result.quantized = std::make_shared<QuantizedConstant>(std::move(decoded));
    result.isDecoded = true;
    return node.define(0, std::move(result));
  }
  if (!input->codes) {
    return node.fail("expected constant codes or those of QuantizeLinear");
  }
  auto quantize = input->codes.getDefiningOp<QuantizeOp>();
  QTensorType type = quantize.getResult().getType();
  std::optional<Parameters> parameters = readParameters(node, type.getShape(), datatype::UInt8);
  if (!parameters) {
    return;
  }
  llvm::Expected<SchemeAttr> scheme = recipe::buildScheme(b.getContext(), parameters->scheme);
  if (!scheme) {
    return node.fail(llvm::toString(scheme.takeError()));
  }
  bool isSame =
      *scheme == type.getScheme() &&
      hasElements(quantize.getScale(),
                  DenseElementsAttr::get(type.getScalesTensor(),
                                         ArrayRef<float>(parameters->blocks.scales))) &&
      (!parameters->scheme.zeroPoint ||
       hasElements(quantize.getZeroPoint(),
                   DenseElementsAttr::get(type.getZeroPointsTensor(),
                                          ArrayRef<int32_t>(parameters->blocks.zeroPoints))));
  if (!isSame) {
    return node.fail("expected the scales and zero points that the codes were made with");
  }
  node.define(0, DequantizeOp::create(b, type.getExpressed(), input->codes));
}

void addQuantizationOperators(OperatorTable &table) {
  table.add("DequantizeLinear", importDequantize);
  table.add("QuantizeLinear", importQuantize);
}

} // namespace quench::onnximport
