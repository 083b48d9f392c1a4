//===- FuzzTarget.h - What quench-fuzz feeds bytes to -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A target is a function of bytes. Whatever the bytes are, it returns; what Quench promises about
// its result it checks itself and ends the program where the promise is broken. Sanitizers see to
// the rest.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_FUZZ_FUZZTARGET_H
#define QUENCH_FUZZ_FUZZTARGET_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace quench::fuzz {

struct FuzzTarget {
  /// As on the command line, and the name of its folder in a corpus.
  llvm::StringRef name;
  llvm::StringRef summary;
  /// Text is mutated by tokens and lines as well as by bytes.
  bool isText;
  void (*run)(llvm::StringRef bytes);
};

/// All targets, sorted by name.
llvm::ArrayRef<FuzzTarget> fuzzTargets();

/// Ends the program: `what` does not hold, and `details` say for which value.
[[noreturn]] void finding(llvm::StringRef what, llvm::StringRef details);

void fuzzArchive(llvm::StringRef bytes);
void fuzzAttribute(llvm::StringRef bytes);
void fuzzConfig(llvm::StringRef bytes);
void fuzzGguf(llvm::StringRef bytes);
void fuzzModule(llvm::StringRef bytes);
void fuzzOnnx(llvm::StringRef bytes);
void fuzzPasses(llvm::StringRef bytes);
void fuzzRecipe(llvm::StringRef bytes);
void fuzzSafetensors(llvm::StringRef bytes);
void fuzzTargetFile(llvm::StringRef bytes);
void fuzzTokens(llvm::StringRef bytes);

} // namespace quench::fuzz

#endif // QUENCH_FUZZ_FUZZTARGET_H
