//===- PackedWeights.cpp - The bytes of packed weights -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/PackedWeights.h"

#include "llvm/Support/MemAlloc.h"

#include <cstring>

using namespace quench;

void PackedWeights::Deleter::operator()(uint8_t *memory) const {
  llvm::deallocate_buffer(memory, 0, kAlignment);
}

void PackedWeights::add(llvm::StringRef symbol, llvm::ArrayRef<uint8_t> bytes) {
  auto *memory =
      static_cast<uint8_t *>(llvm::allocate_buffer(std::max<size_t>(bytes.size(), 1), kAlignment));
  std::memcpy(memory, bytes.data(), bytes.size());
  storage.emplace_back(memory);
  entries.push_back({symbol.str(), llvm::ArrayRef<uint8_t>(memory, bytes.size())});
}

uint64_t PackedWeights::totalBytes() const {
  uint64_t total = 0;
  for (const Blob &blob : entries) {
    total += blob.bytes.size();
  }
  return total;
}
