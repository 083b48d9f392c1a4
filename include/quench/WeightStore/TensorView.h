//===- TensorView.h - A named tensor in somebody else's bytes ---*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WEIGHTSTORE_TENSORVIEW_H
#define QUENCH_WEIGHTSTORE_TENSORVIEW_H

#include "quench/WeightStore/ElementKind.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace quench {

/// A tensor in row-major order whose bytes belong to an open file; valid while that file is open.
/// Files promise no alignment, so elements are read through `load` and `copy`, never through a cast
/// of `bytes.data()`.
struct TensorView {
  std::string name;
  ElementKind kind = ElementKind::F32;
  llvm::SmallVector<int64_t> shape;
  /// Exactly `numBytes(kind, shape)` bytes, little endian.
  llvm::ArrayRef<uint8_t> bytes;

  /// Number of elements, 1 for a scalar.
  int64_t size() const { return *numElements(shape); }

  /// The raw element at a row-major index. `T` has the size of one element (the caller has looked
  /// at `kind`) and `index < size()`.
  template <typename T> T load(size_t index) const {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
    return value;
  }

  /// All raw elements, aligned. `T` has the size of one element.
  template <typename T> std::vector<T> copy() const {
    static_assert(std::is_trivially_copyable_v<T>);
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty()) {
      std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
    }
    return values;
  }
};

} // namespace quench

#endif // QUENCH_WEIGHTSTORE_TENSORVIEW_H
