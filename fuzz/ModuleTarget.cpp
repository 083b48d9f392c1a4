//===- ModuleTarget.cpp - IR text -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A module that parses and verifies is printed, in its custom and in its generic form, and what is
// printed parses to the same.
//
//===----------------------------------------------------------------------===//

#include "FuzzContext.h"
#include "FuzzTarget.h"

#include "mlir/IR/Verifier.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace quench::fuzz;

static std::string print(ModuleOp module, bool generic) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  OpPrintingFlags flags;
  if (generic) {
    flags.printGenericOpForm();
  }
  module.print(stream, flags);
  return text;
}

void quench::fuzz::fuzzModule(StringRef bytes) {
  MLIRContext &context = fuzzContext();
  DiagnosticLog log(context);
  OwningOpRef<ModuleOp> module = parseInput(bytes, context);
  // A context gives new names to the resources of a second module.
  if (!module || bytes.contains("dense_resource")) {
    return;
  }
  for (bool generic : {false, true}) {
    std::string text = print(*module, generic);
    log.clear();
    OwningOpRef<ModuleOp> again = parseInput(text, context);
    if (!again) {
      finding("what is printed does not parse", log.text() + text);
    }
    if (std::string found = print(*again, generic); found != text) {
      finding("what is printed parses to something else", text + "// ----- against\n" + found);
    }
  }
}
