//===- QuantizableOpInterface.cpp - Ops whose operands can be quantized -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Interfaces/QuantizableOpInterface.h"

#include "quench/Interfaces/QuantizableOpInterface.cpp.inc"
