//===- ImportLlama.cpp - nn IR of Llama-style models ----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/ImportLlama.h"

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Model/ModelFolder.h"
#include "quench/Model/ModuleFile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <cmath>

using namespace mlir;
using llvm::createStringError;
using llvm::Expected;
using llvm::Twine;

namespace quench {

Expected<int64_t> cacheLength(const LlamaConfig &config, int64_t requested) {
  if (requested < 0 || requested > config.maxPositions) {
    return createStringError(config.file + ": 'max_position_embeddings': expected at least the " +
                             Twine(requested) + " positions that were asked for, found " +
                             Twine(config.maxPositions));
  }
  int64_t length = requested != 0 ? requested : std::min(config.maxPositions, defaultMaxPositions);
  if (config.slidingWindow && *config.slidingWindow < length) {
    return createStringError(config.file + ": 'sliding_window': expected null or at least the " +
                             Twine(length) + " positions of the caches, found " +
                             Twine(*config.slidingWindow));
  }
  return length;
}

namespace {

/// Emits the function from top to bottom. Names of modules are those of the Hugging Face model;
/// they locate the ops and prefix the keys of weights.
class LlamaBuilder {
public:
  LlamaBuilder(const LlamaConfig &config, llvm::function_ref<Type(StringRef)> typeOf,
               int64_t maxPositions, MLIRContext &context, SchemeAttr inputs)
      : config(config), typeOf(typeOf), maxPositions(maxPositions), inputs(inputs),
        b(UnknownLoc::get(&context), &context) {}

  OwningOpRef<ModuleOp> build();

private:
  void at(const Twine &module) { b.setLoc(NameLoc::get(b.getStringAttr(module))); }
  RankedTensorType rows(int64_t columns) {
    return RankedTensorType::get({ShapedType::kDynamic, columns}, b.getF32Type());
  }
  RankedTensorType heads(int64_t count) {
    return RankedTensorType::get({ShapedType::kDynamic, count, config.headDim}, b.getF32Type());
  }

  func::FuncOp createFunction(ModuleOp module);
  Value weight(const Twine &key);
  Value extend(Value value);
  Value round(Value input);
  Value linear(Value input, const Twine &module, bool bias);
  Value norm(Value input, const Twine &module);
  Value split(Value input, int64_t count);
  void createPositions();
  Value attention(Value input, const Twine &module, Value &keys, Value &values);
  Value feedForward(Value input, const Twine &module);
  Value lastRows(Value hidden);

  const LlamaConfig &config;
  llvm::function_ref<Type(StringRef)> typeOf;
  int64_t maxPositions;
  /// What inputs of quantized layers are rounded to; null for nothing.
  SchemeAttr inputs;
  /// What was rounded already.
  DenseMap<Value, Value> rounded;
  ImplicitLocOpBuilder b;

  Value tokens, position, first;
  /// Number of tokens.
  Value length;
  Value cosine, sine;
};

} // namespace

func::FuncOp LlamaBuilder::createFunction(ModuleOp module) {
  auto cache = RankedTensorType::get({maxPositions, config.numKeyValueHeads, config.headDim},
                                     b.getF32Type());
  SmallVector<Type> caches(2 * config.numLayers, cache);
  SmallVector<Type> inputs = {RankedTensorType::get({ShapedType::kDynamic}, b.getI32Type()),
                              b.getIndexType(), b.getIndexType()};
  SmallVector<Type> results = {rows(config.vocabSize)};
  inputs.append(caches);
  results.append(caches);
  b.setInsertionPointToEnd(module.getBody());
  at("model");
  auto function = func::FuncOp::create(b, "forward", b.getFunctionType(inputs, results));
  function->setAttr(causalLMAttrName, b.getUnitAttr());
  Block *body = function.addEntryBlock();
  auto name = [&](unsigned index, const Twine &name) {
    body->getArgument(index).setLoc(NameLoc::get(b.getStringAttr(name)));
    return body->getArgument(index);
  };
  tokens = name(0, "tokens");
  position = name(1, "position");
  first = name(2, "first");
  for (int64_t layer = 0; layer < config.numLayers; ++layer) {
    name(3 + 2 * layer, "k" + Twine(layer));
    name(4 + 2 * layer, "v" + Twine(layer));
  }
  b.setInsertionPointToStart(body);
  return function;
}

Value LlamaBuilder::weight(const Twine &key) {
  std::string name = key.str();
  Type type = typeOf(name);
  Value stored = WeightOp::create(b, type, name);
  if (auto quantized = dyn_cast<QTensorType>(type)) {
    return DequantizeOp::create(b, quantized.getExpressed(), stored);
  }
  return stored;
}

Value LlamaBuilder::extend(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getElementType().isF32()) {
    return value;
  }
  return arith::ExtFOp::create(b, type.clone(b.getF32Type()), value);
}

