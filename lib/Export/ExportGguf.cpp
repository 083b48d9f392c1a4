//===- ExportGguf.cpp - Models for llama.cpp ------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Export/ExportGguf.h"

#include "quench/Export/GgufFit.h"
#include "quench/Export/LlamaGraph.h"
#include "quench/Gguf/GgufWriter.h"
#include "quench/Gguf/LlamaNames.h"
#include "quench/Import/LlamaTensors.h"
#include "quench/WeightStore/QuantizedWeight.h"

#include "llvm/Support/Format.h"

#include <cstring>

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

namespace quench {

/// A vocabulary of as many tokens as there are bytes is one of bytes.
static constexpr int64_t numByteTokens = 256;

namespace {

/// Writes one model.
class GgufExporter {
public:
  GgufExporter(const ModelFolder &model, const LlamaGraph &graph, const ExportOptions &options)
      : model(model), graph(graph), options(options) {}

  Error write(StringRef path);

private:
  /// "FILE: tensor 'KEY': message".
  Error fail(const GraphTensor &tensor, Error reason) const;
  Expected<GgufType> chooseType(const GraphTensor &tensor) const;
  Expected<std::vector<uint8_t>> makeData(const GraphTensor &tensor, GgufType type) const;
  Expected<std::vector<uint8_t>> makeFloats(const GraphTensor &tensor, GgufType type) const;
  Expected<std::vector<uint8_t>> makeCodes(const GraphTensor &tensor, GgufType type) const;
  void describe(GgufWriter &writer, bool isQuantized) const;
  void describeTokens(GgufWriter &writer) const;

