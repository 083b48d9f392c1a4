//===- KeptElementsTest.cpp - Elements of a weight beside its codes -------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/KeptElements.h"

#include "../Support/TemporaryFolder.h"

#include "gtest/gtest.h"

using namespace quench;
using llvm::ArrayRef;
using llvm::StringRef;

namespace {

KeptElements elements() {
  KeptElements kept;
  kept.indices = {1, 5, 6};
  kept.values = {0.5f, -1.0f / 3.0f, 3.0e5f};
  return kept;
}

std::unique_ptr<WeightStore> storeOf(const std::string &path, ElementKind kind,
                                     const KeptElements &kept) {
  std::unique_ptr<SafetensorsWriter> writer = llvm::cantFail(SafetensorsWriter::create(path));
  llvm::cantFail(declareKeptElements(*writer, "w", kind, kept.indices.size()));
  llvm::cantFail(writeKeptElements(*writer, "w", kind, kept));
  llvm::cantFail(writer->commit());
  return llvm::cantFail(WeightStore::open(path));
}

/// What reading says; the file is called FILE.
std::string readMessage(const KeptElements &kept, ArrayRef<int64_t> shape) {
  TemporaryFolder folder;
  std::string path = folder / "FILE";
  std::unique_ptr<WeightStore> store = storeOf(path, ElementKind::F32, kept);
  std::string text = llvm::toString(
      readKeptElements(*store, "w.kept.indices", "w.kept.values", shape).takeError());
  size_t at = text.find(path);
  return at == 0 ? "FILE" + text.substr(path.size()) : text;
}

TEST(KeptElementsTest, whatIsWrittenIsReadBack) {
  for (ElementKind kind : {ElementKind::F32, ElementKind::BF16}) {
    TemporaryFolder folder;
    KeptElements kept = elements();
    roundTo(kind, kept.values);
    std::unique_ptr<WeightStore> store = storeOf(folder / "a", kind, kept);
    EXPECT_EQ((*store->require("w.kept.indices"))->kind, ElementKind::I32);
    EXPECT_EQ((*store->require("w.kept.values"))->kind, kind);
    KeptElements back =
        llvm::cantFail(readKeptElements(*store, "w.kept.indices", "w.kept.values", {2, 4}));
    EXPECT_EQ(back.indices, kept.indices);
    EXPECT_EQ(back.values, kept.values);
  }
}

TEST(KeptElementsTest, roundingIsThatOfTheFormat) {
  std::vector<float> values = {1.0f / 3.0f, 1.0f + 0x1p-11f, 1.0f + 3 * 0x1p-11f};
  roundTo(ElementKind::F16, values);
  EXPECT_EQ(values, (std::vector<float>{0.333251953125f, 1.0f, 1.0f + 4 * 0x1p-11f}));
  std::vector<float> same = {1.0f / 3.0f};
  roundTo(ElementKind::F32, same);
  EXPECT_EQ(same, (std::vector<float>{1.0f / 3.0f}));
}

TEST(KeptElementsTest, theyReplaceElements) {
  std::vector<float> tensor(8, 1.0f);
  elements().applyTo(tensor);
  EXPECT_EQ(tensor, (std::vector<float>{1, 0.5f, 1, 1, 1, -1.0f / 3.0f, 3.0e5f, 1}));
}

TEST(KeptElementsTest, damagedFilesAreRefused) {
  EXPECT_EQ(readMessage(elements(), {2, 3}),
            "FILE: tensor 'w.kept.indices': expected ascending indices below 6, found 6 at 2");
  KeptElements unsorted = elements();
  std::swap(unsorted.indices[0], unsorted.indices[1]);
  EXPECT_EQ(readMessage(unsorted, {2, 4}),
            "FILE: tensor 'w.kept.indices': expected ascending indices below 8, found 1 at 1");
  KeptElements negative = elements();
  negative.indices[0] = -1;
  EXPECT_EQ(readMessage(negative, {2, 4}),
            "FILE: tensor 'w.kept.indices': expected ascending indices below 8, found -1 at 0");
  KeptElements notFinite = elements();
  notFinite.values[1] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(readMessage(notFinite, {2, 4}),
            "FILE: tensor 'w.kept.values': expected finite values, found inf at [1]");
}

TEST(KeptElementsTest, otherTensorsAreRefused) {
  TemporaryFolder folder;
  std::unique_ptr<WeightStore> store = storeOf(folder / "a", ElementKind::F32, elements());
  auto text = [&](StringRef indices, StringRef values) {
    return llvm::toString(readKeptElements(*store, indices, values, {2, 4}).takeError());
  };
  EXPECT_TRUE(StringRef(text("w.kept.values", "w.kept.values"))
                  .ends_with("tensor 'w.kept.values': expected a list of I32, found F32 of shape "
                             "[3]"));
  EXPECT_NE(text("none", "w.kept.values").find("none"), std::string::npos);
  EXPECT_NE(text("w.kept.indices", "none").find("none"), std::string::npos);
}

} // namespace
