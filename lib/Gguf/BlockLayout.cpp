//===- BlockLayout.cpp - Where a block keeps its fields -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The layouts of ggml's blocks. Each has one function that visits all of its bits, reading or
// writing: the two directions cannot disagree.
//
//===----------------------------------------------------------------------===//

#include "BlockLayout.h"

#include "llvm/Support/Endian.h"

using namespace quench;
using numerics::Encoding;

namespace {

/// Fields of a block out of its bytes.
struct Unpacker {
  const uint8_t *bytes;

  void half(size_t at, uint16_t &value) { value = llvm::support::endian::read16le(bytes + at); }
  /// The bits `shift` to `shift + count` of a byte are the bits from `low` of a field, which is
  /// what the format stores: `value + offset`.
  void bits(size_t at, unsigned shift, unsigned count, int32_t &value, unsigned low = 0) {
    uint32_t read = (bytes[at] >> shift) & ((1u << count) - 1);
    value = (low == 0 ? 0 : value) | static_cast<int32_t>(read << low);
  }
  void signedByte(size_t at, int32_t &value) { value = static_cast<int8_t>(bytes[at]); }
  void offset(int32_t &value, int32_t by) { value -= by; }
};

/// Bytes, all 0 at first, of fields.
struct Packer {
  uint8_t *bytes;

  void half(size_t at, uint16_t &value) { llvm::support::endian::write16le(bytes + at, value); }
  void bits(size_t at, unsigned shift, unsigned count, int32_t &value, unsigned low = 0) {
    uint32_t written = (static_cast<uint32_t>(value) >> low) & ((1u << count) - 1);
    bytes[at] = static_cast<uint8_t>(bytes[at] | written << shift);
  }
  void signedByte(size_t at, int32_t &value) { bytes[at] = static_cast<uint8_t>(value); }
  void offset(int32_t &value, int32_t by) { value += by; }
};

} // namespace

/// Adds what a format stores codes with before they are packed, takes it off after they are
/// unpacked: `visit` moves the bits in between.
template <typename Mover, typename Visit>
static void withOffset(Mover &move, BlockFields &fields, size_t count, int32_t offset,
                       Visit visit) {
  if constexpr (std::is_same_v<Mover, Packer>) {
    for (size_t i = 0; i < count; ++i) {
      move.offset(fields.codes[i], offset);
    }
    visit();
  } else {
    visit();
    for (size_t i = 0; i < count; ++i) {
      move.offset(fields.codes[i], offset);
    }
  }
}

/// 32 elements, the first half in the low nibbles of 16 bytes.
template <typename Mover> static void moveNibbles(Mover &move, BlockFields &fields, size_t at) {
  for (size_t j = 0; j < 16; ++j) {
    move.bits(at + j, 0, 4, fields.codes[j]);
    move.bits(at + j, 4, 4, fields.codes[j + 16]);
  }
}

/// The fifth bits of 32 elements, one after the other.
template <typename Mover> static void moveFifthBits(Mover &move, BlockFields &fields, size_t at) {
  for (size_t j = 0; j < 32; ++j) {
    move.bits(at + j / 8, j % 8, 1, fields.codes[j], 4);
  }
}

template <typename Mover> static void moveQ4_0(Mover &move, BlockFields &fields) {
  move.half(0, fields.scale);
  withOffset(move, fields, 32, 8, [&] { moveNibbles(move, fields, 2); });
}

template <typename Mover> static void moveQ4_1(Mover &move, BlockFields &fields) {
  move.half(0, fields.scale);
  move.half(2, fields.minimum);
  moveNibbles(move, fields, 4);
}

template <typename Mover> static void moveQ5_0(Mover &move, BlockFields &fields) {
  move.half(0, fields.scale);
  withOffset(move, fields, 32, 16, [&] {
    moveNibbles(move, fields, 6);
    moveFifthBits(move, fields, 2);
  });
}

template <typename Mover> static void moveQ5_1(Mover &move, BlockFields &fields) {
  move.half(0, fields.scale);
  move.half(2, fields.minimum);
  moveNibbles(move, fields, 8);
  moveFifthBits(move, fields, 4);
}

template <typename Mover> static void moveQ8_0(Mover &move, BlockFields &fields) {
  move.half(0, fields.scale);
  for (size_t i = 0; i < 32; ++i) {
    move.signedByte(2 + i, fields.codes[i]);
  }
}

/// Eight scales and eight minima of six bits in twelve bytes: the first four of each whole, the
/// others with their low nibbles in the last four bytes and their high bits above the first four.
template <typename Mover> static void moveSixBits(Mover &move, BlockFields &fields, size_t at) {
  for (size_t j = 0; j < 4; ++j) {
    move.bits(at + j, 0, 6, fields.scaleCodes[j]);
    move.bits(at + 4 + j, 0, 6, fields.minimumCodes[j]);
    move.bits(at + 8 + j, 0, 4, fields.scaleCodes[j + 4]);
    move.bits(at + j, 6, 2, fields.scaleCodes[j + 4], 4);
    move.bits(at + 8 + j, 4, 4, fields.minimumCodes[j + 4]);
    move.bits(at + 4 + j, 6, 2, fields.minimumCodes[j + 4], 4);
  }
}

