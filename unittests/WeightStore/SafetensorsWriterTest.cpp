//===- SafetensorsWriterTest.cpp ------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/SafetensorsWriter.h"

#include "quench/WeightStore/SafetensorsFile.h"

#include "../Support/TemporaryFolder.h"
#include "SafetensorsText.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace quench;

namespace {

std::string message(Error error) { return error ? toString(std::move(error)) : ""; }

/// Bytes that differ from each other and between tensors.
std::vector<uint8_t> pattern(size_t size, unsigned seed) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<uint8_t>(i * 29 + seed * 101 + 3);
  }
  return bytes;
}

TEST(SafetensorsWriter, WritesTheDocumentedBytes) {
  TemporaryFolder folder;
  auto writer = cantFail(SafetensorsWriter::create(folder / "m"));
  cantFail(writer->setMetadata("z", "1"));
  cantFail(writer->setMetadata("a", "x\"y"));
  cantFail(writer->declare("bytes", ElementKind::U8, {3}));
  cantFail(writer->declare("words", ElementKind::I16, {1, 2}));
  cantFail(writer->declare("scalar", ElementKind::F32, {}));
  cantFail(writer->write("bytes", {1, 2, 3}));
  cantFail(writer->writeElements<int16_t>("words", {4, 5}));
  cantFail(writer->writeElements<float>("scalar", {1.0f}));
  EXPECT_EQ(folder.get("m"), "<none>");
  cantFail(writer->commit());
  std::string header = R"({"__metadata__":{"a":"x\"y","z":"1"},)"
                       R"("bytes":{"dtype":"U8","shape":[3],"data_offsets":[8,11]},)"
                       R"("words":{"dtype":"I16","shape":[1,2],"data_offsets":[4,8]},)"
                       R"("scalar":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  EXPECT_EQ(folder.get("m"),
            safetensors(header, StringRef("\x00\x00\x80\x3f\x04\x00\x05\x00\x01\x02\x03", 11)));
  EXPECT_EQ(folder.list(), std::vector<std::string>{"m"});
}

/// All kinds, written backwards in small pieces, come back aligned and equal.
TEST(SafetensorsWriter, RoundTripsEveryKind) {
  TemporaryFolder folder;
  auto writer = cantFail(SafetensorsWriter::create(folder / "m"));
  auto nameOf = [](ElementKind kind) { return "t." + safetensorsName(kind).str(); };
  for (ElementKind kind : allElementKinds()) {
    cantFail(writer->declare(nameOf(kind), kind, {3, 2}));
  }
  for (ElementKind kind : reverse(allElementKinds())) {
    std::vector<uint8_t> bytes = pattern(*numBytes(kind, {3, 2}), static_cast<unsigned>(kind));
    cantFail(writer->write(nameOf(kind), ArrayRef(bytes).take_front(1)));
    cantFail(writer->write(nameOf(kind), {}));
    cantFail(writer->write(nameOf(kind), ArrayRef(bytes).drop_front(1)));
  }
  cantFail(writer->commit());
  auto file = cantFail(SafetensorsFile::open(folder / "m"));
  ASSERT_EQ(file->tensors().size(), allElementKinds().size());
  for (auto [view, kind] : zip(file->tensors(), allElementKinds())) {
    EXPECT_EQ(view.name, nameOf(kind));
    EXPECT_EQ(view.kind, kind);
    EXPECT_EQ(view.shape, (SmallVector<int64_t>{3, 2}));
    EXPECT_EQ(view.bytes.vec(), pattern(view.bytes.size(), static_cast<unsigned>(kind)));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(view.bytes.data()) % naturalAlignment(kind), 0u)
        << view.name;
  }
}

TEST(SafetensorsWriter, EmptyTensorsScalarsAndStrangeNames) {
  TemporaryFolder folder;
  auto writer = cantFail(SafetensorsWriter::create(folder / "m"));
  std::string names[] = {"", "größe \"x\"\n", "\xe5\xb1\xa4/0", std::string("nul\0", 4)};
  for (const std::string &name : names) {
    cantFail(writer->declare(name, ElementKind::U8, {}));
  }
  cantFail(writer->declare("empty", ElementKind::F32, {4, 0, 2}));
  for (const std::string &name : names) {
    cantFail(writer->write(name, {static_cast<uint8_t>(name.size())}));
  }
  cantFail(writer->commit());
  auto file = cantFail(SafetensorsFile::open(folder / "m"));
  for (const std::string &name : names) {
    const TensorView *view = file->lookup(name);
    ASSERT_NE(view, nullptr) << name;
    EXPECT_EQ(view->load<uint8_t>(0), name.size());
  }
  EXPECT_EQ(file->lookup("empty")->shape, (SmallVector<int64_t>{4, 0, 2}));
}

TEST(SafetensorsWriter, NothingAtAll) {
  TemporaryFolder folder;
  auto writer = cantFail(SafetensorsWriter::create(folder / "m"));
  cantFail(writer->commit());
  EXPECT_EQ(folder.get("m"), safetensors("{}      ", ""));
  EXPECT_TRUE(cantFail(SafetensorsFile::open(folder / "m"))->tensors().empty());
}

