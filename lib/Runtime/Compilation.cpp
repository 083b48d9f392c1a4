//===- Compilation.cpp - A model compiled to machine code -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Runtime/Compilation.h"

#include "quench/Codegen/Crew.h"
#include "quench/Codegen/EntryInterface.h"
#include "quench/Codegen/FunctionInterface.h"
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

CompiledCode::CompiledCode() = default;
CompiledCode::CompiledCode(CompiledCode &&) = default;
CompiledCode &CompiledCode::operator=(CompiledCode &&other) {
  // The module goes before the context that it lives in.
  module = std::move(other.module);
  context = std::move(other.context);
  machine = std::move(other.machine);
  device = std::move(other.device);
  deviceApi = std::move(other.deviceApi);
  deviceFeatures = std::move(other.deviceFeatures);
  requiredFeatures = std::move(other.requiredFeatures);
  weights = std::move(other.weights);
  observed = std::move(other.observed);
  return *this;
}
CompiledCode::~CompiledCode() { module.reset(); }

/// Takes the name of the lowered entry, whose buffers are spread over descriptors, away from it.
static LLVM::LLVMFuncOp takeName(ModuleOp module, StringRef name) {
  auto lowered = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
  lowered.setName((name + "_buffers").str());
  // Everything but the entry is free to be inlined and dropped.
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    if (!function.isExternal()) {
      function.setLinkage(LLVM::Linkage::Internal);
    }
  }
  return lowered;
}

/// A call that reads fewer bytes of weights, counted for each token, takes some microseconds, and
/// threads would not make it faster.
static constexpr int64_t leastBytesForThreads = 1 << 20;

/// Calls the lowered entry, with threads if it divides loops and `isWorth()` holds.
static Value callLowered(ImplicitLocOpBuilder &b, LLVM::LLVMFuncOp lowered, ValueRange arguments,
                         llvm::function_ref<Value()> isWorth) {
  if (lowered->hasAttr(Crew::kTakesCrew)) {
    return Crew::call(b, lowered, arguments, isWorth());
  }
  return LLVM::CallOp::create(b, lowered, arguments).getResult();
}

/// Adds `quench_run` with its plain C signature. How large its state is shows in the lowered one.
static void addRunInterface(ModuleOp module, CompiledModel &model) {
  LLVM::LLVMFuncOp lowered = takeName(module, EntryInterface::kRunFunction);
  model.stateBytes = lowered->getAttrOfType<IntegerAttr>(EntryInterface::kStateBytes).getInt();
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
  Value status = callLowered(b, lowered, arguments, [&]() -> Value {
    Value bytes =
        LLVM::MulOp::create(b, count, constant(static_cast<int64_t>(model.weights.totalBytes())));
    return LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::sge, bytes, constant(leastBytesForThreads));
  });
  LLVM::ReturnOp::create(b, status);
}

