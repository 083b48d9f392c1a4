//===- ShortFloatTable.cpp - Codes that stand for 16-bit floats -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/ShortFloatTable.h"

#include "quench/Numerics/CodeTable.h"
#include "quench/Numerics/FloatFormat.h"

using namespace quench;

std::optional<ShortFloatTable> quench::shortFloatsOf(SchemeAttr scheme, bool isHalf) {
  numerics::Encoding element = scheme.getNumericsScheme().element;
  if (element.isInteger() || element.bitWidth() > 4) {
    return std::nullopt;
  }
  auto table = numerics::CodeTable::get(element);
  auto format = isHalf ? numerics::FloatFormat::F16 : numerics::FloatFormat::BF16;
  ShortFloatTable floats = {};
  for (int32_t code = element.minCode(); code <= element.maxCode(); ++code) {
    float value = table ? table->values[code] : element.decodeCode(code);
    floats[code] = static_cast<uint16_t>(numerics::encode(format, value));
    if (numerics::decode(format, floats[code]) != value) {
      return std::nullopt;
    }
  }
  return floats;
}
