//===- TranslateMain.h - The command quench-translate -----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_IMPORT_TRANSLATEMAIN_H
#define QUENCH_IMPORT_TRANSLATEMAIN_H

namespace quench {

/// Parses the command line of quench-translate and does what it says; `--help` tells more. Returns
/// the exit code. Not built on `mlir::mlirTranslateMain`, whose inputs are single files: models
/// come as folders.
int translateMain(int argc, char **argv);

} // namespace quench

#endif // QUENCH_IMPORT_TRANSLATEMAIN_H