Value LlamaBuilder::round(Value input) {
  Value &result = rounded[input];
  if (!result) {
    auto expressed = cast<RankedTensorType>(input.getType());
    Value codes = QuantizeOp::create(b, QTensorType::get(expressed, inputs), input, Value(),
                                     Value(), APFloat(1.0), ScaleRule::Floor);
    result = DequantizeOp::create(b, expressed, codes);
  }
  return result;
}

Value LlamaBuilder::linear(Value input, const Twine &module, bool bias) {
  at(module);
  std::string key = (module + ".weight").str();
  if (inputs && isa<QTensorType>(typeOf(key))) {
    input = round(input);
  }
  Value matrix = weight(key);
  Value offset = bias ? extend(weight(module + ".bias")) : Value();
  int64_t columns = cast<RankedTensorType>(matrix.getType()).getDimSize(0);
  return nn::LinearOp::create(b, rows(columns), input, matrix, offset);
}

Value LlamaBuilder::norm(Value input, const Twine &module) {
  at(module);
  Value gain = extend(weight(module + ".weight"));
  return nn::RMSNormOp::create(b, input.getType(), input, gain,
                               b.getF32FloatAttr(static_cast<float>(config.rmsNormEpsilon)));
}

/// Columns into heads; located where the last op was.
Value LlamaBuilder::split(Value input, int64_t count) {
  SmallVector<ReassociationIndices> groups = {{0}, {1, 2}};
  SmallVector<OpFoldResult> sizes = {length, b.getIndexAttr(count), b.getIndexAttr(config.headDim)};
  return tensor::ExpandShapeOp::create(b, heads(count), input, groups, sizes);
}

void LlamaBuilder::createPositions() {
  at("model.rotary_emb");
  SmallVector<float> frequencies;
  for (double frequency : rotaryFrequencies(config.rotary, config.headDim)) {
    frequencies.push_back(static_cast<float>(frequency));
  }
  int64_t half = config.headDim / 2;
  auto type = RankedTensorType::get({half}, b.getF32Type());
  Value constant =
      arith::ConstantOp::create(b, DenseElementsAttr::get(type, ArrayRef<float>(frequencies)));
  Value zero = arith::ConstantIndexOp::create(b, 0);
  length = tensor::DimOp::create(b, tokens, zero);
  auto table = nn::RotaryTableOp::create(b, rows(half), rows(half), constant, position, length);
  cosine = table.getCosine();
  sine = table.getSine();
}

Value LlamaBuilder::attention(Value input, const Twine &module, Value &keys, Value &values) {
  Value query = linear(input, module + ".q_proj", config.qkvBias);
  query = split(query, config.numHeads);
  Value key = linear(input, module + ".k_proj", config.qkvBias);
  key = split(key, config.numKeyValueHeads);
  Value value = linear(input, module + ".v_proj", config.qkvBias);
  value = split(value, config.numKeyValueHeads);
  at(module);
  query = nn::RotaryEmbeddingOp::create(b, query.getType(), query, cosine, sine);
  key = nn::RotaryEmbeddingOp::create(b, key.getType(), key, cosine, sine);
  keys = nn::CacheUpdateOp::create(b, keys.getType(), key, keys, position);
  values = nn::CacheUpdateOp::create(b, values.getType(), value, values, position);
  double scale = 1.0 / std::sqrt(static_cast<double>(config.headDim));
  Value mixed = nn::AttentionOp::create(b, query.getType(), query, keys, values, position,
                                        b.getF32FloatAttr(static_cast<float>(scale)));
  SmallVector<ReassociationIndices> groups = {{0}, {1, 2}};
  mixed = tensor::CollapseShapeOp::create(b, rows(config.querySize()), mixed, groups);
  return linear(mixed, module + ".o_proj", config.outputBias);
}

