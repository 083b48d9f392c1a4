//===- LoadedModel.h - A model folder ready to run --------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_LOADEDMODEL_H
#define QUENCH_WORKFLOW_LOADEDMODEL_H

#include "quench/Model/ModelFolder.h"
#include "quench/Runtime/Session.h"
#include "quench/Workflow/Host.h"
#include "quench/Workflow/MachineChoice.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>

namespace quench::workflow {

/// Where a calibration archive lies in a model folder unless told otherwise.
inline constexpr llvm::StringLiteral defaultArchiveName = "calibration.safetensors";

/// A model ready to run. Members are in the order in which they depend on each other.
struct LoadedModel {
  std::unique_ptr<mlir::MLIRContext> context;
  std::unique_ptr<ModelFolder> folder;
  std::unique_ptr<Session> session;

  /// Opens a folder and compiles the model for a target that this machine runs, or for a device
  /// that it has. Errors name the folder or a file of it.
  static llvm::Expected<LoadedModel> load(llvm::StringRef path, const Host &host,
                                          const MachineChoice &machine = {});
};

/// Opens a folder in a context of its own; there is no session yet. `onRemark` is for
/// Host::makeContext.
llvm::Expected<LoadedModel> openModel(llvm::StringRef path, const Host &host,
                                      RemarkFunction onRemark = {});

/// Whether a folder can be opened and has a function that is no language model.
bool isFunctionModel(llvm::StringRef path, const Host &host);

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_LOADEDMODEL_H
