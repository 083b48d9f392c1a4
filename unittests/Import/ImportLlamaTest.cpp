//===- ImportLlamaTest.cpp - Tests of what imported models compute -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Expected logits come from the loops below, written from the definition of the
// model in double precision: they share nothing with importer or evaluator.
//
//===----------------------------------------------------------------------===//

#include "quench/Import/ImportLlama.h"

#include "TinyModel.h"
#include "quench/Import/ImportHuggingFace.h"
#include "quench/Model/ModelFolder.h"
#include "quench/Reference/Evaluator.h"

#include "mlir/IR/BuiltinTypes.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace quench;
using reference::Value;

namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

/// `m` (rows x columns) times each row of `x`, plus `bias` unless it is null.
Rows multiply(const Rows &x, const std::vector<float> &m, const std::vector<float> *bias) {
  Rows result;
  for (const Row &row : x) {
    Row products(m.size() / row.size());
    for (size_t n = 0; n < products.size(); ++n) {
      products[n] = bias ? (*bias)[n] : 0.0;
      for (size_t k = 0; k < row.size(); ++k) {
        products[n] += row[k] * m[n * row.size() + k];
      }
    }
    result.push_back(products);
  }
  return result;
}

Rows normalize(Rows x, const std::vector<float> &gain) {
  for (Row &row : x) {
    double sum = 0;
    for (double value : row) {
      sum += value * value;
    }
    for (size_t i = 0; i < row.size(); ++i) {
      row[i] *= gain[i] / std::sqrt(sum / row.size() + 1e-5);
    }
  }
  return x;
}

void rotate(Rows &x, int64_t headDim, double theta) {
  for (size_t t = 0; t < x.size(); ++t) {
    for (size_t head = 0; head < x[t].size(); head += headDim) {
      for (int64_t i = 0; i < headDim / 2; ++i) {
        double angle = t * std::pow(theta, -2.0 * i / headDim);
        double &a = x[t][head + i], &b = x[t][head + i + headDim / 2];
        double rotated = a * std::cos(angle) - b * std::sin(angle);
        b = b * std::cos(angle) + a * std::sin(angle);
        a = rotated;
      }
    }
  }
}

/// Logits of all tokens.
Rows expectedLogits(const TinyModel &model, const std::vector<int64_t> &tokens,
                    double theta = 10000) {
  auto linear = [&](const Rows &x, const std::string &name, bool bias) {
    return multiply(x, model[name + ".weight"], bias ? &model[name + ".bias"] : nullptr);
  };
  const int64_t hidden = TinyModel::hidden, headDim = TinyModel::headDim;
  Rows h;
  for (int64_t token : tokens) {
    auto row = model["model.embed_tokens.weight"].begin() + token * hidden;
    h.emplace_back(row, row + hidden);
  }
  auto addTo = [&](const Rows &x) {
    for (size_t t = 0; t < h.size(); ++t) {
      for (size_t i = 0; i < h[t].size(); ++i) {
        h[t][i] += x[t][i];
      }
    }
  };
  for (int64_t layer = 0; layer < TinyModel::layers; ++layer) {
    std::string name = "model.layers." + std::to_string(layer);
    Rows x = normalize(h, model[name + ".input_layernorm.weight"]);
    Rows q = linear(x, name + ".self_attn.q_proj", model.qkvBias);
    Rows k = linear(x, name + ".self_attn.k_proj", model.qkvBias);
    Rows v = linear(x, name + ".self_attn.v_proj", model.qkvBias);
    rotate(q, headDim, theta);
    rotate(k, headDim, theta);
    Rows mixed(tokens.size(), Row(q[0].size()));
    for (size_t t = 0; t < tokens.size(); ++t) {
      for (int64_t head = 0; head < TinyModel::heads; ++head) {
        int64_t at = head * headDim;
        int64_t cached = head / (TinyModel::heads / model.keyValueHeads) * headDim;
        Row p(t + 1);
        double sum = 0;
        for (size_t j = 0; j <= t; ++j) {
          double score = 0;
          for (int64_t d = 0; d < headDim; ++d) {
            score += q[t][at + d] * k[j][cached + d];
          }
          sum += p[j] = std::exp(score / std::sqrt(headDim));
        }
        for (size_t j = 0; j <= t; ++j) {
          for (int64_t d = 0; d < headDim; ++d) {
            mixed[t][at + d] += p[j] / sum * v[j][cached + d];
          }
        }
      }
    }
    addTo(linear(mixed, name + ".self_attn.o_proj", model.outputBias));
    x = normalize(h, model[name + ".post_attention_layernorm.weight"]);
    Rows gate = linear(x, name + ".mlp.gate_proj", model.mlpBias);
    Rows up = linear(x, name + ".mlp.up_proj", model.mlpBias);
    for (size_t t = 0; t < gate.size(); ++t) {
      for (size_t i = 0; i < gate[t].size(); ++i) {
        gate[t][i] *= up[t][i] / (1 + std::exp(-gate[t][i]));
      }
    }
    addTo(linear(gate, name + ".mlp.down_proj", model.mlpBias));
  }
  return linear(normalize(h, model["model.norm.weight"]),
                model.tied ? "model.embed_tokens" : "lm_head", false);
}

/// An imported model under the evaluator, with its caches.
class ImportLlamaTest : public testing::Test {
protected:
  void import(TinyModel &tiny) {
    tiny.write(source);
    ASSERT_EQ(llvm::toString(importHuggingFace(source.path(), out / "model", {}, context)), "");
    auto opened = ModelFolder::open(out / "model", context);
    ASSERT_TRUE(static_cast<bool>(opened)) << llvm::toString(opened.takeError());
    model.emplace(std::move(*opened));
    reset();
  }

