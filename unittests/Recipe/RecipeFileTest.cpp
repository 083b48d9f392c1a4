//===- RecipeFileTest.cpp - Reading recipes -------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Recipe/RecipeFile.h"

#include "../Support/TemporaryFolder.h"

#include "llvm/Support/MemoryBuffer.h"

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

TEST(RecipeFileTest, formatsOfWeightsAreReadInFull) {
  auto weights = [](llvm::StringRef format) {
    std::string text = ("name: r\nsummary: s\npasses: [p]\nweights: " + format + "\n").str();
    return *llvm::cantFail(parseRecipe(text, "r.yaml")).weights;
  };
  WeightFormat ternary = weights("{ type: i2, codes: [-1, 1], group: tensor, range: absmean }");
  EXPECT_EQ(ternary.element, Encoding::integer(2, true, -1, 1));
  EXPECT_EQ(ternary.range, numerics::RangeRule::AbsoluteMean);
  EXPECT_EQ(ternary.str(), "i2<-1:1> per tensor, f32 scales by absmean");
  WeightFormat binary = weights("{ type: [-1, 1], group: channel, range: absmean }");
  EXPECT_EQ(binary.element, Encoding::codebook("", {-1, 1}));
  WeightFormat mx =
      weights("{ type: f4E2M1FN, group: 32, scale: { type: f8E8M0FNU, rule: ceil } }");
  EXPECT_EQ(mx.scheme(2, 0, 1).scale,
            numerics::ScaleSpec(FloatFormat::F8E8M0FNU, numerics::MxScaleRule::Ceil));
  EXPECT_EQ(mx.str(), "f4E2M1FN in groups of 32, f8E8M0FNU scales (ceil)");
  WeightFormat hqq =
      weights("{ type: ui4, group: 64, scale: f16, zero_point: bf16, range: absmax }");
  EXPECT_EQ(hqq.scheme(2, 0, 1).realZeroPoint, numerics::ScaleSpec(FloatFormat::BF16));
  EXPECT_EQ(hqq.str(), "ui4 in groups of 64 with bf16 zero points, f16 scales");
  WeightFormat nested =
      weights("{ type: ui4, group: 32, scale: { type: ui6, group: 8, scale: f16 },"
              " zero_point: { type: ui6, group: 8, scale: f16 } }");
  numerics::Scheme six{Encoding::integer(6, false), {1, 8}, FloatFormat::F16};
  EXPECT_EQ(nested.scheme(2, 0, 1),
            (numerics::Scheme{
                Encoding::integer(4, false), {1, 32}, six, false, numerics::ScaleSpec(six)}));
  EXPECT_EQ(nested.str(), "ui4 in groups of 32 with zero points ui6 in groups of 8, f16 scales, "
                          "scales ui6 in groups of 8, f16 scales");
  EXPECT_FALSE(nested == hqq);
  EXPECT_TRUE(nested == nested);
}

TEST(RecipeFileTest, formatsOfActivationsAndCachesAreReadInFull) {
  Recipe recipe = llvm::cantFail(parseRecipe(R"(
name: all
summary: s
activations: { type: f8E4M3FN, scale: dynamic, per: group, group: 32, clip: 0.9, outliers: 6.5,
               scale_format: { type: f8E8M0FNU, rule: rceil } }
cache: { type: ui3, per: group, group: 16, scale: f16, zero_point: true, clip: 0.95 }
passes: []
)",
                                             "r.yaml"));
  EXPECT_EQ(recipe.activations->scheme(2, 1),
            (numerics::Scheme{Encoding::floating(FloatFormat::F8E4M3FN),
                              {1, 32},
                              {FloatFormat::F8E8M0FNU, numerics::MxScaleRule::RoundCeil}}));
  EXPECT_EQ(recipe.activations->clip, 0.9);
  EXPECT_EQ(recipe.activations->str(), "f8E4M3FN, one dynamic scale per group of 32, f8E8M0FNU "
                                       "scales (rceil), clipped at 0.9, channels that reach 6.5 "
                                       "in float");
  EXPECT_EQ(recipe.activations->outliers, 6.5);
  EXPECT_EQ(recipe.cache->scheme(),
            (numerics::Scheme{Encoding::integer(3, false), {1, 1, 16}, FloatFormat::F16, true}));
  EXPECT_EQ(recipe.cache->str(), "ui3 with zero points, one dynamic scale per group of 16, f16 "
                                 "scales, clipped at 0.95");
  recipe = llvm::cantFail(parseRecipe("name: r\nsummary: s\npasses: []\ncache: none\n", "r.yaml"));
  EXPECT_FALSE(recipe.cache.has_value());
}

