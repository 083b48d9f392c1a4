//===- QuantizedWeightTest.cpp - Quantized tensors in a weight store ------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/QuantizedWeight.h"

#include "../Support/TemporaryFolder.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace quench;
using namespace quench::numerics;
using llvm::ArrayRef;
using llvm::StringRef;

namespace {

const Scheme int4Groups{Encoding::integer(4), {1, 8}, FloatFormat::F16};
const Scheme int3Asymmetric{Encoding::integer(3, false), {1, 4}, FloatFormat::F32, true};
const Scheme nvfp4{Encoding::floating(FloatFormat::F4E2M1FN),
                   {1, 16},
                   Scheme{Encoding::floating(FloatFormat::F8E4M3FN), {kWhole, kWhole}, {}}};
const Scheme mxfp4{Encoding::floating(FloatFormat::F4E2M1FN), {1, 32}, FloatFormat::F8E8M0FNU};
const Scheme ternary{Encoding::integer(2, true, -1, 1), {kWhole, kWhole}, FloatFormat::BF16};
const Scheme nf4{Encoding::nf4(), {1, 8}, Scheme{Encoding::integer(8, false), {1, 4}, {}}};
const Scheme six{Encoding::integer(6, false), {1, 4}, FloatFormat::F16};
const Scheme superBlocks{Encoding::integer(4, false), {1, 8}, six, false, ScaleSpec(six)};
const Scheme realZeroPoints{
    Encoding::integer(4, false), {1, 8}, FloatFormat::F16, false, ScaleSpec(FloatFormat::BF16)};
const Scheme int16{Encoding::integer(16), {1, kWhole}, FloatFormat::F32};

std::vector<float> wave(size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = std::sin(0.7f * i) * (1 + i % 5);
  }
  return values;
}

std::string message(llvm::Error error) {
  std::string text = llvm::toString(std::move(error));
  return text.empty() ? "success" : text;
}

QuantizedTensor quantized(const Scheme &scheme, ArrayRef<int64_t> shape) {
  return llvm::cantFail(quantizeTensor(wave(elementCount(shape)), shape, scheme));
}

llvm::Error write(const std::string &path, const Scheme &scheme, const QuantizedTensor &tensor) {
  std::unique_ptr<SafetensorsWriter> writer = llvm::cantFail(SafetensorsWriter::create(path));
  if (llvm::Error error = declareQuantized(*writer, "w", scheme, tensor.shape)) {
    return error;
  }
  if (llvm::Error error = writeQuantized(*writer, "w", scheme, tensor)) {
    return error;
  }
  return writer->commit();
}

struct Part {
  StringRef name;
  ElementKind kind;
  llvm::SmallVector<int64_t> shape;
  std::vector<uint8_t> bytes;
};

/// What reading from a store of exactly these tensors says; the file is called FILE.
std::string readMessage(const Scheme &scheme, ArrayRef<int64_t> shape, ArrayRef<Part> parts) {
  TemporaryFolder folder;
  std::string path = folder / "FILE";
  std::unique_ptr<SafetensorsWriter> writer = llvm::cantFail(SafetensorsWriter::create(path));
  for (const Part &part : parts) {
    llvm::cantFail(writer->declare(part.name, part.kind, part.shape));
  }
  for (const Part &part : parts) {
    llvm::cantFail(writer->write(part.name, part.bytes));
  }
  llvm::cantFail(writer->commit());
  std::unique_ptr<WeightStore> store = llvm::cantFail(WeightStore::open(path));
  std::string text = message(readQuantized(*store, "w", scheme, shape).takeError());
  size_t at = text.find(path);
  return at == 0 ? "FILE" + text.substr(path.size()) : text;
}

