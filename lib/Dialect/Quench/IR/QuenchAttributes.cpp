//===- QuenchAttributes.cpp - Schemes and codebooks -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/QuenchAttributes.h"

#include "ExactFloats.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace quench;

#include "quench/Dialect/Quench/IR/QuenchEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "quench/Dialect/Quench/IR/QuenchAttributes.cpp.inc"

void QuenchDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "quench/Dialect/Quench/IR/QuenchAttributes.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Codebook
//===----------------------------------------------------------------------===//

LogicalResult CodebookAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   DenseF32ArrayAttr table) {
  ArrayRef<float> values = table.asArrayRef();
  size_t size = values.size();
  if (size < 2 || size > 256 || !llvm::isPowerOf2_64(size)) {
    return emitError() << "a codebook has 2, 4, 8, ... 256 values, found " << size;
  }
  for (auto [index, value] : llvm::enumerate(values)) {
    if (!std::isfinite(value)) {
      return emitError() << "codebook value " << index << " is not finite";
    }
    if (index > 0 && !(values[index - 1] < value)) {
      return emitError() << "codebook values must ascend, value " << index << " does not";
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Scheme: what it says
//===----------------------------------------------------------------------===//

static std::pair<int64_t, int64_t> fullRange(IntegerType type) {
  int64_t bits = type.getWidth();
  // The verifier refuses these, but after its caller has asked for a range.
  if (bits == 0 || bits > 16) {
    return {0, 0};
  }
  if (type.isUnsigned()) {
    return {0, (int64_t(1) << bits) - 1};
  }
  return {-(int64_t(1) << (bits - 1)), (int64_t(1) << (bits - 1)) - 1};
}

SchemeAttr SchemeAttr::get(Type element, ArrayRef<int64_t> block, Type scale, bool zeroPoint) {
  std::pair<int64_t, int64_t> range = {0, 0};
  if (auto integer = dyn_cast<IntegerType>(element)) {
    range = fullRange(integer);
  }
  MLIRContext *context = element.getContext();
  return get(context, TypeAttr::get(element), block, TypeAttr::get(scale),
             zeroPoint ? UnitAttr::get(context) : Attribute(), range.first, range.second);
}

SchemeAttr SchemeAttr::withBlock(ArrayRef<int64_t> block) const {
  return get(getContext(), getElement(), block, getScale(), getZeroPoint(), getCodeMin(),
             getCodeMax());
}

Type SchemeAttr::getElementType() const {
  auto type = dyn_cast<TypeAttr>(getElement());
  return type ? type.getValue() : Type();
}

Type SchemeAttr::getCodeType() const {
  if (Type type = getElementType()) {
    return type;
  }
  unsigned bits = llvm::Log2_64(cast<CodebookAttr>(getElement()).getValues().size());
  return IntegerType::get(getContext(), bits, IntegerType::Unsigned);
}

bool SchemeAttr::isInteger() const { return isa_and_nonnull<IntegerType>(getElementType()); }

bool SchemeAttr::isByteFloat() const {
  return isa_and_nonnull<Float8E4M3FNType, Float8E5M2Type>(getElementType());
}

bool SchemeAttr::hasRestrictedRange() const {
  auto integer = dyn_cast_or_null<IntegerType>(getElementType());
  return integer && fullRange(integer) != std::make_pair(getCodeMin(), getCodeMax());
}

SchemeAttr SchemeAttr::getScaleScheme() const { return dyn_cast<SchemeAttr>(getScale()); }

Type SchemeAttr::getScaleType() const {
  if (SchemeAttr nested = getScaleScheme()) {
    return nested.getCodeType();
  }
  return cast<TypeAttr>(getScale()).getValue();
}

SmallVector<int64_t> SchemeAttr::getBlockShape(ArrayRef<int64_t> shape) const {
  SmallVector<int64_t> extents(getBlock());
  for (auto [extent, dim] : llvm::zip_equal(extents, shape)) {
    if (extent == kWhole) {
      extent = dim;
    }
  }
  return extents;
}

SmallVector<int64_t> SchemeAttr::getScaleShape(ArrayRef<int64_t> shape) const {
  SmallVector<int64_t> result;
  for (auto [extent, dim] : llvm::zip_equal(getBlock(), shape)) {
    if (extent == kWhole) {
      result.push_back(1);
    } else if (ShapedType::isDynamic(dim)) {
      result.push_back(ShapedType::kDynamic);
    } else {
      result.push_back(llvm::divideCeil(dim, extent));
    }
  }
  return result;
}

double SchemeAttr::getBitsPerElement(ArrayRef<int64_t> shape) const {
  return getNumericsScheme().bitsPerWeight(shape);
}

static numerics::FloatFormat floatFormat(Type type) {
  using numerics::FloatFormat;
  return llvm::TypeSwitch<Type, FloatFormat>(type)
      .Case<Float16Type>([](Type) { return FloatFormat::F16; })
      .Case<BFloat16Type>([](Type) { return FloatFormat::BF16; })
      .Case<Float8E4M3FNType>([](Type) { return FloatFormat::F8E4M3FN; })
      .Case<Float8E5M2Type>([](Type) { return FloatFormat::F8E5M2; })
      .Case<Float8E8M0FNUType>([](Type) { return FloatFormat::F8E8M0FNU; })
      .Case<Float6E3M2FNType>([](Type) { return FloatFormat::F6E3M2FN; })
      .Case<Float6E2M3FNType>([](Type) { return FloatFormat::F6E2M3FN; })
      .Case<Float4E2M1FNType>([](Type) { return FloatFormat::F4E2M1FN; })
      .Default([](Type) { return FloatFormat::F32; });
}

numerics::Scheme SchemeAttr::getNumericsScheme() const {
  numerics::Scheme scheme;
  if (auto codebook = dyn_cast<CodebookAttr>(getElement())) {
    scheme.element = numerics::Encoding::codebook("", codebook.getValues());
  } else if (auto integer = dyn_cast<IntegerType>(getElementType())) {
    scheme.element = numerics::Encoding::integer(integer.getWidth(), !integer.isUnsigned(),
                                                 static_cast<int32_t>(getCodeMin()),
                                                 static_cast<int32_t>(getCodeMax()));
  } else {
    scheme.element = numerics::Encoding::floating(floatFormat(getElementType()));
  }
  scheme.block.assign(getBlock().begin(), getBlock().end());
  auto spec = [](Attribute stored) {
    if (auto nested = dyn_cast<SchemeAttr>(stored)) {
      return numerics::ScaleSpec(nested.getNumericsScheme());
    }
    return numerics::ScaleSpec(floatFormat(cast<TypeAttr>(stored).getValue()));
  };
  scheme.scale = spec(getScale());
  if (hasRealZeroPoints()) {
    scheme.realZeroPoint = spec(getZeroPoint());
  } else {
    scheme.zeroPoint = hasZeroPoints();
  }
  return scheme;
}

//===----------------------------------------------------------------------===//
// Scheme: syntax
//===----------------------------------------------------------------------===//

static ParseResult parseBlock(AsmParser &parser, SmallVectorImpl<int64_t> &block) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&]() -> ParseResult {
    if (succeeded(parser.parseOptionalStar())) {
      block.push_back(SchemeAttr::kWhole);
      return success();
    }
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseInteger(block.emplace_back())) {
      return failure();
    }
    // Caught here because -1, which stands for `*`, would pass the verifier.
    if (block.back() <= 0) {
      return parser.emitError(loc, "expected a positive block extent or '*', found ")
             << block.back();
    }
    return success();
  });
}