TEST(RecipeFileTest, somePassesStartFromCalibration) {
  auto needs = [](const std::string &rest) {
    return llvm::cantFail(parseRecipe("name: r\nsummary: s\n" + rest, "r.yaml")).needsCalibration();
  };
  EXPECT_FALSE(needs("passes: [quench-fold-norms, quench-rotate, quench-hqq, quench-quantize]\n"));
  EXPECT_TRUE(needs("passes: [\"quench-gptq{refine=true}\", quench-quantize]\n"));
  EXPECT_TRUE(needs("passes: [quench-quantize, quench-correct-bias]\n"));
  EXPECT_TRUE(needs("passes: [quench-quantize]\n"
                    "activations: { type: i8, scale: static, per: tensor }\n"));
}

TEST(RecipeFileTest, builtinRecipesAreValidAndNamedAfterTheirFiles) {
  std::set<std::string> names, files;
  for (const BuiltinRecipe &builtin : builtinRecipes()) {
    Recipe recipe = llvm::cantFail(parseRecipe(builtin.text, builtin.name));
    EXPECT_EQ(recipe.name, builtin.name);
    if (recipe.activations && !recipe.activations->dynamic) {
      EXPECT_TRUE(recipe.needsCalibration()) << recipe.name;
    }
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

TEST(RecipeFileTest, formatsOfTheManualCanBeCopied) {
  auto manual = llvm::MemoryBuffer::getFile(QUENCH_SOURCE_DIR "/recipes/README.md");
  ASSERT_TRUE(static_cast<bool>(manual));
  llvm::SmallVector<llvm::StringRef> lines;
  (*manual)->getBuffer().split(lines, '\n');
  unsigned formats = 0;
  for (llvm::StringRef line : lines) {
    llvm::StringRef cell = line.rtrim(" |").rsplit("| ").second;
    bool isFormat = cell.consume_front("`") && cell.consume_back("`") &&
                    (cell.starts_with("weights: ") || cell.starts_with("activations: ") ||
                     cell.starts_with("cache: "));
    if (isFormat) {
      EXPECT_EQ(messageFor((cell + "\n").str()), "success") << cell.str();
      ++formats;
    }
  }
  EXPECT_EQ(formats, 21u);
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
        Malformed{"wieghts: none\n",
                  "r.yaml:4:1: expected one of name, summary, weights, "
                  "activations, cache, passes, layers in a recipe, found 'wieghts'"},
        Malformed{"name: again\n", "r.yaml:4:1: expected 'name' once, found it again"},
        Malformed{"weights: i4\n", "r.yaml:4:10: expected the format of weights (a mapping with "
                                   "type, codes, group, scale, zero_point, range), found 'i4'"},
        Malformed{"weights:\n", "r.yaml:4:1: expected the format of weights (a mapping with type, "
                                "codes, group, scale, zero_point, range), found nothing"},
        Malformed{"weights: {}\n",
                  "r.yaml:4:10: expected 'type' in the format of weights, found none"},
        Malformed{"weights: { group: 32 }\n",
                  "r.yaml:4:10: expected 'type' in the format of weights, found none"},
        Malformed{"weights: { type: i4 }\n",
                  "r.yaml:4:10: expected 'group' in the format of weights, found none"},
        Malformed{
            "weights: { type: i4, group: 32, bits: 3 }\n",
            "r.yaml:4:33: expected one of type, codes, group, scale, zero_point, range in the "
            "format of weights, found 'bits'"},
        Malformed{"weights: { type: i9, group: 32 }\n",
                  "r.yaml:4:18: expected i1 to i8, i16, ui1 to ui8, ui16, f16, bf16, f8E4M3FN, "
                  "f8E5M2, f6E3M2FN, f6E2M3FN, f4E2M1FN, nf4 or a list of 2, 4, ... 256 ascending "
                  "values, found 'i9'"},
        Malformed{"weights: { type: i-4, group: 32 }\n",
                  "r.yaml:4:18: expected i1 to i8, i16, ui1 to ui8, ui16, f16, bf16, f8E4M3FN, "
                  "f8E5M2, f6E3M2FN, f6E2M3FN, f4E2M1FN, nf4 or a list of 2, 4, ... 256 ascending "
                  "values, found 'i-4'"},
        Malformed{"weights: { type: f32, group: 32 }\n",
                  "r.yaml:4:18: expected i1 to i8, i16, ui1 to ui8, ui16, f16, bf16, f8E4M3FN, "
                  "f8E5M2, f6E3M2FN, f6E2M3FN, f4E2M1FN, nf4 or a list of 2, 4, ... 256 ascending "
                  "values, found 'f32'"},
        Malformed{"weights: { type: { i4: 1 }, group: 32 }\n",
                  "r.yaml:4:18: expected i1 to i8, i16, ui1 to ui8, ui16, f16, bf16, f8E4M3FN, "
                  "f8E5M2, f6E3M2FN, f6E2M3FN, f4E2M1FN, nf4 or a list of 2, 4, ... 256 ascending "
                  "values, found a mapping"},
        Malformed{"weights: { type: [i4], group: 32 }\n",
                  "r.yaml:4:19: expected a finite number, found 'i4'"},
        Malformed{"weights: { type: [1, nan], group: 32 }\n",
                  "r.yaml:4:22: expected a finite number, found 'nan'"},
        Malformed{"weights: { type: [1, 2, 3], group: 32 }\n",
                  "r.yaml:4:18: codebook '': expected 2, 4, 8, ... or 256 values, found 3"},
        Malformed{"weights: { type: i2, codes: [-1], group: 32 }\n",
                  "r.yaml:4:29: expected [smallest code, largest code], found a sequence"},
        Malformed{"weights: { type: i2, codes: [-1, x], group: 32 }\n",
                  "r.yaml:4:34: expected an integer, found 'x'"},
        Malformed{
            "weights: { type: i2, codes: [-1, 2], group: 32 }\n",
            "r.yaml:4:29: expected an ascending range of codes within [-2, 1], found [-1, 2]"},
        Malformed{"weights: { type: nf4, codes: [-1, 1], group: 32 }\n",
                  "r.yaml:4:30: only integers have a range of codes"},
        Malformed{"weights: { type: i4, group: 32, range: best }\n",
                  "r.yaml:4:40: expected absmax or mse or half-step or absmean, found 'best'"},
        Malformed{"weights: { type: i4, group: 32, range: absmean }\n",
                  "r.yaml:4:10: the range rule 'absmean' needs a ternary or binary element of "
                  "magnitude 1, found i4"},
        Malformed{"weights: { type: i4, group: 32, scale: { type: f16, rule: ceil } }\n",
                  "r.yaml:4:59: only f8E8M0FNU scales have a rule"},
        Malformed{"weights: { type: i4, group: 32, scale: { type: f8E8M0FNU, rule: up } }\n",
                  "r.yaml:4:65: expected floor or ceil or even or rceil, found 'up'"},
        Malformed{"weights: { type: i4, group: 32, scale: { rule: ceil } }\n",
                  "r.yaml:4:40: expected 'type' in the format of scales, found none"},
        Malformed{"weights: { type: i4, group: 32, zero_point: f64 }\n",
                  "r.yaml:4:45: expected f32 or f16 or bf16 or f8E8M0FNU, found 'f64'"},
        Malformed{"weights: { type: i4, group: 32, zero_point: { type: ui6, group: 8 } }\n",
                  "r.yaml:4:10: scheme of the zero points: ui6 has no negative codes, which zero "
                  "points of i4 need"},
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
                  "r.yaml:4:45: expected f32 or f16 or bf16 or f8E8M0FNU, found 'yes'"},
        Malformed{"weights: { type: nf4, group: 32, zero_point: true }\n",
                  "r.yaml:4:10: a zero point needs an integer element, found codebook<NF4>"},
        Malformed{"weights: { type: i4, group: 32, scale: f8E8M0FNU, zero_point: true }\n",
                  "r.yaml:4:10: a zero point needs scales that are not powers of two, found "
                  "f8E8M0FNU"},
        Malformed{"weights: { type: i4, group: 32, scale: { type: i8, group: tensor, scale: "
                  "[f16] } }\n",
                  "r.yaml:4:74: expected f32 or f16 or bf16 or f8E8M0FNU, found a sequence"},
        Malformed{"weights: { type: i4, group: 32, scale: { type: i8, group: 4, zero_point: true "
                  "} }\n",
                  "r.yaml:4:62: expected one of type, codes, group, scale in the format of scales, "
                  "found 'zero_point'"},
        Malformed{"activations: f32\n",
                  "r.yaml:4:14: expected none or f16 or bf16 or a mapping, found 'f32'"},
        Malformed{"activations: { type: i8, scale: dynamic }\n",
                  "r.yaml:4:14: expected 'per' in the format of activations, found none"},
        Malformed{"activations: { type: i8, per: token }\n",
                  "r.yaml:4:14: expected 'scale' in the format of activations, found none"},
        Malformed{"activations: { type: i8, scale: f16, per: token }\n",
                  "r.yaml:4:33: expected static or dynamic, found 'f16'"},
        Malformed{"activations: { type: i8, scale: dynamic, per: row }\n",
                  "r.yaml:4:47: expected tensor or channel or token or group, found 'row'"},
        Malformed{"activations: { type: i8, scale: dynamic, per: group }\n",
                  "r.yaml:4:14: expected 'group' in the format of activations, found none"},
        Malformed{"activations: { type: i8, scale: dynamic, per: group, group: all }\n",
                  "r.yaml:4:61: expected a group size from 1 to 2^30, found 'all'"},
        Malformed{"activations: { type: i8, scale: dynamic, per: token, group: 32 }\n",
                  "r.yaml:4:61: only 'per: group' has a group"},
        Malformed{"activations: { type: i8, scale: dynamic, per: token, clip: 1.5 }\n",
                  "r.yaml:4:60: expected a number above 0 and at most 1, found '1.5'"},
        Malformed{"activations: { type: i8, scale: dynamic, per: token, outliers: 0 }\n",
                  "r.yaml:4:64: expected a number above 0, found '0'"},
        Malformed{"activations: { type: i8, scale: dynamic, per: token, outliers: inf }\n",
                  "r.yaml:4:64: expected a number above 0, found 'inf'"},
        Malformed{"activations: { type: i8, scale: static, per: tensor, outliers: 6 }\n",
                  "r.yaml:4:64: outliers are found at run time, where static scales are known "
                  "before; expected none"},
        Malformed{"activations: { type: i8, scale: static, per: tensor, clip: 0.5 }\n",
                  "r.yaml:4:60: the range of static scales is chosen by calibration; expected no "
                  "clip"},
        Malformed{"activations: { type: i8, scale: static, per: tensor, scale_format: { type: i8, "
                  "group: tensor } }\n",
                  "r.yaml:4:68: static scales are stored in a float type; expected no format of "
                  "their own"},
        Malformed{"activations: { type: i8, scale: dynamic, per: token, zero_point: f16 }\n",
                  "r.yaml:4:66: expected false or true, found 'f16'"},
        Malformed{"cache: ui4\n",
                  "r.yaml:4:8: expected the format of the cache (a mapping with type, codes, per, "
                  "group, scale, zero_point, clip), found 'ui4'"},
        Malformed{"cache: { type: ui4 }\n",
                  "r.yaml:4:8: expected 'per' in the format of the cache, found none"},
        Malformed{"cache: { type: ui4, per: token }\n",
                  "r.yaml:4:26: expected head or group, found 'token'"},
        Malformed{"cache: { type: i4, per: head, scale: { type: ui6, group: 8 } }\n",
                  "r.yaml:4:38: scales of a cache are stored in a float type; expected no format "
                  "of their own"},
        Malformed{"cache: { type: nf4, per: head, zero_point: true }\n",
                  "r.yaml:4:8: a zero point needs an integer element, found codebook<NF4>"},
        Malformed{"activations: { type: i8, scale: static, per: token }\n",
                  "r.yaml:4:46: static scales are known before the tokens are; expected 'per: "
                  "tensor' or 'per: channel'"},
        Malformed{"activations: { type: i8, scale: dynamic, per: channel }\n",
                  "r.yaml:4:47: scales of channels come from all tokens; expected 'scale: static'"},
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
                          "activations, cache, passes, layers), found ";
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
