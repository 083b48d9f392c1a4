//===- QuantizableOpInterface.h - Ops whose operands can be quantized -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INTERFACES_QUANTIZABLEOPINTERFACE_H
#define QUENCH_INTERFACES_QUANTIZABLEOPINTERFACE_H

#include "mlir/IR/OpDefinition.h"

#include "quench/Interfaces/QuantizableOpInterface.h.inc"

#endif // QUENCH_INTERFACES_QUANTIZABLEOPINTERFACE_H