/// Either a type, kept as a type attribute, or an attribute.
static ParseResult parseTypeOrAttribute(AsmParser &parser, Attribute &result) {
  Type type;
  OptionalParseResult parsed = parser.parseOptionalType(type);
  if (parsed.has_value()) {
    if (failed(*parsed)) {
      return failure();
    }
    result = TypeAttr::get(type);
    return success();
  }
  return parser.parseAttribute(result);
}

static void printTypeOrAttribute(AsmPrinter &printer, Attribute attribute) {
  if (auto type = dyn_cast<TypeAttr>(attribute)) {
    printer << type.getValue();
  } else {
    printer << attribute;
  }
}

Attribute SchemeAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute element, scale;
  SmallVector<int64_t> block, range;
  if (parser.parseLess() || parseTypeOrAttribute(parser, element) || parser.parseComma()) {
    return {};
  }
  bool hasRange = succeeded(parser.parseOptionalKeyword("range"));
  if (hasRange) {
    auto parseBound = [&]() { return parser.parseInteger(range.emplace_back()); };
    if (parser.parseEqual() ||
        parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseBound) ||
        parser.parseComma()) {
      return {};
    }
    if (range.size() != 2) {
      parser.emitError(loc, "a range has two bounds, found ") << range.size();
      return {};
    }
  }
  if (parser.parseKeyword("block") || parser.parseEqual() || parseBlock(parser, block) ||
      parser.parseComma() || parser.parseKeyword("scale") || parser.parseEqual() ||
      parseTypeOrAttribute(parser, scale)) {
    return {};
  }
  Attribute zeroPoint;
  if (succeeded(parser.parseOptionalComma())) {
    if (parser.parseKeyword("zero_point")) {
      return {};
    }
    zeroPoint = UnitAttr::get(parser.getContext());
    if (succeeded(parser.parseOptionalEqual()) && parseTypeOrAttribute(parser, zeroPoint)) {
      return {};
    }
  }
  if (parser.parseGreater()) {
    return {};
  }
  auto type = dyn_cast<TypeAttr>(element);
  auto integer = type ? dyn_cast<IntegerType>(type.getValue()) : IntegerType();
  if (!hasRange) {
    range = {0, 0};
    if (integer) {
      std::tie(range[0], range[1]) = fullRange(integer);
    }
  } else if (!integer) {
    parser.emitError(loc, "only integers have a range");
    return {};
  }
  return parser.getChecked<SchemeAttr>(loc, parser.getContext(), element, block, scale, zeroPoint,
                                       range[0], range[1]);
}

void SchemeAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printTypeOrAttribute(printer, getElement());
  if (hasRestrictedRange()) {
    printer << ", range = [" << getCodeMin() << ", " << getCodeMax() << ']';
  }
  printer << ", block = [";
  llvm::interleaveComma(getBlock(), printer.getStream(), [&](int64_t extent) {
    if (extent == kWhole) {
      printer << '*';
    } else {
      printer << extent;
    }
  });
  printer << "], scale = ";
  printTypeOrAttribute(printer, getScale());
  if (hasZeroPoints()) {
    printer << ", zero_point";
  }
  if (hasRealZeroPoints()) {
    printer << " = ";
    printTypeOrAttribute(printer, getZeroPoint());
  }
  printer << '>';
}

//===----------------------------------------------------------------------===//
// Scheme: constraints
//===----------------------------------------------------------------------===//

static bool isStorableFloat(Type type) {
  return isa<Float16Type, BFloat16Type, Float8E4M3FNType, Float8E5M2Type, Float6E3M2FNType,
             Float6E2M3FNType, Float4E2M1FNType>(type);
}

static LogicalResult verifyElement(function_ref<InFlightDiagnostic()> emitError, Attribute element,
                                   int64_t codeMin, int64_t codeMax) {
  if (isa_and_nonnull<CodebookAttr>(element)) {
    return success();
  }
  auto type = dyn_cast_or_null<TypeAttr>(element);
  auto integer = type ? dyn_cast<IntegerType>(type.getValue()) : IntegerType();
  if (integer) {
    unsigned bits = integer.getWidth();
    if (bits == 0 || (bits > 8 && bits != 16)) { // C1
      return emitError() << "expected an integer element of 1 to 8 or 16 bits, found " << integer;
    }
    auto [lowest, highest] = fullRange(integer);
    if (codeMin >= codeMax || codeMin < lowest || codeMax > highest) { // C2
      return emitError() << "expected an ascending range inside [" << lowest << ", " << highest
                         << "], found [" << codeMin << ", " << codeMax << "]";
    }
    return success();
  }
  if (!type || !isStorableFloat(type.getValue())) { // C1
    return emitError() << "expected an integer, a float of at most 16 bits or a codebook as "
                          "element, found "
                       << element;
  }
  return success();
}

static LogicalResult verifyZeroPoint(function_ref<InFlightDiagnostic()> emitError,
                                     Attribute element, ArrayRef<int64_t> block, Attribute scale,
                                     Attribute zeroPoint, int64_t codeMin) {
  if (!zeroPoint) {
    return success();
  }
  auto isTypeOf = [](Attribute attribute, auto predicate) {
    auto type = dyn_cast<TypeAttr>(attribute);
    return type && predicate(type.getValue());
  };
  if (!isTypeOf(element, [](Type type) { return isa<IntegerType>(type); })) { // C5
    return emitError() << "only integer elements have a zero point";
  }
  if (isTypeOf(scale, [](Type type) { return isa<Float8E8M0FNUType>(type); })) { // C5
    return emitError() << "scales that are powers of two go without a zero point";
  }
  if (isa<UnitAttr>(zeroPoint)) {
    return success();
  }
  auto nested = dyn_cast<SchemeAttr>(zeroPoint);
  if (!nested) {
    if (!isTypeOf(zeroPoint, [](Type type) {
          return isa<Float32Type, Float16Type, BFloat16Type>(type);
        })) { // C6
      return emitError() << "expected f32, f16, bf16 or a scheme as zero point, found "
                         << zeroPoint;
    }
    return success();
  }
  if (nested.getBlock().size() != block.size()) { // C6
    return emitError() << "the scheme of the zero points must have " << block.size()
                       << " block extents";
  }
  if (nested.isInteger() && nested.getCodeMin() >= 0 && !nested.hasZeroPoints() &&
      codeMin < 0) { // C6
    return emitError() << "the scheme of the zero points needs negative codes, as the element has";
  }
  return success();
}

