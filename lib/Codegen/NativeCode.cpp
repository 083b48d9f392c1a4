//===- NativeCode.cpp - From the LLVM dialect to machine code -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/NativeCode.h"

#include "quench/Target/TargetSpec.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVMIR/Dialect/ArmNeon/ArmNeonToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/ArmSME/ArmSMEToLLVMIRTranslation.h"
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
  mlir::registerArmNeonDialectTranslation(registry);
  mlir::registerArmSMEDialectTranslation(registry);
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

static void setScale(Function &function, int64_t bits) {
  auto scale = static_cast<unsigned>(bits / 128);
  function.addFnAttr(Attribute::getWithVScaleRangeArgs(function.getContext(), scale, scale));
}

/// A function with ZA state of its own first saves that of a caller that left it to be saved later,
/// by this routine of the procedure call standard, which older runtime libraries lack. X16 and X17
/// and the flags are its own, and W14 and W15 as there: TPIDR2_EL0 points to where the state goes
/// and how many rows of ZA are to be saved, all else in these sixteen bytes is zero.
static constexpr StringLiteral kSaveRoutine = R"(
  .weak __arm_tpidr2_save
  .hidden __arm_tpidr2_save
  .type __arm_tpidr2_save, %function
  .variant_pcs __arm_tpidr2_save
  .text
  .arch_extension sme
  .p2align 2
__arm_tpidr2_save:
  mrs x16, TPIDR2_EL0
  cbz x16, 2f
  ldrh w14, [x16, #10]
  ldr w15, [x16, #12]
  orr w14, w14, w15
  cbnz w14, 3f
  ldrh w14, [x16, #8]
  ldr x16, [x16]
  cbz x16, 2f
  mov w15, wzr
1:
  cmp w15, w14
  b.hs 2f
  str za[w15, 0], [x16]
  addsvl x16, x16, #1
  add w15, w15, #1
  b 1b
2:
  ret
3:
  brk #1
  .size __arm_tpidr2_save, . - __arm_tpidr2_save
)";

/// Vectors of a fixed size beyond 128 bits are in scalable registers on AArch64, whose size the
/// code generator has to know. In streaming mode it is another one.
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
  const NativeProduct *outer = target->outerProduct();
  bool hasStreaming = false;
  for (Function &function : translated) {
    if (function.hasFnAttribute("aarch64_pstate_sm_body")) {
      hasStreaming = true;
      setScale(function, 32 * outer->shape[1]);
    } else if (target->vectorBits > 128) {
      setScale(function, target->vectorBits);
    }
  }
  if (hasStreaming) {
    translated.appendModuleInlineAsm(kSaveRoutine);
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
