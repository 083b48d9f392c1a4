//===- ImportGguf.cpp - GGUF files ----------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/ImportGguf.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Gguf/GgufFile.h"
#include "quench/Gguf/LlamaNames.h"
#include "quench/Import/GgufConfig.h"
#include "quench/Import/ImportLlama.h"
#include "quench/Import/LlamaTensors.h"
#include "quench/Model/ModelFolder.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Recipe/SchemeBuilder.h"
#include "quench/WeightStore/QuantizedWeight.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

namespace quench {

namespace {
/// A GGUF file with all that can be checked without reading weights.
struct Source {
  std::unique_ptr<GgufFile> file;
  LlamaConfig config;
  int64_t maxPositions = 0;
  /// The tensors of the model under their Hugging Face names, in the order of use.
  std::vector<std::pair<std::string, const GgufTensor *>> tensors;
};
} // namespace

static Error tensorError(const GgufFile &file, StringRef name, const Twine &message) {
  return createStringError(file.path() + ": tensor '" + name + "': " + message);
}

/// Finds a tensor of the model; what is not a matrix has to be float.
static Expected<const GgufTensor *> findTensor(const GgufFile &file, const LlamaTensor &wanted) {
  std::string ggufName = ggufNameOf(wanted.name);
  const GgufTensor *tensor = file.lookup(ggufName);
  if (!tensor) {
    return tensorError(file, ggufName, "expected it in the file, found no such tensor");
  }
  if (tensor->shape != wanted.shape) {
    return tensorError(file, ggufName,
                       "expected shape " + shapeToString(wanted.shape) + ", found " +
                           shapeToString(tensor->shape));
  }
  if (wanted.shape.size() != 2 && !ggufElementKind(tensor->type)) {
    return tensorError(file, ggufName, "expected F32, F16 or BF16, found " + name(tensor->type));
  }
  return tensor;
}

/// Refuses tensors that the architecture does not know.
static Error refuseUnknown(const Source &source) {
  llvm::StringSet<> known = {"rope_freqs.weight"};
  for (const auto &[name, tensor] : source.tensors) {
    known.insert(tensor->name);
  }
  for (const GgufTensor &tensor : source.file->tensors()) {
    if (!known.contains(tensor.name)) {
      return tensorError(*source.file, tensor.name, "expected only tensors of a Llama model");
    }
  }
  return Error::success();
}

static Expected<Source> openSource(StringRef path, const ImportOptions &options) {
  Source source;
  Expected<std::unique_ptr<GgufFile>> file = GgufFile::open(path);
  if (!file) {
    return file.takeError();
  }
  source.file = std::move(*file);
  Expected<LlamaConfig> config = readGgufConfig(*source.file);
  if (!config) {
    return config.takeError();
  }
  source.config = std::move(*config);
  Expected<int64_t> maxPositions = cacheLength(source.config, options.maxPositions);
  if (!maxPositions) {
    return maxPositions.takeError();
  }
  source.maxPositions = *maxPositions;
  Error failure = visitLlamaTensors(source.config, [&](const LlamaTensor &wanted) -> Error {
    Expected<const GgufTensor *> tensor = findTensor(*source.file, wanted);
    if (!tensor) {
      return tensor.takeError();
    }
    source.tensors.emplace_back(wanted.name, *tensor);
    return Error::success();
  });
  if (failure) {
    return std::move(failure);
  }
  if (Error unknown = refuseUnknown(source)) {
    return std::move(unknown);
  }
  return std::move(source);
}

static Expected<OwningOpRef<ModuleOp>> buildModule(const Source &source, MLIRContext &context) {
  loadModelDialects(context);
  llvm::StringMap<Type> types;
  for (const auto &[name, tensor] : source.tensors) {
    if (std::optional<ElementKind> kind = ggufElementKind(tensor->type)) {
      types[name] = floatWeightType(context, *kind, tensor->shape);
      continue;
    }
    Expected<SchemeAttr> scheme = recipe::buildScheme(&context, ggufScheme(tensor->type));
    if (!scheme) {
      return tensorError(*source.file, tensor->name, toString(scheme.takeError()));
    }
    types[name] =
        QTensorType::get(RankedTensorType::get(tensor->shape, Float32Type::get(&context)), *scheme);
  }
  return buildLlama(
      source.config, [&](StringRef name) { return types.lookup(name); }, source.maxPositions,
      context);
}

Expected<OwningOpRef<ModuleOp>> importGgufModule(StringRef file, const ImportOptions &options,
                                                 MLIRContext &context) {
  Expected<Source> source = openSource(file, options);
  return source ? buildModule(*source, context)
                : Expected<OwningOpRef<ModuleOp>>(source.takeError());
}

static Error declare(SafetensorsWriter &writer, StringRef name, const GgufTensor &tensor) {
  if (std::optional<ElementKind> kind = ggufElementKind(tensor.type)) {
    return writer.declare(name, *kind, tensor.shape);
  }
  return declareQuantized(writer, name, ggufScheme(tensor.type), tensor.shape);
}

/// Writes one tensor under its Hugging Face name. Only the llama architecture has rows in another
/// order: the rotary embedding of qwen2 is that of Hugging Face.
static Error copy(SafetensorsWriter &writer, StringRef name, const GgufTensor &tensor,
                  const Source &source) {
  ArrayRef<uint8_t> bytes = tensor.bytes;
  std::vector<uint8_t> reordered;
  if (source.config.architecture == "LlamaForCausalLM" && isRotated(name)) {
    reordered = rowsFromGguf(bytes, bytes.size() / tensor.shape.front(), source.config.headDim);
    bytes = reordered;
  }
  if (std::optional<ElementKind> kind = ggufElementKind(tensor.type)) {
    TensorView view{tensor.name, *kind, tensor.shape, bytes};
    if (Error failure = checkFiniteTensor(view, source.file->path())) {
      return failure;
    }
    return writer.write(name, bytes);
  }
  Expected<numerics::QuantizedTensor> codes = readGgufBlocks(tensor.type, tensor.shape, bytes);
  if (!codes) {
    return tensorError(*source.file, tensor.name, toString(codes.takeError()));
  }
  return writeQuantized(writer, name, ggufScheme(tensor.type), *codes);
}

Error importGguf(StringRef file, StringRef outputFolder, const ImportOptions &options,
                 MLIRContext &context) {
  Expected<Source> source = openSource(file, options);
  if (!source) {
    return source.takeError();
  }
  Expected<OwningOpRef<ModuleOp>> module = buildModule(*source, context);
  if (!module) {
    return module.takeError();
  }
  return ModelFolder::write(outputFolder, **module, [&](SafetensorsWriter &writer) -> Error {
    for (const auto &[name, tensor] : source->tensors) {
      if (Error failure = declare(writer, name, *tensor)) {
        return failure;
      }
    }
    Progress progress("import", source->tensors.size(), "tensors", options.progress);
    for (const auto &[name, tensor] : source->tensors) {
      if (Error failure = copy(writer, name, *tensor, *source)) {
        return failure;
      }
      if (Error error = progress.advance()) {
        return error;
      }
    }
    progress.finish();
    return Error::success();
  });
}

} // namespace quench
