//===- ContractKernel.cpp - Kernels of matrix products with packed weights -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/ContractKernel.h"

#include "ContractEmitter.h"

#include "quench/Codegen/ActivationCodes.h"
#include "quench/Codegen/ShortFloatKernel.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quench;

std::string ContractKernel::name() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "contract_";
  if (integerLhs) {
    os << (digits > 1 ? "fixed" : rowScales ? "i8row" : "i8") << (lhsZeroPoint ? "z" : "");
  } else {
    os << (shortLhs ? "bf16" : "f32");
  }
  bool isBrain = layout.container == PanelContainer::BF16;
  os << (isBrain ? "_bf" : holdsFloats(layout.container) ? "_f" : "_i") << bitsOf(layout.container);
  if (table) {
    os << "t"
       << llvm::toHex(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(table->values.data()),
                                     table->values.size()));
  }
  if (layout.groups.group != layout.groups.k) {
    os << "g" << layout.groups.group;
  }
  if (layout.narrowScale) {
    os << (layout.narrowScale.isF16() ? "h" : "b");
  }
  os << (zeroPoints && !lhsZeroPoint ? "z" : "") << (bias ? "_bias" : "") << epilogue.name() << "_";
  if (requantization) {
    os << requantization->name() << "_";
  }
  os << layout.n << "x" << layout.groups.k;
  return text;
}

SmallVector<Type> ContractKernel::parameters(KernelBuilder &b) const {
  int64_t dynamic = ShapedType::kDynamic;
  Type f32 = b.getF32Type(), i8 = b.getI8Type(), i32 = b.getI32Type();
  SmallVector<Type> types;
  if (integerLhs) {
    types.push_back(codeBuffer(b, layout.groups, digits));
    types.push_back(b.bufferType({rowScales ? dynamic : 1, 1}, f32));
    types.push_back(b.bufferType({dynamic, digits * layout.groups.numGroups()}, i32));
    if (lhsZeroPoint) {
      types.push_back(b.bufferType({1, 1}, i32));
    }
  } else if (shortLhs) {
    types.push_back(codeBuffer(b, layout.groups, ShortFloatKernel::kBytes));
    types.push_back(b.bufferType({dynamic, layout.groups.numGroups()}, f32));
  } else {
    types.push_back(b.bufferType({dynamic, layout.groups.k}, f32));
  }
  if (holdsFloats(layout.container) && !shortLhs) {
    Type stored = storageType(layout.container, b.getContext());
    types.push_back(b.bufferType({layout.numWords()}, stored));
  } else {
    types.push_back(b.bufferType({4 * layout.numWords()}, i8));
  }
  if (!holdsFloats(layout.container)) {
    Type scale = layout.narrowScale ? layout.narrowScale : f32;
    types.push_back(b.bufferType({layout.numScales()}, scale));
    if (zeroPoints) {
      types.push_back(b.bufferType({numZeroPoints()}, i32));
    }
  }
  if (bias) {
    types.push_back(b.bufferType({layout.n}, f32));
  }
  MemRefType matrix = b.bufferType({dynamic, layout.n}, f32);
  if (epilogue.takesTwo()) {
    types.push_back(matrix);
  }
  if (requantization) {
    types.push_back(b.bufferType({1, 1}, f32));
    types.append(requantization->hasZeroPoint, b.bufferType({1, 1}, i32));
    types.push_back(codeBuffer(b, requantization->groups));
  } else {
    types.push_back(matrix);
  }
  return types;
}

func::FuncOp ContractKernel::getOrCreate(ModuleOp module, const Target &target) const {
  return getOrCreateKernel(
      module, name(), target, [&](KernelBuilder &b) { return parameters(b); },
      [&](KernelBuilder &b, ValueRange values) { ContractEmitter(b, *this, values).emit(); });
}
