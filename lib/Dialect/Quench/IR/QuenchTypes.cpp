//===- QuenchTypes.cpp - The quantized tensor type -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/QuenchTypes.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quench;

#define GET_TYPEDEF_CLASSES
#include "quench/Dialect/Quench/IR/QuenchTypes.cpp.inc"

void QuenchDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "quench/Dialect/Quench/IR/QuenchTypes.cpp.inc"
      >();
}

Type QTensorType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type element;
  SchemeAttr scheme;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(shape) || parser.parseType(element) ||
      parser.parseComma() || parser.parseAttribute(scheme) || parser.parseGreater()) {
    return {};
  }
  if (!TensorType::isValidElementType(element)) {
    parser.emitError(loc, "expected f32, f16 or bf16 as expressed type, found ") << element;
    return {};
  }
  return parser.getChecked<QTensorType>(loc, parser.getContext(),
                                        RankedTensorType::get(shape, element), scheme);
}

void QTensorType::print(AsmPrinter &printer) const {
  printer << '<';
  printer.printDimensionList(getShape());
  if (getRank() > 0) {
    printer << 'x';
  }
  printer << getExpressed().getElementType() << ", " << getScheme() << '>';
}

LogicalResult QTensorType::verify(function_ref<InFlightDiagnostic()> emitError,
                                  RankedTensorType expressed, SchemeAttr scheme) {
  Type element = expressed.getElementType();
  if (!isa<Float32Type, Float16Type, BFloat16Type>(element)) { // C1
    return emitError() << "expected f32, f16 or bf16 as expressed type, found " << element;
  }
  if (expressed.getEncoding()) { // C1
    return emitError() << "expected a tensor without an encoding, found " << expressed;
  }
  if (static_cast<int64_t>(scheme.getBlock().size()) != expressed.getRank()) { // C2
    return emitError() << "a tensor of rank " << expressed.getRank() << " needs "
                       << expressed.getRank() << " block extents, the scheme has "
                       << scheme.getBlock().size();
  }
  return success();
}

RankedTensorType QTensorType::getCodesTensor() const {
  return RankedTensorType::get(getShape(), getScheme().getCodeType());
}

RankedTensorType QTensorType::getScalesTensor() const {
  return RankedTensorType::get(getScheme().getScaleShape(getShape()),
                               Float32Type::get(getContext()));
}

RankedTensorType QTensorType::getZeroPointsTensor() const {
  if (!getScheme().hasZeroPoints()) {
    return {};
  }
  Type element = getScheme().hasRealZeroPoints() ? Type(Float32Type::get(getContext()))
                                                 : Type(IntegerType::get(getContext(), 32));
  return RankedTensorType::get(getScheme().getScaleShape(getShape()), element);
}
