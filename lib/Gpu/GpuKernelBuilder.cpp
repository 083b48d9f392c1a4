//===- GpuKernelBuilder.cpp - Emission of kernels for devices -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Gpu/GpuKernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace quench;

Value GpuKernelBuilder::rem(Value lhs, Value rhs) {
  return arith::RemUIOp::create(*this, lhs, rhs);
}
Value GpuKernelBuilder::fma(Value a, Value b, Value c) {
  return math::FmaOp::create(*this, a, b, c);
}
Value GpuKernelBuilder::lessThan(Value lhs, Value rhs) {
  return arith::CmpIOp::create(*this, arith::CmpIPredicate::ult, lhs, rhs);
}
Value GpuKernelBuilder::select(Value condition, Value yes, Value no) {
  return arith::SelectOp::create(*this, condition, yes, no);
}
Value GpuKernelBuilder::bitAnd(Value lhs, uint32_t rhs) {
  return arith::AndIOp::create(*this, lhs, i32(static_cast<int32_t>(rhs)));
}
Value GpuKernelBuilder::bitOr(Value lhs, Value rhs) {
  return arith::OrIOp::create(*this, lhs, rhs);
}
Value GpuKernelBuilder::shiftLeft(Value lhs, int32_t rhs) {
  return rhs == 0 ? lhs : arith::ShLIOp::create(*this, lhs, i32(rhs)).getResult();
}
Value GpuKernelBuilder::shiftRight(Value lhs, int32_t rhs) {
  return rhs == 0 ? lhs : arith::ShRUIOp::create(*this, lhs, i32(rhs)).getResult();
}
Value GpuKernelBuilder::toIndex(Value value) {
  return arith::IndexCastOp::create(*this, getIndexType(), value);
}
Value GpuKernelBuilder::toI32(Value value) {
  return arith::IndexCastOp::create(*this, getI32Type(), value);
}
Value GpuKernelBuilder::toF32(Value integer) {
  Value value = integer.getType().isIndex() ? toI32(integer) : integer;
  return arith::SIToFPOp::create(*this, getF32Type(), value);
}
Value GpuKernelBuilder::encodeByteFloat(Value value, numerics::FloatFormat format, bool isHalved) {
  const auto mantissa = static_cast<int32_t>(numerics::mantissaBits(format));
  const int32_t bias = mantissa == 3 ? 7 : 15, dropped = 23 - mantissa;
  auto bitsOf = [&](Value x) { return arith::BitcastOp::create(*this, getI32Type(), x); };
  Value magnitude = math::AbsFOp::create(*this, value);
  Value bounded = minimum(magnitude, f32(numerics::maxFinite(format)));
  // Half a step less a bit, and that bit where the last one kept is odd.
  Value bits = bitsOf(bounded), odd = bitAnd(shiftRight(bits, dropped), 1);
  Value rounded = shiftRight(add(add(bits, i32((1 << (dropped - 1)) - 1)), odd), dropped);
  Value normal = sub(rounded, i32((127 - bias) << mantissa));
  Value steps = mul(bounded, f32(std::ldexp(1.0f, bias - 1 + mantissa)));
  Value subnormal = arith::FPToSIOp::create(*this, getI32Type(),
                                            math::RoundEvenOp::create(*this, steps).getResult());
  Value code = select(lessThan(bits, i32((128 - bias) << 23)), subnormal, normal);
  if (format == numerics::FloatFormat::F8E5M2) {
    Value isInfinite =
        arith::CmpIOp::create(*this, arith::CmpIPredicate::eq, bitsOf(magnitude), i32(0x7f800000));
    code = select(isInfinite, i32(0x7c), code);
  }
  const int32_t notANumber = format == numerics::FloatFormat::F8E5M2 ? 0x7e : 0x7f;
  Value isNaN = arith::CmpFOp::create(*this, arith::CmpFPredicate::UNO, value, value);
  code = select(isNaN, i32(notANumber), code);
  Value sign = shiftLeft(shiftRight(bitsOf(value), 31), 7);
  if (!isHalved) {
    return bitOr(code, sign);
  }
  Value isZero = arith::CmpIOp::create(*this, arith::CmpIPredicate::eq, code, i32(0));
  const int32_t first = format == numerics::FloatFormat::F8E5M2 ? 0x7c : 0x7f;
  code = select(isZero, code, bitOr(code, sign));
  Value isFinite = lessThan(bitAnd(code, 0x7f), i32(first));
  return select(isFinite, code, i32(0x80));
}
// Devices promise little of their own exponentials, and some have none. 2^n exp(r) with
// n = round(x / ln 2), |r| <= ln 2 / 2 and the Taylor polynomial of degree 7. A NaN stays one.
Value GpuKernelBuilder::exp(Value x) {
  x = maximum(f32(-87.0f), minimum(f32(88.0f), x));
  Value n = math::RoundEvenOp::create(*this, mul(x, f32(1.44269504f)));
  // ln 2 in two parts, the first of which has few bits.
  Value r = fma(n, f32(-0.693359375f), x);
  r = fma(n, f32(2.12194440e-4f), r);
  Value sum = f32(1.0f / 5040);
  for (float coefficient : {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 1.0f / 2, 1.0f, 1.0f}) {
    sum = fma(sum, r, f32(coefficient));
  }
  Value exponent = add(arith::FPToSIOp::create(*this, getI32Type(), n), i32(127));
  Value power = arith::BitcastOp::create(*this, getF32Type(), shiftLeft(exponent, 23));
  return mul(sum, power);
}

