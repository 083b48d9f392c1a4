//===- quench-plugin.cpp - Quench as a plugin of mlir-opt -----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `--load-dialect-plugin` and `--load-pass-plugin` look for in a shared object. It links the
// shared libMLIR that the host links, so that both mean the same types, and nothing of MLIR that is
// static.
//
//===----------------------------------------------------------------------===//

#include "quench/InitAll.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Quench", QUENCH_VERSION,
          [](mlir::DialectRegistry *registry) { quench::registerQuenchDialects(*registry); }};
}

extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT mlir::PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Quench", QUENCH_VERSION,
          [] { quench::registerQuenchPasses(); }};
}
