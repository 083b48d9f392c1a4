//===- LlamaGraph.cpp - A Llama model found in IR -------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The network is followed from the logits upwards: every value has one definition.
//
//===----------------------------------------------------------------------===//

#include "quench/Export/LlamaGraph.h"

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Export/FitRotary.h"
#include "quench/Import/LlamaTensors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

#include <cmath>

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

namespace quench {

namespace {

/// Walks upwards. Functions return null values or false once `problem` says what is wrong.
class GraphFinder {
public:
  GraphFinder(func::FuncOp function, StringRef file) : function(function), file(file) {}

  Expected<LlamaGraph> find(const CausalLM &model);

private:
  struct Linear {
    WeightOp weight, bias;
    Value input;
    QuantizeOp rounding;
  };
  struct Norm {
    WeightOp gain;
    Value input;
  };
  struct Layer {
    Norm attentionNorm, feedForwardNorm;
    Linear query, key, value, output, gate, up, down;
  };

  bool fail(Operation *op, const Twine &expected, const Twine &found);
  bool fail(Value value, const Twine &expected);
  /// What `value` was before it was rounded, which `rounds` then says.
  Value unrounded(Value value, bool &rounds);
  Value unrounded(Value value) { return unrounded(value, graph.roundsOthers); }
  template <typename Op> Op require(Value value, StringRef what);

  WeightOp weight(Value value);
  bool linear(Value value, Linear &result);
  bool norm(Value value, Norm &result);
  bool reads(const Linear &linear, Value normed);
  bool add(Value value, Value &residual, Value &branch);
  bool rotated(Value value, Linear &result, int64_t &heads);
  bool split(Value value, Linear &result, int64_t &heads);
  Value cached(Value value);
  bool attention(Value value, Layer &layer);
  bool feedForward(Value value, Layer &layer);
  bool embedding(Value value);
  bool logits(Value value, Value &hidden);
  bool setOnce(int64_t &size, int64_t found, Operation *op, StringRef what);
  bool readFrequencies();

  void fillConfig(const CausalLM &model, LlamaConfig &config);
  Error collect();

  func::FuncOp function;
  StringRef file;
  std::string problem;
  /// What of it is found on the way.
  LlamaGraph graph;

