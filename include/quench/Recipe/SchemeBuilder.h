//===- SchemeBuilder.h - From schemes to attributes -------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_RECIPE_SCHEMEBUILDER_H
#define QUENCH_RECIPE_SCHEMEBUILDER_H

#include "quench/Dialect/Quench/IR/QuenchAttributes.h"

#include "llvm/Support/Error.h"

namespace quench::recipe {

/// The attribute of a scheme: the inverse of SchemeAttr::getNumericsScheme, except that rules for
/// computing powers of two as scales are not part of the attribute. Fails on what the
/// attribute has no words for: invalid schemes, plain scales in other formats than f32, f16, bf16
/// and f8E8M0FNU, nested schemes with a zero point.
llvm::Expected<SchemeAttr> buildScheme(mlir::MLIRContext *context, const numerics::Scheme &scheme);

} // namespace quench::recipe

#endif // QUENCH_RECIPE_SCHEMEBUILDER_H
