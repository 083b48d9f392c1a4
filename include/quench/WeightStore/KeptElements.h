//===- KeptElements.h - Elements of a weight beside its codes ---*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A few elements of a quantized weight may be kept as floats, in two more tensors of the store:
// their row-major indices `KEY.kept.indices`, ascending, in I32, and their values `KEY.kept.values`
// in F32, F16 or BF16.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WEIGHTSTORE_KEPTELEMENTS_H
#define QUENCH_WEIGHTSTORE_KEPTELEMENTS_H

#include "quench/WeightStore/SafetensorsWriter.h"
#include "quench/WeightStore/WeightStore.h"

namespace quench {

struct KeptElements {
  /// Row-major, ascending.
  std::vector<int64_t> indices;
  /// One for each index.
  std::vector<float> values;

  /// Replaces the elements of a tensor by the kept ones. The indices are those of the tensor.
  void applyTo(llvm::MutableArrayRef<float> tensor) const;

  /// Checks that indices are ascending and below `size`, and that there are as many values.
  llvm::Error verify(int64_t size) const;
};

std::string keptIndicesKey(llvm::StringRef key);
std::string keptValuesKey(llvm::StringRef key);

/// Reads and checks kept elements of a weight of `shape` from two tensors. Errors name the file and
/// the tensor.
llvm::Expected<KeptElements> readKeptElements(const WeightStore &store, llvm::StringRef indicesKey,
                                              llvm::StringRef valuesKey,
                                              llvm::ArrayRef<int64_t> shape);

/// Declares the two tensors of the weight `key` for `count` elements, values of `kind`.
llvm::Error declareKeptElements(SafetensorsWriter &writer, llvm::StringRef key, ElementKind kind,
                                int64_t count);

/// Writes the two tensors, declared with the same kind and number. Values are as `roundTo` makes
/// them.
llvm::Error writeKeptElements(SafetensorsWriter &writer, llvm::StringRef key, ElementKind kind,
                              const KeptElements &kept);

/// The values as a tensor of `kind` has them: to nearest even.
void roundTo(ElementKind kind, llvm::MutableArrayRef<float> values);

} // namespace quench

#endif // QUENCH_WEIGHTSTORE_KEPTELEMENTS_H
