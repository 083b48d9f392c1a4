//===- PackedWeights.h - The bytes of packed weights -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_PACKEDWEIGHTS_H
#define QUENCH_CODEGEN_PACKEDWEIGHTS_H

#include "quench/Codegen/PanelLayout.h"
#include "quench/Numerics/FloatFormat.h"
#include "quench/Support/LargePages.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quench {

/// Contents of the external symbols of a compiled model. Every blob begins at a multiple of 64
/// bytes and stays where it is.
class PackedWeights {
public:
  static constexpr uint64_t kAlignment = 64;

  /// How the float values of a weight become the bytes of a blob: in row-major order in `format`,
  /// or in panels of floats.
  struct FloatLayout {
    numerics::FloatFormat format = numerics::FloatFormat::F32;
    std::optional<PanelLayout> panels;
    /// Elements of the weight.
    int64_t elements = 0;

    uint64_t totalBytes() const;
  };

  struct Blob {
    std::string symbol;
    llvm::ArrayRef<uint8_t> bytes;
    /// The weight that the bytes are of.
    std::string key;
    /// Absent for codes, their scales and their zero points.
    std::optional<FloatLayout> layout;
  };

  void add(llvm::StringRef symbol, llvm::StringRef key, llvm::ArrayRef<uint8_t> bytes,
           std::optional<FloatLayout> layout = std::nullopt);
  /// Adds a blob whose values come later, by `set`; it is zero until then.
  void addUnset(llvm::StringRef symbol, llvm::StringRef key, const FloatLayout &layout);

  /// Packs new values, row-major, into all blobs of the weight `key`; narrow formats are rounded to
  /// nearest even. Fails without a change when there is no such weight, when it is compiled as
  /// codes, and when it has another number of elements.
  llvm::Error set(llvm::StringRef key, llvm::ArrayRef<float> values);

  /// The first weight added by `addUnset` that has not been set; empty when all have.
  llvm::StringRef firstUnset() const;

  llvm::ArrayRef<Blob> blobs() const { return entries; }
  uint64_t totalBytes() const;

private:
  uint8_t *allocate(llvm::StringRef symbol, llvm::StringRef key, uint64_t size,
                    std::optional<FloatLayout> layout);

  std::vector<Blob> entries;
  /// For each entry.
  std::vector<uint8_t *> storage;
  std::vector<bool> isSet;
  /// Blobs lie one behind the other, so that small ones are on large pages, too.
  static constexpr size_t kSlabBytes = 32 << 20;
  llvm::BumpPtrAllocatorImpl<LargePages, kSlabBytes> memory;
};

} // namespace quench

#endif // QUENCH_CODEGEN_PACKEDWEIGHTS_H