/// Adds `quench_call`, which reads words and spreads them over descriptors.
static void addCallInterface(ModuleOp module, const FunctionInterface &interface) {
  LLVM::LLVMFuncOp lowered = takeName(module, FunctionInterface::kCallFunction);
  ImplicitLocOpBuilder b(lowered.getLoc(), module.getContext());
  b.setInsertionPointToEnd(module.getBody());
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  Type i64 = b.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(b.getI32Type(), {pointer});
  auto call = LLVM::LLVMFuncOp::create(b, FunctionInterface::kCallFunction, type);
  Block *entry = call.addEntryBlock(b);
  b.setInsertionPointToEnd(entry);
  int32_t next = 0;
  auto word = [&](Type type) -> Value {
    Value address =
        LLVM::GEPOp::create(b, pointer, i64, entry->getArgument(0), ArrayRef<LLVM::GEPArg>{next++});
    return LLVM::LoadOp::create(b, type, address);
  };
  SmallVector<Value> arguments;
  auto pass = [&](const FunctionParameter &parameter) {
    if (!parameter.isTensor) {
      arguments.push_back(word(parameter.kind == FunctionParameter::Kind::Index ? i64
                               : parameter.kind == FunctionParameter::Kind::F32
                                   ? Type(b.getF32Type())
                                   : b.getI32Type()));
      return;
    }
    Value data = word(pointer);
    arguments.append({data, data, LLVM::ConstantOp::create(b, i64, b.getI64IntegerAttr(0))});
    SmallVector<Value> sizes;
    for ([[maybe_unused]] int64_t size : parameter.shape) {
      sizes.push_back(word(i64));
    }
    SmallVector<Value> strides(sizes.size());
    Value stride = LLVM::ConstantOp::create(b, i64, b.getI64IntegerAttr(1));
    for (size_t axis = sizes.size(); axis-- > 0;) {
      strides[axis] = stride;
      stride = LLVM::MulOp::create(b, stride, sizes[axis]);
    }
    arguments.append(sizes);
    arguments.append(strides);
  };
  llvm::for_each(interface.arguments, pass);
  llvm::for_each(interface.results, pass);
  // Whoever compiles a function runs it on much data.
  Value status = callLowered(b, lowered, arguments, [&]() -> Value {
    return LLVM::ConstantOp::create(b, b.getI1Type(), b.getBoolAttr(true));
  });
  LLVM::ReturnOp::create(b, status);
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

/// Compiles `module`, which is used up; `addInterface` makes the entry when all else is lowered.
static llvm::Error compile(ModuleOp module, const WeightStore *store,
                           const CompilePipelineOptions &options,
                           llvm::function_ref<void()> addInterface, CompiledCode &result) {
  if (options.target.api == "tosa") {
    return llvm::createStringError("code in TOSA is compiled by others: it is written as .mlir and "
                                   "has no runtime here");
  }
  MLIRContext *context = module.getContext();
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
  PassManager pm(context);
  buildCompilePipeline(pm, options, store, result.weights);
  if (failed(pm.run(module))) {
    return fail("compilation failed");
  }
  result.device = takeDeviceCode(module);
  result.deviceApi = options.target.api;
  if (options.target.isDevice()) {
    result.deviceFeatures = options.target.deviceFeatures();
  }
  result.requiredFeatures = options.target.caller().required;
  addInterface();
  result.observed = observedNames(module);

  auto machine = createTargetMachine(options.target.caller());
  if (!machine) {
    return machine.takeError();
  }
  result.machine = std::move(*machine);
  result.context = std::make_unique<llvm::LLVMContext>();
  auto translated = translateAndOptimize(module, *result.context, *result.machine);
  if (!translated) {
    return fail(llvm::toString(translated.takeError()));
  }
  result.module = std::move(*translated);
  return llvm::Error::success();
}

llvm::Expected<CompiledModel> quench::compileModel(ModuleOp original, const WeightStore &store,
                                                   const CompilePipelineOptions &options) {
  OwningOpRef<ModuleOp> module(original.clone());
  llvm::Expected<EntryInterface> interface = EntryInterface::get(*module);
  if (!interface) {
    return interface.takeError();
  }
  CompiledModel result;
  result.vocabulary = interface->model.vocabSize;
  result.capacity = interface->model.maxPositions;
  auto addInterface = [&] { addRunInterface(*module, result); };
  if (llvm::Error error = compile(*module, &store, options, addInterface, result)) {
    return std::move(error);
  }
  return std::move(result);
}

llvm::Expected<CompiledCode> quench::compileFunction(ModuleOp original, const WeightStore *store,
                                                     const CompilePipelineOptions &options) {
  OwningOpRef<ModuleOp> module(original.clone());
  llvm::Expected<FunctionInterface> interface = FunctionInterface::get(*module, options.function);
  if (!interface) {
    return interface.takeError();
  }
  CompiledCode result;
  auto addInterface = [&] { addCallInterface(*module, *interface); };
  if (llvm::Error error = compile(*module, store, options, addInterface, result)) {
    return std::move(error);
  }
  return std::move(result);
}
