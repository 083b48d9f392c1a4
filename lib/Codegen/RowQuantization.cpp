//===- RowQuantization.cpp - Quantizations of activations that kernels compute -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/RowQuantization.h"

#include "quench/Codegen/KernelSelection.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace quench;

int32_t quench::signedByteOffset(SchemeAttr scheme) {
  auto integer = dyn_cast_or_null<IntegerType>(scheme.getElementType());
  return integer && integer.isUnsigned() ? -128 : 0;
}

std::optional<RowQuantization> RowQuantization::get(QuantizeOp op, const GroupLayout &groups) {
  SchemeAttr scheme = op.getResult().getType().getScheme();
  auto integer = dyn_cast_or_null<IntegerType>(scheme.getElementType());
  ArrayRef<int64_t> block = scheme.getBlock();
  bool isByte = integer && integer.getWidth() <= 8;
  int32_t offset = signedByteOffset(scheme);
  bool hasZeroPoint = scheme.hasZeroPoints() || offset != 0;
  bool perRow = block.size() == 2 && block[0] == 1;
  bool perTensor = block.size() == 2 && block[0] == SchemeAttr::kWhole;
  const bool isFloat = scheme.isByteFloat();
  if (!(isByte || isFloat) || !isFloatMatrix(op.getInput()) || scheme.hasRealZeroPoints() ||
      (hasZeroPoint && (isFloat || op.isDynamic())) || scheme.getScaleScheme() ||
      !scheme.getScaleType().isF32() || block[1] != SchemeAttr::kWhole ||
      (!isFloat && scheme.getCodeMax() <= 0) || !(op.isDynamic() ? perRow : perTensor)) {
    return std::nullopt;
  }
  RowQuantization quantization{groups, static_cast<int32_t>(scheme.getCodeMin()) + offset,
                               static_cast<int32_t>(scheme.getCodeMax()) + offset, op.isDynamic(),
                               static_cast<float>(op.getClip().convertToDouble())};
  if (isFloat) {
    quantization.format = scheme.getNumericsScheme().element.floatFormat();
  }
  quantization.hasZeroPoint = hasZeroPoint;
  return quantization;
}

float RowQuantization::largestCode() const {
  return format ? numerics::maxFinite(*format) : static_cast<float>(codeMax);
}

std::string RowQuantization::name() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << (dynamic ? "quantize_row_" : "quantize_") << groups.k;
  if (groups.group != groups.k) {
    os << "_g" << groups.group;
  }
  os << groups.nameOfRows();
  if (format) {
    os << "_" << (*format == numerics::FloatFormat::F8E5M2 ? "e5m2" : "e4m3")
       << (isHalved ? "_halved" : "");
  } else {
    os << "_m" << -codeMin << "_" << codeMax << (hasZeroPoint ? "z" : "");
  }
  if (clip != 1.0f) {
    os << "_clip" << llvm::format_hex_no_prefix(llvm::bit_cast<uint32_t>(clip), 8);
  }
  return text;
}
