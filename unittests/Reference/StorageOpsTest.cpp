//===- StorageOpsTest.cpp - Weights, observers, parts ---------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EvaluatorFixture.h"

#include "../Support/TemporaryFolder.h"
#include "quench/WeightStore/QuantizedWeight.h"

#include <cmath>

using namespace llvm;
using namespace quench;
using namespace quench::reference;

namespace {

class StorageOpsTest : public EvaluatorFixture {
protected:
  /// A store of what `fill` declares and writes.
  std::unique_ptr<WeightStore> store(function_ref<void(SafetensorsWriter &)> fill) {
    std::string path = (folder / "weights.safetensors");
    auto writer = cantFail(SafetensorsWriter::create(path));
    fill(*writer);
    cantFail(writer->commit());
    return cantFail(WeightStore::open(path));
  }
  static std::string weight(StringRef key, StringRef type) {
    return ("func.func @main() -> " + type + " {\n  %w = quench.weight @\"" + key + "\" : " + type +
            "\n  return %w : " + type + "\n}")
        .str();
  }

  TemporaryFolder folder;
};

TEST_F(StorageOpsTest, ReadsFloatsAndIntegers) {
  auto weights = store([](SafetensorsWriter &writer) {
    cantFail(writer.declare("a.weight", ElementKind::F32, {2, 2}));
    cantFail(writer.declare("b.weight", ElementKind::BF16, {2}));
    cantFail(writer.declare("c.codes", ElementKind::U8, {3}));
    cantFail(writer.declare("d", ElementKind::I32, {}));
    cantFail(writer.writeElements<float>("a.weight", {1, 2, 3, 0.1f}));
    cantFail(writer.writeElements<uint16_t>("b.weight", {0x3F80, 0xC000}));
    cantFail(writer.writeElements<uint8_t>("c.codes", {0, 128, 255}));
    cantFail(writer.writeElements<int32_t>("d", {-7}));
  });
  const WeightStore *open = weights.get();
  EXPECT_EQ(text(result(weight("a.weight", "tensor<2x2xf32>"), {}, open)),
            "v: 2x2xf32 = [1, 2, 3, 0.100000001]\n");
  EXPECT_EQ(text(result(weight("b.weight", "tensor<2xbf16>"), {}, open)), "v: 2xbf16 = [1, -2]\n");
  EXPECT_EQ(text(result(weight("b.weight", "tensor<2xf32>"), {}, open)), "v: 2xf32 = [1, -2]\n");
  EXPECT_EQ(text(result(weight("c.codes", "tensor<3xui8>"), {}, open)),
            "v: 3xui8 = [0, 128, 255]\n");
  EXPECT_EQ(text(result(weight("d", "tensor<i32>"), {}, open)), "v: i32 = [-7]\n");
  // 0.1 in f32 is not a value of f16; codes are not signed; the shape is another one.
  EXPECT_EQ(
      error(weight("a.weight", "tensor<2x2xf16>"), {}, open),
      "test.mlir:2:8: 'quench.weight' op weight 'a.weight': element 3, 0.1, is not a value of "
      "its type");
  EXPECT_EQ(
      error(weight("c.codes", "tensor<3xi8>"), {}, open),
      "test.mlir:2:8: 'quench.weight' op expected a weight of the element type of the result, "
      "tensor 'c.codes' of " +
          (folder / "weights.safetensors") + " is U8");
  EXPECT_NE(error(weight("a.weight", "tensor<4xf32>"), {}, open), "success");
  EXPECT_NE(error(weight("d", "tensor<f32>"), {}, open), "success");
  EXPECT_NE(error(weight("e", "tensor<f32>"), {}, open), "success");
}

TEST_F(StorageOpsTest, RefusesWeightsThatAreNotFinite) {
  auto weights = store([](SafetensorsWriter &writer) {
    cantFail(writer.declare("a", ElementKind::F32, {2}));
    cantFail(writer.writeElements<float>("a", {1, NAN}));
  });
  std::string message = error(weight("a", "tensor<2xf32>"), {}, weights.get());
  EXPECT_NE(message.find("expected finite values, found nan"), std::string::npos) << message;
}

TEST_F(StorageOpsTest, NeedsAStore) {
  EXPECT_EQ(
      error(weight("a", "tensor<2xf32>"), {}),
      "test.mlir:2:8: 'quench.weight' op expected a weight store to read 'a' from, found none");
}

TEST_F(StorageOpsTest, ReadsQuantizedWeights) {
  constexpr StringLiteral type =
      "!quench.qtensor<2x3xf32, #quench.scheme<i4, block = [1, 2], scale = f16, zero_point>>";
  // Rows of two bytes: codes 1, -1, 7 and -8, 0, 2; zero points 0, 1 and -1, 2 in one byte each.
  auto weights = store([](SafetensorsWriter &writer) {
    cantFail(writer.declare("w.codes", ElementKind::U8, {2, 2}));
    cantFail(writer.declare("w.scale", ElementKind::F16, {2, 2}));
    cantFail(writer.declare("w.zero_point", ElementKind::U8, {2, 1}));
    cantFail(writer.writeElements<uint8_t>("w.codes", {0xF1, 0x07, 0x08, 0x02}));
    cantFail(writer.writeElements<uint16_t>("w.scale", {0x3C00, 0x4000, 0x3800, 0xC400}));
    cantFail(writer.writeElements<uint8_t>("w.zero_point", {0x10, 0x2F}));
  });
  Value w = result(weight("w", type), {}, weights.get());
  EXPECT_EQ(text(w), "v.codes: 2x3xi4 = [1, -1, 7, -8, 0, 2]\nv.scales: 2x2xf32 = [1, 2, 0.5, -4]\n"
                     "v.zero_points: 2x2xi32 = [0, 1, -1, 2]\n");
  EXPECT_NE(error(weight("w.codes", type), {}, weights.get()), "success");
}

TEST_F(StorageOpsTest, ObserversSeeTheirValues) {
  constexpr StringLiteral main = R"mlir(
func.func @main(%x: tensor<?xf32>) {
  quench.observe %x as "edge" : tensor<?xf32>
  quench.observe %x as "again" : tensor<?xf32>
  return
})mlir";
  std::string seen;
  auto found = call(main, {floats({2}, {1, 2})}, nullptr, [&](StringRef name, const Value &value) {
    raw_string_ostream(seen) << name << ' ';
    raw_string_ostream os(seen);
    print(os, "x", value);
    return Error::success();
  });
  EXPECT_TRUE(bool(found));
  EXPECT_EQ(seen, "edge x: 2xf32 = [1, 2]\nagain x: 2xf32 = [1, 2]\n");
  EXPECT_TRUE(results(main, {floats({0}, {})}, 0).empty());
  auto failed = call(main, {floats({1}, {1})}, nullptr,
                     [](StringRef, const Value &) { return createStringError("disk full"); });
  EXPECT_EQ(toString(failed.takeError()), "test.mlir:3:3: 'quench.observe' op disk full");
}

