//===- Compilation.cpp - A model compiled to machine code -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Runtime/Compilation.h"

#include "quench/Codegen/EntryInterface.h"
#include "quench/Codegen/NativeCode.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace quench;

CompiledModel::CompiledModel() = default;
CompiledModel::CompiledModel(CompiledModel &&) = default;
CompiledModel &CompiledModel::operator=(CompiledModel &&other) {
  // The module goes before the context that it lives in.
  module = std::move(other.module);
  context = std::move(other.context);
  machine = std::move(other.machine);
  weights = std::move(other.weights);
  observed = std::move(other.observed);
  vocabulary = other.vocabulary;
  capacity = other.capacity;
  stateBytes = other.stateBytes;
  return *this;
}
CompiledModel::~CompiledModel() { module.reset(); }

/// Renames the lowered `quench_run`, whose buffers are spread over descriptors, and adds the
/// function with the plain C signature in its place.
static void addPlainInterface(ModuleOp module, const CompiledModel &model) {
  auto lowered = module.lookupSymbol<LLVM::LLVMFuncOp>(EntryInterface::kRunFunction);
  lowered.setName("quench_run_buffers");
  // Everything but the entry is free to be inlined and dropped.
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    if (!function.isExternal()) {
      function.setLinkage(LLVM::Linkage::Internal);
    }
  }
  ImplicitLocOpBuilder b(lowered.getLoc(), module.getContext());
  b.setInsertionPointToEnd(module.getBody());
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  Type i64 = b.getI64Type();
  auto type =
      LLVM::LLVMFunctionType::get(b.getI32Type(), {pointer, i64, i64, i64, pointer, pointer});
  auto run = LLVM::LLVMFuncOp::create(b, EntryInterface::kRunFunction, type);
  Block *entry = run.addEntryBlock(b);
  b.setInsertionPointToEnd(entry);
  auto constant = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(b, i64, b.getI64IntegerAttr(value));
  };
  Value zero = constant(0), one = constant(1), width = constant(model.vocabulary);
  Value tokens = entry->getArgument(0), count = entry->getArgument(1);
  Value position = entry->getArgument(2), first = entry->getArgument(3);
  Value state = entry->getArgument(4), logits = entry->getArgument(5);
  Value rows = LLVM::SubOp::create(b, count, first);
  SmallVector<Value> arguments = {
      tokens,   tokens, zero, count,
      one,             // memref<?xi32>
      position, first, // index
      state,    state,  zero, constant(model.stateBytes),
      one, // memref<?xi8>
      logits,   logits, zero, rows,
      width,    width,  one // memref<?xVxf32>
  };
  auto call = LLVM::CallOp::create(b, lowered, arguments);
  LLVM::ReturnOp::create(b, call.getResult());
}

static std::vector<std::string> observedNames(ModuleOp module) {
  std::vector<std::string> names;
  auto handler = module.lookupSymbol<LLVM::LLVMFuncOp>("quench_observe");
  auto attribute = handler ? handler->getAttrOfType<ArrayAttr>("quench.names") : ArrayAttr();
  if (attribute) {
    for (auto name : attribute.getAsValueRange<StringAttr>()) {
      names.push_back(name.str());
    }
  }
  return names;
}

llvm::Expected<CompiledModel> quench::compileModel(ModuleOp original, const WeightStore &store,
                                                   const CompilePipelineOptions &options) {
  MLIRContext *context = original.getContext();
  DialectRegistry registry;
  registerCompilePipelineDialects(registry);
  registerNativeCodeDialects(registry);
  context->appendDialectRegistry(registry);
  context->loadAllAvailableDialects();

  std::string diagnostics;
  ScopedDiagnosticHandler collect(context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error) {
      return failure();
    }
    llvm::raw_string_ostream os(diagnostics);
    os << (diagnostics.empty() ? "" : "\n") << diagnostic.getLocation() << ": " << diagnostic;
    return success();
  });
  auto fail = [&](llvm::StringRef step) {
    return llvm::createStringError(step + (diagnostics.empty() ? "" : ": ") + diagnostics);
  };

  OwningOpRef<ModuleOp> module(original.clone());
  llvm::Expected<EntryInterface> interface = EntryInterface::get(*module);
  if (!interface) {
    return interface.takeError();
  }
  CompiledModel result;
  result.vocabulary = interface->model.vocabSize;
  result.capacity = interface->model.maxPositions;
  result.stateBytes = interface->stateBytes;
  PassManager pm(context);
  buildCompilePipeline(pm, options, store, result.weights);
  if (failed(pm.run(*module))) {
    return fail("compilation failed");
  }
  addPlainInterface(*module, result);
  result.observed = observedNames(*module);

  auto machine = createTargetMachine(options.target);
  if (!machine) {
    return machine.takeError();
  }
  result.machine = std::move(*machine);
  result.context = std::make_unique<llvm::LLVMContext>();
  auto translated = translateAndOptimize(*module, *result.context, *result.machine);
  if (!translated) {
    return fail(llvm::toString(translated.takeError()));
  }
  result.module = std::move(*translated);
  return result;
}
