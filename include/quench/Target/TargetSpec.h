//===- TargetSpec.h - Targets as DLTI specifications -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A module says what it is compiled for by the device "CPU" of its `dlti.target_system_spec`:
//
//   "CPU" = #dlti.target_device_spec<"name" = "x86-avx2", "vector_width" = 256 : i64, …,
//     "products" = #dlti.map<"vpmaddwd" = #dlti.map<"weights" = i16, "activations" = i16,
//       "sums" = i32, "shape" = array<i64: 1, 8, 2>, "per_cycle" = 2.0 : f64>>>
//
// `targets/*.mlir` are examples with all keys.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TARGET_TARGETSPEC_H
#define QUENCH_TARGET_TARGETSPEC_H

#include "quench/Target/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"

namespace quench {

/// Reads one device. The error names the key that is missing or wrong.
llvm::Expected<Target> readTarget(mlir::DLTIQueryInterface device);

/// The device "GPU" of the system, or "CPU" if there is none. Null without either.
mlir::DLTIQueryInterface findDevice(mlir::Operation *op);

/// The target of the module around `op`, which is its device "GPU" if it has one. Emits an error
/// there if it has none or a wrong one.
mlir::FailureOr<Target> getTarget(mlir::Operation *op);

/// Replaces the device "CPU" of the module, or "GPU" for a target with an `api`; others stay.
void setTarget(mlir::ModuleOp module, const Target &target);

/// A file of IR that `Target::find` reads.
std::string printTarget(const Target &target);

} // namespace quench

#endif // QUENCH_TARGET_TARGETSPEC_H
