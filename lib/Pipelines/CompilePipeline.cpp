//===- CompilePipeline.cpp - From a quantized model to the LLVM dialect -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Pipelines/CompilePipeline.h"

#include "quench/Codegen/KernelCallBufferization.h"
#include "quench/Codegen/Passes.h"
#include "quench/Conversion/Passes.h"
#include "quench/Dialect/NN/IR/NNDialect.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"
#include "quench/Gpu/Passes.h"
#include "quench/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Conversion/TosaToArith/TosaToArith.h"
#include "mlir/Conversion/TosaToLinalg/TosaToLinalg.h"
#include "mlir/Conversion/TosaToTensor/TosaToTensor.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/BufferDeallocationOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ArmNeon/ArmNeonDialect.h"
#include "mlir/Dialect/ArmSME/IR/ArmSME.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/ControlFlow/Transforms/BufferDeallocationOpInterfaceImpl.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/AllocationOpInterfaceImpl.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/BufferDeallocationOpInterfaceImpl.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Dialect/Tosa/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace quench;

/// Tensors become buffers, kernel calls function calls, the rest loops, parallel ones of functions.
static void addBufferization(OpPassManager &pm, bool isFunction) {
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion = bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  pm.addPass(createLowerKernelCallsPass());
  pm.addPass(createExpandCopiesPass());
  pm.addPass(isFunction ? createConvertLinalgToParallelLoopsPass()
                        : createConvertLinalgToLoopsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createPlanMemoryPass());
  bufferization::buildBufferDeallocationPipeline(pm);
  pm.addPass(createConvertBufferizationToMemRefPass());
  pm.addPass(createCanonicalizerPass());
}

static void addLoweringToLLVM(OpPassManager &pm, bool isDevice) {
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  // Gives tiles registers.
  pm.addNestedPass<func::FuncOp>(createConvertArmSMEToLLVMPass());
  pm.addPass(arith::createArithExpandOpsPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  FinalizeMemRefToLLVMConversionPassOptions memory;
  // The runtime of a device allocates, see quench/Device/DeviceCalls.h.
  memory.useGenericFunctions = isDevice;
  pm.addPass(createFinalizeMemRefToLLVMConversionPass(memory));
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

/// What functions may be written in beside nn, and language models are not.
static void addUpstreamLayers(OpPassManager &pm, bool isDevice) {
  OpPassManager &functions = pm.nest<func::FuncOp>();
  functions.addPass(tosa::createTosaOptionalDecompositionsPass());
  functions.addPass(tosa::createTosaMakeBroadcastablePass());
  functions.addPass(tosa::createTosaToLinalgNamed());
  functions.addPass(tosa::createTosaMakeBroadcastablePass());
  functions.addPass(tosa::createTosaToLinalg());
  functions.addPass(createTosaToTensorPass());
  functions.addPass(createTosaToArithPass());
  if (!isDevice) {
    pm.addPass(createUnfoldConvolutionsPass());
    // Products whose sizes are read have other readers than what follows them.
    pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  }
  // Contractions of codes are no products of floats any more.
  pm.addPass(createMultiplyCodesPass());
}

void quench::buildCompilePipeline(OpPassManager &pm, const CompilePipelineOptions &options,
                                  const WeightStore *store, PackedWeights &packed) {
  if (options.observe) {
    pm.addPass(createLowerObserversPass());
  } else {
    pm.addPass(createStripObserversPass());
  }
  if (!options.function.empty()) {
    addUpstreamLayers(pm, options.target.isDevice());
  }
  pm.addPass(createAttachTargetPass(options.target));
  pm.addPass(createLegalizePass(store));
  pm.addPass(createVerifyLegalPass(store));
  // One quantization of an activation serves all its consumers.
  pm.addPass(createCSEPass());
  bool isDevice = options.target.isDevice();
  if (isDevice) {
    pm.addPass(createSelectGpuKernelsPass());
    if (options.target.api == "cuda") {
      pm.addPass(createKernelsToPtxPass());
    } else if (options.target.api == "hip") {
      pm.addPass(createKernelsToAmdgpuPass());
    } else {
      pm.addPass(createKernelsToSpirvPass());
    }
    pm.addPass(createLowerLaunchesPass());
  } else {
    if (options.function.empty()) {
      pm.addPass(createStoreCacheCodesPass());
    }
    pm.addPass(createSelectKernelsPass());
  }
  // What no kernel computes.
  pm.addPass(createConvertQuenchToLinalgPass());
  pm.addPass(createConvertNNToLinalgPass());
  pm.addPass(createPackWeightsPass(store, packed));
  if (options.function.empty()) {
    pm.addPass(createPrepareEntryPass());
  } else {
    pm.addPass(createPrepareFunctionPass({options.function}));
  }
  pm.addPass(createConvertElementwiseToLinalgPass());
  if (!options.function.empty()) {
    pm.addPass(createLinalgElementwiseOpFusionPass());
  }
  // Sizes are traced back to the arguments, so that equal ones are one value.
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  addBufferization(pm, !options.function.empty());
  if (isDevice) {
    pm.addPass(createSynchronizeHostPass());
  }
  if (!options.threads || isDevice) {
    pm.addPass(createParallelForToNestedForsPass());
  }
  pm.addNestedPass<func::FuncOp>(createForkLoopsPass());
  pm.addPass(createGuardParallelPass());
  pm.addPass(createParallelForToNestedForsPass());
  pm.addPass(createHoistAllocasPass());
  pm.addPass(createLowerByteDotsPass());
  pm.addPass(createLowerTilesPass());
  addLoweringToLLVM(pm, isDevice);
  pm.addPass(createLowerCrewPass());
}

void quench::registerCompilePipelineDialects(DialectRegistry &registry) {
  registry.insert<
      QuenchDialect, nn::NNDialect, amx::AMXDialect, arith::ArithDialect, arm_neon::ArmNeonDialect,
      arm_sme::ArmSMEDialect, bufferization::BufferizationDialect, cf::ControlFlowDialect,
      DLTIDialect, func::FuncDialect, gpu::GPUDialect, linalg::LinalgDialect, LLVM::LLVMDialect,
      math::MathDialect, memref::MemRefDialect, omp::OpenMPDialect, scf::SCFDialect,
      spirv::SPIRVDialect, tensor::TensorDialect, tosa::TosaDialect, vector::VectorDialect>();
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  arith::registerBufferDeallocationOpInterfaceExternalModels(registry);
  bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(registry);
  cf::registerBufferDeallocationOpInterfaceExternalModels(registry);
  linalg::registerBufferizableOpInterfaceExternalModels(registry);
  memref::registerAllocationOpInterfaceExternalModels(registry);
  scf::registerBufferizableOpInterfaceExternalModels(registry);
  scf::registerBufferDeallocationOpInterfaceExternalModels(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
  registerKernelCallBufferization(registry);
}