  /// From the last layer to the first, until `find` turns them round.
  std::vector<Layer> layers;
  Norm finalNorm;
  Linear head;
  WeightOp table;
  nn::RotaryTableOp rotary;
  SmallVector<float> frequencies;
  std::optional<float> epsilon;
  int64_t numHeads = 0, numKeyValueHeads = 0, headDim = 0;
};

} // namespace

/// "model.layers.0.mlp", or the position in the file.
static std::string placeOf(Operation *op) {
  if (auto name = dyn_cast<NameLoc>(op->getLoc())) {
    return name.getName().str();
  }
  std::string text;
  llvm::raw_string_ostream(text) << op->getLoc();
  return text;
}

bool GraphFinder::fail(Operation *op, const Twine &expected, const Twine &found) {
  if (problem.empty()) {
    problem = (file + ": " + placeOf(op) + ": expected " + expected + ", found " + found).str();
  }
  return false;
}

bool GraphFinder::fail(Value value, const Twine &expected) {
  if (Operation *op = value.getDefiningOp()) {
    return fail(op, expected, op->getName().getStringRef());
  }
  return fail(function, expected, "an argument");
}

Value GraphFinder::unrounded(Value value, bool &rounds) {
  while (Operation *op = value.getDefiningOp()) {
    if (isa<FakeQuantizeOp>(op)) {
      rounds = true;
      value = op->getOperand(0);
      continue;
    }
    auto dequantize = dyn_cast<DequantizeOp>(op);
    auto quantize = dequantize ? dequantize.getInput().getDefiningOp<QuantizeOp>() : QuantizeOp();
    Value narrow = findNarrow(value);
    auto round = narrow ? narrow.getDefiningOp<arith::TruncFOp>() : arith::TruncFOp();
    if (!quantize && !round) {
      break;
    }
    rounds = true;
    value = quantize ? quantize.getInput() : round.getIn();
  }
  return value;
}

template <typename Op> Op GraphFinder::require(Value value, StringRef what) {
  if (!problem.empty()) {
    return {};
  }
  value = unrounded(value);
  auto op = value.getDefiningOp<Op>();
  if (!op) {
    fail(value, what);
  }
  return op;
}

WeightOp GraphFinder::weight(Value value) {
  Value stored = value;
  if (auto extend = stored.getDefiningOp<arith::ExtFOp>()) {
    stored = extend.getIn();
  } else if (auto dequantize = stored.getDefiningOp<DequantizeOp>()) {
    stored = dequantize.getInput();
  }
  auto op = stored.getDefiningOp<WeightOp>();
  if (!op) {
    fail(stored, "a stored weight (quench-fold-weights evaluates what passes left before it)");
  }
  return op;
}

bool GraphFinder::linear(Value value, Linear &result) {
  auto op = require<nn::LinearOp>(value, "nn.linear");
  if (!op) {
    return false;
  }
  result.weight = weight(op.getWeight());
  result.bias = op.getBias() ? weight(op.getBias()) : WeightOp();
  result.input = op.getInput();
  if (auto dequantize = result.input.getDefiningOp<DequantizeOp>()) {
    result.rounding = dequantize.getInput().getDefiningOp<QuantizeOp>();
  }
  if (result.rounding) {
    graph.roundsInputs = true;
    result.input = result.rounding.getInput();
  }
  result.input = unrounded(result.input, graph.roundsFloatInputs);
  return problem.empty();
}

bool GraphFinder::norm(Value value, Norm &result) {
  auto op = require<nn::RMSNormOp>(value, "nn.rms_norm");
  if (!op) {
    return false;
  }
  float found = op.getEpsilon().convertToFloat();
  if (epsilon && *epsilon != found) {
    return fail(op, "the epsilon " + std::to_string(*epsilon) + " of the other norms",
                std::to_string(found));
  }
  epsilon = found;
  result.gain = op.getGain() ? weight(op.getGain()) : WeightOp();
  result.input = op.getInput();
  return problem.empty();
}

bool GraphFinder::reads(const Linear &linear, Value normed) {
  return linear.input == normed || fail(linear.input, "the norm that its neighbours read");
}

/// A sum of the residual stream and what a linear layer adds to it.
bool GraphFinder::add(Value value, Value &residual, Value &branch) {
  auto op = require<arith::AddFOp>(value, "arith.addf");
  if (!op) {
    return false;
  }
  residual = op.getLhs();
  branch = op.getRhs();
  if (unrounded(residual).getDefiningOp<nn::LinearOp>()) {
    std::swap(residual, branch);
  }
  return true;
}

bool GraphFinder::setOnce(int64_t &size, int64_t found, Operation *op, StringRef what) {
  if (size != 0 && size != found) {
    return fail(op, Twine(size) + " " + what + " as elsewhere", Twine(found));
  }
  size = found;
  return true;
}

bool GraphFinder::split(Value value, Linear &result, int64_t &heads) {
  auto op = require<tensor::ExpandShapeOp>(value, "tensor.expand_shape into heads");
  return op && setOnce(heads, op.getResultType().getDimSize(1), op, "heads") &&
         setOnce(headDim, op.getResultType().getDimSize(2), op, "elements in a head") &&
         linear(op.getSrc(), result);
}

bool GraphFinder::rotated(Value value, Linear &result, int64_t &heads) {
  auto op = require<nn::RotaryEmbeddingOp>(value, "nn.rotary_embedding");
  if (!op) {
    return false;
  }
  auto from = op.getCosine().getDefiningOp<nn::RotaryTableOp>();
  if (!from || (rotary && rotary != from) || op.getSine() != from.getSine()) {
    return fail(op, "one nn.rotary_table for all", "another");
  }
  rotary = from;
  return split(op.getInput(), result, heads);
}

Value GraphFinder::cached(Value value) {
  // Keys and values are rounded before they enter their cache, or after.
  value = unrounded(value, graph.roundsCaches);
  auto op = require<nn::CacheUpdateOp>(value, "nn.cache_update");
  return op ? unrounded(op.getInput(), graph.roundsCaches) : Value();
}

bool GraphFinder::attention(Value value, Layer &layer) {
  if (!linear(value, layer.output)) {
    return false;
  }
  auto joined = require<tensor::CollapseShapeOp>(layer.output.input, "tensor.collapse_shape");
  auto op = joined ? require<nn::AttentionOp>(joined.getSrc(), "nn.attention") : nn::AttentionOp();
  if (!op) {
    return false;
  }
  Value keys = cached(op.getKeys()), values = cached(op.getValues());
  if (!keys || !values || !rotated(op.getQuery(), layer.query, numHeads) ||
      !rotated(keys, layer.key, numKeyValueHeads) ||
      !split(values, layer.value, numKeyValueHeads)) {
    return false;
  }
  float scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(headDim)));
  if (op.getScale().convertToFloat() != scale) {
    return fail(op, "the scale " + std::to_string(scale),
                std::to_string(op.getScale().convertToFloat()));
  }
  return reads(layer.key, layer.query.input) && reads(layer.value, layer.query.input) &&
         norm(layer.query.input, layer.attentionNorm);
}

