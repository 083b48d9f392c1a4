//===- ModelFolder.cpp - A model on disk ----------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Model/ModelFolder.h"

#include "StagingFolder.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Model/LinearNames.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Support/AtomicFile.h"
#include "quench/WeightStore/QuantizedWeight.h"

#include "mlir/IR/Verifier.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

namespace quench {

static std::string toText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

/// What is wrong with the type of the function, "" when nothing is.
static std::string checkType(FunctionType type, CausalLM &model) {
  MLIRContext *context = type.getContext();
  constexpr unsigned numScalars = 3;
  auto tokens = RankedTensorType::get({ShapedType::kDynamic}, IntegerType::get(context, 32));
  auto index = IndexType::get(context);
  if (type.getNumInputs() <= numScalars || type.getInput(0) != tokens ||
      type.getInput(1) != index || type.getInput(2) != index) {
    return "expected arguments (tensor<?xi32>, index, index, caches...), found " + toText(type);
  }
  for (Type input : type.getInputs().drop_front(numScalars)) {
    auto cache = dyn_cast<RankedTensorType>(input);
    if (!cache || !cache.hasStaticShape() || cache.getRank() == 0 || cache.getDimSize(0) < 1) {
      return "expected caches of static shape, found " + toText(input);
    }
    if (model.maxPositions != 0 && model.maxPositions != cache.getDimSize(0)) {
      return "expected caches of the same length, found " + Twine(model.maxPositions).str() +
             " and " + Twine(cache.getDimSize(0)).str();
    }
    model.maxPositions = cache.getDimSize(0);
  }
  auto logits = dyn_cast<RankedTensorType>(type.getNumResults() > 0 ? type.getResult(0) : Type());
  if (!logits || logits.getRank() != 2 || !logits.isDynamicDim(0) || logits.isDynamicDim(1) ||
      logits.getDimSize(1) < 1 || !logits.getElementType().isF32()) {
    return "expected logits of type tensor<?xVxf32> as the first result, found " + toText(type);
  }
  model.vocabSize = logits.getDimSize(1);
  if (type.getResults().drop_front() != type.getInputs().drop_front(numScalars)) {
    return "expected the caches as the other results, found " + toText(type);
  }
  return "";
}

Expected<CausalLM> findCausalLM(ModuleOp module, StringRef file) {
  CausalLM model;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function->hasAttr(causalLMAttrName)) {
      continue;
    }
    if (model.function) {
      return createStringError(file + ": expected one function with " + causalLMAttrName +
                               ", found @" + model.function.getName() + " and @" +
                               function.getName());
    }
    model.function = function;
  }
  if (!model.function) {
    return createStringError(file + ": expected a function with " + causalLMAttrName +
                             ", found none");
  }
  if (model.function.isDeclaration()) {
    return createStringError(file + ": @" + model.function.getName() +
                             ": expected a function with a body, found a declaration");
  }
  std::string problem = checkType(model.function.getFunctionType(), model);
  if (!problem.empty()) {
    return createStringError(file + ": @" + model.function.getName() + ": " + problem);
  }
  return model;
}

/// What is wrong with the type of a function that is no language model, "" when nothing is.
static std::string checkTensors(FunctionType type) {
  if (type.getNumInputs() == 0 || type.getNumResults() == 0) {
    return "expected arguments and results, found " + toText(type);
  }
  for (Type each : llvm::concat<const Type>(type.getInputs(), type.getResults())) {
    auto tensor = dyn_cast<RankedTensorType>(each);
    if (!tensor || tensor.getEncoding() ||
        !(tensor.getElementType().isF32() || tensor.getElementType().isSignlessInteger(32))) {
      return "expected ranked tensors of f32 or i32 as arguments and results, found " +
             toText(each);
    }
  }
  return "";
}

Expected<func::FuncOp> findModelFunction(ModuleOp module, StringRef file) {
  func::FuncOp found;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function->hasAttr(causalLMAttrName)) {
      Expected<CausalLM> model = findCausalLM(module, file);
      if (!model) {
        return model.takeError();
      }
      return model->function;
    }
    if (!function.isPublic() || function.isDeclaration()) {
      continue;
    }
    if (found) {
      return createStringError(file + ": expected a function with " + causalLMAttrName +
                               " or one public function, found @" + found.getName() + " and @" +
                               function.getName());
    }
    found = function;
  }
  if (!found) {
    return createStringError(file + ": expected a function with " + causalLMAttrName +
                             " or one public function, found none");
  }
  std::string problem = checkTensors(found.getFunctionType());
  if (problem.empty() && !found.getBody().hasOneBlock()) {
    problem = "expected one block, found " + std::to_string(found.getBody().getBlocks().size());
  }
  if (!problem.empty()) {
    return createStringError(file + ": @" + found.getName() + ": " + problem);
  }
  return found;
}

static std::optional<ElementKind> storedKind(Type element) {
  if (element.isF32()) {
    return ElementKind::F32;
  }
  if (element.isF16()) {
    return ElementKind::F16;
  }
  if (element.isBF16()) {
    return ElementKind::BF16;
  }
  return std::nullopt;
}