  void reset() {
    caches.clear();
    auto inputs = model->causalLM().function.getArgumentTypes();
    for (mlir::Type input : inputs.drop_front(3)) {
      auto type = llvm::cast<mlir::RankedTensorType>(input);
      caches.push_back(Value::tensor(mlir::Float32Type::get(&context), type.getShape(),
                                     std::vector<float>(type.getNumElements())));
    }
  }

  /// Logits of the tokens `first` and later.
  std::vector<float> run(const std::vector<int64_t> &tokens, int64_t position, int64_t first) {
    llvm::SmallVector<Value> arguments = {Value::tensor(mlir::IntegerType::get(&context, 32),
                                                        {static_cast<int64_t>(tokens.size())},
                                                        tokens),
                                          Value::scalar(mlir::IndexType::get(&context), position),
                                          Value::scalar(mlir::IndexType::get(&context), first)};
    arguments.append(caches);
    auto results =
        reference::Evaluator(model->module(), &model->weights()).call("forward", arguments);
    if (!results) {
      ADD_FAILURE() << llvm::toString(results.takeError());
      return {};
    }
    caches.assign(results->begin() + 1, results->end());
    return (*results)[0].floats;
  }

  void expectLogits(TinyModel tiny, double theta = 10000) {
    import(tiny);
    Rows expected = expectedLogits(tiny, tokens, theta);
    std::vector<float> found = run(tokens, 0, 0);
    ASSERT_EQ(found.size(), tokens.size() * TinyModel::vocab);
    for (size_t i = 0; i < found.size(); ++i) {
      ASSERT_NEAR(found[i], expected[i / TinyModel::vocab][i % TinyModel::vocab], 2e-5) << i;
    }
  }

  const std::vector<int64_t> tokens = {3, 36, 0, 17, 17, 5, 30, 12, 9};
  TemporaryFolder source, out;
  mlir::MLIRContext context;
  std::optional<ModelFolder> model;
  llvm::SmallVector<Value> caches;
};

TEST_F(ImportLlamaTest, grouped_queries) { expectLogits({}); }

TEST_F(ImportLlamaTest, one_key_head_for_each_query_head_and_tied_embeddings) {
  TinyModel tiny;
  tiny.keyValueHeads = 3;
  tiny.tied = true;
  expectLogits(tiny);
}

TEST_F(ImportLlamaTest, all_biases_in_f16_shards) {
  TinyModel tiny;
  tiny.qkvBias = tiny.outputBias = tiny.mlpBias = true;
  tiny.kind = ElementKind::F16;
  tiny.shards = 2;
  expectLogits(tiny);
}

TEST_F(ImportLlamaTest, qwen2_in_bf16_with_its_theta) {
  TinyModel tiny;
  tiny.architecture = "Qwen2ForCausalLM";
  tiny.qkvBias = tiny.tied = true;
  tiny.kind = ElementKind::BF16;
  tiny.more = ", \"rope_theta\": 1000000.0";
  expectLogits(tiny, 1e6);
}

TEST_F(ImportLlamaTest, mistral) {
  TinyModel tiny;
  tiny.architecture = "MistralForCausalLM";
  expectLogits(tiny);
}

TEST_F(ImportLlamaTest, decoding_token_by_token_equals_prefill) {
  TinyModel tiny;
  import(tiny);
  std::vector<float> whole = run(tokens, 0, 0);
  reset();
  for (size_t t = 0; t < tokens.size(); ++t) {
    std::vector<float> step = run({tokens[t]}, t, 0);
    ASSERT_EQ(step.size(), static_cast<size_t>(TinyModel::vocab));
    for (int64_t i = 0; i < TinyModel::vocab; ++i) {
      EXPECT_NEAR(step[i], whole[t * TinyModel::vocab + i], 1e-5);
    }
  }
}

TEST_F(ImportLlamaTest, chunks_and_first_choose_rows) {
  TinyModel tiny;
  import(tiny);
  std::vector<float> whole = run(tokens, 0, 0);
  reset();
  run({tokens.begin(), tokens.begin() + 4}, 0, 4); // no logits wanted
  std::vector<float> last = run({tokens.begin() + 4, tokens.end()}, 4, 3);
  ASSERT_EQ(last.size(), static_cast<size_t>(2 * TinyModel::vocab));
  for (size_t i = 0; i < last.size(); ++i) {
    EXPECT_NEAR(last[i], whole[7 * TinyModel::vocab + i], 1e-5);
  }
}

TEST_F(ImportLlamaTest, sequences_of_the_maximal_length) {
  TinyModel tiny;
  import(tiny);
  std::vector<int64_t> longest(TinyModel::positions, 2);
  EXPECT_EQ(run(longest, 0, TinyModel::positions - 1).size(),
            static_cast<size_t>(TinyModel::vocab));
}

TEST_F(ImportLlamaTest, locates_every_op_at_its_module) {
  TinyModel tiny;
  import(tiny);
  std::map<std::string, int> named;
  model->causalLM().function.walk([&](mlir::Operation *op) {
    auto location = llvm::dyn_cast<mlir::NameLoc>(op->getLoc());
    ASSERT_TRUE(location) << op->getName().getStringRef().str();
    ++named[location.getName().str()];
  });
  EXPECT_EQ(named["model.layers.1.self_attn.q_proj"], 3); // weight, linear, expand_shape
  EXPECT_EQ(named["model.layers.0.mlp.down_proj"], 2);
  EXPECT_EQ(named["lm_head"], 2);
}

} // namespace