TEST(QuantizedWeightTest, whatIsWrittenIsReadBack) {
  struct Case {
    Scheme scheme;
    llvm::SmallVector<int64_t> shape;
  };
  for (const Case &example :
       {Case{int4Groups, {6, 16}}, Case{int4Groups, {3, 13}}, Case{int3Asymmetric, {5, 11}},
        Case{nvfp4, {4, 40}}, Case{mxfp4, {3, 33}}, Case{ternary, {7, 9}}, Case{nf4, {3, 37}},
        Case{superBlocks, {3, 70}}, Case{realZeroPoints, {3, 13}}, Case{int16, {2, 5}},
        Case{int4Groups, {0, 8}}, Case{int4Groups, {4, 0}},
        Case{Scheme{Encoding::integer(5), {2, 1, 3}, FloatFormat::F32}, {3, 2, 7}},
        Case{Scheme{Encoding::integer(8), {}, FloatFormat::F32}, {}}}) {
    SCOPED_TRACE(example.scheme.str());
    TemporaryFolder folder;
    QuantizedTensor tensor = quantized(example.scheme, example.shape);
    ASSERT_EQ(message(write(folder / "a", example.scheme, tensor)), "success");
    ASSERT_EQ(message(write(folder / "b", example.scheme, tensor)), "success");
    EXPECT_EQ(folder.get("a"), folder.get("b"));
    std::unique_ptr<WeightStore> store = llvm::cantFail(WeightStore::open(folder / "a"));
    EXPECT_TRUE(isQuantizedWeight(*store, "w"));
    llvm::Expected<QuantizedTensor> back =
        readQuantized(*store, "w", example.scheme, example.shape);
    ASSERT_TRUE(static_cast<bool>(back)) << message(back.takeError());
    EXPECT_EQ(back->shape, tensor.shape);
    EXPECT_EQ(back->codes, tensor.codes);
    EXPECT_EQ(back->scales, tensor.scales);
    EXPECT_EQ(back->zeroPoints, tensor.zeroPoints);
    EXPECT_EQ(back->scaleTensor != nullptr, tensor.scaleTensor != nullptr);
    EXPECT_EQ(back->realZeroPoints, tensor.realZeroPoints);
    EXPECT_EQ(back->zeroPointTensor != nullptr, tensor.zeroPointTensor != nullptr);
  }
}

TEST(QuantizedWeightTest, realZeroPointsAreStoredLikeScales) {
  std::vector<QuantizedWeightPart> parts =
      llvm::cantFail(quantizedWeightParts("w", superBlocks, {2, 40}));
  std::vector<std::string> names;
  for (const QuantizedWeightPart &part : parts) {
    names.push_back(part.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"w.codes", "w.scale.codes", "w.scale.scale",
                                             "w.zero_point.codes", "w.zero_point.scale"}));
  parts = llvm::cantFail(quantizedWeightParts("w", realZeroPoints, {2, 40}));
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[2].name, "w.zero_point");
  EXPECT_EQ(parts[2].kind, ElementKind::BF16);
  EXPECT_EQ(parts[2].shape, (llvm::SmallVector<int64_t>{2, 5}));
}

TEST(QuantizedWeightTest, zeroPointsThatAreNotFiniteAreRefused) {
  QuantizedTensor tensor = quantized(realZeroPoints, {1, 8});
  tensor.realZeroPoints[0] = std::nanf("");
  TemporaryFolder folder;
  EXPECT_EQ(message(write(folder / "a", realZeroPoints, tensor)),
            "weight 'w': expected finite zero points, exact in bf16, found nan for block 0");
  std::vector<uint8_t> codes(4), scale = {0x00, 0x3c}, infinity = {0x80, 0x7f};
  EXPECT_EQ(readMessage(realZeroPoints, {1, 8},
                        {{"w.codes", ElementKind::U8, {1, 4}, codes},
                         {"w.scale", ElementKind::F16, {1, 1}, scale},
                         {"w.zero_point", ElementKind::BF16, {1, 1}, infinity}}),
            "FILE: tensor 'w.zero_point': expected finite zero points, found inf for block 0");
}

