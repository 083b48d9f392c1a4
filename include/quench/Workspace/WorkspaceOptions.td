//===- WorkspaceOptions.td - Options of workspace passes ---*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What passes that derive from WorkspacePass take instead of an attached workspace.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKSPACE_WORKSPACEOPTIONS_TD
#define QUENCH_WORKSPACE_WORKSPACEOPTIONS_TD

include "mlir/Pass/PassBase.td"

/// Prefix of the options of a pass: `let options = WorkspaceOptions.options # [Option<…>]`.
def WorkspaceOptions {
  list<Option> options = [
    Option<"weights", "weights", "std::string", "\"\"", "The weight store: a safetensors file or a folder">,
    Option<"archive", "archive", "std::string", "\"\"", "The calibration archive">,
    Option<"recipe", "recipe", "std::string", "\"\"", "A built-in recipe or a file">
  ];
}

#endif // QUENCH_WORKSPACE_WORKSPACEOPTIONS_TD