bool GraphFinder::feedForward(Value value, Layer &layer) {
  if (!linear(value, layer.down)) {
    return false;
  }
  auto product = require<arith::MulFOp>(layer.down.input, "arith.mulf");
  if (!product) {
    return false;
  }
  Value gate = product.getLhs(), up = product.getRhs();
  if (unrounded(up).getDefiningOp<nn::SiLUOp>()) {
    std::swap(gate, up);
  }
  auto silu = require<nn::SiLUOp>(gate, "nn.silu");
  return silu && linear(silu.getInput(), layer.gate) && linear(up, layer.up) &&
         reads(layer.up, layer.gate.input) && norm(layer.gate.input, layer.feedForwardNorm);
}

bool GraphFinder::embedding(Value value) {
  value = unrounded(value);
  if (auto extend = value.getDefiningOp<arith::ExtFOp>()) {
    value = extend.getIn();
  }
  auto op = require<nn::EmbeddingOp>(value, "nn.embedding");
  if (!op || op.getTokens() != function.getArgument(0)) {
    return problem.empty() ? fail(op, "the tokens of the function", "others") : false;
  }
  table = weight(op.getTable());
  return problem.empty();
}

bool GraphFinder::logits(Value value, Value &hidden) {
  if (!linear(value, head)) {
    return false;
  }
  if (head.bias) {
    return fail(value, "logits without a bias");
  }
  if (!norm(head.input, finalNorm)) {
    return false;
  }
  auto rows = require<tensor::ExtractSliceOp>(finalNorm.input, "tensor.extract_slice");
  if (!rows) {
    return false;
  }
  hidden = rows.getSource();
  return true;
}

bool GraphFinder::readFrequencies() {
  DenseElementsAttr values;
  auto constant = rotary.getFrequencies().getDefiningOp<arith::ConstantOp>();
  values = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : values;
  if (!values) {
    return fail(rotary, "constant frequencies", "others");
  }
  frequencies.assign(values.value_begin<float>(), values.value_end<float>());
  for (float frequency : frequencies) {
    if (!(frequency > 0) || !std::isfinite(frequency)) {
      return fail(rotary, "finite frequencies above 0", std::to_string(frequency));
    }
  }
  return true;
}

static ArrayRef<int64_t> shapeOf(WeightOp op) {
  if (auto quantized = dyn_cast<QTensorType>(op.getType())) {
    return quantized.getShape();
  }
  return cast<RankedTensorType>(op.getType()).getShape();
}

void GraphFinder::fillConfig(const CausalLM &model, LlamaConfig &config) {
  config.file = file.str();
  config.architecture = "LlamaForCausalLM";
  config.hiddenSize = shapeOf(table)[1];
  config.intermediateSize = shapeOf(layers.front().gate.weight)[0];
  config.numLayers = static_cast<int64_t>(layers.size());
  config.numHeads = numHeads;
  config.numKeyValueHeads = numKeyValueHeads;
  config.headDim = headDim;
  config.vocabSize = model.vocabSize;
  config.maxPositions = model.maxPositions;
  config.rmsNormEpsilon = *epsilon;
  config.rotary = fitRotary(frequencies, headDim);
  config.tieWordEmbeddings = head.weight.getKey() == table.getKey();
  for (const Layer &layer : layers) {
    config.qkvBias |= layer.query.bias || layer.key.bias || layer.value.bias;
    config.outputBias |= static_cast<bool>(layer.output.bias);
    config.mlpBias |= layer.gate.bias || layer.up.bias || layer.down.bias;
  }
}

