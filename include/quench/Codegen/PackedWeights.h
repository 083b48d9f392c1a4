//===- PackedWeights.h - The bytes of packed weights -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_PACKEDWEIGHTS_H
#define QUENCH_CODEGEN_PACKEDWEIGHTS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace quench {

/// Contents of the external symbols of a compiled model. Every blob begins at a multiple of 64
/// bytes.
class PackedWeights {
public:
  static constexpr uint64_t kAlignment = 64;

  struct Blob {
    std::string symbol;
    llvm::ArrayRef<uint8_t> bytes;
  };

  void add(llvm::StringRef symbol, llvm::ArrayRef<uint8_t> bytes);
  llvm::ArrayRef<Blob> blobs() const { return entries; }
  uint64_t totalBytes() const;

private:
  struct Deleter {
    void operator()(uint8_t *memory) const;
  };
  std::vector<Blob> entries;
  std::vector<std::unique_ptr<uint8_t[], Deleter>> storage;
};

} // namespace quench

#endif // QUENCH_CODEGEN_PACKEDWEIGHTS_H
