//===- NativeKernel.h - A kernel that can be called -------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_CODEGEN_NATIVEKERNEL_H
#define QUENCH_UNITTESTS_CODEGEN_NATIVEKERNEL_H

#include "quench/Codegen/KernelBuilder.h"
#include "quench/Codegen/NativeCode.h"
#include "quench/Codegen/Passes.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

#include "gtest/gtest.h"

namespace quench {

/// What `create` adds to a module, compiled for one thread of a target that runs here.
class NativeKernel {
public:
  /// Changes a module in the LLVM dialect, and defines what it then calls.
  struct Emulation {
    llvm::function_ref<void(mlir::ModuleOp)> rewrite;
    llvm::ArrayRef<std::pair<llvm::StringRef, void *>> functions;
  };

  NativeKernel(const Target &target, llvm::function_ref<mlir::func::FuncOp(mlir::ModuleOp)> create)
      : NativeKernel(target, target, create, {}) {}

  /// Lowers to the instructions of one target and compiles for another one, on which those that it
  /// does not have are emulated.
  NativeKernel(const Target &target, const Target &machineTarget,
               llvm::function_ref<mlir::func::FuncOp(mlir::ModuleOp)> create,
               const Emulation &emulation) {
    mlir::DialectRegistry registry;
    registerNativeCodeDialects(registry);
    registry.insert<QuenchDialect, mlir::amx::AMXDialect, mlir::arith::ArithDialect,
                    mlir::func::FuncDialect, mlir::LLVM::LLVMDialect, mlir::math::MathDialect,
                    mlir::memref::MemRefDialect, mlir::omp::OpenMPDialect, mlir::scf::SCFDialect,
                    mlir::vector::VectorDialect, mlir::x86vector::X86VectorDialect>();
    mlir::MLIRContext context(registry);
    context.loadAllAvailableDialects();
    mlir::OwningOpRef<mlir::ModuleOp> module =
        mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
    mlir::func::FuncOp kernel = create(*module);
    kernel.setPublic();
    name = kernel.getSymName().str();
    if (failed(lower(*module, target))) {
      ADD_FAILURE() << "the kernel does not lower";
      return;
    }
    if (emulation.rewrite) {
      emulation.rewrite(*module);
    }
    llvm::LLVMContext llvmContext;
    auto machine = llvm::cantFail(createTargetMachine(machineTarget));
    auto translated = llvm::cantFail(translateAndOptimize(*module, llvmContext, *machine));
    llvm::SmallVector<char, 0> object;
    llvm::cantFail(emitMachineCode(*translated, *machine, MachineCodeKind::Object, object));
    jit = llvm::cantFail(llvm::orc::LLJITBuilder().create());
    for (auto [symbol, function] : emulation.functions) {
      llvm::orc::ExecutorSymbolDef definition(llvm::orc::ExecutorAddr::fromPtr(function),
                                              llvm::JITSymbolFlags::Exported);
      llvm::cantFail(jit->getMainJITDylib().define(
          llvm::orc::absoluteSymbols({{jit->mangleAndIntern(symbol), definition}})));
    }
    llvm::cantFail(jit->addObjectFile(
        llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(object.data(), object.size()))));
  }

  /// The kernel as a pointer to a function of the pieces of its buffers; null after a failure.
  template <typename Function> Function *get() {
    return jit ? llvm::cantFail(jit->lookup(name)).toPtr<Function *>() : nullptr;
  }

private:
  static mlir::LogicalResult lower(mlir::ModuleOp module, const Target &target) {
    mlir::PassManager passes(module.getContext());
    passes.addPass(createAttachTargetPass(target));
    passes.addPass(mlir::createParallelForToNestedForsPass());
    passes.addPass(createGuardParallelPass());
    passes.addPass(createHoistAllocasPass());
    passes.addPass(mlir::createCanonicalizerPass());
    passes.addPass(createLowerByteDotsPass());
    passes.addPass(createLowerTilesPass());
    passes.addPass(mlir::memref::createExpandStridedMetadataPass());
    passes.addPass(mlir::createLowerAffinePass());
    passes.addPass(mlir::createSCFToControlFlowPass());
    passes.addPass(mlir::createConvertVectorToLLVMPass());
    passes.addPass(mlir::createConvertMathToLLVMPass());
    passes.addPass(mlir::createFinalizeMemRefToLLVMConversionPass());
    passes.addPass(mlir::createArithToLLVMConversionPass());
    passes.addPass(mlir::createConvertFuncToLLVMPass());
    passes.addPass(mlir::createConvertControlFlowToLLVMPass());
    passes.addPass(mlir::createReconcileUnrealizedCastsPass());
    return passes.run(module);
  }

  std::string name;
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

} // namespace quench

#endif // QUENCH_UNITTESTS_CODEGEN_NATIVEKERNEL_H