  const ModelFolder &model;
  const LlamaGraph &graph;
  const ExportOptions &options;
};

} // namespace

static std::vector<uint8_t> bytesOf(ArrayRef<float> values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

Error GgufExporter::fail(const GraphTensor &tensor, Error reason) const {
  WeightOp weight = tensor.weight;
  return createStringError(model.path() + ": tensor '" +
                           (weight ? weight.getKey() : StringRef(tensor.name)) +
                           "': " + toString(std::move(reason)));
}

Expected<GgufType> GgufExporter::chooseType(const GraphTensor &tensor) const {
  WeightOp weight = tensor.weight;
  if (!weight) {
    return GgufType::F32;
  }
  if (auto quantized = dyn_cast<QTensorType>(weight.getType())) {
    Expected<GgufType> type =
        ggufTypeFor(quantized.getScheme().getNumericsScheme(), quantized.getShape());
    return type ? std::move(type) : fail(tensor, type.takeError());
  }
  // llama.cpp adds and multiplies with vectors in F32 alone.
  Type element = cast<RankedTensorType>(weight.getType()).getElementType();
  return tensor.shape.size() != 2 || element.isF32() ? GgufType::F32
         : element.isF16()                           ? GgufType::F16
                                                     : GgufType::BF16;
}

Expected<std::vector<uint8_t>> GgufExporter::makeFloats(const GraphTensor &tensor,
                                                        GgufType type) const {
  WeightOp weight = tensor.weight;
  StringRef key = weight.getKey();
  Expected<const TensorView *> view = model.weights().requireShape(key, tensor.shape);
  if (!view) {
    return view.takeError();
  }
  if (Error failure = checkFiniteTensor(**view, model.weights().fileOf(key))) {
    return std::move(failure);
  }
  if ((*view)->kind == *ggufElementKind(type)) {
    return (*view)->bytes.vec();
  }
  Expected<std::vector<float>> values = model.weights().readFloats(key);
  if (!values) {
    return values.takeError();
  }
  return bytesOf(*values);
}

Expected<std::vector<uint8_t>> GgufExporter::makeCodes(const GraphTensor &tensor,
                                                       GgufType type) const {
  WeightOp weight = tensor.weight;
  auto quantized = cast<QTensorType>(weight.getType());
  numerics::Scheme scheme = quantized.getScheme().getNumericsScheme();
  Expected<numerics::QuantizedTensor> codes =
      readQuantized(model.weights(), weight.getKey(), scheme, quantized.getShape());
  if (!codes) {
    return codes.takeError();
  }
  Expected<std::vector<uint8_t>> blocks = writeAsGguf(type, *codes, scheme);
  if (!blocks) {
    return fail(tensor, createStringError(scheme.str() + " as " + name(type) + ": " +
                                          toString(blocks.takeError())));
  }
  return blocks;
}

Expected<std::vector<uint8_t>> GgufExporter::makeData(const GraphTensor &tensor,
                                                      GgufType type) const {
  if (!tensor.weight) {
    return bytesOf(std::vector<float>(*numElements(tensor.shape), tensor.filler));
  }
  Expected<std::vector<uint8_t>> bytes =
      ggufElementKind(type) ? makeFloats(tensor, type) : makeCodes(tensor, type);
  if (bytes && isRotated(tensor.name)) {
    return rowsToGguf(*bytes, bytes->size() / tensor.shape.front(), graph.config.headDim);
  }
  return bytes;
}

/// One token for each byte, in the way of SentencePiece: text that is no token falls back to them.
void GgufExporter::describeTokens(GgufWriter &writer) const {
  if (graph.config.vocabSize != numByteTokens) {
    writer.setText("tokenizer.ggml.model", "no_vocab");
    return;
  }
  constexpr int32_t byteToken = 6;
  std::vector<std::string> tokens;
  for (int64_t byte = 0; byte < numByteTokens; ++byte) {
    llvm::raw_string_ostream(tokens.emplace_back()) << llvm::format("<0x%02X>", unsigned(byte));
  }
  writer.setText("tokenizer.ggml.model", "llama");
  writer.setTexts("tokenizer.ggml.tokens", tokens);
  writer.setNumbers("tokenizer.ggml.scores", std::vector<float>(numByteTokens, 0.0f));
  writer.setIntegers("tokenizer.ggml.token_type", std::vector<int32_t>(numByteTokens, byteToken));
  // Bytes that text does not contain.
  writer.setInteger("tokenizer.ggml.unknown_token_id", 0);
  writer.setInteger("tokenizer.ggml.bos_token_id", 1);
  writer.setInteger("tokenizer.ggml.eos_token_id", 2);
  writer.setSwitch("tokenizer.ggml.add_bos_token", false);
  writer.setSwitch("tokenizer.ggml.add_eos_token", false);
  writer.setSwitch("tokenizer.ggml.add_space_prefix", false);
}

void GgufExporter::describe(GgufWriter &writer, bool isQuantized) const {
  const LlamaConfig &config = graph.config;
  writer.setText("general.architecture", "llama");
  writer.setText("general.name", options.name);
  if (isQuantized) {
    writer.setInteger("general.quantization_version", 2);
  }
  auto size = [&](StringRef key, int64_t value) {
    writer.setInteger(("llama." + key).str(), static_cast<uint32_t>(value));
  };
  size("vocab_size", config.vocabSize);
  size("context_length", config.maxPositions);
  size("embedding_length", config.hiddenSize);
  size("block_count", config.numLayers);
  size("feed_forward_length", config.intermediateSize);
  size("attention.head_count", config.numHeads);
  size("attention.head_count_kv", config.numKeyValueHeads);
  size("attention.key_length", config.headDim);
  size("attention.value_length", config.headDim);
  size("rope.dimension_count", config.headDim);
  writer.setNumber("llama.attention.layer_norm_rms_epsilon",
                   static_cast<float>(config.rmsNormEpsilon));
  writer.setNumber("llama.rope.freq_base", static_cast<float>(config.rotary.theta));
  if (config.rotary.scaling == RotaryScaling::Linear) {
    writer.setText("llama.rope.scaling.type", "linear");
    writer.setNumber("llama.rope.scaling.factor", static_cast<float>(config.rotary.factor));
  }
  describeTokens(writer);
}

Error GgufExporter::write(StringRef path) {
  std::vector<GgufType> types;
  bool isQuantized = false;
  for (const GraphTensor &tensor : graph.tensors) {
    Expected<GgufType> type = chooseType(tensor);
    if (!type) {
      return type.takeError();
    }
    isQuantized |= !ggufElementKind(*type);
    types.push_back(*type);
  }
  Expected<std::unique_ptr<GgufWriter>> writer = GgufWriter::create(path);
  if (!writer) {
    return writer.takeError();
  }
  describe(**writer, isQuantized);
  const std::vector<double> &divisors = graph.config.rotary.divisors;
  if (!divisors.empty()) {
    if (Error failure = (*writer)->declare("rope_freqs.weight", GgufType::F32,
                                           {static_cast<int64_t>(divisors.size())})) {
      return failure;
    }
  }
  for (auto [tensor, type] : llvm::zip_equal(graph.tensors, types)) {
    if (Error failure = (*writer)->declare(ggufNameOf(tensor.name), type, tensor.shape)) {
      return failure;
    }
  }
  if (!divisors.empty()) {
    std::vector<float> values(divisors.begin(), divisors.end());
    if (Error failure = (*writer)->write(bytesOf(values))) {
      return failure;
    }
  }
  Progress progress("export", graph.tensors.size(), "tensors", options.progress);
  for (auto [tensor, type] : llvm::zip_equal(graph.tensors, types)) {
    Expected<std::vector<uint8_t>> data = makeData(tensor, type);
    if (!data) {
      return data.takeError();
    }
    if (Error failure = (*writer)->write(*data)) {
      return failure;
    }
    if (Error error = progress.advance()) {
      return error;
    }
  }
  progress.finish();
  return (*writer)->commit();
}

Error exportGguf(const ModelFolder &model, StringRef path, const ExportOptions &options) {
  Expected<LlamaGraph> graph =
      findLlamaGraph(model.causalLM(), model.filePath(ModelFolder::moduleFileName));
  if (!graph) {
    return graph.takeError();
  }
  auto warn = [&](const Twine &message) {
    if (options.warn) {
      options.warn((model.path() + ": " + message).str());
    }
  };
  std::string rounded = graph->rounded(/*withSchemes=*/true);
  if (!rounded.empty()) {
    warn("llama.cpp has its own way to round what is rounded here: " + rounded);
  }
  if (graph->config.vocabSize != numByteTokens) {
    warn("no vocabulary is known for " + Twine(graph->config.vocabSize) +
         " tokens: the file works with token ids alone");
  }
  return GgufExporter(model, *graph, options).write(path);
}

} // namespace quench
