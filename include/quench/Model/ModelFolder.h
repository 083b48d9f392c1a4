//===- ModelFolder.h - A model on disk --------------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model is a folder: `model.mlir`, readable IR with one causal language model
// (see the nn dialect) or one other function on tensors, and `weights.safetensors`, the tensors
// that its `quench.weight` ops name. What was derived from it lies beside them, among it
// `report.json`, which says how the model was quantized.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_MODEL_MODELFOLDER_H
#define QUENCH_MODEL_MODELFOLDER_H

#include "quench/WeightStore/SafetensorsWriter.h"
#include "quench/WeightStore/WeightStore.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace quench {

/// The unit attribute that marks the function of a causal language model.
inline constexpr llvm::StringLiteral causalLMAttrName = "nn.causal_lm";

/// The function of a causal language model, its type checked:
/// `(tensor<?xi32>, index, index, caches...) -> (tensor<?xVxf32>, caches...)`, at least one cache,
/// all of them static tensors with the same first dimension.
struct CausalLM {
  mlir::func::FuncOp function;
  /// V, at least 1.
  int64_t vocabSize = 0;
  /// The first dimension of the caches: how many tokens a sequence can have, at least 1.
  int64_t maxPositions = 0;
};

/// The one function with `nn.causal_lm` in `module`. Errors start with `file` and say what is wrong
/// with the function's type, or that there is none or more than one.
llvm::Expected<CausalLM> findCausalLM(mlir::ModuleOp module, llvm::StringRef file);

/// What a module is the model of: its causal language model, or without one its only public
/// function with a body, whose arguments and results are ranked tensors of f32 or i32, at least one
/// of each. Errors start with `file` and say what was found instead.
llvm::Expected<mlir::func::FuncOp> findModelFunction(mlir::ModuleOp module, llvm::StringRef file);

/// An open model. The weights stay mapped as long as it lives; the module belongs to the context.
class ModelFolder {
public:
  static constexpr llvm::StringLiteral moduleFileName = "model.mlir";
  static constexpr llvm::StringLiteral weightsFileName = "weights.safetensors";
  static constexpr llvm::StringLiteral reportFileName = "report.json";

  /// Opens a folder: parses and verifies `model.mlir`, finds its function, maps
  /// `weights.safetensors` and checks that every `quench.weight` of float type is there with its
  /// shape and element type, and of quantized type with its codes. Errors name the file, and the
  /// place in it or the tensor. Values of weights are not read.
  static llvm::Expected<ModelFolder> open(llvm::StringRef path, mlir::MLIRContext &context);

  /// Makes the text of `report.json`, once the other files are complete; it is given the size of
  /// `weights.safetensors`.
  using ReportFunction = llvm::function_ref<llvm::Expected<std::string>(uint64_t weightBytes)>;

  /// Writes a model folder. `writeTensors` declares and writes all tensors; the writer is committed
  /// here. The module is not changed here and must have a function as of `findModelFunction`.
  ///
  /// All or nothing: the files are made in a temporary folder first. A new folder appears whole; of
  /// one that exists the files are replaced, each in one step, once all are complete, and others
  /// stay, except for a report when there is no new one. When anything fails, what was there before
  /// is still there and nothing is left behind. The parent of `path` must exist.
  static llvm::Error write(llvm::StringRef path, mlir::ModuleOp module,
                           llvm::function_ref<llvm::Error(SafetensorsWriter &)> writeTensors,
                           ReportFunction makeReport = nullptr);

  /// The folder as the caller named it.
  llvm::StringRef path() const { return folderPath; }
  /// A file of the folder: "FOLDER/name".
  std::string filePath(llvm::StringRef name) const;

  mlir::ModuleOp module() const { return *moduleRef; }
  /// Gives the module away; `module` and `function` may not be used afterwards.
  mlir::OwningOpRef<mlir::ModuleOp> takeModule() { return std::move(moduleRef); }

  const WeightStore &weights() const { return *store; }

  /// What is computed: of a causal language model or any other function.
  mlir::func::FuncOp function() const { return modelFunction; }

  bool isCausalLM() const { return model.function != nullptr; }
  /// Fails with "FOLDER: expected a causal language model, found the function @NAME".
  llvm::Error requireCausalLM() const;
  /// The function `@forward` and what its type says; without a causal language model no function
  /// and zeros.
  CausalLM causalLM() const { return model; }
  int64_t vocabSize() const { return model.vocabSize; }
  int64_t maxPositions() const { return model.maxPositions; }

  /// The names of the linear layers in program order; see LinearNames.h.
  std::vector<std::string> linearNames() const;

private:
  ModelFolder() = default;

  std::string folderPath;
  std::unique_ptr<WeightStore> store;
  mlir::OwningOpRef<mlir::ModuleOp> moduleRef;
  mlir::func::FuncOp modelFunction;
  CausalLM model;
};

} // namespace quench

#endif // QUENCH_MODEL_MODELFOLDER_H
