//===- FeatureGuard.cpp - Code that knows where it must not run -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FeatureGuard.h"

#include "HostProcessor.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace llvm;

/// Whether `__cpu_model` has a bit for the feature.
static bool isInCpuModel(StringRef feature) {
  return StringSwitch<bool>(feature)
#define X86_FEATURE_COMPAT(ENUM, STR, PRIORITY, ABI_VALUE) .Case(STR, true)
#include "llvm/TargetParser/X86TargetParser.def"
      .Default(false);
}

/// The words of `__cpu_model.__cpu_features` and `__cpu_features2` hold the bits that features have
/// in the ABI of libgcc.
static Value *hasX86Features(IRBuilder<> &b, Module &module, ArrayRef<std::string> features) {
  SmallVector<StringRef> known;
  for (StringRef feature : features) {
    if (isInCpuModel(feature)) {
      known.push_back(feature);
    }
  }
  std::array<uint32_t, 4> masks = X86::getCpuSupportsMask(known);
  Type *i32 = b.getInt32Ty();
  auto declare = [&](StringRef name, Type *type) {
    auto *global = cast<GlobalVariable>(module.getOrInsertGlobal(name, type));
    global->setDSOLocal(true);
    return global;
  };
  FunctionCallee init = module.getOrInsertFunction("__cpu_indicator_init", b.getVoidTy());
  cast<Function>(init.getCallee())->setDSOLocal(true);
  b.CreateCall(init);
  Type *modelType = StructType::get(i32, i32, i32, ArrayType::get(i32, 1));
  Type *moreType = ArrayType::get(i32, 3);
  Value *model = declare("__cpu_model", modelType), *more = declare("__cpu_features2", moreType);
  Value *all = b.getTrue();
  for (auto [index, mask] : enumerate(masks)) {
    if (mask == 0) {
      continue;
    }
    Value *address =
        index == 0
            ? b.CreateInBoundsGEP(modelType, model, {b.getInt32(0), b.getInt32(3), b.getInt32(0)})
            : b.CreateInBoundsGEP(moreType, more, {b.getInt32(0), b.getInt32(index - 1)});
    Value *found = b.CreateAnd(b.CreateLoad(i32, address), mask);
    all = b.CreateAnd(all, b.CreateICmpEQ(found, b.getInt32(mask)));
  }
  if (is_contained(features, "amx-tile")) {
    using Permission = quench::TilePermission;
    Type *i64 = b.getInt64Ty();
    FunctionCallee syscall =
        module.getOrInsertFunction("syscall", FunctionType::get(i64, i64, /*isVarArg=*/true));
    Value *status =
        b.CreateCall(syscall, {b.getInt64(Permission::kNumber), b.getInt64(Permission::kRequest),
                               b.getInt64(Permission::kTiles)});
    all = b.CreateAnd(all, b.CreateICmpEQ(status, b.getInt64(0)));
  }
  return all;
}

/// Linux tells the size of scalable registers in bytes, beside flags, by `prctl` of
/// PR_SVE_GET_VL, and of PR_SME_GET_VL for streaming mode.
constexpr int32_t kGetSize = 51, kGetStreamingSize = 64;

/// Whether scalable registers have the size that the code is compiled for.
static Value *hasScalableSize(IRBuilder<> &b, Module &module, int32_t getSize, unsigned vscale) {
  constexpr int32_t sizeMask = 0xFFFF, granule = 16;
  Type *i32 = b.getInt32Ty();
  FunctionCallee prctl =
      module.getOrInsertFunction("prctl", FunctionType::get(i32, i32, /*isVarArg=*/true));
  Value *size = b.CreateAnd(b.CreateCall(prctl, b.getInt32(getSize)), sizeMask);
  return b.CreateICmpEQ(size, b.getInt32(granule * vscale));
}

/// Linux tells of features in two words, AT_HWCAP and AT_HWCAP2.
static Value *hasAArch64Features(IRBuilder<> &b, Module &module, ArrayRef<std::string> features) {
  constexpr uint64_t hwcap = 16, hwcap2 = 26;
  Type *i64 = b.getInt64Ty();
  FunctionCallee getauxval = module.getOrInsertFunction("getauxval", i64, i64);
  Value *all = b.getTrue();
  for (StringRef feature : features) {
    // The bits are those of Linux's asm/hwcap.h.
    auto [word, bit] = StringSwitch<std::pair<uint64_t, unsigned>>(feature)
                           .Case("dotprod", {hwcap, 20})
                           .Case("sve", {hwcap, 22})
                           .Case("sve2", {hwcap2, 1})
                           .Case("i8mm", {hwcap2, 13})
                           .Case("bf16", {hwcap2, 14})
                           .Case("sme", {hwcap2, 23})
                           .Case("sme2", {hwcap2, 37})
                           .Default({0, 0});
    if (word == 0) {
      continue;
    }
    Value *found = b.CreateAnd(b.CreateCall(getauxval, b.getInt64(word)), uint64_t(1) << bit);
    all = b.CreateAnd(all, b.CreateICmpNE(found, b.getInt64(0)));
  }
  return all;
}

void quench::guardByFeatures(Function &run, ArrayRef<std::string> features, int32_t status) {
  Module &module = *run.getParent();
  std::string name = run.getName().str();
  run.setName(name + "_unguarded");
  auto *guard = Function::Create(run.getFunctionType(), run.getLinkage(), name, module);
  run.setLinkage(GlobalValue::InternalLinkage);
  run.addFnAttr(Attribute::NoInline);
  bool isX86 = module.getTargetTriple().isX86();
  guard->addFnAttr("target-cpu", isX86 ? "x86-64" : "generic");
  guard->addFnAttr("target-features", "");

  LLVMContext &context = module.getContext();
  IRBuilder<> b(BasicBlock::Create(context, "entry", guard));
  Value *hasAll =
      isX86 ? hasX86Features(b, module, features) : hasAArch64Features(b, module, features);
  auto requireSize = [&](const Function &function, int32_t getSize) {
    if (Attribute range = function.getFnAttribute(Attribute::VScaleRange); range.isValid()) {
      Value *isRight = hasScalableSize(b, module, getSize, range.getVScaleRangeMin());
      hasAll = b.CreateAnd(hasAll, isRight);
    }
  };
  requireSize(run, kGetSize);
  auto streaming = find_if(module, [](const Function &function) {
    return function.hasFnAttribute("aarch64_pstate_sm_body");
  });
  if (streaming != module.end()) {
    requireSize(*streaming, kGetStreamingSize);
  }
  BasicBlock *missing = BasicBlock::Create(context, "missing", guard);
  BasicBlock *present = BasicBlock::Create(context, "present", guard);
  b.CreateCondBr(hasAll, present, missing);
  b.SetInsertPoint(missing);
  b.CreateRet(ConstantInt::get(run.getReturnType(), status));
  b.SetInsertPoint(present);
  SmallVector<Value *> arguments;
  for (Argument &argument : guard->args()) {
    arguments.push_back(&argument);
  }
  b.CreateRet(b.CreateCall(&run, arguments));
}
