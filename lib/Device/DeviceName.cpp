//===- DeviceName.cpp - Devices by their names -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeviceName.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;

Error quench::noneIsWanted(StringRef maker, StringRef wanted, ArrayRef<std::string> devices) {
  return createStringError("expected a device of " + maker + " with '" + wanted +
                           "' in its name, found " + join(devices, ", "));
}
