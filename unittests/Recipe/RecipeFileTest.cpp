//===- RecipeFileTest.cpp - Reading recipes -------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Recipe/RecipeFile.h"

#include "../Support/TemporaryFolder.h"

#include "gtest/gtest.h"

#include <set>

using namespace quench;
using namespace quench::recipe;
using numerics::Encoding;
using numerics::FloatFormat;

namespace {

std::string message(llvm::Error error) {
  std::string text = llvm::toString(std::move(error));
  return text.empty() ? "success" : text;
}

std::string parseMessage(llvm::StringRef text) {
  return message(parseRecipe(text, "r.yaml").takeError());
}

/// The message for a recipe that is complete but for these lines, which start in line 4.
std::string messageFor(llvm::StringRef lines) {
  return parseMessage(("name: r\nsummary: s\npasses: [p]\n" + lines).str());
}

TEST(RecipeFileTest, everythingThatCanBeSaidIsRead) {
  Recipe recipe = llvm::cantFail(parseRecipe(R"(
# A comment.
name: all
summary: "one: line"
weights: { type: ui3, group: 64, scale: bf16, zero_point: true }
activations: {type: i8, scale: static, per: tensor, zero_point: false}
passes:
  - quench-insert-observers
  - quench-quantize{output=x}
layers:
  - match: "*.o_proj"
    weights: { type: f4E2M1FN, group: 16, scale: { type: f8E4M3FN, group: tensor } }
  - match: "{lm_head,*.[0-3].*}"
    weights: none
    activations: { type: f8E5M2, scale: dynamic, per: token }
)",
                                             "r.yaml"));
  EXPECT_EQ(recipe.name, "all");
  EXPECT_EQ(recipe.summary, "one: line");
  ASSERT_TRUE(recipe.weights.has_value());
  EXPECT_EQ(recipe.weights->scheme(2, 0, 1),
            (numerics::Scheme{Encoding::integer(3, false), {1, 64}, FloatFormat::BF16, true}));
  ASSERT_TRUE(recipe.activations.has_value());
  EXPECT_FALSE(recipe.activations->dynamic);
  EXPECT_FALSE(recipe.activations->zeroPoint);
  EXPECT_EQ(recipe.activations->block, ActivationBlock::Tensor);
  ASSERT_EQ(recipe.passes.size(), 2u);
  EXPECT_EQ(recipe.passes[1].pipeline, "quench-quantize{output=x}");
  EXPECT_EQ(recipe.passes[1].place, "r.yaml:9:5");
  ASSERT_EQ(recipe.layers.size(), 2u);
  EXPECT_TRUE(recipe.layers[0].hasWeights);
  EXPECT_FALSE(recipe.layers[0].hasActivations);
  numerics::Scheme nested{Encoding::floating(FloatFormat::F8E4M3FN), {-1, -1}, FloatFormat::F32};
  EXPECT_EQ(recipe.layers[0].weights->scheme(2, 0, 1),
            (numerics::Scheme{Encoding::floating(FloatFormat::F4E2M1FN), {1, 16}, nested}));
  EXPECT_TRUE(recipe.layers[1].hasWeights);
  EXPECT_FALSE(recipe.layers[1].weights.has_value());
  EXPECT_TRUE(recipe.layers[1].activations->dynamic);
}

TEST(RecipeFileTest, builtinRecipesAreValidAndNamedAfterTheirFiles) {
  std::set<std::string> names, files;
  for (const BuiltinRecipe &builtin : builtinRecipes()) {
    Recipe recipe = llvm::cantFail(parseRecipe(builtin.text, builtin.name));
    EXPECT_EQ(recipe.name, builtin.name);
    EXPECT_EQ(recipe.needsCalibration(), recipe.activations && !recipe.activations->dynamic);
    LayerFormats head = recipe.formatsFor("lm_head");
    EXPECT_FALSE(head.weights || head.activations) << recipe.name;
    LayerFormats tied = recipe.formatsFor("model.embed_tokens");
    EXPECT_FALSE(tied.weights || tied.activations) << recipe.name;
    LayerFormats block = recipe.formatsFor("model.layers.3.mlp.up_proj");
    EXPECT_EQ(block.weights.has_value(), builtin.name != "fp32");
    names.insert(recipe.name);
  }
  std::error_code code;
  for (llvm::sys::fs::directory_iterator it(QUENCH_SOURCE_DIR "/recipes", code), end; it != end;
       it.increment(code)) {
    if (llvm::StringRef(it->path()).ends_with(".yaml")) {
      files.insert(llvm::sys::path::stem(it->path()).str());
    }
  }
  EXPECT_EQ(names, files);
}

