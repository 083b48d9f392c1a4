//===- GgufFileTest.cpp - Reading GGUF ------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Gguf/GgufFile.h"

#include "../Support/TemporaryFolder.h"

#include "gtest/gtest.h"

using namespace quench;

namespace {

/// A file made by hand.
struct Bytes {
  std::string data;

  template <typename T> Bytes &put(T value) {
    data.append(reinterpret_cast<const char *>(&value), sizeof(T));
    return *this;
  }
  Bytes &text(llvm::StringRef text) {
    put<uint64_t>(text.size());
    data += text;
    return *this;
  }
};

std::string sample() {
  Bytes file;
  file.data = "GGUF";
  file.put<uint32_t>(3).put<uint64_t>(2).put<uint64_t>(6);
  file.text("a.integer").put<uint32_t>(5).put<int32_t>(-7);
  file.text("a.huge").put<uint32_t>(10).put<uint64_t>(UINT64_MAX);
  file.text("a.number").put<uint32_t>(6).put<float>(0.5f);
  file.text("a.switch").put<uint32_t>(7).put<uint8_t>(1);
  file.text("a.text").put<uint32_t>(8).text("words");
  file.text("a.list").put<uint32_t>(9).put<uint32_t>(8).put<uint64_t>(2).text("x").text("yz");
  file.text("matrix").put<uint32_t>(2).put<uint64_t>(32).put<uint64_t>(3);
  file.put<uint32_t>(2).put<uint64_t>(32);
  file.text("vector").put<uint32_t>(1).put<uint64_t>(2).put<uint32_t>(0).put<uint64_t>(0);
  file.data.resize((file.data.size() + 31) / 32 * 32);
  file.put<float>(1.0f).put<float>(2.0f);
  file.data.resize((file.data.size() + 31) / 32 * 32 + 3 * 18, '\x11');
  return file.data;
}

TEST(GgufFileTest, reads_metadata_and_tensors) {
  TemporaryFolder folder;
  auto file = GgufFile::open(folder.put("a.gguf", sample()));
  ASSERT_TRUE(static_cast<bool>(file)) << llvm::toString(file.takeError());
  auto text = [&](llvm::StringRef key) { return (*file)->find(key)->str(); };
  EXPECT_EQ((*file)->metadata().size(), 6u);
  EXPECT_EQ(text("a.integer"), "-7");
  EXPECT_EQ(text("a.huge"), "18446744073709551615");
  EXPECT_EQ(text("a.number"), "0.5");
  EXPECT_EQ(text("a.switch"), "true");
  EXPECT_EQ(text("a.text"), "\"words\"");
  EXPECT_EQ(text("a.list"), "an array of 2");
  EXPECT_EQ((*file)->find("b"), nullptr);
  ASSERT_EQ((*file)->tensors().size(), 2u);
  const GgufTensor *matrix = (*file)->lookup("matrix");
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(matrix->type, GgufType::Q4_0);
  EXPECT_EQ(llvm::ArrayRef(matrix->shape), llvm::ArrayRef<int64_t>({3, 32}));
  EXPECT_EQ(matrix->bytes, llvm::ArrayRef(std::vector<uint8_t>(54, 0x11)));
  EXPECT_EQ((*file)->lookup("vector")->bytes.size(), 8u);
}

/// Every prefix of a file is refused, and none crashes.
TEST(GgufFileTest, refuses_every_truncation) {
  TemporaryFolder folder;
  std::string whole = sample();
  for (size_t size = 0; size < whole.size(); ++size) {
    auto file = GgufFile::open(folder.put("a.gguf", llvm::StringRef(whole).take_front(size)));
    ASSERT_FALSE(static_cast<bool>(file)) << size;
    EXPECT_NE(llvm::toString(file.takeError()).find("a.gguf: "), std::string::npos);
  }
}

/// Changing any byte leaves a file that is either refused or safe to look at.
TEST(GgufFileTest, survives_every_changed_byte) {
  TemporaryFolder folder;
  std::string whole = sample();
  for (size_t at = 0; at < whole.size(); ++at) {
    for (char value : {'\0', '\xff'}) {
      std::string changed = whole;
      changed[at] = value;
      auto file = GgufFile::open(folder.put("a.gguf", changed));
      if (!file) {
        llvm::consumeError(file.takeError());
        continue;
      }
      for (const GgufTensor &tensor : (*file)->tensors()) {
        uint64_t sum = 0;
        for (uint8_t byte : tensor.bytes) {
          sum += byte;
        }
        EXPECT_LE(sum, 255 * tensor.bytes.size());
      }
    }
  }
}

} // namespace
