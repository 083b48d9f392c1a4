//===- KernelsToSpirv.cpp - Compile kernels to SPIR-V -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: gpu.funcs on flat buffers with offsets, and on sizes. Output: one SPIR-V module. Buffers
// become bindings that begin at an element; which one, and the sizes, are push constants.
//
//===----------------------------------------------------------------------===//

#include "KernelBinary.h"

#include "quench/Gpu/Passes.h"
#include "quench/Target/TargetSpec.h"

#include "mlir/Conversion/GPUToSPIRV/GPUToSPIRVPass.h"
#include "mlir/Conversion/MathToSPIRV/MathToSPIRVPass.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVDialect.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"
#include "mlir/Dialect/SPIRV/IR/TargetAndABI.h"
#include "mlir/Dialect/SPIRV/Transforms/Passes.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/SPIRV/Serialization.h"
#include "mlir/Transforms/Passes.h"

namespace quench {
#define GEN_PASS_DEF_KERNELSTOSPIRVPASS
#include "quench/Gpu/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

static bool hasDotProducts(const Target &target) {
  return llvm::is_contained(target.required, "shaderIntegerDotProduct");
}

/// That of Vulkan 1.3, or of Vulkan 1.1 for targets that need nothing else.
static spirv::Version versionFor(const Target &target) {
  return target.required.empty() ? spirv::Version::V_1_3 : spirv::Version::V_1_6;
}

static spirv::TargetEnvAttr targetEnvironment(const Target &target, MLIRContext *context) {
  SmallVector<spirv::Capability> capabilities = {spirv::Capability::Shader};
  SmallVector<spirv::Extension> extensions = {
      spirv::Extension::SPV_KHR_storage_buffer_storage_class};
  if (hasDotProducts(target)) {
    capabilities.append(
        {spirv::Capability::DotProduct, spirv::Capability::DotProductInput4x8BitPacked});
    extensions.push_back(spirv::Extension::SPV_KHR_integer_dot_product);
  }
  if (target.subgroupSize > 0) {
    capabilities.append({spirv::Capability::Int8, spirv::Capability::Float16,
                         spirv::Capability::CooperativeMatrixKHR});
    extensions.push_back(spirv::Extension::SPV_KHR_cooperative_matrix);
  }
  auto triple = spirv::VerCapExtAttr::get(versionFor(target), capabilities, extensions, context);
  return spirv::TargetEnvAttr::get(triple, spirv::getDefaultResourceLimits(context),
                                   spirv::ClientAPI::Vulkan);
}

/// Products of packed bytes, byte by byte.
static void splitDotProducts(gpu::GPUModuleOp kernels) {
  kernels.walk([](spirv::SUDotOp dot) {
    ImplicitLocOpBuilder b(dot.getLoc(), dot);
    Type type = b.getI32Type();
    Value eight = arith::ConstantIntOp::create(b, 8, 32), sum;
    for (int64_t byte = 0; byte < 4; ++byte) {
      Value first = arith::ConstantIntOp::create(b, 8 * byte, 32);
      Value lhs = spirv::BitFieldSExtractOp::create(b, type, dot.getVector1(), first, eight);
      Value rhs = spirv::BitFieldUExtractOp::create(b, type, dot.getVector2(), first, eight);
      Value product = arith::MulIOp::create(b, lhs, rhs);
      sum = sum ? arith::AddIOp::create(b, sum, product).getResult() : product;
    }
    dot.replaceAllUsesWith(sum);
    dot.erase();
  });
}

static Attribute storageClass(MLIRContext *context, spirv::StorageClass value) {
  return spirv::StorageClassAttr::get(context, value);
}

/// Buffers are in the storage class of bindings, memory of a group in its own; no type has offsets.
static void setStorageClasses(gpu::GPUModuleOp kernels) {
  AttrTypeReplacer replacer;
  replacer.addReplacement([](MemRefType type) -> std::optional<Type> {
    bool isShared = gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(type);
    auto space = storageClass(type.getContext(), isShared ? spirv::StorageClass::Workgroup
                                                          : spirv::StorageClass::StorageBuffer);
    return MemRefType::get(type.getShape(), type.getElementType(), MemRefLayoutAttrInterface(),
                           space);
  });
  replacer.recursivelyReplaceElementsIn(kernels, /*replaceAttrs=*/true, /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
}

/// Adds the element at which a buffer begins to the indices of its accesses.
static void addOffset(Value buffer, Value offset, ImplicitLocOpBuilder &b) {
  for (OpOperand &use : llvm::make_early_inc_range(buffer.getUses())) {
    Operation *access = use.getOwner();
    b.setInsertionPoint(access);
    OpOperand &index = access->getOpOperand(use.getOperandNumber() + 1);
    index.set(arith::AddIOp::create(b, index.get(), offset));
  }
}

/// Sizes and offsets of buffers become elements of one last parameter.
static void usePushConstants(gpu::GPUFuncOp kernel, const KernelSignature &table) {
  Block &entry = kernel.getBody().front();
  SmallVector<BlockArgument> buffers, sizes;
  for (BlockArgument argument : entry.getArguments()) {
    (isa<MemRefType>(argument.getType()) ? buffers : sizes).push_back(argument);
  }
  ImplicitLocOpBuilder b(kernel.getLoc(), kernel.getContext());
  b.setInsertionPointToStart(&entry);
  auto type =
      MemRefType::get({table.sizes + table.buffers}, b.getI32Type(), MemRefLayoutAttrInterface(),
                      storageClass(b.getContext(), spirv::StorageClass::PushConstant));
  Value constants = entry.addArgument(type, kernel.getLoc());
  auto constant = [&](int64_t at) -> Value {
    return memref::LoadOp::create(b, constants, ValueRange{arith::ConstantIndexOp::create(b, at)});
  };
  for (auto [at, size] : llvm::enumerate(sizes)) {
    size.replaceAllUsesWith(constant(static_cast<int64_t>(at)));
  }
  SmallVector<Value> offsets;
  for (size_t i = 0; i < buffers.size(); ++i) {
    offsets.push_back(arith::IndexCastOp::create(b, b.getIndexType(),
                                                 constant(table.sizes + static_cast<int64_t>(i))));
  }
  for (auto [buffer, offset] : llvm::zip_equal(buffers, offsets)) {
    addOffset(buffer, offset, b);
  }
  entry.eraseArguments([&](BlockArgument argument) { return llvm::is_contained(sizes, argument); });
  kernel.setFunctionType(b.getFunctionType(entry.getArgumentTypes(), {}));
  ArrayRef<int32_t> threads = *kernel.getKnownBlockSize();
  kernel->setAttr(spirv::getEntryPointABIAttrName(),
                  spirv::getEntryPointABIAttr(b.getContext(), threads));
}

/// Cooperative matrices want the memory model of Vulkan, in which what threads tell each other is
/// marked: accesses to memory of a group as not private, barriers as what makes them visible. Says
/// also that bytes are signed, which upstream's conversion does not. False without such matrices.
static bool completeMatrices(spirv::ModuleOp module) {
  using Semantics = spirv::MemorySemantics;
  bool hasMatrices = false;
  auto access =
      spirv::MemoryAccessAttr::get(module.getContext(), spirv::MemoryAccess::NonPrivatePointer);
  module.walk([&](spirv::KHRCooperativeMatrixMulAddOp product) {
    using Operands = spirv::CooperativeMatrixOperandsKHR;
    hasMatrices = true;
    auto type = cast<spirv::CooperativeMatrixType>(product.getType());
    if (type.getElementType().isInteger()) {
      product.setMatrixOperands(Operands::ASigned | Operands::BSigned | Operands::CSigned |
                                Operands::ResultSigned);
    }
  });
  if (!hasMatrices) {
    return false;
  }
  auto isShared = [](Value pointer) {
    return cast<spirv::PointerType>(pointer.getType()).getStorageClass() ==
           spirv::StorageClass::Workgroup;
  };
  module.walk([&](Operation *op) {
    if (auto load = dyn_cast<spirv::LoadOp>(op); load && isShared(load.getPtr())) {
      load.setMemoryAccessAttr(access);
    } else if (auto store = dyn_cast<spirv::StoreOp>(op); store && isShared(store.getPtr())) {
      store.setMemoryAccessAttr(access);
    } else if (auto matrix = dyn_cast<spirv::KHRCooperativeMatrixLoadOp>(op)) {
      matrix.setMemoryOperandAttr(access);
    } else if (auto matrix = dyn_cast<spirv::KHRCooperativeMatrixStoreOp>(op)) {
      matrix.setMemoryOperandAttr(access);
    } else if (auto barrier = dyn_cast<spirv::ControlBarrierOp>(op)) {
      barrier.setMemorySemantics(barrier.getMemorySemantics() | Semantics::MakeAvailable |
                                 Semantics::MakeVisible);
    }
  });
  module.setMemoryModel(spirv::MemoryModel::Vulkan);
  return true;
}

namespace {
struct KernelsToSpirvPass : quench::impl::KernelsToSpirvPassBase<KernelsToSpirvPass> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

/// The spirv.module of the kernels in a module that holds nothing else.
static FailureOr<spirv::ModuleOp> convert(ModuleOp module, const Target &target) {
  module->setAttr(spirv::getTargetEnvAttrName(), targetEnvironment(target, module.getContext()));
  PassManager pipeline(module.getContext());
  OpPassManager &nested = pipeline.nest<gpu::GPUModuleOp>();
  nested.addPass(createCanonicalizerPass());
  nested.addPass(createCSEPass());
  nested.addPass(createLoopInvariantCodeMotionPass());
  nested.addPass(createConvertMathToSPIRVPass());
  pipeline.addPass(createConvertGPUToSPIRVPass());
  OpPassManager &lowered = pipeline.nest<spirv::ModuleOp>();
  lowered.addPass(spirv::createSPIRVLowerABIAttributesPass());
  lowered.addPass(spirv::createSPIRVUpdateVCEPass());
  if (failed(pipeline.run(module))) {
    return failure();
  }
  auto converted = *module.getOps<spirv::ModuleOp>().begin();
  converted.walk([](spirv::GlobalVariableOp variable) {
    if (cast<spirv::PointerType>(variable.getType()).getStorageClass() ==
        spirv::StorageClass::PushConstant) {
      variable.removeBindingAttr();
      variable.removeDescriptorSetAttr();
    }
  });
  // From version 1.4 on entry points list all variables that they use.
  spirv::VerCapExtAttr needed = *converted.getVceTriple();
  SmallVector<spirv::Capability> capabilities(needed.getCapabilities());
  if (completeMatrices(converted)) {
    // The number of a subgroup, and the memory model.
    capabilities.append({spirv::Capability::GroupNonUniform, spirv::Capability::VulkanMemoryModel});
  }
  converted.setVceTripleAttr(spirv::VerCapExtAttr::get(versionFor(target), capabilities,
                                                       llvm::to_vector(needed.getExtensions()),
                                                       module.getContext()));
  return converted;
}

void KernelsToSpirvPass::runOnOperation() {
  OwningOpRef<ModuleOp> apart = copyKernels(getOperation());
  if (!apart) {
    return;
  }
  FailureOr<Target> target = getTarget(getOperation());
  if (failed(target)) {
    return signalPassFailure();
  }
  auto kernels = *apart->getOps<gpu::GPUModuleOp>().begin();
  if (!hasDotProducts(*target)) {
    splitDotProducts(kernels);
  }
  std::vector<KernelSignature> signatures;
  for (auto kernel : kernels.getOps<gpu::GPUFuncOp>()) {
    FailureOr<KernelSignature> signature = readSignature(kernel);
    if (failed(signature)) {
      return signalPassFailure();
    }
    signatures.push_back(std::move(*signature));
  }
  setStorageClasses(kernels);
  for (auto [kernel, signature] : llvm::zip_equal(kernels.getOps<gpu::GPUFuncOp>(), signatures)) {
    usePushConstants(kernel, signature);
  }
  FailureOr<spirv::ModuleOp> converted = convert(*apart, *target);
  if (failed(converted)) {
    return signalPassFailure();
  }
  SmallVector<uint32_t, 0> words;
  if (failed(spirv::serialize(*converted, words))) {
    converted->emitError("kernels cannot be written as a SPIR-V binary");
    return signalPassFailure();
  }
  StringRef bytes(reinterpret_cast<const char *>(words.data()), words.size() * sizeof(uint32_t));
  replaceByBinary(getOperation(), bytes, signatures, targetEnvironment(*target, &getContext()),
                  gpu::CompilationTarget::Binary);
  if (text) {
    (*converted)->moveBefore(getOperation().getBody(), getOperation().getBody()->begin());
  }
}
