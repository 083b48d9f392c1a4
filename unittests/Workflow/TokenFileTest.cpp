//===- TokenFileTest.cpp ------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/TokenFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace quench::workflow;

namespace {

/// A file in a folder of its own that goes away with the test.
class Scratch {
public:
  Scratch(StringRef name, StringRef bytes) {
    EXPECT_FALSE(sys::fs::createUniqueDirectory("quench-tokens", folder));
    path = folder;
    sys::path::append(path, name);
    std::error_code code;
    raw_fd_ostream stream(path, code);
    stream << bytes;
  }
  ~Scratch() { sys::fs::remove_directories(folder); }
  SmallString<128> folder, path;
};

/// A message without the folder that it names.
std::string message(Error error, const Scratch &scratch) {
  std::string text = toString(std::move(error));
  StringRef prefix = sys::path::parent_path(scratch.path);
  size_t at = text.find(prefix.str());
  return at == std::string::npos ? text : text.erase(at, prefix.size() + 1);
}

std::string openError(StringRef name, StringRef bytes) {
  Scratch scratch(name, bytes);
  Expected<TokenFile> file = TokenFile::open(scratch.path);
  return file ? "" : message(file.takeError(), scratch);
}

/// A `.npy` file of version 1 with this header and data.
std::string npy(StringRef header, StringRef data) {
  std::string text("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(header.size() & 255);
  text += static_cast<char>(header.size() >> 8);
  return text + header.str() + data.str();
}

std::string npyError(StringRef header, StringRef data = "") {
  Expected<TokenLayout> layout = parseNpyHeader(npy(header, data), "x.npy");
  return layout ? "" : toString(layout.takeError());
}

TEST(TokenFile, ReadsBytes) {
  Scratch scratch("a.bin", StringRef("\x00\x01\xff", 3));
  Expected<TokenFile> file = TokenFile::open(scratch.path);
  ASSERT_TRUE(bool(file));
  EXPECT_EQ(file->size(), 3u);
  EXPECT_EQ(*file->read(0, 3, 256), (std::vector<int32_t>{0, 1, 255}));
  EXPECT_EQ(*file->read(1, 1, 256), (std::vector<int32_t>{1}));
  EXPECT_EQ(*file->read(3, 0, 256), (std::vector<int32_t>{}));
}

TEST(TokenFile, ReadsLittleEndianPairs) {
  Scratch scratch("a.u16", StringRef("\x01\x02\xff\xff", 4));
  Expected<TokenFile> file = TokenFile::open(scratch.path);
  ASSERT_TRUE(bool(file));
  EXPECT_EQ(*file->read(0, 2, 65536), (std::vector<int32_t>{0x201, 65535}));
}

TEST(TokenFile, ReadsEveryIntegerTypeOfNpy) {
  struct Case {
    StringRef descr;
    std::string data;
    int32_t value;
  };
  for (const Case &test : std::vector<Case>{
           {"|u1", "\xc8", 200},
           {"|i1", "\x64", 100},
           {"<u2", "\xe8\x03", 1000},
           {"<i2", "\xe8\x03", 1000},
           {"<i4", std::string("\x70\x11\x01\x00", 4), 70000},
           {"<u4", std::string("\x70\x11\x01\x00", 4), 70000},
           {"<i8", std::string("\x70\x11\x01\x00\x00\x00\x00\x00", 8), 70000},
           {"<u8", std::string("\x70\x11\x01\x00\x00\x00\x00\x00", 8), 70000},
       }) {
    Scratch scratch("a.npy", npy("{'descr': '" + test.descr.str() +
                                     "', 'fortran_order': False, 'shape': (1,), }   \n",
                                 test.data));
    Expected<TokenFile> file = TokenFile::open(scratch.path);
    ASSERT_TRUE(bool(file)) << toString(file.takeError());
    EXPECT_EQ(*file->read(0, 1, 100000), std::vector<int32_t>{test.value}) << test.descr.str();
  }
}

TEST(TokenFile, ReadsArraysOfAnyRank) {
  Expected<TokenLayout> layout = parseNpyHeader(
      npy("{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3)}\n", std::string(12, '\0')),
      "x.npy");
  ASSERT_TRUE(bool(layout));
  EXPECT_EQ(layout->count, 6u);
  layout =
      parseNpyHeader(npy("{'descr': '|u1', 'fortran_order': True, 'shape': ()}\n", "x"), "x.npy");
  ASSERT_TRUE(bool(layout));
  EXPECT_EQ(layout->count, 1u);
  layout = parseNpyHeader(npy("{'descr': '<u8', 'fortran_order': False, 'shape': (0, 5)}\n", ""),
                          "x.npy");
  ASSERT_TRUE(bool(layout));
  EXPECT_EQ(layout->count, 0u);
}

TEST(TokenFile, NamesTheTokenThatIsOutOfRange) {
  Scratch bytes("a.bin", "\x01\x02\xc8");
  EXPECT_EQ(message(TokenFile::open(bytes.path)->read(1, 2, 100).takeError(), bytes),
            "a.bin: token 2 (byte 2): expected an id from 0 to 99, found 200");
  Scratch pairs("a.u16", StringRef("\x01\x00\x00\x01", 4));
  EXPECT_EQ(message(TokenFile::open(pairs.path)->read(0, 2, 256).takeError(), pairs),
            "a.u16: token 1 (byte 2): expected an id from 0 to 255, found 256");
  std::string header = "{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }\n";
  Scratch negative("a.npy", npy(header, std::string(8, '\xff')));
  EXPECT_EQ(message(TokenFile::open(negative.path)->read(0, 1, 256).takeError(), negative),
            "a.npy: token 0 (byte 68): expected an id from 0 to 255, found -1");
  header.replace(header.find("<i8"), 3, "<u8");
  Scratch large("a.npy", npy(header, std::string(8, '\xff')));
  EXPECT_EQ(message(TokenFile::open(large.path)->read(0, 1, INT64_MAX).takeError(), large),
            "a.npy: token 0 (byte 68): expected an id from 0 to 9223372036854775806, found "
            "18446744073709551615");
}

TEST(TokenFile, RefusesToReadBeyondTheEnd) {
  Scratch scratch("a.bin", "abc");
  Expected<TokenFile> file = TokenFile::open(scratch.path);
  ASSERT_TRUE(bool(file));
  EXPECT_EQ(message(file->read(2, 2, 256).takeError(), scratch),
            "a.bin: expected 2 tokens from token 2, found 3 in the file");
  EXPECT_TRUE(message(file->read(UINT64_MAX, 2, 256).takeError(), scratch) != "");
}

TEST(TokenFile, RefusesFilesThatAreNotTokens) {
  EXPECT_EQ(openError("a.txt", "abc"),
            "a.txt: expected a file of tokens (.bin, .u16 or .npy), found '.txt'");
  EXPECT_EQ(openError("a.u16", "abc"), "a.u16: expected two bytes a token, found 3 bytes");
  EXPECT_EQ(openError("a.npy", "abc"),
            "a.npy: expected a .npy file, found other bytes at its start");
  Scratch scratch("a.bin", "abc");
  sys::fs::remove(scratch.path);
  EXPECT_EQ(message(TokenFile::open(scratch.path).takeError(), scratch),
            "a.bin: cannot read: No such file or directory");
  sys::fs::create_directory(scratch.path);
  EXPECT_EQ(message(TokenFile::open(scratch.path).takeError(), scratch),
            "a.bin: expected a file of tokens, found a folder");
}

TEST(TokenFile, RefusesHostileNpyHeaders) {
  std::string tail = ", 'fortran_order': False, 'shape': (1,), }\n";
  EXPECT_EQ(npyError("{'descr': '<f4'" + tail, "abcd"),
            "x.npy: expected little-endian integers, found elements of type '<f4'");
  EXPECT_EQ(npyError("{'descr': '>i4'" + tail, "abcd"),
            "x.npy: expected little-endian integers, found elements of type '>i4'");
  EXPECT_EQ(npyError("{'descr': '<i3'" + tail, "abc"),
            "x.npy: expected little-endian integers, found elements of type '<i3'");
  EXPECT_EQ(npyError("{'descr': '<i4'" + tail, "abc"), "x.npy: expected 4 bytes of data, found 3");
  EXPECT_EQ(npyError("{'descr': '<i4'" + tail, "abcde"),
            "x.npy: expected 4 bytes of data, found 5");
  std::string start = "{'descr': '<i4', 'fortran_order': ";
  EXPECT_EQ(npyError(start + "True, 'shape': (1, 1)}", "abcd"),
            "x.npy: expected row-major order, found fortran_order");
  EXPECT_EQ(npyError(start + "False, 'shape': (4294967296, 4294967296)}"),
            "x.npy: expected more than 2^64 bytes of data, found 0");
  EXPECT_EQ(npyError(start + "False, 'shape': (18446744073709551615,)}"),
            "x.npy: expected more than 2^64 bytes of data, found 0");
  EXPECT_EQ(npyError(start + "False, 'shape': (-1,)}"),
            "x.npy: .npy header: expected a dimension, found '-1,)}'");
  EXPECT_EQ(npyError(start + "False, 'shape': (1 2)}"),
            "x.npy: .npy header: expected ',' or ')', found '2)}'");
  EXPECT_EQ(npyError(start + "Maybe}"),
            "x.npy: .npy header: expected True or False, found 'Maybe}'");
  EXPECT_EQ(npyError(start + "False}"), "x.npy: .npy header: expected the key 'shape'");
  EXPECT_EQ(npyError("{'descr': '<i4', 'descr': '<i4'}"),
            "x.npy: .npy header: key 'descr' occurs twice");
  EXPECT_EQ(npyError("{'more': 1}"), "x.npy: .npy header: unknown key 'more'");
  EXPECT_EQ(npyError("{'descr': '<i4"),
            "x.npy: .npy header: expected the end of a string, found '<i4'");
  EXPECT_EQ(npyError("{'descr': [('a', '<i4')]}"),
            "x.npy: .npy header: expected a string, found '[('a', '<i4')]}'");
  EXPECT_EQ(npyError(""), "x.npy: .npy header: expected '{', found ''");
  EXPECT_EQ(npyError("{'descr': '<i4'" + tail + "x", "abcd"),
            "x.npy: .npy header: expected the end of the header, found '\\0Ax'");
}

TEST(TokenFile, RefusesNpyHeadersThatLieAboutTheirSize) {
  std::string whole = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }\n", "x");
  // Every prefix is refused.
  for (size_t size = 0; size < whole.size(); ++size) {
    Expected<TokenLayout> layout = parseNpyHeader(StringRef(whole).take_front(size), "x.npy");
    EXPECT_FALSE(bool(layout)) << size;
    consumeError(layout.takeError());
  }
  std::string version = whole;
  version[6] = 4;
  EXPECT_EQ(toString(parseNpyHeader(version, "x.npy").takeError()),
            "x.npy: expected .npy version 1 to 3, found 4");
  std::string huge("\x93NUMPY\x02\x00\xff\xff\xff\xff{}", 14);
  EXPECT_EQ(toString(parseNpyHeader(huge, "x.npy").takeError()),
            "x.npy: .npy header: expected at most 2 bytes, found a size of 4294967295");
}

TEST(TokenFile, ParsesListsOfTokens) {
  EXPECT_EQ(*parseTokenList("1, 2,255", 256), (std::vector<int32_t>{1, 2, 255}));
  for (StringRef text : {"256", "-1", "", "1,,2", "1,x"}) {
    Expected<std::vector<int32_t>> tokens = parseTokenList(text, 256);
    EXPECT_FALSE(bool(tokens)) << text.str();
    consumeError(tokens.takeError());
  }
  EXPECT_EQ(toString(parseTokenList("1,256", 256).takeError()),
            "token 1: expected an id from 0 to 255, found '256'");
}

} // namespace
