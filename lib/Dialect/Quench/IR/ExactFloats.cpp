//===- ExactFloats.cpp - Lists of floats in text --------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExactFloats.h"

using namespace mlir;

ParseResult quench::parseExactFloats(AsmParser &parser, DenseF32ArrayAttr &values) {
  SmallVector<float> floats;
  auto parseOne = [&]() -> ParseResult {
    llvm::APFloat value(0.0f);
    if (parser.parseFloat(llvm::APFloat::IEEEsingle(), value)) {
      return failure();
    }
    floats.push_back(value.convertToFloat());
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne)) {
    return failure();
  }
  values = DenseF32ArrayAttr::get(parser.getContext(), floats);
  return success();
}

void quench::printExactFloats(AsmPrinter &printer, DenseF32ArrayAttr values) {
  printer << '[';
  llvm::interleaveComma(values.asArrayRef(), printer,
                        [&](float value) { printer.printFloat(llvm::APFloat(value)); });
  printer << ']';
}

void quench::printExactFloats(OpAsmPrinter &printer, Operation *, DenseF32ArrayAttr values) {
  printExactFloats(printer, values);
}