LogicalResult SchemeAttr::verify(function_ref<InFlightDiagnostic()> emitError, Attribute element,
                                 ArrayRef<int64_t> block, Attribute scale, Attribute zeroPoint,
                                 int64_t codeMin, int64_t codeMax) {
  if (failed(verifyElement(emitError, element, codeMin, codeMax))) {
    return failure();
  }
  if (!zeroPoint && (codeMin > 0 || codeMax < 0)) { // C2
    return emitError() << "without a zero point a range has to include 0, found [" << codeMin
                       << ", " << codeMax << "]";
  }
  for (int64_t extent : block) {
    if (extent != kWhole && extent <= 0) { // C3
      return emitError() << "expected a positive block extent or '*', found " << extent;
    }
  }
  if (auto nested = dyn_cast_or_null<SchemeAttr>(scale)) {
    if (nested.hasZeroPoints() || nested.getBlock().size() != block.size()) { // C4
      return emitError() << "the scheme of the scales must have " << block.size()
                         << " block extents and no zero point";
    }
  } else {
    auto type = dyn_cast_or_null<TypeAttr>(scale);
    if (!type ||
        !isa<Float32Type, Float16Type, BFloat16Type, Float8E8M0FNUType>(type.getValue())) { // C4
      return emitError() << "expected f32, f16, bf16, f8E8M0FNU or a scheme as scale, found "
                         << scale;
    }
  }
  return verifyZeroPoint(emitError, element, block, scale, zeroPoint, codeMin);
}

//===----------------------------------------------------------------------===//
// Panels
//===----------------------------------------------------------------------===//

LogicalResult PanelsAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t lanes,
                                 Type container, Type scale, DenseI64ArrayAttr fragment,
                                 int64_t depth) {
  bool isFloat = container.isF16() || container.isBF16() || container.isF32();
  bool isCode =
      isa<Float8E4M3FNType, Float8E5M2Type, Float8E4M3FNUZType, Float8E5M2FNUZType>(container) ||
      (!container.isUnsignedInteger() &&
       (container.isInteger(2) || container.isInteger(4) || container.isInteger(8)));
  if ((lanes != 4 && lanes != 8 && lanes != 16) || !(isCode || isFloat)) { // C1
    return emitError() << "expected 4, 8 or 16 lanes of i2, i4, i8, si2, si4, si8, f8, f16, bf16 "
                          "or f32, found "
                       << lanes << " of " << container;
  }
  if (scale && (isFloat || !(scale.isF16() || scale.isBF16()))) { // C2
    return emitError() << "expected a scale of f16 or bf16 beside integers, found " << scale
                       << " beside " << container;
  }
  bool isShort = container.isF16() || container.isBF16();
  if (depth != 4 && (depth != 8 || isFloat || fragment) && (depth != 2 || !isShort)) { // C4
    return emitError() << "expected a depth of 4, of 8 with integers and without a fragment, or of "
                          "2 with floats of 16 bits, found "
                       << depth << " with " << container;
  }
  if (!fragment) {
    return success();
  }
  auto isOne = [&](size_t index, ArrayRef<int64_t> of) {
    return llvm::is_contained(of, fragment[index]);
  };
  if (lanes != 16 || isFloat || fragment.size() != 4 || !isOne(0, {1, 2}) || !isOne(1, {1, 4}) ||
      !isOne(2, {1, 2, 4}) || !isOne(3, {1, 16 / fragment[0]})) { // C3
    return emitError()
           << "expected a fragment of 1 or 2 rows, 1 or 4 lanes, 1, 2 or 4 words and a "
              "stride of 1 or the lanes of the rows, beside 16 lanes of integers, found "
           << fragment;
  }
  return success();
}