TEST(SafetensorsWriter, SameCallsSameBytes) {
  TemporaryFolder folder;
  for (StringRef name : {"m1", "m2"}) {
    auto writer = cantFail(SafetensorsWriter::create(folder / name));
    // The order of metadata and of writing makes no difference.
    bool first = name == "m1";
    cantFail(writer->setMetadata(first ? "a" : "b", "v"));
    cantFail(writer->setMetadata(first ? "b" : "a", "v"));
    for (unsigned i = 0; i < 40; ++i) {
      cantFail(writer->declare("t" + std::to_string(i), ElementKind::BF16, {i}));
    }
    for (unsigned i = 0; i < 40; ++i) {
      unsigned at = first ? i : 39 - i;
      cantFail(writer->write("t" + std::to_string(at), pattern(2 * at, at)));
    }
    cantFail(writer->commit());
  }
  EXPECT_EQ(folder.get("m1"), folder.get("m2"));
}

TEST(SafetensorsWriter, Misuse) {
  TemporaryFolder folder;
  std::string file = folder / "m";
  auto writer = cantFail(SafetensorsWriter::create(file));
  cantFail(writer->declare("t", ElementKind::F32, {2}));
  EXPECT_EQ(message(writer->declare("t", ElementKind::F32, {2})),
            file + ": tensor 't': expected each tensor once, found it declared again");
  EXPECT_EQ(message(writer->declare("__metadata__", ElementKind::F32, {})),
            file + ": tensor '__metadata__': expected a name in UTF-8 that is not '__metadata__'");
  EXPECT_EQ(message(writer->declare("a\xff", ElementKind::F32, {})),
            file + ": tensor 'a\xef\xbf\xbd': expected a name in UTF-8 that is not '__metadata__'");
  EXPECT_EQ(message(writer->declare("u", ElementKind::F32, {-1})),
            file + ": tensor 'u': expected a whole number of bytes that fits in 63 bits, found F32 "
                   "of shape [-1]");
  EXPECT_EQ(message(writer->declare("u", ElementKind::F4E2M1FN, {3})),
            file + ": tensor 'u': expected a whole number of bytes that fits in 63 bits, found F4 "
                   "of shape [3]");
  EXPECT_EQ(message(writer->setMetadata("k", "\xff")), file + ": expected metadata 'k' in UTF-8");
  EXPECT_EQ(message(writer->write("none", {1})),
            file + ": tensor 'none': expected a declared tensor");
  EXPECT_EQ(message(writer->write("t", pattern(9, 0))),
            file + ": tensor 't': expected 8 bytes, found at least 9");
  cantFail(writer->write("t", pattern(5, 0)));
  EXPECT_EQ(message(writer->write("t", pattern(4, 0))),
            file + ": tensor 't': expected 8 bytes, found at least 9");
  EXPECT_EQ(message(writer->commit()), file + ": tensor 't': expected 8 bytes, found 5");
  EXPECT_EQ(message(writer->declare("late", ElementKind::F32, {})),
            file + ": tensor 'late': expected all declarations before the first data");
  EXPECT_EQ(message(writer->setMetadata("late", "")),
            file + ": expected metadata 'late' before the first data");
  writer.reset();
  EXPECT_TRUE(folder.list().empty());
}

TEST(SafetensorsWriter, TotalSizeThatOverflows) {
  TemporaryFolder folder;
  auto writer = cantFail(SafetensorsWriter::create(folder / "m"));
  for (StringRef name : {"a", "b", "c", "d"}) {
    cantFail(writer->declare(name, ElementKind::U8, {int64_t(1) << 62}));
  }
  EXPECT_EQ(message(writer->write("a", {1})),
            folder / "m" + ": expected tensors whose bytes together fit in 63 bits");
}

TEST(SafetensorsWriter, DestructionLeavesTheOldFile) {
  TemporaryFolder folder;
  folder.put("m", "old");
  {
    auto writer = cantFail(SafetensorsWriter::create(folder / "m"));
    cantFail(writer->declare("t", ElementKind::U8, {1 << 20}));
    cantFail(writer->write("t", pattern(1 << 20, 1)));
  }
  EXPECT_EQ(folder.get("m"), "old");
  EXPECT_EQ(folder.list(), std::vector<std::string>{"m"});
}

TEST(SafetensorsWriter, FullAndUnwritableTargets) {
  auto writer = cantFail(SafetensorsWriter::create("/dev/full"));
  cantFail(writer->declare("t", ElementKind::U8, {4}));
  EXPECT_EQ(message(writer->write("t", pattern(4, 1))),
            "/dev/full: cannot write: No space left on device");
  EXPECT_NE(message(writer->commit()), "");
  // A header alone stays in the buffer until the end.
  auto empty = cantFail(SafetensorsWriter::create("/dev/full"));
  EXPECT_EQ(message(empty->commit()), "/dev/full: cannot write: No space left on device");
  TemporaryFolder folder;
  std::string below = folder.put("plain", "") + "/m";
  EXPECT_EQ(message(SafetensorsWriter::create(below).takeError()),
            below + ": cannot create: Not a directory");
}

} // namespace