TEST(QuantizedWeightTest, rowsAreStreamsOfTheirOwn) {
  Scheme scheme{Encoding::integer(3), {1, kWhole}, FloatFormat::F32};
  QuantizedTensor tensor;
  tensor.shape = {2, 3};
  tensor.codes = CodeArray(3, true, 6);
  const int32_t codeValues[] = {1, -1, 2, 3, -4, 0};
  for (size_t i = 0; i < 6; ++i) {
    tensor.codes.set(i, codeValues[i]);
  }
  tensor.scales = {0.5f, 2.0f};
  TemporaryFolder folder;
  ASSERT_EQ(message(write(folder / "a", scheme, tensor)), "success");
  std::unique_ptr<WeightStore> store = llvm::cantFail(WeightStore::open(folder / "a"));
  const TensorView *packed = store->lookup("w.codes");
  ASSERT_NE(packed, nullptr);
  EXPECT_EQ(packed->kind, ElementKind::U8);
  EXPECT_EQ(packed->shape, (llvm::SmallVector<int64_t>{2, 2}));
  // 001, 111, 010 from the lowest bit up: 0b0_10111001; 011, 100, 000: 0b0_00100011.
  EXPECT_EQ(packed->bytes.vec(), (std::vector<uint8_t>{0xb9, 0x00, 0x23, 0x00}));
  EXPECT_EQ(store->lookup("w.scale")->copy<float>(), (std::vector<float>{0.5f, 2.0f}));
}

TEST(QuantizedWeightTest, filtersAreReadAsRowsOfAMatrix) {
  Scheme filters{Encoding::integer(4), {1, kWhole, kWhole, kWhole}, FloatFormat::F32};
  Scheme rows{Encoding::integer(4), {1, kWhole}, FloatFormat::F32};
  TemporaryFolder folder;
  QuantizedTensor tensor = quantized(filters, {3, 2, 3, 4});
  ASSERT_EQ(message(write(folder / "even", filters, tensor)), "success");
  std::unique_ptr<WeightStore> store = llvm::cantFail(WeightStore::open(folder / "even"));
  QuantizedTensor matrix = llvm::cantFail(readQuantized(*store, "w", rows, {3, 24}));
  EXPECT_EQ(matrix.codes, tensor.codes);
  EXPECT_EQ(matrix.scales, tensor.scales);
  std::string found = message(readQuantized(*store, "w", rows, {2, 36}).takeError());
  EXPECT_NE(found.find("expected shape [2, 18], found [3, 2, 3, 2]"), std::string::npos) << found;
  // Those of single channels are stored tap by tap, with or without padding.
  Scheme taps{Encoding::integer(4), {kWhole, kWhole, 1}, FloatFormat::F32};
  Scheme columns{Encoding::integer(4), {kWhole, 1}, FloatFormat::F32};
  QuantizedTensor channels = quantized(taps, {2, 3, 5});
  ASSERT_EQ(message(write(folder / "taps", taps, channels)), "success");
  store = llvm::cantFail(WeightStore::open(folder / "taps"));
  matrix = llvm::cantFail(readQuantized(*store, "w", columns, {6, 5}));
  EXPECT_EQ(matrix.codes, channels.codes);
  EXPECT_EQ(matrix.scales, channels.scales);
  // Seven codes of two bits are padded to two bytes, fourteen in a row would be as many bytes.
  Scheme two{Encoding::integer(2), {1, kWhole, kWhole, kWhole}, FloatFormat::F32};
  ASSERT_EQ(message(write(folder / "padded", two, quantized(two, {3, 1, 2, 7}))), "success");
  Scheme twoRows{Encoding::integer(2), {1, kWhole}, FloatFormat::F32};
  store = llvm::cantFail(WeightStore::open(folder / "padded"));
  found = message(readQuantized(*store, "w", twoRows, {3, 14}).takeError());
  EXPECT_NE(found.find("expected rows without padding"), std::string::npos) << found;
}