Value LlamaBuilder::feedForward(Value input, const Twine &module) {
  Value gate = linear(input, module + ".gate_proj", config.mlpBias);
  Value up = linear(input, module + ".up_proj", config.mlpBias);
  at(module);
  gate = nn::SiLUOp::create(b, gate.getType(), gate);
  Value product = arith::MulFOp::create(b, gate, up);
  return linear(product, module + ".down_proj", config.mlpBias);
}

/// The rows of the tokens `first` and later: only their logits are wanted.
Value LlamaBuilder::lastRows(Value hidden) {
  at("model");
  Value count = arith::SubIOp::create(b, length, first);
  SmallVector<OpFoldResult> offsets = {first, b.getIndexAttr(0)};
  SmallVector<OpFoldResult> sizes = {count, b.getIndexAttr(config.hiddenSize)};
  SmallVector<OpFoldResult> strides = {b.getIndexAttr(1), b.getIndexAttr(1)};
  return tensor::ExtractSliceOp::create(b, rows(config.hiddenSize), hidden, offsets, sizes,
                                        strides);
}

OwningOpRef<ModuleOp> LlamaBuilder::build() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(b.getLoc());
  func::FuncOp function = createFunction(*module);
  createPositions();

  at("model.embed_tokens");
  Value table = weight("model.embed_tokens.weight");
  auto embedded =
      RankedTensorType::get({ShapedType::kDynamic, config.hiddenSize}, getElementTypeOrSelf(table));
  Value hidden = nn::EmbeddingOp::create(b, embedded, table, tokens);
  hidden = extend(hidden);

  SmallVector<Value> results = {Value()};
  for (int64_t layer = 0; layer < config.numLayers; ++layer) {
    std::string name = ("model.layers." + Twine(layer)).str();
    Value keys = function.getArgument(3 + 2 * layer);
    Value values = function.getArgument(4 + 2 * layer);
    Value mixed =
        attention(norm(hidden, name + ".input_layernorm"), name + ".self_attn", keys, values);
    at(name);
    hidden = arith::AddFOp::create(b, hidden, mixed);
    Value inner = feedForward(norm(hidden, name + ".post_attention_layernorm"), name + ".mlp");
    at(name);
    hidden = arith::AddFOp::create(b, hidden, inner);
    results.append({keys, values});
  }

  Value last = norm(lastRows(hidden), "model.norm");
  if (config.tieWordEmbeddings) {
    at("lm_head");
    results[0] = nn::LinearOp::create(b, rows(config.vocabSize), last, table, Value());
  } else {
    results[0] = linear(last, "lm_head", /*bias=*/false);
  }
  at("model");
  func::ReturnOp::create(b, results);
  return module;
}

OwningOpRef<ModuleOp> buildLlama(const LlamaConfig &config,
                                 llvm::function_ref<Type(StringRef)> typeOf, int64_t maxPositions,
                                 MLIRContext &context, SchemeAttr inputs) {
  loadModelDialects(context);
  return LlamaBuilder(config, typeOf, maxPositions, context, inputs).build();
}

RankedTensorType floatWeightType(MLIRContext &context, ElementKind kind, ArrayRef<int64_t> shape) {
  Type element = kind == ElementKind::F32   ? Type(Float32Type::get(&context))
                 : kind == ElementKind::F16 ? Type(Float16Type::get(&context))
                                            : Type(BFloat16Type::get(&context));
  return RankedTensorType::get(shape, element);
}

} // namespace quench