TEST(RecipeFileTest, recipesAreLoadedByNameAndByPath) {
  TemporaryFolder folder;
  EXPECT_EQ(llvm::cantFail(loadRecipe("w4a8")).name, "w4a8");
  std::string path = folder.put("mine.yaml", "name: mine\nsummary: s\npasses: []\n");
  EXPECT_EQ(llvm::cantFail(loadRecipe(path)).name, "mine");
  std::string unknown = message(loadRecipe("w4a9").takeError());
  EXPECT_EQ(unknown.find("recipe 'w4a9': expected a file or one of "), 0u) << unknown;
  for (const BuiltinRecipe &builtin : builtinRecipes()) {
    EXPECT_NE(unknown.find(" " + builtin.name.str()), std::string::npos) << builtin.name.str();
  }
  EXPECT_EQ(message(loadRecipe(folder.put("big", std::string(2 << 20, '#'))).takeError()),
            folder / "big" + ": expected a recipe of at most 1 MiB, found 2097152 bytes");
  std::string folderMessage = message(loadRecipe(folder.path()).takeError());
  EXPECT_EQ(folderMessage.find(folder.path() + ": cannot read: "), 0u) << folderMessage;
}

struct Malformed {
  const char *lines;
  const char *message;
};

class MalformedRecipeTest : public ::testing::TestWithParam<Malformed> {};