Value GpuKernelBuilder::load(Value buffer, Value at) {
  return memref::LoadOp::create(*this, buffer, at);
}
void GpuKernelBuilder::store(Value value, Value buffer, Value at) {
  memref::StoreOp::create(*this, value, buffer, at);
}

Value GpuKernelBuilder::loadVector(Value buffer, Value at, int64_t count) {
  auto type = VectorType::get({count}, getI32Type());
  return vector::LoadOp::create(*this, type, buffer, at, /*nontemporal=*/false,
                                llvm::MaybeAlign(4 * count));
}
void GpuKernelBuilder::storeVector(Value vector, Value buffer, Value at) {
  const int64_t count = cast<VectorType>(vector.getType()).getNumElements();
  vector::StoreOp::create(*this, vector, buffer, at, /*nontemporal=*/false,
                          llvm::MaybeAlign(4 * count));
}
Value GpuKernelBuilder::zeroVector(int64_t count) {
  auto type = VectorType::get({count}, getI32Type());
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(type, getI32IntegerAttr(0)));
}
Value GpuKernelBuilder::element(Value vector, int64_t number) {
  return vector::ExtractOp::create(*this, vector, ArrayRef<int64_t>{number});
}

void GpuKernelBuilder::copyAsync(Value buffer, Value from, Value shared, Value to, int64_t count,
                                 Value real) {
  nvgpu::DeviceAsyncCopyOp::create(*this, nvgpu::DeviceAsyncTokenType::get(getContext()), shared,
                                   ValueRange(to), buffer, ValueRange(from), getIndexAttr(count),
                                   real, /*bypassL1=*/getUnitAttr());
}
SmallVector<Value> GpuKernelBuilder::loadMatrices(Value shared, Value at) {
  constexpr int64_t count = 4;
  auto type = VectorType::get({count, 1}, getI32Type());
  Value matrices = nvgpu::LdMatrixOp::create(*this, type, shared, ValueRange(at),
                                             /*transpose=*/false, static_cast<uint32_t>(count));
  SmallVector<Value> words;
  for (int64_t i = 0; i < count; ++i) {
    words.push_back(vector::ExtractOp::create(*this, matrices, ArrayRef<int64_t>{i, 0}));
  }
  return words;
}

Value GpuKernelBuilder::roundToShort(Value value, bool isHalf) {
  Type type = isHalf ? Type(getF16Type()) : getBF16Type();
  Value rounded = arith::TruncFOp::create(*this, type, value);
  Value bits = arith::BitcastOp::create(*this, getIntegerType(16), rounded);
  return arith::ExtUIOp::create(*this, getI32Type(), bits);
}

void GpuKernelBuilder::commitCopies() { NVVM::CpAsyncCommitGroupOp::create(*this); }
void GpuKernelBuilder::waitForCopies(int64_t number) {
  NVVM::CpAsyncWaitGroupOp::create(*this, static_cast<uint32_t>(number));
}

