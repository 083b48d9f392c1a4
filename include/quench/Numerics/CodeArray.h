//===- CodeArray.h - Unpacked codes in their smallest container -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes of n bits, one per container element: bytes up to 8 bits, 16-bit words above, signed when
// the codes are. Code that runs over many elements asks for the typed container once, with `visit`;
// the indexed access is for everything else. BitPacking.h turns it into a dense bit stream.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_CODEARRAY_H
#define QUENCH_NUMERICS_CODEARRAY_H

#include "quench/Numerics/Encoding.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

namespace quench::numerics {

class CodeArray {
public:
  CodeArray() = default;
  /// `count` codes of value 0. `bits` is at most 16.
  CodeArray(unsigned bits, bool isSigned, size_t count);
  CodeArray(const Encoding &element, size_t count)
      : CodeArray(element.bitWidth(), element.isSigned(), count) {}

  size_t size() const;
  unsigned bitWidth() const { return bits; }
  bool isSigned() const { return hasSign; }

  int32_t operator[](size_t index) const;
  /// `code` has to fit the container; it is not masked to the bit width.
  void set(size_t index, int32_t code);

  /// Calls `function` with the container: a std::vector of int8_t, uint8_t, int16_t or uint16_t.
  template <typename Function> decltype(auto) visit(Function &&function) {
    return std::visit(std::forward<Function>(function), container);
  }
  template <typename Function> decltype(auto) visit(Function &&function) const {
    return std::visit(std::forward<Function>(function), container);
  }

  bool operator==(const CodeArray &other) const;
  bool operator!=(const CodeArray &other) const { return !(*this == other); }

private:
  unsigned bits = 8;
  bool hasSign = true;
  std::variant<std::vector<int8_t>, std::vector<uint8_t>, std::vector<int16_t>,
               std::vector<uint16_t>>
      container;
};

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_CODEARRAY_H
