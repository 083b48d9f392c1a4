//===- BasisMapAttrInterface.cpp - Invertible maps of one axis -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Interfaces/BasisMapAttrInterface.h"

#include "quench/Interfaces/BasisMapAttrInterface.cpp.inc"
