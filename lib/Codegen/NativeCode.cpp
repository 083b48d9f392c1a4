//===- NativeCode.cpp - From the LLVM dialect to machine code -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/NativeCode.h"

#include "quench/Target/TargetSpec.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/OpenMP/OpenMPToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;
using namespace quench;

void quench::registerNativeCodeDialects(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerOpenMPDialectTranslation(registry);
}

static void initializeTargets() {
  static const bool done = [] {
    InitializeAllTargetInfos();
    InitializeAllTargets();
    InitializeAllTargetMCs();
    InitializeAllAsmPrinters();
    InitializeAllAsmParsers();
    return true;
  }();
  (void)done;
}

Expected<std::unique_ptr<TargetMachine>> quench::createTargetMachine(const quench::Target &target) {
  initializeTargets();
  Triple triple(target.triple);
  std::string message;
  const llvm::Target *found = TargetRegistry::lookupTarget(triple, message);
  if (!found) {
    return createStringError("no code generator for target '" + target.name + "': " + message);
  }
  TargetOptions options;
  std::unique_ptr<TargetMachine> machine(
      found->createTargetMachine(triple, target.cpu, target.features, options, Reloc::PIC_,
                                 std::nullopt, CodeGenOptLevel::Aggressive));
  if (!machine) {
    return createStringError("no machine for target '" + target.name + "'");
  }
  return machine;
}

/// Vectors of a fixed size beyond 128 bits are in scalable registers on AArch64, whose size the
/// code generator has to know.
static void fixScalableSize(mlir::ModuleOp module, Module &translated) {
  mlir::DLTIQueryInterface spec = findDevice(module);
  if (!spec || !translated.getTargetTriple().isAArch64()) {
    return;
  }
  Expected<quench::Target> target = readTarget(spec);
  if (!target) {
    consumeError(target.takeError());
    return;
  }
  constexpr int64_t granule = 128;
  if (target->vectorBits > granule) {
    auto scale = static_cast<unsigned>(target->vectorBits / granule);
    Attribute range = Attribute::getWithVScaleRangeArgs(translated.getContext(), scale, scale);
    for (Function &function : translated) {
      function.addFnAttr(range);
    }
  }
}

Expected<std::unique_ptr<Module>>
quench::translateAndOptimize(mlir::ModuleOp module, LLVMContext &context, TargetMachine &machine) {
  std::unique_ptr<Module> translated = mlir::translateModuleToLLVMIR(module, context, "quench");
  if (!translated) {
    return createStringError("the lowered module has no LLVM IR");
  }
  translated->setTargetTriple(machine.getTargetTriple());
  translated->setDataLayout(machine.createDataLayout());
  fixScalableSize(module, *translated);

  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3).run(*translated, modules);
  return translated;
}

Error quench::emitMachineCode(Module &module, TargetMachine &machine, MachineCodeKind kind,
                              SmallVectorImpl<char> &output) {
  raw_svector_ostream stream(output);
  legacy::PassManager passes;
  auto type =
      kind == MachineCodeKind::Object ? CodeGenFileType::ObjectFile : CodeGenFileType::AssemblyFile;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, type)) {
    return createStringError("the target cannot emit this kind of file");
  }
  passes.run(module);
  return Error::success();
}
