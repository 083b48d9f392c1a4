//===- Passes.h - Conversions between dialects -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CONVERSION_PASSES_H
#define QUENCH_CONVERSION_PASSES_H

#include "quench/Conversion/NNToLinalg/NNToLinalg.h"
#include "quench/Conversion/QuantToQuench/QuantToQuench.h"
#include "quench/Conversion/QuenchToLinalg/QuenchToLinalg.h"
#include "quench/Conversion/QuenchToQuant/QuenchToQuant.h"
#include "quench/Conversion/QuenchToTosa/HoistQuantization.h"
#include "quench/Conversion/QuenchToTosa/QuenchToTosa.h"
#include "quench/Conversion/QuenchToTosa/SplitActivations.h"

#include "mlir/Pass/Pass.h"

namespace quench {

#define GEN_PASS_REGISTRATION
#include "quench/Conversion/Passes.h.inc"

} // namespace quench

#endif // QUENCH_CONVERSION_PASSES_H