static Error checkTensor(const WeightStore &store, StringRef name, ElementKind kind,
                         ArrayRef<int64_t> shape) {
  Expected<const TensorView *> view = store.requireShape(name, shape);
  if (!view) {
    return view.takeError();
  }
  if ((*view)->kind != kind) {
    return createStringError(store.fileOf(name) + ": tensor '" + name + "': expected " +
                             safetensorsName(kind) + ", found " + safetensorsName((*view)->kind));
  }
  return Error::success();
}

static Error checkWeight(const WeightStore &store, WeightOp op) {
  if (auto quantized = dyn_cast<QTensorType>(op.getType())) {
    Expected<std::vector<QuantizedWeightPart>> parts = quantizedWeightParts(
        op.getKey(), quantized.getScheme().getNumericsScheme(), quantized.getShape());
    if (!parts) {
      return parts.takeError();
    }
    for (const QuantizedWeightPart &part : *parts) {
      if (Error failure = checkTensor(store, part.name, part.kind, part.shape)) {
        return failure;
      }
    }
    return Error::success();
  }
  auto type = cast<RankedTensorType>(op.getType());
  if (std::optional<ElementKind> kind = storedKind(type.getElementType())) {
    return checkTensor(store, op.getKey(), *kind, type.getShape());
  }
  return store.require(op.getKey()).takeError();
}

Expected<ModelFolder> ModelFolder::open(StringRef path, MLIRContext &context) {
  if (!llvm::sys::fs::is_directory(path)) {
    return createStringError(path + ": expected a model folder, found " +
                             (llvm::sys::fs::exists(path) ? "a file" : "nothing"));
  }
  ModelFolder folder;
  folder.folderPath = path.str();
  std::string moduleFile = folder.filePath(moduleFileName);
  Expected<OwningOpRef<ModuleOp>> module = parseModuleFile(moduleFile, context);
  if (!module) {
    return module.takeError();
  }
  folder.moduleRef = std::move(*module);
  Expected<func::FuncOp> function = findModelFunction(*folder.moduleRef, moduleFile);
  if (!function) {
    return function.takeError();
  }
  folder.modelFunction = *function;
  if ((*function)->hasAttr(causalLMAttrName)) {
    Expected<CausalLM> model = findCausalLM(*folder.moduleRef, moduleFile);
    if (!model) {
      return model.takeError();
    }
    folder.model = *model;
  }
  Expected<std::unique_ptr<WeightStore>> store =
      WeightStore::open(folder.filePath(weightsFileName));
  if (!store) {
    return store.takeError();
  }
  folder.store = std::move(*store);
  Error failure = Error::success();
  folder.module().walk([&](WeightOp op) {
    failure = checkWeight(*folder.store, op);
    return failure ? WalkResult::interrupt() : WalkResult::advance();
  });
  if (failure) {
    return std::move(failure);
  }
  return std::move(folder);
}

std::string ModelFolder::filePath(StringRef name) const { return pathIn(folderPath, name); }

Error ModelFolder::requireCausalLM() const {
  return isCausalLM()
             ? Error::success()
             : createStringError(folderPath +
                                 ": expected a causal language model, found the function @" +
                                 function().getName());
}

std::vector<std::string> ModelFolder::linearNames() const {
  return quench::linearNames(module().getOperation());
}

/// Makes the files in a folder that nobody looks at.
static Error writeFiles(StringRef folder, ModuleOp module,
                        llvm::function_ref<Error(SafetensorsWriter &)> writeTensors,
                        ModelFolder::ReportFunction makeReport) {
  Expected<std::unique_ptr<SafetensorsWriter>> writer =
      SafetensorsWriter::create(pathIn(folder, ModelFolder::weightsFileName));
  if (!writer) {
    return writer.takeError();
  }
  if (Error failure = writeTensors(**writer)) {
    return failure;
  }
  if (Error failure = (*writer)->commit()) {
    return failure;
  }
  Error failure =
      writeFileAtomically(pathIn(folder, ModelFolder::moduleFileName), printModule(module));
  if (failure || !makeReport) {
    return failure;
  }
  std::string weights = pathIn(folder, ModelFolder::weightsFileName);
  uint64_t bytes = 0;
  if (std::error_code code = llvm::sys::fs::file_size(weights, bytes)) {
    return createStringError(weights + ": cannot open: " + code.message());
  }
  Expected<std::string> report = makeReport(bytes);
  if (!report) {
    return report.takeError();
  }
  return writeFileAtomically(pathIn(folder, ModelFolder::reportFileName), *report);
}

Error ModelFolder::write(StringRef path, ModuleOp module,
                         llvm::function_ref<Error(SafetensorsWriter &)> writeTensors,
                         ReportFunction makeReport) {
  if (Error failure = withDiagnostics(*module.getContext(), path, [&] { return verify(module); })) {
    return failure;
  }
  if (Error failure = findModelFunction(module, path).takeError()) {
    return failure;
  }
  StringRef names[] = {weightsFileName, moduleFileName, reportFileName};
  Expected<StagingFolder> staging = StagingFolder::create(path, names);
  if (!staging) {
    return staging.takeError();
  }
  if (Error failure = writeFiles(staging->path(), module, writeTensors, makeReport)) {
    return staging->explain(std::move(failure));
  }
  return staging->commit();
}

} // namespace quench
