//===- ImportHuggingFaceTest.cpp - Tests of importing folders -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/ImportHuggingFace.h"

#include "TinyModel.h"
#include "quench/Model/ModelFolder.h"

#include "gtest/gtest.h"

#include <cmath>
#include <unistd.h>

using namespace quench;

namespace {

class ImportHuggingFaceTest : public testing::Test {
protected:
  /// Imports `source` to `target`; the error, "" for success.
  std::string import(const std::string &target) {
    ImportOptions options;
    options.warn = [&](const std::string &message) { warnings.push_back(message); };
    return llvm::toString(importHuggingFace(source.path(), target, options, context));
  }

  /// The error of importing a model, after which there must be no output.
  std::string failure(TinyModel model) {
    model.write(source);
    std::string message = import(out / "model");
    EXPECT_TRUE(out.list().empty());
    return message;
  }

  TemporaryFolder source, out;
  mlir::MLIRContext context;
  std::vector<std::string> warnings;
};

TEST_F(ImportHuggingFaceTest, keeps_names_and_values_and_drops_rotary_frequencies) {
  TinyModel tiny;
  tiny.write(source);
  ASSERT_EQ(import(out / "model"), "");
  EXPECT_TRUE(warnings.empty());
  auto model = ModelFolder::open(out / "model", context);
  ASSERT_TRUE(static_cast<bool>(model)) << llvm::toString(model.takeError());
  EXPECT_EQ(model->vocabSize(), 37);
  EXPECT_EQ(model->maxPositions(), 16);
  EXPECT_EQ(model->linearNames().size(), 15u);
  EXPECT_EQ(model->linearNames()[4], "model.layers.0.mlp.gate_proj");
  EXPECT_EQ(model->weights().names().size(), tiny.tensors.size() - 2);
  for (llvm::StringRef name : model->weights().names()) {
    auto values = model->weights().readFloats(name);
    ASSERT_TRUE(static_cast<bool>(values));
    EXPECT_EQ(*values, tiny[name.str()]) << name.str();
  }
}

TEST_F(ImportHuggingFaceTest, shards_make_no_difference) {
  TinyModel tiny;
  tiny.kind = ElementKind::F16;
  tiny.write(source);
  ASSERT_EQ(import(out / "whole"), "");
  ASSERT_EQ(::unlink((source / "model.safetensors").c_str()), 0);
  tiny = TinyModel();
  tiny.kind = ElementKind::F16;
  tiny.shards = 3;
  tiny.write(source);
  ASSERT_EQ(import(out / "sharded"), "");
  EXPECT_NE(out.get("whole/model.mlir"), "<none>");
  EXPECT_EQ(out.get("whole/model.mlir"), out.get("sharded/model.mlir"));
  EXPECT_EQ(out.get("whole/weights.safetensors"), out.get("sharded/weights.safetensors"));
}

TEST_F(ImportHuggingFaceTest, warns_of_tensors_that_are_left_out) {
  TinyModel tiny;
  tiny.write(source);
  auto text = source.get("config.json");
  text.replace(text.find("\"tie_word_embeddings\": false"), 28, "\"tie_word_embeddings\": true ");
  source.put("config.json", text);
  ASSERT_EQ(import(out / "model"), "");
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0],
            source.path() + ": left out 1 tensor that the model does not use: 'lm_head.weight'");
  auto model = ModelFolder::open(out / "model", context);
  ASSERT_TRUE(static_cast<bool>(model));
  EXPECT_FALSE(model->weights().lookup("lm_head.weight"));
}

TEST_F(ImportHuggingFaceTest, limits_the_caches) {
  TinyModel().write(source);
  ImportOptions options;
  options.maxPositions = 7;
  ASSERT_EQ(llvm::toString(importHuggingFace(source.path(), out / "model", options, context)), "");
  auto model = ModelFolder::open(out / "model", context);
  ASSERT_TRUE(static_cast<bool>(model));
  EXPECT_EQ(model->maxPositions(), 7);
  options.maxPositions = 17;
  EXPECT_EQ(llvm::toString(importHuggingFace(source.path(), out / "b", options, context)),
            source / "config.json" +
                ": 'max_position_embeddings': expected at least the 17 positions that were asked "
                "for, found 16");
}