/// 256 elements: 32 bytes hold 32 elements in their low nibbles and the next 32 in the high ones.
template <typename Mover> static void moveLongNibbles(Mover &move, BlockFields &fields, size_t at) {
  for (size_t chunk = 0; chunk < 4; ++chunk) {
    for (size_t l = 0; l < 32; ++l) {
      move.bits(at + 32 * chunk + l, 0, 4, fields.codes[64 * chunk + l]);
      move.bits(at + 32 * chunk + l, 4, 4, fields.codes[64 * chunk + 32 + l]);
    }
  }
}

template <typename Mover> static void moveQ4_K(Mover &move, BlockFields &fields) {
  move.half(0, fields.scale);
  move.half(2, fields.minimum);
  moveSixBits(move, fields, 4);
  moveLongNibbles(move, fields, 16);
}

template <typename Mover> static void moveQ5_K(Mover &move, BlockFields &fields) {
  move.half(0, fields.scale);
  move.half(2, fields.minimum);
  moveSixBits(move, fields, 4);
  moveLongNibbles(move, fields, 48);
  for (size_t part = 0; part < 8; ++part) {
    for (size_t l = 0; l < 32; ++l) {
      move.bits(16 + l, part, 1, fields.codes[32 * part + l], 4);
    }
  }
}

template <typename Mover> static void moveQ6_K(Mover &move, BlockFields &fields) {
  withOffset(move, fields, 256, 32, [&] {
    for (size_t half = 0; half < 2; ++half) {
      size_t low = 64 * half, high = 128 + 32 * half;
      int32_t *codes = fields.codes.data() + 128 * half;
      for (size_t l = 0; l < 32; ++l) {
        for (size_t quarter = 0; quarter < 4; ++quarter) {
          int32_t &code = codes[l + 32 * quarter];
          move.bits(low + l + 32 * (quarter % 2), quarter / 2 * 4, 4, code);
          move.bits(high + l, 2 * quarter, 2, code, 4);
        }
      }
    }
  });
  for (size_t i = 0; i < 16; ++i) {
    move.signedByte(192 + i, fields.scaleCodes[i]);
  }
  move.half(208, fields.scale);
}

template <typename Mover> static void moveTQ2_0(Mover &move, BlockFields &fields) {
  withOffset(move, fields, 256, 1, [&] {
    for (size_t half = 0; half < 2; ++half) {
      for (size_t l = 0; l < 4; ++l) {
        for (size_t m = 0; m < 32; ++m) {
          move.bits(32 * half + m, 2 * l, 2, fields.codes[128 * half + 32 * l + m]);
        }
      }
    }
  });
  move.half(64, fields.scale);
}

/// The two directions of one function.
#define QUENCH_BLOCK(TYPE)                                                                         \
  [](const uint8_t *bytes, BlockFields &fields) {                                                  \
    Unpacker move{bytes};                                                                          \
    move##TYPE(move, fields);                                                                      \
  },                                                                                               \
      [](const BlockFields &fields, uint8_t *bytes) {                                              \
        Packer move{bytes};                                                                        \
        BlockFields copy = fields;                                                                 \
        move##TYPE(move, copy);                                                                    \
      }

const BlockLayout *quench::findBlockLayout(GgufType type) {
  using Minimum = BlockLayout::Minimum;
  static const Encoding i4 = Encoding::integer(4), ui4 = Encoding::integer(4, false),
                        i5 = Encoding::integer(5), ui5 = Encoding::integer(5, false),
                        i6 = Encoding::integer(6), ui6 = Encoding::integer(6, false),
                        i8 = Encoding::integer(8), none;
  static const Encoding ternary = Encoding::integer(2, true, -1, 1);
  static const BlockLayout layouts[] = {
      {GgufType::Q4_0, "Q4_0", 32, 18, 32, i4, none, Minimum::None, QUENCH_BLOCK(Q4_0)},
      {GgufType::Q4_1, "Q4_1", 32, 20, 32, ui4, none, Minimum::Added, QUENCH_BLOCK(Q4_1)},
      {GgufType::Q5_0, "Q5_0", 32, 22, 32, i5, none, Minimum::None, QUENCH_BLOCK(Q5_0)},
      {GgufType::Q5_1, "Q5_1", 32, 24, 32, ui5, none, Minimum::Added, QUENCH_BLOCK(Q5_1)},
      {GgufType::Q8_0, "Q8_0", 32, 34, 32, i8, none, Minimum::None, QUENCH_BLOCK(Q8_0)},
      {GgufType::Q4_K, "Q4_K", 256, 144, 32, ui4, ui6, Minimum::Subtracted, QUENCH_BLOCK(Q4_K)},
      {GgufType::Q5_K, "Q5_K", 256, 176, 32, ui5, ui6, Minimum::Subtracted, QUENCH_BLOCK(Q5_K)},
      {GgufType::Q6_K, "Q6_K", 256, 210, 16, i6, i8, Minimum::None, QUENCH_BLOCK(Q6_K)},
      {GgufType::TQ2_0, "TQ2_0", 256, 66, 256, ternary, none, Minimum::None, QUENCH_BLOCK(TQ2_0)},
  };
  for (const BlockLayout &layout : layouts) {
    if (layout.type == type) {
      return &layout;
    }
  }
  return nullptr;
}
#undef QUENCH_BLOCK
