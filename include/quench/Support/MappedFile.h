//===- MappedFile.h - Files that are mapped to be read ----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_SUPPORT_MAPPEDFILE_H
#define QUENCH_SUPPORT_MAPPEDFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"

#include <cstdint>

namespace quench {

/// What a file has to be, in the words of messages.
struct MappedFileKind {
  /// "a safetensors file".
  llvm::StringRef name;
  /// The least size in bytes, at least 1, and what has to be in there: "a header size of 8 bytes".
  uint64_t leastBytes;
  llvm::StringRef leastContents;
};

/// Maps a regular file whole, to be read. Looks at its kind first: opening a pipe would wait for a
/// writer. Errors read "PATH: expected …, found …" or "PATH: cannot …: <system message>".
llvm::Expected<llvm::sys::fs::mapped_file_region> mapFile(llvm::StringRef path,
                                                          const MappedFileKind &kind);

} // namespace quench

#endif // QUENCH_SUPPORT_MAPPEDFILE_H
