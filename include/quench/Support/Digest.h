//===- Digest.h - SHA-256 of bytes and files --------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checksums of archives, stores and cache keys. `llvm::SHA256` of LLVM 22 counts
// bits in 32-bit arithmetic and gives a wrong digest from 512 MiB on, which is
// the size of a small model, so the function of FIPS 180-4 is written out here.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_SUPPORT_DIGEST_H
#define QUENCH_SUPPORT_DIGEST_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <array>
#include <cstdint>
#include <string>

namespace quench {

/// SHA-256 (FIPS 180-4) of a stream of bytes, of any length below 2^61 bytes.
class Digest {
public:
  Digest();

  void update(llvm::ArrayRef<uint8_t> bytes);
  void update(llvm::StringRef text);

  /// Adds an integer as 8 little-endian bytes. With lengths added before the texts they belong to,
  /// a sequence of fields has one reading only.
  void updateInteger(uint64_t value);

  /// The digest of what was added so far, as 64 lower-case hexadecimal digits. More may be added
  /// afterwards.
  std::string hex() const;

private:
  void compress(const uint8_t *block);

  std::array<uint32_t, 8> state;
  std::array<uint8_t, 64> pending;
  size_t pendingSize = 0;
  uint64_t totalSize = 0;
};

/// SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
std::string digestOf(llvm::ArrayRef<uint8_t> bytes);
std::string digestOf(llvm::StringRef text);

/// SHA-256 of the contents of a file, as `sha256sum` prints it; reads in pieces. Errors name the
/// file.
llvm::Expected<std::string> digestOfFile(llvm::StringRef path);

} // namespace quench

#endif // QUENCH_SUPPORT_DIGEST_H
