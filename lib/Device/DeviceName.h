//===- DeviceName.h - Devices by their names -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_DEVICE_DEVICENAME_H
#define QUENCH_LIB_DEVICE_DEVICENAME_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace quench {

/// Whether a device is one that was asked for with `wanted`, see `DeviceOptions::name`.
inline bool isWanted(llvm::StringRef device, llvm::StringRef wanted) {
  return device.contains_insensitive(wanted);
}

/// That no device was: "expected a device of Vulkan with 'x' in its name, found A, B".
llvm::Error noneIsWanted(llvm::StringRef maker, llvm::StringRef wanted,
                         llvm::ArrayRef<std::string> devices);

} // namespace quench

#endif // QUENCH_LIB_DEVICE_DEVICENAME_H