/// Gives every tensor of the network its weight.
Error GraphFinder::collect() {
  llvm::StringMap<WeightOp> weights;
  llvm::StringMap<QuantizeOp> roundings;
  auto addLinear = [&](const Twine &module, const Linear &linear) {
    weights[(module + ".weight").str()] = linear.weight;
    weights[(module + ".bias").str()] = linear.bias;
    roundings[(module + ".weight").str()] = linear.rounding;
  };
  weights["model.embed_tokens.weight"] = table;
  for (size_t i = 0; i < layers.size(); ++i) {
    const Layer &layer = layers[i];
    std::string name = "model.layers." + std::to_string(i) + ".";
    weights[name + "input_layernorm.weight"] = layer.attentionNorm.gain;
    weights[name + "post_attention_layernorm.weight"] = layer.feedForwardNorm.gain;
    addLinear(name + "self_attn.q_proj", layer.query);
    addLinear(name + "self_attn.k_proj", layer.key);
    addLinear(name + "self_attn.v_proj", layer.value);
    addLinear(name + "self_attn.o_proj", layer.output);
    addLinear(name + "mlp.gate_proj", layer.gate);
    addLinear(name + "mlp.up_proj", layer.up);
    addLinear(name + "mlp.down_proj", layer.down);
  }
  weights["model.norm.weight"] = finalNorm.gain;
  addLinear("lm_head", head);
  return visitLlamaTensors(graph.config, [&](const LlamaTensor &wanted) -> Error {
    WeightOp weight = weights.lookup(wanted.name);
    if (weight && shapeOf(weight) != ArrayRef(wanted.shape)) {
      return createStringError(file + ": " + wanted.name + ": expected shape " +
                               shapeToString(wanted.shape) + ", found " +
                               shapeToString(shapeOf(weight)));
    }
    bool isGain = StringRef(wanted.name).ends_with("norm.weight");
    graph.tensors.push_back(
        {wanted.name, wanted.shape, weight, isGain ? 1.0f : 0.0f, roundings.lookup(wanted.name)});
    return Error::success();
  });
}

Expected<LlamaGraph> GraphFinder::find(const CausalLM &model) {
  Value hidden;
  bool found = logits(function.front().getTerminator()->getOperand(0), hidden);
  while (found && unrounded(hidden).getDefiningOp<arith::AddFOp>()) {
    Layer layer;
    Value residual, branch, middle;
    found = add(hidden, middle, branch) && feedForward(branch, layer) &&
            (layer.feedForwardNorm.input == middle ||
             fail(layer.feedForwardNorm.input, "the sum that the MLP adds to")) &&
            add(middle, residual, branch) && attention(branch, layer) &&
            (layer.attentionNorm.input == residual ||
             fail(layer.attentionNorm.input, "the sum that attention adds to"));
    hidden = residual;
    layers.push_back(layer);
  }
  found = found && embedding(hidden) &&
          (!layers.empty() || fail(function, "at least one decoder layer", "none")) &&
          readFrequencies();
  if (!found) {
    return createStringError(Twine(problem));
  }
  std::reverse(layers.begin(), layers.end());
  fillConfig(model, graph.config);
  if (Error failure = collect()) {
    return std::move(failure);
  }
  return std::move(graph);
}

std::string LlamaGraph::rounded(bool withSchemes) const {
  std::string result;
  llvm::ListSeparator comma;
  for (auto [isRounded, what] :
       {std::pair(roundsFloatInputs || (withSchemes && roundsInputs), "inputs of linear layers"),
        std::pair(roundsCaches, "caches"), std::pair(roundsOthers, "other activations")}) {
    if (isRounded) {
      result += (StringRef(comma) + what).str();
    }
  }
  return result;
}

Expected<LlamaGraph> findLlamaGraph(const CausalLM &model, StringRef file) {
  return GraphFinder(model.function, file).find(model);
}

} // namespace quench
