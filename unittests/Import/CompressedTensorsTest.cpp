//===- CompressedTensorsTest.cpp - Tests of compressed weights --*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/CompressedTensors.h"
#include "quench/WeightStore/SafetensorsWriter.h"

#include "../Support/TemporaryFolder.h"

#include "gtest/gtest.h"

using namespace quench;
using numerics::QuantizedTensor;

namespace {

/// A weight whose codes, zero points and scales all differ from their neighbours.
QuantizedTensor makeWeight(const CompressedFormat &format, int64_t rows, int64_t columns) {
  numerics::Encoding element = format.scheme(numerics::FloatFormat::F32).element;
  int32_t count = element.maxCode() - element.minCode() + 1;
  QuantizedTensor weight;
  weight.shape = {rows, columns};
  weight.codes = numerics::CodeArray(element, rows * columns);
  for (int64_t i = 0; i < rows * columns; ++i) {
    weight.codes.set(i, element.minCode() + static_cast<int32_t>(i * 7 % count));
  }
  for (int64_t i = 0; i < rows * format.numGroups(columns); ++i) {
    weight.scales.push_back(0.5f + static_cast<float>(i));
    if (format.hasZeroPoints) {
      weight.zeroPoints.push_back(static_cast<int32_t>((i * 5 + 3) % count));
    }
  }
  return weight;
}

llvm::Error writeWeight(const std::string &path, const CompressedFormat &format,
                        const QuantizedTensor &weight) {
  int64_t rows = weight.shape[0], columns = weight.shape[1];
  auto writer = SafetensorsWriter::create(path);
  if (!writer) {
    return writer.takeError();
  }
  SafetensorsWriter &file = **writer;
  std::string codes = format.isPacked ? "w.weight_packed" : "w.weight";
  llvm::Error failure =
      format.isPacked ? file.declare(codes, ElementKind::I32, format.packedShape(rows, columns))
                      : file.declare(codes, ElementKind::I8, weight.shape);
  failure = llvm::joinErrors(std::move(failure), file.declare("w.weight_scale", ElementKind::F32,
                                                              {rows, format.numGroups(columns)}));
  if (format.isPacked) {
    failure =
        llvm::joinErrors(std::move(failure), file.declare("w.weight_shape", ElementKind::I64, {2}));
  }
  if (format.hasZeroPoints) {
    failure =
        llvm::joinErrors(std::move(failure), file.declare("w.weight_zero_point", ElementKind::I32,
                                                          format.zeroPointShape(rows, columns)));
  }
  failure = llvm::joinErrors(std::move(failure), file.write(codes, format.pack(weight)));
  failure = llvm::joinErrors(std::move(failure),
                             file.writeElements<float>("w.weight_scale", weight.scales));
  if (format.isPacked) {
    failure = llvm::joinErrors(std::move(failure),
                               file.writeElements<int64_t>("w.weight_shape", {rows, columns}));
  }
  if (format.hasZeroPoints) {
    failure = llvm::joinErrors(std::move(failure),
                               file.write("w.weight_zero_point", format.packZeroPoints(weight)));
  }
  return llvm::joinErrors(std::move(failure), file.commit());
}

// Neither rows nor columns fill words, nor columns groups.
TEST(CompressedTensors, read_what_was_packed) {
  int64_t rows = 13, columns = 27;
  for (unsigned bits : {4, 8}) {
    for (int64_t group : {0, 4}) {
      for (bool isPacked : {false, true}) {
        for (bool hasZeroPoints : {false, true}) {
          if (!isPacked && (hasZeroPoints || bits == 4)) {
            continue;
          }
          CompressedFormat format;
          format.isPacked = isPacked;
          format.bits = bits;
          format.group = group;
          format.hasZeroPoints = hasZeroPoints;
          SCOPED_TRACE(format.scheme(numerics::FloatFormat::F32).str());
          QuantizedTensor weight = makeWeight(format, rows, columns);
          TemporaryFolder folder;
          ASSERT_EQ(llvm::toString(writeWeight(folder / "model.safetensors", format, weight)), "");
          auto store = WeightStore::open(folder / "model.safetensors");
          ASSERT_TRUE(static_cast<bool>(store)) << llvm::toString(store.takeError());
          auto found = findCompressedWeight(**store, "w.weight", weight.shape, format);
          ASSERT_TRUE(static_cast<bool>(found)) << llvm::toString(found.takeError());
          EXPECT_EQ(found->scheme, format.scheme(numerics::FloatFormat::F32));
          auto read = readCompressedWeight(**store, *found, weight.shape, format);
          ASSERT_TRUE(static_cast<bool>(read)) << llvm::toString(read.takeError());
          for (size_t i = 0; i < weight.codes.size(); ++i) {
            ASSERT_EQ(read->codes[i], weight.codes[i]) << i;
          }
          EXPECT_EQ(read->scales, weight.scales);
          EXPECT_EQ(read->zeroPoints, weight.zeroPoints);
        }
      }
    }
  }
}

// Words as compressed-tensors 0.18 packs them: codes and zero points counted from 0, the first in
// the lowest bits; codes along rows, zero points along columns.
TEST(CompressedTensors, packs_words_as_the_format_has_them) {
  CompressedFormat format;
  format.isPacked = true;
  format.bits = 4;
  format.hasZeroPoints = true;
  QuantizedTensor weight;
  weight.shape = {2, 9};
  weight.codes = numerics::CodeArray(format.scheme(numerics::FloatFormat::F32).element, 18);
  for (int32_t i = 0; i < 18; ++i) {
    weight.codes.set(i, i % 9 + 1);
  }
  weight.scales = {1, 1};
  weight.zeroPoints = {10, 3};
  using Bytes = std::vector<uint8_t>;
  EXPECT_EQ(format.pack(weight), (Bytes{0x21, 0x43, 0x65, 0x87, 0x09, 0, 0, 0, //
                                        0x21, 0x43, 0x65, 0x87, 0x09, 0, 0, 0}));
  EXPECT_EQ(format.packZeroPoints(weight), (Bytes{0x3a, 0, 0, 0}));
}

} // namespace
