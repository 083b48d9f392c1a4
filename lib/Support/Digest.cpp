//===- Digest.cpp - SHA-256 of bytes and files ----------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names follow FIPS 180-4: `w` is the message schedule, `a` … `h` the working
// variables.
//
//===----------------------------------------------------------------------===//

#include "quench/Support/Digest.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"

#include <algorithm>
#include <cstring>
#include <vector>

using namespace llvm;

namespace quench {

/// The first 32 bits of the fractions of the cube roots of the first 64 primes.
static constexpr uint32_t roundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotateRight(uint32_t value, unsigned amount) {
  return (value >> amount) | (value << (32 - amount));
}

/// The initial state: the square roots of the first 8 primes, as above.
Digest::Digest()
    : state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19} {}

void Digest::compress(const uint8_t *block) {
  uint32_t w[64];
  for (unsigned t = 0; t < 16; ++t) {
    w[t] = support::endian::read32be(block + 4 * t);
  }
  for (unsigned t = 16; t < 64; ++t) {
    uint32_t x = w[t - 15], y = w[t - 2];
    w[t] = w[t - 16] + w[t - 7] + (rotateRight(x, 7) ^ rotateRight(x, 18) ^ (x >> 3)) +
           (rotateRight(y, 17) ^ rotateRight(y, 19) ^ (y >> 10));
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (unsigned t = 0; t < 64; ++t) {
    uint32_t choose = (e & f) ^ (~e & g);
    uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
    uint32_t sum1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
    uint32_t sum0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
    uint32_t t1 = h + sum1 + choose + roundConstants[t] + w[t];
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + sum0 + majority;
  }
  uint32_t result[8] = {a, b, c, d, e, f, g, h};
  for (unsigned i = 0; i < 8; ++i) {
    state[i] += result[i];
  }
}

void Digest::update(ArrayRef<uint8_t> bytes) {
  totalSize += bytes.size();
  if (pendingSize != 0) {
    size_t taken = std::min(bytes.size(), pending.size() - pendingSize);
    std::copy_n(bytes.begin(), taken, pending.begin() + pendingSize);
    pendingSize += taken;
    bytes = bytes.drop_front(taken);
    if (pendingSize < pending.size()) {
      return;
    }
    compress(pending.data());
    pendingSize = 0;
  }
  for (; bytes.size() >= 64; bytes = bytes.drop_front(64)) {
    compress(bytes.data());
  }
  std::copy(bytes.begin(), bytes.end(), pending.begin());
  pendingSize = bytes.size();
}

void Digest::update(StringRef text) { update(arrayRefFromStringRef(text)); }

void Digest::updateInteger(uint64_t value) {
  uint8_t bytes[8];
  support::endian::write64le(bytes, value);
  update(bytes);
}

std::string Digest::hex() const {
  Digest padded = *this;
  static constexpr uint8_t padding[64] = {0x80};
  size_t zeros = (pendingSize < 56 ? 56 : 120) - pendingSize;
  padded.update(ArrayRef<uint8_t>(padding, zeros));
  uint8_t bits[8];
  support::endian::write64be(bits, totalSize * 8);
  padded.update(bits);
  uint8_t result[32];
  for (unsigned i = 0; i < 8; ++i) {
    support::endian::write32be(result + 4 * i, padded.state[i]);
  }
  return toHex(ArrayRef<uint8_t>(result), /*LowerCase=*/true);
}

std::string digestOf(ArrayRef<uint8_t> bytes) {
  Digest digest;
  digest.update(bytes);
  return digest.hex();
}

std::string digestOf(StringRef text) { return digestOf(arrayRefFromStringRef(text)); }

Expected<std::string> digestOfFile(StringRef path) {
  auto failed = [&](Error failure) {
    return createStringError(path + ": cannot read: " + toString(std::move(failure)));
  };
  Expected<sys::fs::file_t> file = sys::fs::openNativeFileForRead(path);
  if (!file) {
    return failed(file.takeError());
  }
  Digest digest;
  std::vector<char> piece(size_t(1) << 20);
  while (true) {
    Expected<size_t> size = sys::fs::readNativeFile(*file, piece);
    if (!size) {
      sys::fs::closeFile(*file);
      return failed(size.takeError());
    }
    if (*size == 0) {
      break;
    }
    digest.update(StringRef(piece.data(), *size));
  }
  sys::fs::closeFile(*file);
  return digest.hex();
}

} // namespace quench