void GpuKernelBuilder::ifThen(Value condition, const std::function<void()> &body) {
  auto branch = scf::IfOp::create(*this, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPoint(branch.thenBlock()->getTerminator());
  body();
}

static gpu::Dimension dimension(unsigned axis) { return static_cast<gpu::Dimension>(axis); }

Value GpuKernelBuilder::threadId() { return gpu::ThreadIdOp::create(*this, gpu::Dimension::x); }
Value GpuKernelBuilder::groupId(unsigned axis) {
  return gpu::BlockIdOp::create(*this, dimension(axis));
}

Value GpuKernelBuilder::sharedBuffer(int64_t count, Type element) {
  auto space = gpu::AddressSpaceAttr::get(getContext(), gpu::AddressSpace::Workgroup);
  auto type = MemRefType::get({count}, element, MemRefLayoutAttrInterface(), space);
  return memref::AllocOp::create(*this, type);
}
void GpuKernelBuilder::barrier() { gpu::BarrierOp::create(*this); }

Value GpuKernelBuilder::reduce(Value value, Value shared, const Combine &combine) {
  store(value, shared, threadId());
  barrier();
  // Every thread combines all values: two barriers, where a tree has one for each of its levels.
  SmallVector<Value> result =
      loop(index(1), index(threads), index(1), {load(shared, index(0))},
           [&](Value other, ValueRange carried) {
             return SmallVector<Value>{combine(carried[0], load(shared, other))};
           });
  barrier();
  return result[0];
}

Value GpuKernelBuilder::dotSignedUnsigned(Value signedBytes, Value unsignedBytes) {
  auto format = spirv::PackedVectorFormatAttr::get(
      getContext(), spirv::PackedVectorFormat::PackedVectorFormat4x8Bit);
  return spirv::SUDotOp::create(*this, getI32Type(), signedBytes, unsignedBytes, format);
}

/// What a kernel takes for a buffer.
static MemRefType flatType(Type buffer) {
  auto type = cast<MemRefType>(buffer);
  return ArithmeticBuilder::bufferType({ShapedType::kDynamic}, type.getElementType());
}

/// All elements of a buffer in one axis.
static Value flatten(GpuKernelBuilder &b, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  auto parts = memref::ExtractStridedMetadataOp::create(b, buffer);
  Value count = b.index(1);
  for (Value size : parts.getSizes()) {
    count = b.mul(count, size);
  }
  return memref::ReinterpretCastOp::create(
      b, flatType(type), parts.getBaseBuffer(), OpFoldResult(parts.getOffset()),
      ArrayRef<OpFoldResult>{count}, ArrayRef<OpFoldResult>{b.getIndexAttr(1)});
}

static gpu::GPUModuleOp getOrCreateGpuModule(ModuleOp module) {
  if (auto existing = module.lookupSymbol<gpu::GPUModuleOp>(kGpuModule)) {
    return existing;
  }
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(), b.getUnitAttr());
  return gpu::GPUModuleOp::create(b, module.getLoc(), kGpuModule);
}

static gpu::GPUFuncOp createDeviceFunction(const GpuKernel &kernel, ModuleOp module,
                                           size_t numSizes) {
  gpu::GPUModuleOp kernels = getOrCreateGpuModule(module);
  auto loc = NameLoc::get(StringAttr::get(module.getContext(), kernel.name));
  GpuKernelBuilder b(loc, module.getContext());
  b.threads = kernel.threads;
  b.setInsertionPointToEnd(&kernels.getBodyRegion().front());
  SmallVector<Type> types;
  for (Type type : kernel.parameters) {
    if (isa<MemRefType>(type)) {
      types.push_back(flatType(type));
    }
  }
  size_t numBuffers = types.size();
  types.append(numSizes, b.getI32Type());
  auto function = gpu::GPUFuncOp::create(b, kernel.name, b.getFunctionType(types, {}));
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  function.setKnownBlockSizeAttr(
      b.getDenseI32ArrayAttr({static_cast<int32_t>(kernel.threads), 1, 1}));
  Block &entry = function.getBody().front();
  b.setInsertionPointToEnd(&entry);
  SmallVector<Value> sizes;
  for (BlockArgument size : entry.getArguments().drop_front(numBuffers)) {
    sizes.push_back(b.toIndex(size));
  }
  kernel.body(b, ValueRange(entry.getArguments().take_front(numBuffers)), sizes);
  gpu::ReturnOp::create(b);
  return function;
}

func::FuncOp GpuKernel::getOrCreate(ModuleOp module) const {
  if (auto existing = module.lookupSymbol<func::FuncOp>(name)) {
    return existing;
  }
  GpuKernelBuilder b(NameLoc::get(StringAttr::get(module.getContext(), name)), module.getContext());
  b.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(b, name, b.getFunctionType(parameters, {}));
  function.setPrivate();
  function->setAttr(kLaunches, b.getUnitAttr());
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToEnd(entry);
  GpuLaunch grid = launch(b, entry->getArguments());
  SmallVector<Value> operands;
  for (Value argument : entry->getArguments()) {
    if (isa<MemRefType>(argument.getType())) {
      operands.push_back(flatten(b, argument));
    }
  }
  for (Value size : grid.sizes) {
    operands.push_back(b.toI32(size));
  }
  gpu::GPUFuncOp device = createDeviceFunction(*this, module, grid.sizes.size());
  Value one = b.index(1);
  gpu::LaunchFuncOp::create(b, device, {grid.groups[0], grid.groups[1], grid.groups[2]},
                            {b.index(threads), one, one}, /*dynamicSharedMemorySize=*/Value(),
                            operands);
  func::ReturnOp::create(b);
  return function;
}
