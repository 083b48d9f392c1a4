//===- BitPacking.cpp - Dense streams of n-bit codes ----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Widths that divide a byte, and whole bytes and words, have loops of their own; the others go
// through a 32-bit window on the stream.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/BitPacking.h"

using namespace quench::numerics;

using llvm::createStringError;

size_t quench::numerics::packedSize(size_t count, unsigned bits) {
  // Eight codes take `bits` bytes; so the product cannot overflow for any count in memory.
  return count / 8 * bits + (count % 8 * bits + 7) / 8;
}

template <typename T, unsigned Bits>
static void packDivisor(const std::vector<T> &codes, std::vector<uint8_t> &bytes) {
  constexpr unsigned perByte = 8 / Bits;
  constexpr unsigned mask = (1u << Bits) - 1;
  const size_t whole = codes.size() / perByte;
  for (size_t i = 0; i < whole; ++i) {
    unsigned byte = 0;
    for (unsigned j = 0; j < perByte; ++j) {
      byte |= (static_cast<unsigned>(codes[i * perByte + j]) & mask) << (j * Bits);
    }
    bytes[i] = static_cast<uint8_t>(byte);
  }
  for (size_t i = whole * perByte; i < codes.size(); ++i) {
    bytes[whole] |= (static_cast<unsigned>(codes[i]) & mask) << (i % perByte * Bits);
  }
}

template <typename T>
static void packAny(const std::vector<T> &codes, unsigned bits, std::vector<uint8_t> &bytes) {
  const uint32_t mask = (1u << bits) - 1;
  uint32_t window = 0;
  unsigned filled = 0;
  size_t next = 0;
  for (T code : codes) {
    window |= (static_cast<uint32_t>(code) & mask) << filled;
    for (filled += bits; filled >= 8; filled -= 8) {
      bytes[next++] = static_cast<uint8_t>(window);
      window >>= 8;
    }
  }
  if (filled > 0) {
    bytes[next] = static_cast<uint8_t>(window);
  }
}

std::vector<uint8_t> quench::numerics::packCodes(const CodeArray &codes) {
  const unsigned bits = codes.bitWidth();
  std::vector<uint8_t> bytes(packedSize(codes.size(), bits));
  codes.visit([&](const auto &container) {
    using T = typename std::decay_t<decltype(container)>::value_type;
    switch (bits) {
    case 1:
      return packDivisor<T, 1>(container, bytes);
    case 2:
      return packDivisor<T, 2>(container, bytes);
    case 4:
      return packDivisor<T, 4>(container, bytes);
    case 8:
      return packDivisor<T, 8>(container, bytes);
    default:
      return packAny(container, bits, bytes);
    }
  });
  return bytes;
}

/// The low `bits` bits of `code` as a number, sign-extended when T is signed.
template <typename T> static T extend(uint32_t code, unsigned bits) {
  if constexpr (std::is_signed_v<T>) {
    const uint32_t sign = 1u << (bits - 1);
    return static_cast<T>(static_cast<int32_t>((code & (2 * sign - 1)) ^ sign) -
                          static_cast<int32_t>(sign));
  }
  return static_cast<T>(code & ((1u << bits) - 1));
}

template <typename T, unsigned Bits>
static void unpackDivisor(llvm::ArrayRef<uint8_t> bytes, std::vector<T> &codes) {
  constexpr unsigned perByte = 8 / Bits;
  const size_t whole = codes.size() / perByte;
  for (size_t i = 0; i < whole; ++i) {
    for (unsigned j = 0; j < perByte; ++j) {
      codes[i * perByte + j] = extend<T>(bytes[i] >> (j * Bits), Bits);
    }
  }
  for (size_t i = whole * perByte; i < codes.size(); ++i) {
    codes[i] = extend<T>(bytes[whole] >> (i % perByte * Bits), Bits);
  }
}

template <typename T>
static void unpackAny(llvm::ArrayRef<uint8_t> bytes, unsigned bits, std::vector<T> &codes) {
  uint32_t window = 0;
  unsigned filled = 0;
  size_t next = 0;
  for (T &code : codes) {
    for (; filled < bits; filled += 8) {
      window |= static_cast<uint32_t>(bytes[next++]) << filled;
    }
    code = extend<T>(window, bits);
    window >>= bits;
    filled -= bits;
  }
}

llvm::Expected<CodeArray> quench::numerics::unpackCodes(llvm::ArrayRef<uint8_t> bytes,
                                                        unsigned bits, bool isSigned,
                                                        size_t count) {
  if ((bits < 1 || bits > 8) && bits != 16) {
    return createStringError("expected codes of 1 to 8 or of 16 bits, found %u bits", bits);
  }
  if (bytes.size() != packedSize(count, bits)) {
    return createStringError("expected %zu bytes for %zu codes of %u bits, found %zu",
                             packedSize(count, bits), count, bits, bytes.size());
  }
  const unsigned used = count % 8 * bits % 8;
  if (used != 0 && bytes.back() >> used) {
    return createStringError("expected zeros in the unused bits of the last byte, found 0x%02x",
                             bytes.back());
  }
  CodeArray result(bits, isSigned, count);
  result.visit([&](auto &container) {
    using T = typename std::decay_t<decltype(container)>::value_type;
    switch (bits) {
    case 1:
      return unpackDivisor<T, 1>(bytes, container);
    case 2:
      return unpackDivisor<T, 2>(bytes, container);
    case 4:
      return unpackDivisor<T, 4>(bytes, container);
    case 8:
      return unpackDivisor<T, 8>(bytes, container);
    default:
      return unpackAny(bytes, bits, container);
    }
  });
  return result;
}