TEST_F(StorageOpsTest, TakesApartWhatItPutTogether) {
  constexpr StringLiteral main = R"mlir(
#s = #quench.scheme<i4, range = [-7, 7], block = [1, 2], scale = f32, zero_point>
func.func @main(%c: tensor<?x3xi4>, %s: tensor<?x2xf32>, %z: tensor<?x2xi32>)
    -> (tensor<?x3xi4>, tensor<?x2xf32>, tensor<?x2xi32>) {
  %q = quench.assemble %c, %s, %z : tensor<?x3xi4>, tensor<?x2xf32>, tensor<?x2xi32>
      to !quench.qtensor<?x3xf32, #s>
  %a, %b, %d = quench.disassemble %q : !quench.qtensor<?x3xf32, #s>
      to tensor<?x3xi4>, tensor<?x2xf32>, tensor<?x2xi32>
  return %a, %b, %d : tensor<?x3xi4>, tensor<?x2xf32>, tensor<?x2xi32>
})mlir";
  Value c = integers({1, 3}, {-7, 0, 7}, 4), s = floats({1, 2}, {0.5f, -2}),
        z = integers({1, 2}, {1, 2});
  auto found = results(main, {c, s, z}, 3);
  EXPECT_EQ(found[0].integers, c.integers);
  EXPECT_EQ(found[1].floats, s.floats);
  EXPECT_EQ(found[2].integers, z.integers);
  EXPECT_EQ(error(main, {integers({1, 3}, {-8, 0, 7}, 4), s, z}),
            "test.mlir:5:8: 'quench.assemble' op expected codes within [-7, 7], found -8 at "
            "element 0");
  EXPECT_EQ(error(main, {c, floats({2, 2}, {1, 1, 1, 1}), z}),
            "test.mlir:5:8: 'quench.assemble' op expected scales and zero points of shape [1x2], "
            "found scales of shape [2x2]");
  EXPECT_NE(error(main, {c, floats({1, 2}, {1, NAN}), z}), "success");
  EXPECT_NE(error(main, {c, s, integers({1, 2}, {1, 1 << 20})}), "success");
}

TEST_F(StorageOpsTest, CodesOfFloatSchemesAreFloats) {
  auto found = results(R"mlir(
#s = #quench.scheme<f4E2M1FN, block = [*], scale = f32>
func.func @main(%s: tensor<1xf32>) -> (!quench.qtensor<3xf32, #s>, tensor<3xf4E2M1FN>, tensor<3xf32>) {
  %c = arith.constant dense<[0.5, -6.0, 3.0]> : tensor<3xf4E2M1FN>
  %q = quench.assemble %c, %s : tensor<3xf4E2M1FN>, tensor<1xf32> to !quench.qtensor<3xf32, #s>
  %a, %b = quench.disassemble %q : !quench.qtensor<3xf32, #s> to tensor<3xf4E2M1FN>, tensor<1xf32>
  %d = quench.dequantize %q : !quench.qtensor<3xf32, #s> to tensor<3xf32>
  return %q, %a, %d : !quench.qtensor<3xf32, #s>, tensor<3xf4E2M1FN>, tensor<3xf32>
})mlir",
                       {floats({1}, {2})}, 3);
  EXPECT_EQ(found[0].codes, (std::vector<int32_t>{1, 15, 5}));
  EXPECT_EQ(found[1].floats, (Floats{0.5f, -6, 3}));
  EXPECT_EQ(found[2].floats, (Floats{1, -12, 6}));
}

} // namespace
