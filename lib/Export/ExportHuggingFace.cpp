//===- ExportHuggingFace.cpp - Models for vLLM and others -----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Export/ExportHuggingFace.h"

#include "quench/Export/LlamaGraph.h"
#include "quench/Import/CompressedTensors.h"
#include "quench/Import/LlamaTensors.h"
#include "quench/Support/AtomicFile.h"
#include "quench/WeightStore/QuantizedWeight.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;
namespace json = llvm::json;

namespace quench {

namespace {

/// Writes one model.
class FolderExporter {
public:
  FolderExporter(const ModelFolder &model, LlamaGraph &graph, const ExportOptions &options)
      : model(model), graph(graph), options(options) {}

  Error write(StringRef folder);

private:
  Error fail(GraphTensor &tensor, const Twine &message);
  /// The format of one layer.
  Expected<CompressedFormat> formatOf(GraphTensor &tensor, QTensorType type);
  /// Finds the format of all layers and those that have none.
  Error findFormat();
  Expected<json::Value> makeConfig();
  Error declare(SafetensorsWriter &writer, GraphTensor &tensor);
  Error copy(SafetensorsWriter &writer, GraphTensor &tensor);
  Error writeTensors(StringRef path);

  const ModelFolder &model;
  LlamaGraph &graph;
  const ExportOptions &options;
  std::optional<CompressedFormat> format;
  std::vector<std::string> ignored;
};

} // namespace

static QTensorType quantizedType(GraphTensor &tensor) {
  return tensor.weight ? dyn_cast<QTensorType>(tensor.weight.getType()) : QTensorType();
}

static bool isLinear(StringRef name) {
  return name == "lm_head.weight" || name.ends_with("_proj.weight");
}

Error FolderExporter::fail(GraphTensor &tensor, const Twine &message) {
  return createStringError(model.path() + ": tensor '" +
                           (tensor.weight ? tensor.weight.getKey() : StringRef(tensor.name)) +
                           "': " + message);
}

Expected<CompressedFormat> FolderExporter::formatOf(GraphTensor &tensor, QTensorType type) {
  numerics::Scheme scheme = type.getScheme().getNumericsScheme();
  const numerics::Encoding &element = scheme.element;
  bool isRows = scheme.block[0] == 1 && !scheme.realZeroPoint && !scheme.scale.isNested();
  bool isPlainScale = scheme.scale.format == numerics::FloatFormat::F32 ||
                      scheme.scale.format == numerics::FloatFormat::F16 ||
                      scheme.scale.format == numerics::FloatFormat::BF16;
  CompressedFormat result;
  result.bits = element.bitWidth();
  result.group = scheme.block[1] == numerics::kWhole ? 0 : scheme.block[1];
  result.hasZeroPoints = scheme.zeroPoint;
  if ((result.bits != 4 && result.bits != 8) || !isRows || !isPlainScale ||
      result.scheme(scheme.scale.format) != scheme) {
    return fail(tensor, "expected i4 or i8, or ui4 or ui8 with zero points, in rows or groups of "
                        "rows with scales in f32, f16 or bf16 for compressed-tensors, found " +
                            scheme.str());
  }
  if (QuantizeOp rounding = tensor.inputRounding) {
    auto inputs = cast<QTensorType>(rounding.getResult().getType()).getScheme();
    numerics::Scheme found = inputs.getNumericsScheme();
    numerics::Scheme token{numerics::Encoding::integer(8), {1, numerics::kWhole}, {}};
    if (found != token || rounding.getScale() || !rounding.getClip().isExactlyValue(1.0)) {
      return fail(tensor, "expected inputs as they are or rounded to " + token.str() +
                              " at run time for compressed-tensors, found " + found.str());
    }
    result.roundsInputs = true;
  }
  // What vLLM runs: codes as bytes where inputs are bytes too.
  result.isPacked = result.bits == 4 || result.hasZeroPoints || !result.roundsInputs;
  return result;
}

Error FolderExporter::findFormat() {
  GraphTensor *first = nullptr;
  for (GraphTensor &tensor : graph.tensors) {
    QTensorType type = quantizedType(tensor);
    if (!type) {
      if (isLinear(tensor.name)) {
        ignored.push_back(StringRef(tensor.name).drop_back(StringRef(".weight").size()).str());
      }
      continue;
    }
    if (!isLinear(tensor.name)) {
      return fail(tensor, "expected a table of floats for compressed-tensors, found " +
                              type.getScheme().getNumericsScheme().str());
    }
    Expected<CompressedFormat> found = formatOf(tensor, type);
    if (!found) {
      return found.takeError();
    }
    if (format && !(*format == *found)) {
      return fail(tensor, "expected one format for all layers, found another than that of '" +
                              first->weight.getKey() + "'");
    }
    format = *found;
    first = first ? first : &tensor;
  }
  return Error::success();
}

/// The number with the fewest digits that is this one in f32: 1e-05, not 9.9999997e-06.
static double shortNumber(float value) {
  double result = value;
  for (int digits = 1; digits <= 9; ++digits) {
    llvm::SmallString<32> text;
    llvm::raw_svector_ostream(text) << llvm::format("%.*g", digits, value);
    if (!StringRef(text).getAsDouble(result) && static_cast<float>(result) == value) {
      break;
    }
  }
  return result;
}

Expected<json::Value> FolderExporter::makeConfig() {
  const LlamaConfig &config = graph.config;
  bool isQwen2 = config.qkvBias && !config.outputBias;
  if ((isQwen2 && config.mlpBias) || (config.outputBias && !config.qkvBias)) {
    return createStringError(model.path() + ": expected biases as Llama or Qwen2 models have them");
  }
  if (!config.rotary.divisors.empty()) {
    return createStringError(model.path() + ": expected rotary frequencies of one base for "
                                            "config.json, found others");
  }
  json::Object result{
      {"architectures", json::Array{isQwen2 ? "Qwen2ForCausalLM" : "LlamaForCausalLM"}},
      {"model_type", isQwen2 ? "qwen2" : "llama"},
      {"hidden_act", "silu"},
      {"hidden_size", config.hiddenSize},
      {"intermediate_size", config.intermediateSize},
      {"num_hidden_layers", config.numLayers},
      {"num_attention_heads", config.numHeads},
      {"num_key_value_heads", config.numKeyValueHeads},
      {"head_dim", config.headDim},
      {"vocab_size", config.vocabSize},
      {"max_position_embeddings", config.maxPositions},
      {"rms_norm_eps", shortNumber(static_cast<float>(config.rmsNormEpsilon))},
      {"rope_theta", config.rotary.theta},
      {"tie_word_embeddings", config.tieWordEmbeddings}};
  if (!isQwen2) {
    result["attention_bias"] = config.qkvBias;
    result["mlp_bias"] = config.mlpBias;
  }
  if (config.rotary.scaling == RotaryScaling::Linear) {
    result["rope_scaling"] =
        json::Object{{"rope_type", "linear"}, {"factor", config.rotary.factor}};
  }
  if (format) {
    result["quantization_config"] = format->toJson(ignored);
  }
  return json::Value(std::move(result));
}

/// "M.weight" and what to add to it.
static std::string partName(const GraphTensor &tensor, StringRef part) {
  return (tensor.name + part).str();
}

Error FolderExporter::declare(SafetensorsWriter &writer, GraphTensor &tensor) {
  QTensorType type = quantizedType(tensor);
  if (!type) {
    ElementKind kind = ElementKind::F32;
    if (tensor.weight) {
      Expected<const TensorView *> view = model.weights().require(tensor.weight.getKey());
      if (!view) {
        return view.takeError();
      }
      kind = (*view)->kind;
    }
    return writer.declare(tensor.name, kind, tensor.shape);
  }
  int64_t rows = tensor.shape[0], columns = tensor.shape[1];
  if (format->isPacked) {
    Error failure =
        llvm::joinErrors(writer.declare(partName(tensor, "_packed"), ElementKind::I32,
                                        format->packedShape(rows, columns)),
                         writer.declare(partName(tensor, "_shape"), ElementKind::I64, {2}));
    if (failure) {
      return failure;
    }
  } else {
    if (Error failure = writer.declare(tensor.name, ElementKind::I8, tensor.shape)) {
      return failure;
    }
  }
  if (format->hasZeroPoints) {
    if (Error failure = writer.declare(partName(tensor, "_zero_point"), ElementKind::I32,
                                       format->zeroPointShape(rows, columns))) {
      return failure;
    }
  }
  Expected<const TensorView *> scale =
      model.weights().require((tensor.weight.getKey() + ".scale").str());
  if (!scale) {
    return scale.takeError();
  }
  return writer.declare(partName(tensor, "_scale"), (*scale)->kind, (*scale)->shape);
}

Error FolderExporter::copy(SafetensorsWriter &writer, GraphTensor &tensor) {
  if (!tensor.weight) {
    std::vector<float> values(*numElements(tensor.shape), tensor.filler);
    return writer.writeElements<float>(tensor.name, values);
  }
  StringRef key = tensor.weight.getKey();
  QTensorType type = quantizedType(tensor);
  if (!type) {
    const TensorView &view = *model.weights().lookup(key);
    if (Error failure = checkFiniteTensor(view, model.weights().fileOf(key))) {
      return failure;
    }
    return writer.write(tensor.name, view.bytes);
  }
  Expected<numerics::QuantizedTensor> codes =
      readQuantized(model.weights(), key, type.getScheme().getNumericsScheme(), type.getShape());
  if (!codes) {
    return codes.takeError();
  }
  std::string name = format->isPacked ? partName(tensor, "_packed") : tensor.name;
  if (Error failure = writer.write(name, format->pack(*codes))) {
    return failure;
  }
  if (format->isPacked) {
    if (Error failure =
            writer.writeElements<int64_t>(partName(tensor, "_shape"), ArrayRef(tensor.shape))) {
      return failure;
    }
  }
  if (format->hasZeroPoints) {
    if (Error failure =
            writer.write(partName(tensor, "_zero_point"), format->packZeroPoints(*codes))) {
      return failure;
    }
  }
  return writer.write(partName(tensor, "_scale"),
                      model.weights().lookup((key + ".scale").str())->bytes);
}

Error FolderExporter::writeTensors(StringRef path) {
  Expected<std::unique_ptr<SafetensorsWriter>> writer = SafetensorsWriter::create(path);
  if (!writer) {
    return writer.takeError();
  }
  // What transformers asks for.
  if (Error failure = (*writer)->setMetadata("format", "pt")) {
    return failure;
  }
  for (GraphTensor &tensor : graph.tensors) {
    if (Error failure = declare(**writer, tensor)) {
      return failure;
    }
  }
  Progress progress("export", graph.tensors.size(), "tensors", options.progress);
  for (GraphTensor &tensor : graph.tensors) {
    if (Error failure = copy(**writer, tensor)) {
      return failure;
    }
    if (Error error = progress.advance()) {
      return error;
    }
  }
  progress.finish();
  return (*writer)->commit();
}

Error FolderExporter::write(StringRef folder) {
  if (Error failure = findFormat()) {
    return failure;
  }
  Expected<json::Value> config = makeConfig();
  if (!config) {
    return config.takeError();
  }
  bool isNew = !llvm::sys::fs::exists(folder);
  if (std::error_code code = llvm::sys::fs::create_directory(folder, /*IgnoreExisting=*/true,
                                                             llvm::sys::fs::perms::all_all)) {
    return createStringError(folder + ": cannot create the folder: " + code.message());
  }
  auto writeFiles = [&]() -> Error {
    llvm::SmallString<128> weights(folder), text(folder);
    llvm::sys::path::append(weights, "model.safetensors");
    llvm::sys::path::append(text, "config.json");
    if (Error failure = writeTensors(weights)) {
      return failure;
    }
    return writeFileAtomically(text, llvm::formatv("{0:2}\n", *config).str());
  };
  Error failure = writeFiles();
  if (failure && isNew) {
    llvm::sys::fs::remove_directories(folder);
  }
  return failure;
}

Error exportHuggingFace(const ModelFolder &model, StringRef folder, const ExportOptions &options) {
  Expected<LlamaGraph> graph =
      findLlamaGraph(model.causalLM(), model.filePath(ModelFolder::moduleFileName));
  if (!graph) {
    return graph.takeError();
  }
  std::string lost = graph->rounded(/*withSchemes=*/false);
  if (!lost.empty() && options.warn) {
    options.warn(
        (model.path() + ": what reads the folder does not round what is rounded here: " + lost)
            .str());
  }
  return FolderExporter(model, *graph, options).write(folder);
}

} // namespace quench
