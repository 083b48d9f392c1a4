//===- DigestTest.cpp -----------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Support/Digest.h"

#include "TemporaryFolder.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace quench;

namespace {

/// The examples of FIPS 180-4 and its predecessor.
TEST(Digest, StandardExamples) {
  EXPECT_EQ(digestOf(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digestOf("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digestOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(digestOf(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/// Every length around the block size, in one piece and in two, against LLVM's implementation.
TEST(Digest, AllShortLengthsAgreeWithLlvm) {
  std::string text;
  for (size_t length = 0; length < 200; ++length) {
    auto expected = SHA256::hash(arrayRefFromStringRef(text));
    std::string hex = toHex(ArrayRef<uint8_t>(expected), /*LowerCase=*/true);
    EXPECT_EQ(digestOf(text), hex) << length;
    Digest pieces;
    pieces.update(StringRef(text).take_front(length / 3));
    EXPECT_EQ(pieces.hex(), digestOf(StringRef(text).take_front(length / 3)));
    pieces.update(StringRef(text).drop_front(length / 3));
    EXPECT_EQ(pieces.hex(), hex) << length;
    text += static_cast<char>(length * 37 + 11);
  }
}

/// 512 MiB is where bit counts pass 32 bits; the value is that of `sha256sum`.
TEST(Digest, CountsBitsIn64Bits) {
  std::vector<uint8_t> piece(size_t(1) << 20);
  Digest digest;
  for (unsigned i = 0; i < 512; ++i) {
    digest.update(piece);
  }
  EXPECT_EQ(digest.hex(), "9acca8e8c22201155389f65abbf6bc9723edc7384ead80503839f49dcc56d767");
}

TEST(Digest, IntegersAreLittleEndian) {
  Digest integers, bytes;
  integers.updateInteger(0x0102030405060708);
  bytes.update({8, 7, 6, 5, 4, 3, 2, 1});
  EXPECT_EQ(integers.hex(), bytes.hex());
}

TEST(Digest, Files) {
  TemporaryFolder folder;
  std::string large(size_t(3) << 20 | 5, 'q');
  EXPECT_EQ(cantFail(digestOfFile(folder.put("large", large))), digestOf(large));
  EXPECT_EQ(cantFail(digestOfFile(folder.put("empty", ""))), digestOf(""));
  EXPECT_EQ(toString(digestOfFile(folder / "none").takeError()),
            folder / "none" + ": cannot read: No such file or directory");
  EXPECT_EQ(toString(digestOfFile(folder.path()).takeError()),
            folder.path() + ": cannot read: Is a directory");
}

} // namespace
