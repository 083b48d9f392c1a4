//===- quench-translate.cpp - Models in and out of MLIR -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/TranslateMain.h"

int main(int argc, char **argv) { return quench::translateMain(argc, argv); }
