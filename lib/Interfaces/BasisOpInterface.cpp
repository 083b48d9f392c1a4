//===- BasisOpInterface.cpp - What an op does when a basis changes -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Interfaces/BasisOpInterface.h"

#include "quench/Interfaces/BasisOpInterface.cpp.inc"
