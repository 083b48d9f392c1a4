//===- BasisMapAttrInterface.h - Invertible maps of one axis ----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INTERFACES_BASISMAPATTRINTERFACE_H
#define QUENCH_INTERFACES_BASISMAPATTRINTERFACE_H

#include "quench/Numerics/BasisMap.h"

#include "mlir/IR/Attributes.h"

#include "quench/Interfaces/BasisMapAttrInterface.h.inc"

#endif // QUENCH_INTERFACES_BASISMAPATTRINTERFACE_H