TEST_F(ImportHuggingFaceTest, refuses_a_sliding_window_shorter_than_the_caches) {
  TinyModel tiny;
  tiny.more = ", \"sliding_window\": 15";
  EXPECT_EQ(failure(tiny), source / "config.json" +
                               ": 'sliding_window': expected null or at least the 16 positions of "
                               "the caches, found 15");
  tiny.more = ", \"sliding_window\": 16";
  tiny.write(source);
  EXPECT_EQ(import(out / "model"), "");
}

TEST_F(ImportHuggingFaceTest, refuses_missing_tensors) {
  for (const char *name : {"model.embed_tokens.weight", "lm_head.weight", "model.norm.weight",
                           "model.layers.1.self_attn.k_proj.weight"}) {
    TinyModel tiny;
    tiny.leftOut = {name};
    EXPECT_EQ(failure(tiny), source.path() + ": tensor '" + name +
                                 "': expected it in the weights, found no such tensor");
  }
  TinyModel tiny;
  tiny.qkvBias = true; // and not on the output, where the configuration asks for it
  tiny.more = ", \"attention_bias\": true";
  tiny.architecture = "LlamaForCausalLM";
  tiny.write(source);
  std::string text = source.get("config.json");
  text.replace(text.find("\"attention_bias\": false, "), 25, "");
  source.put("config.json", text);
  EXPECT_EQ(import(out / "model"),
            source.path() + ": tensor 'model.layers.0.self_attn.o_proj.bias': expected it in the "
                            "weights, found no such tensor");
}

TEST_F(ImportHuggingFaceTest, refuses_misshapen_tensors) {
  TinyModel tiny;
  tiny.write(source);
  std::string text = source.get("config.json");
  text.replace(text.find("\"intermediate_size\": 50"), 23, "\"intermediate_size\": 51");
  source.put("config.json", text);
  EXPECT_EQ(import(out / "model"), source / "model.safetensors" +
                                       ": tensor 'model.layers.0.mlp.gate_proj.weight': "
                                       "expected shape [51, 30], found [50, 30]");
  EXPECT_TRUE(out.list().empty());
}

TEST_F(ImportHuggingFaceTest, refuses_integer_weights) {
  TinyModel tiny;
  tiny.kind = ElementKind::F32;
  tiny.write(source);
  // The same bytes under another name.
  std::string bytes = source.get("model.safetensors");
  for (size_t at = bytes.find("\"F32\""); at != std::string::npos; at = bytes.find("\"F32\"")) {
    bytes.replace(at, 5, "\"I32\"");
  }
  source.put("model.safetensors", bytes);
  EXPECT_EQ(import(out / "model"),
            source / "model.safetensors" +
                ": tensor 'model.embed_tokens.weight': expected F32, F16 or BF16, found I32");
}

TEST_F(ImportHuggingFaceTest, refuses_weights_that_are_not_finite) {
  TinyModel tiny;
  tiny.kind = ElementKind::BF16;
  tiny.poison["model.layers.1.mlp.down_proj.weight"] = {{52, NAN}};
  EXPECT_EQ(failure(tiny), source / "model.safetensors" +
                               ": tensor 'model.layers.1.mlp.down_proj.weight': expected finite "
                               "values, found nan at element 52 ([1, 2])");
  tiny.poison = {{"model.norm.weight", {{29, -INFINITY}}}};
  tiny.shards = 2;
  ASSERT_EQ(::unlink((source / "model.safetensors").c_str()), 0);
  EXPECT_EQ(failure(tiny).find(source / "model-"), 0u);
}

TEST_F(ImportHuggingFaceTest, refuses_what_is_no_model) {
  auto message = [&](const std::string &path) {
    return llvm::toString(importHuggingFace(path, out / "model", {}, context));
  };
  EXPECT_EQ(message(out / "none"),
            out / "none" + ": expected a Hugging Face folder, found nothing");
  EXPECT_EQ(message(source.path()),
            source / "config.json" + ": cannot open: No such file or directory");
  TinyModel().write(source);
  ASSERT_EQ(::unlink((source / "model.safetensors").c_str()), 0);
  EXPECT_EQ(message(source.path()),
            source.path() + ": expected model.safetensors or "
                            "model.safetensors.index.json in this folder, found neither");
}

} // namespace