TEST(QuantizedWeightTest, nestedScalesAreWeightsThemselves) {
  std::vector<QuantizedWeightPart> parts =
      llvm::cantFail(quantizedWeightParts("w", nvfp4, {4, 40}));
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].name, "w.codes");
  EXPECT_EQ(parts[0].shape, (llvm::SmallVector<int64_t>{4, 20}));
  EXPECT_EQ(parts[1].name, "w.scale.codes");
  EXPECT_EQ(parts[1].shape, (llvm::SmallVector<int64_t>{4, 3}));
  EXPECT_EQ(parts[2].name, "w.scale.scale");
  EXPECT_EQ(parts[2].kind, ElementKind::F32);
  EXPECT_EQ(parts[2].shape, (llvm::SmallVector<int64_t>{1, 1}));
}

TEST(QuantizedWeightTest, writingRefusesWhatTheSchemeCannotHold) {
  TemporaryFolder folder;
  auto refuse = [&](const Scheme &scheme, QuantizedTensor tensor) {
    std::string text = message(write(folder / "w", scheme, tensor));
    EXPECT_TRUE(folder.list().empty());
    return text;
  };
  QuantizedTensor tensor = quantized(int4Groups, {2, 8});
  tensor.codes.set(3, 9);
  EXPECT_EQ(refuse(int4Groups, tensor), "weight 'w': expected a code of i4, found 9 at element 3");
  tensor = quantized(int4Groups, {2, 8});
  tensor.scales[1] = 0.1f;
  EXPECT_EQ(refuse(int4Groups, tensor), "weight 'w': expected finite scales that are not 0, exact "
                                        "in f16, found 0.1 for block 1");
  tensor.scales.pop_back();
  EXPECT_EQ(refuse(int4Groups, tensor), "weight 'w': expected 2 scales, found 1");
  tensor = quantized(int4Groups, {2, 8});
  tensor.codes = CodeArray(8, true, 16);
  EXPECT_EQ(refuse(int4Groups, tensor), "weight 'w': expected 16 codes of i4, found 16 of 8 bits");
  tensor = quantized(int3Asymmetric, {2, 4});
  tensor.zeroPoints[1] = 8;
  EXPECT_EQ(refuse(int3Asymmetric, tensor),
            "weight 'w': expected a code of ui3, found 8 as zero point of block 1");
  tensor.zeroPoints.clear();
  EXPECT_EQ(refuse(int3Asymmetric, tensor), "weight 'w': expected 2 zero points, found 0");
  tensor = quantized(nvfp4, {2, 16});
  tensor.scaleTensor = nullptr;
  EXPECT_EQ(refuse(nvfp4, tensor),
            "weight 'w': expected a quantized tensor of scales of shape [2, 1]");
  Scheme odd{Encoding::integer(4), {1, 8}, FloatFormat::F6E2M3FN};
  EXPECT_EQ(refuse(odd, quantized(odd, {2, 8})),
            "weight 'w': expected scales in f32, f16, bf16, f8E4M3FN, f8E5M2 or f8E8M0FNU, found "
            "f6E2M3FN");
}