TEST_P(MalformedRecipeTest, isRefusedWithPlaceAndWhatIsAllowed) {
  EXPECT_EQ(messageFor(GetParam().lines), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, MalformedRecipeTest,
    ::testing::Values(
        Malformed{"wieghts: none\n", "r.yaml:4:1: expected one of name, summary, weights, "
                                     "activations, passes, layers in a recipe, found 'wieghts'"},
        Malformed{"name: again\n", "r.yaml:4:1: expected 'name' once, found it again"},
        Malformed{"weights: i4\n", "r.yaml:4:10: expected the format of weights (a mapping with "
                                   "type, group, scale, zero_point), found 'i4'"},
        Malformed{"weights:\n", "r.yaml:4:1: expected the format of weights (a mapping with type, "
                                "group, scale, zero_point), found nothing"},
        Malformed{"weights: {}\n",
                  "r.yaml:4:10: expected 'type' in the format of weights, found none"},
        Malformed{"weights: { group: 32 }\n",
                  "r.yaml:4:10: expected 'type' in the format of weights, found none"},
        Malformed{"weights: { type: i4 }\n",
                  "r.yaml:4:10: expected 'group' in the format of weights, found none"},
        Malformed{"weights: { type: i4, group: 32, bits: 3 }\n",
                  "r.yaml:4:33: expected one of type, group, scale, zero_point in the format of "
                  "weights, found 'bits'"},
        Malformed{"weights: { type: i9, group: 32 }\n",
                  "r.yaml:4:18: expected i1 to i8, i16, ui1 to ui8, ui16, f16, bf16, f8E4M3FN, "
                  "f8E5M2, f6E3M2FN, f6E2M3FN, f4E2M1FN or nf4, found 'i9'"},
        Malformed{"weights: { type: i-4, group: 32 }\n",
                  "r.yaml:4:18: expected i1 to i8, i16, ui1 to ui8, ui16, f16, bf16, f8E4M3FN, "
                  "f8E5M2, f6E3M2FN, f6E2M3FN, f4E2M1FN or nf4, found 'i-4'"},
        Malformed{"weights: { type: f32, group: 32 }\n",
                  "r.yaml:4:18: expected i1 to i8, i16, ui1 to ui8, ui16, f16, bf16, f8E4M3FN, "
                  "f8E5M2, f6E3M2FN, f6E2M3FN, f4E2M1FN or nf4, found 'f32'"},
        Malformed{"weights: { type: [i4], group: 32 }\n",
                  "r.yaml:4:18: expected i1 to i8, i16, ui1 to ui8, ui16, f16, bf16, f8E4M3FN, "
                  "f8E5M2, f6E3M2FN, f6E2M3FN, f4E2M1FN or nf4, found a sequence"},
        Malformed{"weights: { type: i4, group: 0 }\n",
                  "r.yaml:4:29: expected a group size from 1 to 2^30, 'channel' or 'tensor', found "
                  "'0'"},
        Malformed{"weights: { type: i4, group: 99999999999999999999 }\n",
                  "r.yaml:4:29: expected a group size from 1 to 2^30, 'channel' or 'tensor', found "
                  "'99999999999999999999'"},
        Malformed{"weights: { type: i4, group: row }\n",
                  "r.yaml:4:29: expected a group size from 1 to 2^30, 'channel' or 'tensor', found "
                  "'row'"},
        Malformed{"weights: { type: i4, group: 32, scale: f64 }\n",
                  "r.yaml:4:40: expected f32 or f16 or bf16 or f8E8M0FNU, found 'f64'"},
        Malformed{"weights: { type: i4, group: 32, zero_point: yes }\n",
                  "r.yaml:4:45: expected false or true, found 'yes'"},
        Malformed{"weights: { type: nf4, group: 32, zero_point: true }\n",
                  "r.yaml:4:10: a zero point needs an integer element, found codebook<NF4>"},
        Malformed{"weights: { type: i4, group: 32, scale: f8E8M0FNU, zero_point: true }\n",
                  "r.yaml:4:10: a zero point needs scales that are not powers of two, found "
                  "f8E8M0FNU"},
        Malformed{"weights: { type: i4, group: 32, scale: { type: i8, group: tensor, scale: "
                  "{ type: i8, group: tensor } } }\n",
                  "r.yaml:4:74: expected f32 or f16 or bf16 or f8E8M0FNU, found a mapping"},
        Malformed{"weights: { type: i4, group: 32, scale: { type: i8, group: 4, zero_point: true "
                  "} }\n",
                  "r.yaml:4:62: expected one of type, group, scale in the format of scales, found "
                  "'zero_point'"},
        Malformed{"activations: { type: i8, scale: dynamic }\n",
                  "r.yaml:4:14: expected 'per' in the format of activations, found none"},
        Malformed{"activations: { type: i8, per: token }\n",
                  "r.yaml:4:14: expected 'scale' in the format of activations, found none"},
        Malformed{"activations: { type: i8, scale: f16, per: token }\n",
                  "r.yaml:4:33: expected static or dynamic, found 'f16'"},
        Malformed{"activations: { type: i8, scale: dynamic, per: channel }\n",
                  "r.yaml:4:47: expected tensor or token, found 'channel'"},
        Malformed{"activations: { type: i8, scale: static, per: token }\n",
                  "r.yaml:4:46: static scales are known before the tokens are; expected 'per: "
                  "tensor'"},
        Malformed{"layers: none\n", "r.yaml:4:9: expected a sequence of rules, found 'none'"},
        Malformed{"layers:\n  - lm_head\n",
                  "r.yaml:5:5: expected a rule for layers (a mapping with match, weights, "
                  "activations), found 'lm_head'"},
        Malformed{"layers:\n  - weights: none\n",
                  "r.yaml:5:5: expected 'match' in a rule for layers, found none"},
        Malformed{"layers:\n  - match: x\n",
                  "r.yaml:5:5: expected 'weights' or 'activations' in a rule for layers, found "
                  "neither"},
        Malformed{"layers:\n  - match: \"\"\n    weights: none\n",
                  "r.yaml:5:12: expected a pattern for names of layers, found ''"},
        Malformed{"layers:\n  - match: \"[a\"\n    weights: none\n",
                  "r.yaml:5:12: malformed pattern '[a': invalid glob pattern, unmatched '['"},
        Malformed{"layers: &x\n  - *x\n", "r.yaml:5:3: aliases are not supported"},
        Malformed{"? [a]\n: b\n", "r.yaml:4:3: expected a key, found a sequence"},
        Malformed{"weights: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: "
                  "{}}}}}}}}}}}}}}}}}}\n",
                  "r.yaml:4:71: expected nesting of at most 16 levels"}));

TEST(RecipeFileTest, whatIsNoRecipeAtAllIsRefused) {
  const char *noMapping = "r.yaml:1:1: expected a recipe (a mapping with name, summary, weights, "
                          "activations, passes, layers), found ";
  EXPECT_EQ(parseMessage(""), std::string(noMapping) + "nothing");
  EXPECT_EQ(parseMessage("hello"), std::string(noMapping) + "'hello'");
  EXPECT_EQ(parseMessage("- a"), std::string(noMapping) + "a sequence");
  EXPECT_EQ(parseMessage("summary: s\npasses: []\n"),
            "r.yaml:1:1: expected 'name' in a recipe, found none");
  EXPECT_EQ(parseMessage("name: r\npasses: []\n"),
            "r.yaml:1:1: expected 'summary' in a recipe, found none");
  EXPECT_EQ(parseMessage("name: r\nsummary: s\n"),
            "r.yaml:1:1: expected 'passes' in a recipe, found none");
  EXPECT_EQ(parseMessage("name: r\nsummary: s\npasses: p\n"),
            "r.yaml:3:9: expected a sequence of passes, found 'p'");
  EXPECT_EQ(parseMessage("name: r\nsummary: s\npasses: [[p]]\n"),
            "r.yaml:3:10: expected the name of a pass, found a sequence");
  EXPECT_EQ(parseMessage("name: r\nsummary: |\n  a\n  b\npasses: []\n"),
            "r.yaml:2:1: expected one line, found several");
  EXPECT_EQ(parseMessage("name: r\nsummary: s\npasses: []\n---\nname: r\n"),
            "r.yaml: expected one YAML document, found several");
  EXPECT_EQ(parseMessage("name: r\nsummary: \xff\n"), "r.yaml:2: expected UTF-8");
  for (const char *text : {"name: [", "name: {a", "name: \"a", "name: 'a", "a: b: c", "\t- a",
                           "name: @x", "- a\nb: c", "%FOO\n", "name: !<a b"}) {
    std::string found = parseMessage(text);
    EXPECT_EQ(found.find("r.yaml:"), 0u) << text << ": " << found;
  }
}

TEST(RecipeFileTest, hostileNestingEndsWithAMessage) {
  for (const char *piece : {"[", "{a: ", "- ", "? ", "- [", "&a [", "!x ["}) {
    std::string text = "name: r\nsummary: s\npasses: [p]\nlayers:\n  ";
    for (int i = 0; i < 100000; ++i) {
      text += piece;
    }
    std::string found = parseMessage(text);
    EXPECT_EQ(found.find("r.yaml:"), 0u) << piece << ": " << found.substr(0, 200);
  }
}

} // namespace
