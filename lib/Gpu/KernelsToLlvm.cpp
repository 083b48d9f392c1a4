//===- KernelsToLlvm.cpp - Kernels for devices that LLVM compiles for -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelsToLlvm.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quench;

/// Of both vendors.
static constexpr unsigned kGlobalMemory = 1;

namespace {
/// Gives one kernel what LLVM has for its operations.
class KernelRewriter {
public:
  KernelRewriter(gpu::GPUFuncOp kernel, const LlvmDevice &device)
      : kernel(kernel), device(device), b(kernel.getLoc(), kernel.getContext()),
        pointer(LLVM::LLVMPointerType::get(kernel.getContext(), kGlobalMemory)) {}

  void run() {
    usePointers();
    SmallVector<Operation *> operations;
    kernel.walk([&](Operation *op) { operations.push_back(op); });
    // Backwards: an operation may take along its user, which is no longer visited then.
    for (Operation *op : llvm::reverse(operations)) {
      b.setInsertionPoint(op);
      b.setLoc(op->getLoc());
      llvm::TypeSwitch<Operation *>(op)
          .Case([&](memref::AllocOp alloc) { useSharedMemory(alloc); })
          .Case([&](nvgpu::LdMatrixOp load) { loadMatrices(load); })
          .Case([&](spirv::SUDotOp dot) { multiplyBytes(dot); })
          .Case([&](math::FmaOp) { callIntrinsic(op, "llvm.fma.f32"); })
          .Case([&](math::SqrtOp) { callIntrinsic(op, "llvm.sqrt.f32"); })
          .Case([&](math::AbsFOp) { callIntrinsic(op, "llvm.fabs.f32"); })
          .Case([&](math::RoundEvenOp) { callIntrinsic(op, "llvm.roundeven.f32"); });
    }
  }

private:
  /// Buffers become pointers, their accesses those of LLVM.
  void usePointers() {
    SmallVector<Type> types;
    for (BlockArgument argument : kernel.getBody().front().getArguments()) {
      if (auto type = dyn_cast<MemRefType>(argument.getType())) {
        for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
          access(user, type.getElementType());
        }
        argument.setType(pointer);
      }
      types.push_back(argument.getType());
    }
    kernel.setFunctionType(b.getFunctionType(types, {}));
  }

  void access(Operation *op, Type element) {
    b.setInsertionPoint(op);
    b.setLoc(op->getLoc());
    if (auto copy = dyn_cast<nvgpu::DeviceAsyncCopyOp>(op)) {
      copyAsync(copy, element);
      return;
    }
    if (auto load = dyn_cast<vector::LoadOp>(op)) {
      Value address = addressOf(load.getBase(), load.getIndices()[0], element);
      const auto alignment = static_cast<unsigned>(load.getAlignment().value_or(0));
      op->replaceAllUsesWith(LLVM::LoadOp::create(b, load.getVectorType(), address, alignment));
      op->erase();
      return;
    }
    auto load = dyn_cast<memref::LoadOp>(op);
    auto store = dyn_cast<memref::StoreOp>(op);
    Value buffer = load ? load.getMemRef() : store.getMemRef();
    Value index = load ? load.getIndices()[0] : store.getIndices()[0];
    Value address = addressOf(buffer, index, element);
    if (load) {
      op->replaceAllUsesWith(LLVM::LoadOp::create(b, element, address));
    } else {
      LLVM::StoreOp::create(b, store.getValueToStore(), address);
    }
    op->erase();
  }

  /// Of an element of global memory.
  Value addressOf(Value buffer, Value index, Type element) {
    Value offset = arith::IndexCastOp::create(b, b.getI64Type(), index);
    return LLVM::GEPOp::create(b, pointer, element, buffer, ArrayRef<LLVM::GEPArg>{offset});
  }

  /// Bytes of so many words.
  Value bytesOf(Value words) {
    return arith::MulIOp::create(b, words, arith::ConstantIndexOp::create(b, 4));
  }

  /// Of a word of memory of a group.
  Value sharedAddress(Value memory, Value index) {
    Value begin = memref::ExtractAlignedPointerAsIndexOp::create(b, memory);
    Value place = arith::AddIOp::create(b, begin, bytesOf(index));
    Value number = arith::IndexCastOp::create(b, b.getI64Type(), place);
    auto shared = LLVM::LLVMPointerType::get(b.getContext(),
                                             static_cast<unsigned>(NVVM::NVVMMemorySpace::Shared));
    return LLVM::IntToPtrOp::create(b, shared, number);
  }