TEST(QuantizedWeightTest, hostileStoresAreRefused) {
  const std::vector<uint8_t> one = {0, 0, 0x80, 0x3f};
  const Part goodScale{"w.scale", ElementKind::F32, {1, 1}, one};
  Scheme scheme{Encoding::integer(3), {1, kWhole}, FloatFormat::F32};
  EXPECT_EQ(
      readMessage(scheme, {1, 3}, {{"w.codes", ElementKind::U8, {1, 2}, {0xff, 0x01}}, goodScale}),
      "success");
  EXPECT_EQ(readMessage(scheme, {1, 3}, {}),
            "FILE: tensor 'w.codes': expected it in the weights, found no such tensor");
  EXPECT_EQ(readMessage(scheme, {1, 3}, {{"w", ElementKind::F32, {1}, one}}),
            "FILE: tensor 'w': expected a weight quantized as <i3, block = [1, *], scale = f32>, "
            "found a plain tensor; run quench-quantize first");
  EXPECT_EQ(readMessage(scheme, {1, 3}, {{"w.codes", ElementKind::I8, {1, 2}, {0, 0}}, goodScale}),
            "FILE: tensor 'w.codes': expected elements of type U8, found I8");
  EXPECT_EQ(readMessage(scheme, {1, 3}, {{"w.codes", ElementKind::U8, {1, 3}, {0, 0, 0}}}),
            "FILE: tensor 'w.codes': expected shape [1, 2], found [1, 3]");
  EXPECT_EQ(readMessage(scheme, {1, 3}, {{"w.codes", ElementKind::U8, {1, 2}, {0, 0}}}),
            "FILE: tensor 'w.scale': expected it in the weights, found no such tensor");
  // A lying shape does not make the reader allocate.
  EXPECT_EQ(readMessage(scheme, {1 << 20, 1 << 30},
                        {{"w.codes", ElementKind::U8, {1, 2}, {0, 0}}, goodScale}),
            "FILE: tensor 'w.codes': expected shape [1048576, 402653184], found [1, 2]");
  EXPECT_EQ(readMessage(scheme, {1LL << 40, 1LL << 40}, {}),
            "weight 'w': expected at most 2^56 elements, found shape [1099511627776, "
            "1099511627776]");
  std::string padding = readMessage(
      scheme, {2, 3}, {{"w.codes", ElementKind::U8, {2, 2}, {0, 0, 0, 0x02}}, goodScale});
  EXPECT_EQ(padding.find("FILE: tensor 'w.codes': row 1: "), 0u) << padding;
  for (auto [bytes, found] : {std::make_pair(std::vector<uint8_t>{0, 0, 0, 0}, "0"),
                              std::make_pair(std::vector<uint8_t>{0, 0, 0xc0, 0x7f}, "nan"),
                              std::make_pair(std::vector<uint8_t>{0, 0, 0x80, 0xff}, "-inf")}) {
    EXPECT_EQ(readMessage(scheme, {1, 3},
                          {{"w.codes", ElementKind::U8, {1, 2}, {0, 0}},
                           {"w.scale", ElementKind::F32, {1, 1}, bytes}}),
              std::string("FILE: tensor 'w.scale': expected finite scales that are not 0, found ") +
                  found + " for block 0");
  }
  EXPECT_EQ(readMessage(ternary, {1, 5},
                        {{"w.codes", ElementKind::U8, {1, 2}, {0x40, 0x02}},
                         {"w.scale", ElementKind::BF16, {1, 1}, {0x80, 0x3f}}}),
            "FILE: tensor 'w.codes': expected a code of i2<-1:1>, found -2 at row 0, column 4");
  Scheme float8{Encoding::floating(FloatFormat::F8E4M3FN), {1, kWhole}, FloatFormat::F32};
  EXPECT_EQ(
      readMessage(float8, {1, 2}, {{"w.codes", ElementKind::U8, {1, 2}, {0x38, 0x7f}}, goodScale}),
      "FILE: tensor 'w.codes': expected a code of f8E4M3FN, found 127 at row 0, column 1");
  EXPECT_EQ(readMessage(mxfp4, {1, 2},
                        {{"w.codes", ElementKind::U8, {1, 1}, {0}},
                         {"w.scale", ElementKind::F8E8M0FNU, {1, 1}, {0xff}}}),
            "FILE: tensor 'w.scale': expected finite scales that are not 0, found nan for block 0");
  EXPECT_EQ(readMessage(nvfp4, {1, 2},
                        {{"w.codes", ElementKind::U8, {1, 1}, {0}},
                         {"w.scale.codes", ElementKind::U8, {1, 1}, {0}},
                         {"w.scale.scale", ElementKind::F32, {1, 1}, one}}),
            "FILE: tensor 'w.scale.codes': expected finite scales that are not 0, found 0 for "
            "block 0");
}

} // namespace
