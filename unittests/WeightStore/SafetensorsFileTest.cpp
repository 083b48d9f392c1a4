//===- SafetensorsFileTest.cpp --------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/SafetensorsFile.h"

#include "../Support/TemporaryFolder.h"
#include "SafetensorsText.h"

#include "gtest/gtest.h"

#include <sys/stat.h>

using namespace llvm;
using namespace quench;

namespace {

/// The error of opening these bytes, without the name of the file in front; "" for none.
std::string refusal(StringRef contents) {
  TemporaryFolder folder;
  std::string file = folder.put("m.safetensors", contents);
  auto opened = SafetensorsFile::open(file);
  if (opened) {
    return "";
  }
  std::string message = toString(opened.takeError());
  StringRef rest = message;
  EXPECT_TRUE(rest.consume_front(file + ": ")) << message;
  return rest.str();
}

std::string refusal(StringRef header, StringRef data) { return refusal(safetensors(header, data)); }

/// The refusal of a file with the tensor `t` and 8 bytes of data.
std::string refusalOf(StringRef dtype, StringRef shape, StringRef offsets) {
  return refusal(
      ("{\"t\":{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}")
          .str(),
      "12345678");
}

TEST(SafetensorsFile, ReadsTensorsInHeaderOrder) {
  TemporaryFolder folder;
  // The data starts at an odd byte, is in another order, and keys are in another order.
  std::string file =
      folder.put("m.safetensors",
                 safetensors(R"({"b":{"dtype":"I16","shape":[2],"data_offsets":[4,8]},)"
                             R"("__metadata__":{"z":"1","format":"pt","\u00e9":"\n"},)"
                             R"("a":{"data_offsets":[0,4],"shape":[],"dtype":"U32"},)"
                             R"("empty":{"dtype":"F32","shape":[3,0],"data_offsets":[4,4]}} )",
                             StringRef("\x01\x02\x03\x04\xff\xff\x00\x80", 8)));
  auto opened = cantFail(SafetensorsFile::open(file));
  EXPECT_EQ(opened->path(), file);
  ASSERT_EQ(opened->tensors().size(), 3u);
  const TensorView &b = opened->tensors()[0], &a = opened->tensors()[1],
                   &empty = opened->tensors()[2];
  EXPECT_EQ(b.name, "b");
  EXPECT_EQ(b.kind, ElementKind::I16);
  EXPECT_EQ(b.shape, SmallVector<int64_t>{2});
  EXPECT_EQ(b.copy<int16_t>(), (std::vector<int16_t>{-1, -32768}));
  EXPECT_EQ(b.load<int16_t>(1), -32768);
  EXPECT_EQ(a.name, "a");
  EXPECT_TRUE(a.shape.empty());
  EXPECT_EQ(a.size(), 1);
  EXPECT_EQ(a.load<uint32_t>(0), 0x04030201u);
  EXPECT_EQ(empty.size(), 0);
  EXPECT_TRUE(empty.bytes.empty());
  EXPECT_TRUE(empty.copy<float>().empty());
  EXPECT_EQ(opened->lookup("a"), &a);
  EXPECT_EQ(opened->lookup("c"), nullptr);
  EXPECT_EQ(opened->lookup("__metadata__"), nullptr);
  EXPECT_EQ(opened->metadata(),
            (std::map<std::string, std::string>{{"format", "pt"}, {"z", "1"}, {"é", "\n"}}));
}

TEST(SafetensorsFile, NoTensorsAtAll) {
  EXPECT_EQ(refusal("{}", ""), "");
  EXPECT_EQ(refusal("{\"__metadata__\":{}}      ", ""), "");
}

TEST(SafetensorsFile, ReadsTheShippedModel) {
  auto opened =
      cantFail(SafetensorsFile::open(QUENCH_SOURCE_DIR "/models/tinybooks/model.safetensors"));
  const TensorView *down = opened->lookup("model.layers.0.mlp.down_proj.weight");
  ASSERT_NE(down, nullptr);
  EXPECT_EQ(down->kind, ElementKind::F32);
  EXPECT_EQ(down->shape, (SmallVector<int64_t>{256, 768}));
  EXPECT_EQ(opened->tensors().front().name, "model.embed_tokens.weight");
}

TEST(SafetensorsFile, FilesThatAreNotThere) {
  TemporaryFolder folder;
  auto refusalOfPath = [](const std::string &path) {
    return toString(SafetensorsFile::open(path).takeError());
  };
  EXPECT_EQ(refusalOfPath(folder / "none"),
            folder / "none" + ": cannot open: No such file or directory");
  EXPECT_EQ(refusalOfPath(folder.path()),
            folder.path() + ": expected a safetensors file, found a folder");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(refusalOfPath(folder / "pipe"),
            folder / "pipe" + ": expected a safetensors file, found a device");
}

TEST(SafetensorsFile, TruncatedAndOversizedHeaders) {
  EXPECT_EQ(refusal(""), "expected a header size of 8 bytes, found a file of 0 bytes");
  EXPECT_EQ(refusal("1234567"), "expected a header size of 8 bytes, found a file of 7 bytes");
  EXPECT_EQ(refusal(headerSize(3) + "{}"),
            "expected a header of 3 bytes, found 2 bytes before the end of the file");
  EXPECT_EQ(refusal(headerSize(100'000'000) + "{}"),
            "expected a header of 100000000 bytes, found 2 bytes before the end of the file");
  EXPECT_EQ(refusal(headerSize(100'000'001) + "{}"),
            "expected a header of at most 100000000 bytes, found 100000001");
  EXPECT_EQ(refusal(headerSize(UINT64_MAX) + "{}"),
            "expected a header of at most 100000000 bytes, found 18446744073709551615");
  EXPECT_EQ(refusal(headerSize(0)), "header: line 1, column 1: expected '{' as the first byte");
}

TEST(SafetensorsFile, HeadersThatAreNotAnObject) {
  EXPECT_EQ(refusal("[]", ""), "header: line 1, column 1: expected '{' as the first byte");
  EXPECT_EQ(refusal(" {}", ""), "header: line 1, column 1: expected '{' as the first byte");
  EXPECT_EQ(refusal("{\"\xff\":1}", ""),
            "header: line 1, column 3: expected UTF-8, found byte 0xff");
  EXPECT_EQ(refusal("{\"t\"", ""), "header: line 1, column 5: expected ':', found the end");
  EXPECT_EQ(refusal("{} x", ""), "header: line 1, column 4: expected the end, found 'x'");
  EXPECT_EQ(refusal(StringRef("{}\0", 3), ""),
            "header: line 1, column 3: expected the end, found byte 0x00");
  EXPECT_EQ(refusal("{\"t\":[]}", ""), "tensor 't': line 1, column 6: expected '{', found '['");
  EXPECT_EQ(refusal("{\"t\":" + std::string(1 << 20, '['), ""),
            "tensor 't': line 1, column 6: expected '{', found '['");
  EXPECT_EQ(refusal("{\"__metadata__\":{\"a\":1}}", ""),
            "__metadata__: line 1, column 22: expected a string, found '1'");
  EXPECT_EQ(refusal("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", ""),
            "__metadata__: line 1, column 33: expected each key once, found 'a' again");
}

TEST(SafetensorsFile, DuplicateNames) {
  StringRef first = R"("t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_EQ(refusal(("{" + first + "," + first + "}").str(), "1"),
            "header: line 1, column 58: expected each tensor once, found 't' again");
  EXPECT_EQ(refusal(R"({"t":{"dtype":"U8","dtype":"U8"}})", ""),
            "tensor 't': line 1, column 28: expected each key once, found 'dtype' again");
  EXPECT_EQ(refusal(R"({"t":{"shape":[],"shape":[]}})", ""),
            "tensor 't': line 1, column 26: expected each key once, found 'shape' again");
}

TEST(SafetensorsFile, IncompleteAndUnknownFields) {
  EXPECT_EQ(refusal(R"({"t":{}})", ""),
            "tensor 't': expected 'dtype', 'shape' and 'data_offsets', found no 'dtype'");
  EXPECT_EQ(refusal(R"({"t":{"dtype":"U8"}})", ""),
            "tensor 't': expected 'dtype', 'shape' and 'data_offsets', found no 'shape'");
  EXPECT_EQ(refusal(R"({"t":{"dtype":"U8","shape":[]}})", ""),
            "tensor 't': expected 'dtype', 'shape' and 'data_offsets', found no 'data_offsets'");
  EXPECT_EQ(refusal(R"({"t":{"type":"U8"}})", ""),
            "tensor 't': line 1, column 14: expected 'dtype', 'shape' or 'data_offsets', found "
            "'type'");
  EXPECT_EQ(refusalOf("\"F31\"", "[2]", "[0,8]"),
            "tensor 't': expected a known dtype, found 'F31'");
  EXPECT_EQ(refusalOf("7", "[2]", "[0,8]"),
            "tensor 't': line 1, column 15: expected a string, found '7'");
}

TEST(SafetensorsFile, Shapes) {
  EXPECT_EQ(refusalOf("\"F32\"", "[2]", "[0,8]"), "");
  EXPECT_EQ(refusalOf("\"F32\"", "[\"2\"]", "[0,8]"),
            "tensor 't': line 1, column 30: expected an integer, found a string");
  EXPECT_EQ(refusalOf("\"F32\"", "[2.0]", "[0,8]"),
            "tensor 't': line 1, column 30: expected an integer of 64 bits, found 2.0");
  EXPECT_EQ(refusalOf("\"F32\"", "[9223372036854775808]", "[0,8]"),
            "tensor 't': line 1, column 30: expected an integer of 64 bits, found "
            "9223372036854775808");
  EXPECT_EQ(refusalOf("\"F32\"", "null", "[0,8]"),
            "tensor 't': line 1, column 29: expected '[', found 'n'");
  StringRef bad = "tensor 't': expected a shape of non-negative sizes whose product fits in 63 "
                  "bits, found ";
  EXPECT_EQ(refusalOf("\"F32\"", "[-2]", "[0,8]"), (bad + "[-2]").str());
  EXPECT_EQ(refusalOf("\"F32\"", "[-1,-2]", "[0,8]"), (bad + "[-1, -2]").str());
  EXPECT_EQ(refusalOf("\"U8\"", "[4294967296,4294967296]", "[0,0]"),
            (bad + "[4294967296, 4294967296]").str());
  EXPECT_EQ(refusalOf("\"U8\"", "[4294967296,4294967296,0]", "[0,0]"),
            (bad + "[4294967296, 4294967296, 0]").str());
  EXPECT_EQ(refusalOf("\"F32\"", "[4611686018427387904]", "[0,0]"),
            "tensor 't': expected a whole number of bytes that fits in 63 bits, found F32 of shape "
            "[4611686018427387904]");
  EXPECT_EQ(refusalOf("\"F4\"", "[15]", "[0,8]"),
            "tensor 't': expected a whole number of bytes that fits in 63 bits, found F4 of shape "
            "[15]");
  EXPECT_EQ(refusalOf("\"F4\"", "[16]", "[0,8]"), "");
}

TEST(SafetensorsFile, Offsets) {
  EXPECT_EQ(refusalOf("\"F32\"", "[2]", "[0]"), "tensor 't': expected two data_offsets, found [0]");
  EXPECT_EQ(refusalOf("\"F32\"", "[2]", "[0,4,8]"),
            "tensor 't': expected two data_offsets, found [0, 4, 8]");
  EXPECT_EQ(refusalOf("\"F32\"", "[2]", "[0,true]"),
            "tensor 't': line 1, column 51: expected an integer, found 't'");
  EXPECT_EQ(refusalOf("\"F32\"", "[2]", "[8,0]"),
            "tensor 't': expected data_offsets in ascending order, found [8, 0]");
  EXPECT_EQ(refusalOf("\"F32\"", "[2]", "[-8,0]"),
            "tensor 't': expected data_offsets in ascending order, found [-8, 0]");
  EXPECT_EQ(refusalOf("\"F32\"", "[3]", "[0,12]"),
            "tensor 't': expected data_offsets inside the 8 bytes of data, found [0, 12]");
  EXPECT_EQ(refusalOf("\"F32\"", "[1]", "[9223372036854775803,9223372036854775807]"),
            "tensor 't': expected data_offsets inside the 8 bytes of data, found "
            "[9223372036854775803, 9223372036854775807]");
  EXPECT_EQ(refusalOf("\"F32\"", "[3]", "[0,8]"),
            "tensor 't': expected 12 bytes for F32 of shape [3], found 8");
  EXPECT_EQ(refusalOf("\"F32\"", "[]", "[0,8]"),
            "tensor 't': expected 4 bytes for F32 of shape [], found 8");
}

/// Two tensors of `sizes` bytes at `begins`, and 8 bytes of data.
std::string coverage(int begin0, int size0, int begin1, int size1) {
  auto entry = [](StringRef name, int begin, int size) {
    return ("\"" + name + "\":{\"dtype\":\"U8\",\"shape\":[" + Twine(size) +
            "],\"data_offsets\":[" + Twine(begin) + "," + Twine(begin + size) + "]}")
        .str();
  };
  return refusal("{" + entry("s", begin0, size0) + "," + entry("t", begin1, size1) + "}",
                 "12345678");
}

TEST(SafetensorsFile, DataIsCoveredOnce) {
  EXPECT_EQ(coverage(0, 4, 4, 4), "");
  EXPECT_EQ(coverage(5, 3, 0, 5), "");
  EXPECT_EQ(coverage(0, 8, 8, 0), "");
  EXPECT_EQ(coverage(0, 8, 0, 0), "");
  EXPECT_EQ(coverage(0, 5, 4, 4),
            "tensor 't': expected bytes of its own, found an overlap with tensor 's' at byte 4");
  EXPECT_EQ(coverage(0, 8, 0, 8),
            "tensor 't': expected bytes of its own, found an overlap with tensor 's' at byte 0");
  EXPECT_EQ(coverage(2, 2, 0, 8),
            "tensor 's': expected bytes of its own, found an overlap with tensor 't' at byte 2");
  EXPECT_EQ(coverage(0, 8, 4, 0),
            "tensor 't': expected bytes of its own, found an overlap with tensor 's' at byte 4");
  EXPECT_EQ(coverage(0, 3, 4, 4), "tensor 't': expected data to start at byte 3, where the data "
                                  "before it ends, found 4");
  EXPECT_EQ(coverage(1, 3, 4, 4), "tensor 's': expected data to start at byte 0, where the data "
                                  "before it ends, found 1");
  EXPECT_EQ(coverage(0, 4, 4, 3), "expected 7 bytes of data, as the tensors have, found 8");
  EXPECT_EQ(refusal("{}", "x"), "expected 0 bytes of data, as the tensors have, found 1");
}

/// Every prefix of a good file is refused, and no single changed header byte crashes the reader.
TEST(SafetensorsFile, DamagedFilesAreRefusedOrRead) {
  std::string good =
      safetensors(R"({"__metadata__":{"k":"v"},"a":{"dtype":"F16","shape":[2,1],)"
                  R"("data_offsets":[0,4]},"b":{"dtype":"I8","shape":[],"data_offsets":[4,5]}})",
                  "12345");
  EXPECT_EQ(refusal(good), "");
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(refusal(StringRef(good).take_front(size)), "") << size;
  }
  for (size_t at = 0; at < good.size() - 5; ++at) {
    for (char byte : {'\0', '"', '{', '}', '[', ']', ',', '-', '9', '\\', '\x80', '\xff'}) {
      std::string bad = good;
      bad[at] = byte;
      refusal(bad);
    }
  }
}

} // namespace