  /// `ldmatrix`
  void loadMatrices(nvgpu::LdMatrixOp load) {
    Value from = sharedAddress(load.getSrcMemref(), load.getIndices()[0]);
    const auto number = static_cast<uint32_t>(load.getNumTiles());
    auto type =
        LLVM::LLVMStructType::getLiteral(b.getContext(), SmallVector<Type>(number, b.getI32Type()));
    auto rows = NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8);
    Value words = NVVM::LdMatrixOp::create(b, type, from, number, NVVM::MMALayout::row, rows,
                                           NVVM::LdStMatrixEltType::B16);
    for (Operation *user : llvm::make_early_inc_range(load->getUsers())) {
      auto extract = cast<vector::ExtractOp>(user);
      Value word = LLVM::ExtractValueOp::create(b, words, extract.getStaticPosition()[0]);
      extract.getResult().replaceAllUsesWith(word);
      extract.erase();
    }
    load.erase();
  }

  /// `cp.async`, of words.
  void copyAsync(nvgpu::DeviceAsyncCopyOp copy, Type element) {
    Value from = addressOf(copy.getSrc(), copy.getSrcIndices()[0], element);
    Value to = sharedAddress(copy.getDst(), copy.getDstIndices()[0]);
    Value real;
    if (copy.getSrcElements()) {
      real = arith::IndexCastOp::create(b, b.getI32Type(), bytesOf(copy.getSrcElements()));
    }
    const auto size = static_cast<uint32_t>(4 * copy.getDstElements().getZExtValue());
    NVVM::CpAsyncOp::create(b, to, from, size, NVVM::LoadCacheModifierKind::CG, real);
    copy.erase();
  }

  /// Vectors of sixteen bytes are loaded from it, and copied to it.
  void useSharedMemory(memref::AllocOp alloc) {
    const unsigned number = kernel.getNumWorkgroupAttributions();
    alloc.getResult().replaceAllUsesWith(
        kernel.addWorkgroupAttribution(alloc.getType(), alloc.getLoc()));
    kernel.setWorkgroupAttributionAttr(
        number, b.getStringAttr(LLVM::LLVMDialect::getAlignAttrName()), b.getI32IntegerAttr(16));
    alloc.erase();
  }

  /// Products of devices add, too.
  void multiplyBytes(spirv::SUDotOp dot) {
    auto add = dot->hasOneUse() ? dyn_cast<arith::AddIOp>(*dot->user_begin()) : arith::AddIOp();
    Value sum;
    if (add) {
      sum = add.getLhs() == dot.getResult() ? add.getRhs() : add.getLhs();
      b.setInsertionPoint(add);
    } else {
      sum = arith::ConstantIntOp::create(b, 0, 32);
    }
    Value result =
        device.dot(b, dot.getVector1(), dot.getVector2(), sum, areBytesBelow128(dot.getVector2()));
    if (add) {
      add.getResult().replaceAllUsesWith(result);
      add.erase();
    } else {
      dot.getResult().replaceAllUsesWith(result);
    }
    dot.erase();
  }

  /// The conversion of `math` would call a library.
  void callIntrinsic(Operation *op, StringRef name) {
    auto call = LLVM::CallIntrinsicOp::create(b, op->getResult(0).getType(), b.getStringAttr(name),
                                              op->getOperands());
    op->replaceAllUsesWith(call->getResults());
    op->erase();
  }

  gpu::GPUFuncOp kernel;
  const LlvmDevice &device;
  ImplicitLocOpBuilder b;
  Type pointer;
};
} // namespace

bool quench::areBytesBelow128(Value bytes) {
  auto masked = bytes.getDefiningOp<arith::AndIOp>();
  APInt mask;
  return masked && matchPattern(masked.getRhs(), m_ConstantInt(&mask)) &&
         (mask.getZExtValue() & 0x80808080u) == 0;
}

void quench::registerKernelConversions(DialectRegistry &registry) {
  arith::registerConvertArithToLLVMInterface(registry);
  cf::registerConvertControlFlowToLLVMInterface(registry);
  registerConvertFuncToLLVMInterface(registry);
  registerConvertMathToLLVMInterface(registry);
  registerConvertMemRefToLLVMInterface(registry);
  vector::registerConvertVectorToLLVMInterface(registry);
}

LogicalResult quench::compileKernels(ModuleOp module, const LlvmDevice &device) {
  OwningOpRef<ModuleOp> apart = copyKernels(module);
  if (!apart) {
    return success();
  }
  auto kernels = *apart->getOps<gpu::GPUModuleOp>().begin();
  const bool isNvidia = isa<NVVM::NVVMTargetAttr>(device.target);
  std::vector<KernelSignature> signatures;
  for (auto kernel : kernels.getOps<gpu::GPUFuncOp>()) {
    FailureOr<KernelSignature> signature = readSignature(kernel, [&](Operation *op) {
      return isElementAccess(op) || isa<vector::LoadOp>(op) ||
             (isNvidia && isa<nvgpu::DeviceAsyncCopyOp>(op));
    });
    if (failed(signature)) {
      return failure();
    }
    signatures.push_back(std::move(*signature));
    KernelRewriter(kernel, device).run();
  }
  kernels.setTargetsAttr(Builder(module.getContext()).getArrayAttr({device.target}));
  PassManager pipeline(module.getContext());
  OpPassManager &nested = pipeline.nest<gpu::GPUModuleOp>();
  nested.addPass(createCanonicalizerPass());
  nested.addPass(createCSEPass());
  nested.addPass(createLoopInvariantCodeMotionPass());
  nested.addPass(createSCFToControlFlowPass());
  nested.addPass(device.conversion());
  nested.addPass(createReconcileUnrealizedCastsPass());
  GpuModuleToBinaryPassOptions options;
  options.compilationTarget = "isa";
  pipeline.addPass(createGpuModuleToBinaryPass(options));
  if (failed(pipeline.run(*apart))) {
    return failure();
  }
  auto binaries = apart->getOps<gpu::BinaryOp>();
  if (binaries.empty()) {
    return module.emitError("kernels have no code");
  }
  auto object = cast<gpu::ObjectAttr>((*binaries.begin()).getObjects()[0]);
  StringRef text = object.getObject().getValue().rtrim('\0');
  replaceByBinary(module, text, signatures, device.target, gpu::CompilationTarget::Assembly);
  return success();
}
