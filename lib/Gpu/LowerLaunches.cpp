//===- LowerLaunches.cpp - Turn launches into calls of the runtime -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Gpu/DeviceCode.h"
#include "quench/Gpu/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quench {
#define GEN_PASS_DEF_LOWERLAUNCHESPASS
#include "quench/Gpu/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

namespace {
class LaunchLowering {
public:
  explicit LaunchLowering(ModuleOp module)
      : module(module), b(module.getLoc(), module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())) {}

  void lower(gpu::LaunchFuncOp launch) {
    b.setLoc(launch.getLoc());
    b.setInsertionPoint(launch);
    Value handle = LLVM::LoadOp::create(b, pointer, addressOfHandle(launch.getKernelName()));
    SmallVector<Value> arguments = {handle};
    for (Value size : {launch.getGridSizeX(), launch.getGridSizeY(), launch.getGridSizeZ(),
                       launch.getBlockSizeX(), launch.getBlockSizeY(), launch.getBlockSizeZ()}) {
      arguments.push_back(toI64(size));
    }
    Value null = LLVM::ZeroOp::create(b, pointer);
    size_t count = launch.getNumKernelOperands();
    arguments.push_back(LLVM::ConstantOp::create(b, b.getI32Type(), b.getI32IntegerAttr(0)));
    arguments.append({null, packParameters(launch.getKernelOperands()), null,
                      constant(static_cast<int64_t>(count))});
    LLVM::CallOp::create(b, runtimeFunction(), arguments);
    launch.erase();
  }

private:
  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(b, b.getI64Type(), b.getI64IntegerAttr(value));
  }
  Value toI64(Value index) { return arith::IndexCastOp::create(b, b.getI64Type(), index); }

  /// The address of the first element.
  Value addressOf(Value buffer) {
    auto parts = memref::ExtractStridedMetadataOp::create(b, buffer);
    Value base = toI64(memref::ExtractAlignedPointerAsIndexOp::create(b, buffer));
    Type element = cast<MemRefType>(buffer.getType()).getElementType();
    Value bytes = arith::MulIOp::create(b, toI64(parts.getOffset()),
                                        constant(element.getIntOrFloatBitWidth() / 8));
    return arith::AddIOp::create(b, base, bytes);
  }

  /// The addresses of all parameters in an array.
  Value packParameters(ValueRange operands) {
    auto count = static_cast<int64_t>(operands.size());
    auto slot = [&](Value array, Type type, int64_t at) -> Value {
      return LLVM::GEPOp::create(b, pointer, type, array,
                                 ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(at)});
    };
    Value values = LLVM::AllocaOp::create(b, pointer, b.getI64Type(), constant(count));
    Value array = LLVM::AllocaOp::create(b, pointer, pointer, constant(count));
    for (auto [at, operand] : llvm::enumerate(operands)) {
      Value place = slot(values, b.getI64Type(), static_cast<int64_t>(at));
      Value value = isa<MemRefType>(operand.getType()) ? addressOf(operand) : operand;
      LLVM::StoreOp::create(b, value, place);
      LLVM::StoreOp::create(b, place, slot(array, pointer, static_cast<int64_t>(at)));
    }
    return array;
  }

  Value addressOfHandle(StringAttr kernel) {
    std::string name = kernelSymbol(kernel);
    auto global = module.lookupSymbol<LLVM::GlobalOp>(name);
    if (!global) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(module.getBody());
      global = LLVM::GlobalOp::create(b, pointer, /*isConstant=*/false, LLVM::Linkage::External,
                                      name, Attribute());
    }
    return LLVM::AddressOfOp::create(b, global);
  }

  LLVM::LLVMFuncOp runtimeFunction() {
    constexpr StringLiteral name = "mgpuLaunchKernel";
    if (auto existing = module.lookupSymbol<LLVM::LLVMFuncOp>(name)) {
      return existing;
    }
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    Type i64 = b.getI64Type();
    auto type = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(b.getContext()),
        {pointer, i64, i64, i64, i64, i64, i64, b.getI32Type(), pointer, pointer, pointer, i64});
    return LLVM::LLVMFuncOp::create(b, name, type);
  }

  ModuleOp module;
  ImplicitLocOpBuilder b;
  Type pointer;
};

struct LowerLaunchesPass : quench::impl::LowerLaunchesPassBase<LowerLaunchesPass> {
  using Base::Base;

  void runOnOperation() override {
    LaunchLowering lowering(getOperation());
    SmallVector<gpu::LaunchFuncOp> launches;
    getOperation().walk([&](gpu::LaunchFuncOp launch) { launches.push_back(launch); });
    for (gpu::LaunchFuncOp launch : launches) {
      lowering.lower(launch);
    }
  }
};
} // namespace
