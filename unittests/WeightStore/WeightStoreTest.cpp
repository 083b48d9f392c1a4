//===- WeightStoreTest.cpp ------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/WeightStore.h"

#include "quench/WeightStore/SafetensorsWriter.h"

#include "../Support/TemporaryFolder.h"

#include "gtest/gtest.h"

#include <limits>
#include <set>
#include <unistd.h>

using namespace llvm;
using namespace quench;

namespace {

using Floats = std::vector<float>;
struct Tensor {
  std::string name;
  SmallVector<int64_t> shape;
  Floats values;
};

void putTensors(const std::string &path, ArrayRef<Tensor> tensors) {
  auto writer = cantFail(SafetensorsWriter::create(path));
  cantFail(writer->setMetadata("file", path));
  for (const Tensor &tensor : tensors) {
    cantFail(writer->declare(tensor.name, ElementKind::F32, tensor.shape));
  }
  for (const Tensor &tensor : tensors) {
    cantFail(writer->writeElements<float>(tensor.name, tensor.values));
  }
  cantFail(writer->commit());
}

std::string refusal(const std::string &path) {
  auto store = WeightStore::open(path);
  return store ? "" : toString(store.takeError());
}

template <typename T> std::string failure(Expected<T> value) {
  return value ? "" : toString(value.takeError());
}

const Tensor a = {"a", {2, 2}, {1, 2, 3, 4}};
const Tensor b = {"b", {3}, {5, 6, 7}};
const Tensor c = {"c.weight", {}, {8}};

/// Two shards with an index; shards in a cache are links to files elsewhere.
void putShards(const TemporaryFolder &folder) {
  putTensors(folder / "x-00001.safetensors", {c, a});
  putTensors(folder / "blob", {b, {"unmapped", {1}, {9}}});
  ASSERT_EQ(::symlink((folder / "blob").c_str(), (folder / "x-00002.safetensors").c_str()), 0);
  folder.put("model.safetensors.index.json",
             R"({"metadata":{"total_size":32},"weight_map":{"b":"x-00002.safetensors",)"
             R"("c.weight":"x-00001.safetensors","a":"x-00001.safetensors"}})");
}

TEST(WeightStore, SingleFile) {
  TemporaryFolder folder;
  std::string file = folder / "model.safetensors";
  putTensors(file, {b, a, c});
  for (const std::string &path : {file, folder.path()}) {
    auto store = cantFail(WeightStore::open(path));
    EXPECT_EQ(store->path(), path);
    EXPECT_EQ(store->names().vec(), (std::vector<std::string>{"a", "b", "c.weight"}));
    EXPECT_EQ(store->lookup("a")->shape, a.shape);
    EXPECT_EQ(store->lookup("none"), nullptr);
    EXPECT_EQ(cantFail(store->readFloats("b")), b.values);
    EXPECT_EQ(store->fileOf("a"), file);
    EXPECT_EQ(store->fileOf("none"), path);
    EXPECT_EQ(store->totalBytes(), 32u);
    EXPECT_EQ(store->metadata().at("file"), file);
  }
}

TEST(WeightStore, ShardsAreOneStore) {
  TemporaryFolder folder;
  putShards(folder);
  auto store = cantFail(WeightStore::open(folder.path()));
  EXPECT_EQ(store->names().vec(), (std::vector<std::string>{"a", "b", "c.weight"}));
  EXPECT_EQ(cantFail(store->readFloats("a")), a.values);
  EXPECT_EQ(cantFail(store->readFloats("b")), b.values);
  EXPECT_EQ(cantFail(store->readFloats("c.weight")), c.values);
  EXPECT_EQ(store->lookup("unmapped"), nullptr);
  EXPECT_EQ(store->fileOf("b"), folder / "x-00002.safetensors");
  EXPECT_EQ(store->totalBytes(), 32u);
  EXPECT_TRUE(store->metadata().empty());
  // The same tensors in one file are the same weights.
  putTensors(folder / "one", {a, b, c});
  EXPECT_EQ(store->digest(), cantFail(WeightStore::open(folder / "one"))->digest());
}

TEST(WeightStore, DigestSeesEverythingAboutATensor) {
  TemporaryFolder folder;
  auto digest = [&](ArrayRef<Tensor> tensors) {
    putTensors(folder / "m", tensors);
    return cantFail(WeightStore::open(folder / "m"))->digest();
  };
  std::set<std::string> digests = {
      digest({a, b}),
      digest({{"a", {4, 1}, a.values}, b}),
      digest({a}),
      digest({}),
      digest({a, {"b", {3}, {5, 6, 8}}}),
      digest({a, {"b", {1, 3}, {5, 6, 7}}}),
      digest({a, {"bb", {3}, {5, 6, 7}}}),
      digest({a, {"b", {3, 0}, {}}}),
  };
  EXPECT_EQ(digests.size(), 8u);
  EXPECT_EQ(digest({a, b}), digest({b, a}));
  // Recorded once: archives on disk rely on it.
  EXPECT_EQ(digest({}), "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc");
}

TEST(WeightStore, FoldersWithoutWeights) {
  TemporaryFolder folder;
  EXPECT_EQ(refusal(folder.path()), folder.path() +
                                        ": expected model.safetensors or "
                                        "model.safetensors.index.json in this folder, found "
                                        "neither");
  EXPECT_EQ(refusal(folder / "none"), folder / "none" + ": cannot open: No such file or directory");
  std::string bad = folder.put("model.safetensors", "short");
  EXPECT_EQ(refusal(folder.path()),
            bad + ": expected a header size of 8 bytes, found a file of 5 bytes");
}

TEST(WeightStore, BadIndices) {
  TemporaryFolder folder;
  putShards(folder);
  std::string index = folder / "model.safetensors.index.json";
  auto refusalOf = [&](StringRef text) {
    folder.put("model.safetensors.index.json", text);
    return refusal(folder.path());
  };
  EXPECT_EQ(refusalOf("{"), index + ": line 1, column 2: expected a string, found the end");
  for (StringRef text : {"{}", "[]", "{\"weight_map\":[]}"}) {
    EXPECT_EQ(refusalOf(text), index + ": expected an object with an object 'weight_map'");
  }
  EXPECT_EQ(refusalOf(R"({"weight_map":{"a":"x","a":"y"}})"),
            index + ": line 1, column 28: expected each key once, found 'a' again");
  EXPECT_EQ(refusalOf(R"({"weight_map":{"a":"x-00003.safetensors"}})"),
            index + ": tensor 'a': " + (folder / "x-00003.safetensors") +
                ": cannot open: No such file or directory");
  EXPECT_EQ(refusalOf(R"({"weight_map":{"b":"x-00001.safetensors"}})"),
            folder / "x-00001.safetensors" + ": tensor 'b': expected here by " + index +
                ", found no such tensor");
  for (StringRef shard :
       {R"("../x-00001.safetensors")", R"("/etc/passwd")", R"("")", R"(".")", R"("..")",
        R"("sub\\file")", R"("x-00001.safetensors\u0000")", "7", "null"}) {
    std::string message = refusalOf(("{\"weight_map\":{\"a\":" + shard + "}}").str());
    EXPECT_EQ(message, index +
                           ": tensor 'a': expected the name of a file in the same folder, "
                           "found " +
                           shard.str());
  }
  EXPECT_EQ(refusalOf(R"({"weight_map":{}})"), "");
}

TEST(WeightStore, MissingAndMisshapenTensors) {
  TemporaryFolder folder;
  putShards(folder);
  auto store = cantFail(WeightStore::open(folder.path()));
  EXPECT_EQ(cantFail(store->require("a")), store->lookup("a"));
  EXPECT_EQ(cantFail(store->requireShape("a", {2, 2})), store->lookup("a"));
  EXPECT_EQ(cantFail(store->requireShape("c.weight", {})), store->lookup("c.weight"));
  std::string missing =
      folder.path() + ": tensor 'q': expected it in the weights, found no such tensor";
  EXPECT_EQ(failure(store->require("q")), missing);
  EXPECT_EQ(failure(store->requireShape("q", {1})), missing);
  EXPECT_EQ(failure(store->readFloats("q")), missing);
  EXPECT_EQ(failure(store->readFiniteFloats("q", {1})), missing);
  std::string misshapen =
      folder / "x-00001.safetensors" + ": tensor 'a': expected shape [4], found [2, 2]";
  EXPECT_EQ(failure(store->requireShape("a", {4})), misshapen);
  EXPECT_EQ(failure(store->readFiniteFloats("a", {4})), misshapen);
  EXPECT_EQ(cantFail(store->readFiniteFloats("a", {2, 2})), a.values);
}

TEST(WeightStore, IntegersAreNotFloats) {
  TemporaryFolder folder;
  auto writer = cantFail(SafetensorsWriter::create(folder / "m"));
  cantFail(writer->declare("codes", ElementKind::I8, {1}));
  cantFail(writer->write("codes", {7}));
  cantFail(writer->commit());
  auto store = cantFail(WeightStore::open(folder / "m"));
  EXPECT_EQ(failure(store->readFloats("codes")),
            folder / "m" + ": tensor 'codes': expected floating-point elements, found I8");
  EXPECT_EQ(store->lookup("codes")->load<int8_t>(0), 7);
}

TEST(WeightStore, ValuesThatAreNotFinite) {
  TemporaryFolder folder;
  std::string file = folder / "m";
  float infinity = std::numeric_limits<float>::infinity();
  putTensors(file,
             {{"nan", {2, 3}, {0, 1, 2, 3, std::numeric_limits<float>::quiet_NaN(), infinity}},
              {"inf", {2}, {std::numeric_limits<float>::max(), infinity}},
              {"neg", {}, {-infinity}}});
  auto store = cantFail(WeightStore::open(file));
  EXPECT_EQ(cantFail(store->readFloats("inf"))[1], infinity);
  EXPECT_EQ(failure(store->readFiniteFloats("nan", {2, 3})),
            file + ": tensor 'nan': expected finite values, found nan at [1, 1]");
  EXPECT_EQ(failure(store->readFiniteFloats("inf", {2})),
            file + ": tensor 'inf': expected finite values, found inf at [1]");
  EXPECT_EQ(failure(store->readFiniteFloats("neg", {})),
            file + ": tensor 'neg': expected finite values, found -inf at []");
  // Values that came from elsewhere are located by their flat index.
  EXPECT_EQ(toString(store->checkFinite("computed", {1, 2, infinity})),
            file + ": tensor 'computed': expected finite values, found inf at [2]");
}

TEST(WeightStore, ReadsTheShippedModel) {
  auto store = cantFail(WeightStore::open(QUENCH_SOURCE_DIR "/models/tinybooks"));
  auto embedding = store->readFiniteFloats("model.embed_tokens.weight", {256, 256});
  ASSERT_TRUE(static_cast<bool>(embedding));
  for (const std::string &name : store->names()) {
    EXPECT_EQ(failure(store->readFiniteFloats(name, store->lookup(name)->shape)), "");
  }
}

TEST(WeightStoreTest, overlaysHideTensorsAndAddOthers) {
  TemporaryFolder folder;
  putTensors(folder / "base", {a, b});
  putTensors(folder / "first", {{"a", {3}, {1, 1, 1}}, c});
  putTensors(folder / "second", {{"a", {1}, {2}}});
  auto store = cantFail(WeightStore::open(folder / "base"));
  std::string before = store->digest();
  const TensorView *old = store->lookup("a");
  store->overlay(cantFail(SafetensorsFile::open(folder / "first")));
  store->overlay(cantFail(SafetensorsFile::open(folder / "second")));
  EXPECT_EQ(store->names().vec(), (std::vector<std::string>{"a", "b", "c.weight"}));
  EXPECT_EQ(cantFail(store->readFloats("a")), Floats({2}));
  EXPECT_EQ(cantFail(store->readFloats("b")), b.values);
  EXPECT_EQ(cantFail(store->readFloats("c.weight")), c.values);
  EXPECT_EQ(store->fileOf("a"), folder / "second");
  EXPECT_EQ(store->path(), folder / "base");
  EXPECT_EQ(store->metadata().at("file"), folder / "base");
  EXPECT_EQ(store->totalBytes(), 4u * (1 + 3 + 1));
  EXPECT_NE(store->digest(), before);
  // What was handed out before is still there.
  EXPECT_EQ(old->copy<float>(), a.values);
}

TEST(WeightStoreTest, releasedTensorsAreReadAgain) {
  TemporaryFolder folder;
  Floats values(10000);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i);
  }
  putTensors(folder / "base", {{"x", {10000}, values}, b});
  auto store = cantFail(WeightStore::open(folder / "base"));
  EXPECT_EQ(cantFail(store->readFloats("x")), values);
  store->release("x");
  store->release("b");
  store->release("none");
  EXPECT_EQ(cantFail(store->readFloats("x")), values);
  EXPECT_EQ(cantFail(store->readFloats("b")), b.values);
}

} // namespace
