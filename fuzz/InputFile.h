//===- InputFile.h - Bytes as a file -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_FUZZ_INPUTFILE_H
#define QUENCH_FUZZ_INPUTFILE_H

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringRef.h"

namespace quench::fuzz {

/// A file with some contents for readers that take paths; it goes with the object.
class InputFile {
public:
  /// `extension` comes without a dot.
  InputFile(llvm::StringRef bytes, llvm::StringRef extension);
  ~InputFile();
  InputFile(const InputFile &) = delete;
  InputFile &operator=(const InputFile &) = delete;

  llvm::StringRef path() const { return file; }

private:
  llvm::SmallString<64> file;
};

} // namespace quench::fuzz

#endif // QUENCH_FUZZ_INPUTFILE_H
