//===- CodeArray.cpp - Unpacked codes in their smallest container --------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The container is chosen once, from width and signedness.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/CodeArray.h"

using namespace quench::numerics;

CodeArray::CodeArray(unsigned bits, bool isSigned, size_t count) : bits(bits), hasSign(isSigned) {
  if (bits <= 8) {
    if (isSigned) {
      container = std::vector<int8_t>(count);
    } else {
      container = std::vector<uint8_t>(count);
    }
    return;
  }
  if (isSigned) {
    container = std::vector<int16_t>(count);
  } else {
    container = std::vector<uint16_t>(count);
  }
}

size_t CodeArray::size() const {
  return visit([](const auto &codes) { return codes.size(); });
}

int32_t CodeArray::operator[](size_t index) const {
  return visit([&](const auto &codes) { return static_cast<int32_t>(codes[index]); });
}

void CodeArray::set(size_t index, int32_t code) {
  visit([&](auto &codes) {
    codes[index] = static_cast<typename std::decay_t<decltype(codes)>::value_type>(code);
  });
}

bool CodeArray::operator==(const CodeArray &other) const {
  return bits == other.bits && hasSign == other.hasSign && container == other.container;
}
