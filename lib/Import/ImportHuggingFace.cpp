//===- ImportHuggingFace.cpp - Hugging Face folders -----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/ImportHuggingFace.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Import/ImportLlama.h"
#include "quench/Import/LlamaTensors.h"
#include "quench/Model/ModelFolder.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Recipe/SchemeBuilder.h"
#include "quench/Support/Progress.h"
#include "quench/WeightStore/QuantizedWeight.h"

#include "mlir/IR/Verifier.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

namespace quench {

namespace {
/// A Hugging Face folder with all that can be checked without reading weights.
struct Source {
  LlamaConfig config;
  std::unique_ptr<WeightStore> store;
  std::vector<StoredLlamaTensor> tensors;
  int64_t maxPositions = 0;
};
} // namespace

static void warnOfUnused(const Source &source, StringRef folder, const ImportOptions &options) {
  std::vector<std::string> unused = unusedTensors(*source.store, source.tensors);
  if (unused.empty() || !options.warn) {
    return;
  }
  constexpr size_t mostListed = 10;
  std::string message = (folder + ": left out " + Twine(unused.size()) + " tensor" +
                         (unused.size() == 1 ? "" : "s") + " that the model does not use:")
                            .str();
  for (size_t i = 0; i < std::min(unused.size(), mostListed); ++i) {
    message += (i == 0 ? " '" : ", '") + unused[i] + "'";
  }
  options.warn(message + (unused.size() > mostListed ? ", ..." : ""));
}

/// The scheme of inputs that are rounded to 8 bits for each token.
static numerics::Scheme tokenScheme() {
  return numerics::Scheme{numerics::Encoding::integer(8), {1, numerics::kWhole}, {}};
}

static Expected<OwningOpRef<ModuleOp>> buildModule(const Source &source, MLIRContext &context) {
  loadModelDialects(context);
  llvm::StringMap<Type> types;
  for (const StoredLlamaTensor &stored : source.tensors) {
    const LlamaTensor &tensor = stored.tensor;
    if (stored.floats) {
      types[tensor.name] = floatWeightType(context, stored.floats->kind, tensor.shape);
      continue;
    }
    Expected<SchemeAttr> scheme = recipe::buildScheme(&context, stored.codes->scheme);
    if (!scheme) {
      return scheme.takeError();
    }
    types[tensor.name] =
        QTensorType::get(RankedTensorType::get(tensor.shape, Float32Type::get(&context)), *scheme);
  }
  SchemeAttr inputs;
  if (source.config.compression && source.config.compression->roundsInputs) {
    Expected<SchemeAttr> scheme = recipe::buildScheme(&context, tokenScheme());
    if (!scheme) {
      return scheme.takeError();
    }
    inputs = *scheme;
  }
  return buildLlama(
      source.config, [&](StringRef name) { return types.lookup(name); }, source.maxPositions,
      context, inputs);
}

static Error declare(SafetensorsWriter &writer, const StoredLlamaTensor &stored) {
  return stored.floats ? declareTensor(writer, *stored.floats)
                       : declareQuantized(writer, stored.tensor.name, stored.codes->scheme,
                                          stored.tensor.shape);
}

static Error copy(SafetensorsWriter &writer, const StoredLlamaTensor &stored,
                  const Source &source) {
  const LlamaTensor &tensor = stored.tensor;
  if (stored.floats) {
    return copyFiniteTensor(writer, *stored.floats, source.store->fileOf(tensor.name));
  }
  Expected<numerics::QuantizedTensor> codes =
      readCompressedWeight(*source.store, *stored.codes, tensor.shape, *source.config.compression);
  return codes ? writeQuantized(writer, tensor.name, stored.codes->scheme, *codes)
               : codes.takeError();
}

static Expected<Source> openSource(StringRef folder, const ImportOptions &options) {
  if (!llvm::sys::fs::is_directory(folder)) {
    return createStringError(folder + ": expected a Hugging Face folder, found " +
                             (llvm::sys::fs::exists(folder) ? "a file" : "nothing"));
  }
  SmallString<128> configFile(folder);
  llvm::sys::path::append(configFile, "config.json");
  Expected<LlamaConfig> config = LlamaConfig::read(configFile);
  if (!config) {
    return config.takeError();
  }
  Expected<int64_t> maxPositions = cacheLength(*config, options.maxPositions);
  if (!maxPositions) {
    return maxPositions.takeError();
  }
  Expected<std::unique_ptr<WeightStore>> store = WeightStore::open(folder);
  if (!store) {
    return store.takeError();
  }
  Expected<std::vector<StoredLlamaTensor>> tensors = findLlamaTensors(*config, **store);
  if (!tensors) {
    return tensors.takeError();
  }
  Source source{std::move(*config), std::move(*store), std::move(*tensors), *maxPositions};
  warnOfUnused(source, folder, options);
  return std::move(source);
}

Expected<OwningOpRef<ModuleOp>>
importHuggingFaceModule(StringRef folder, const ImportOptions &options, MLIRContext &context) {
  Expected<Source> source = openSource(folder, options);
  if (!source) {
    return source.takeError();
  }
  return buildModule(*source, context);
}

Error importHuggingFace(StringRef folder, StringRef outputFolder, const ImportOptions &options,
                        MLIRContext &context) {
  Expected<Source> source = openSource(folder, options);
  if (!source) {
    return source.takeError();
  }
  Expected<OwningOpRef<ModuleOp>> module = buildModule(*source, context);
  if (!module) {
    return module.takeError();
  }
  return ModelFolder::write(outputFolder, **module, [&](SafetensorsWriter &writer) -> Error {
    for (const StoredLlamaTensor &tensor : source->tensors) {
      if (Error failure = declare(writer, tensor)) {
        return failure;
      }
    }
    Progress progress("import", source->tensors.size(), "tensors", options.progress);
    for (const StoredLlamaTensor &tensor : source->tensors) {
      if (Error failure = copy(writer, tensor, *source)) {
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
