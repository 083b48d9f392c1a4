//===- AtomicFile.h - Files that are written whole or not at all -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything Quench leaves on disk goes through this class: bytes go to a
// temporary file beside the target, and `commit` flushes it, asks the system to
// make it durable and renames it over the target. A reader sees the old file or
// the whole new one; a failed or killed writer leaves the old one as it was.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_SUPPORT_ATOMICFILE_H
#define QUENCH_SUPPORT_ATOMICFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace quench {

/// A file being written. Destroying it without `commit` removes the temporary file.
///
/// A symbolic link as the target is followed, the file it points to is replaced. A target that
/// exists and is not a regular file (`/dev/null`, a pipe) is written to directly, since replacing
/// it would destroy the device; only there does an unfinished write leave traces.
///
/// All errors read "PATH: expected …" or "PATH: cannot …: <system message>". After the first error
/// every later call fails with the same error, so that a caller may check `commit` alone.
class AtomicFile {
public:
  /// Starts a file. Fails when the folder does not exist or is not writable, and when `path` is
  /// empty or names a folder.
  static llvm::Expected<std::unique_ptr<AtomicFile>> create(llvm::StringRef path);

  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;
  ~AtomicFile();

  /// Appends bytes after those written so far by `write`. Buffered.
  llvm::Error write(llvm::ArrayRef<uint8_t> bytes);
  llvm::Error write(llvm::StringRef text);

  /// Writes bytes at `offset` from the start and leaves the place of `write` alone. What is skipped
  /// reads as zeros. Not buffered; not possible on a pipe.
  llvm::Error writeAt(uint64_t offset, llvm::ArrayRef<uint8_t> bytes);

  /// Makes the file appear under its name. Nothing may be written afterwards; a second commit is an
  /// error.
  llvm::Error commit();

  /// The target as the caller named it.
  llvm::StringRef path() const { return target; }

private:
  AtomicFile(std::string target, std::string destination, std::string temporary, int descriptor);

  llvm::Error fail(const llvm::Twine &message);
  llvm::Error checkOpen();
  llvm::Error flush();
  /// Writes through to the system; `offset` < 0 means at the current place.
  llvm::Error writeThrough(int64_t offset, llvm::ArrayRef<uint8_t> bytes);
  /// Closes and removes the temporary file; the target stays as it was.
  void abandon();

  std::string target;
  /// What `commit` renames to: `target` with symbolic links followed.
  std::string destination;
  /// Empty when the target is a device and written directly.
  std::string temporary;
  int descriptor;
  std::vector<uint8_t> buffer;
  /// The first error; empty while all is well.
  std::string failure;
};

/// Writes `contents` to `path` in one step, with the guarantees of `AtomicFile`.
llvm::Error writeFileAtomically(llvm::StringRef path, llvm::StringRef contents);

} // namespace quench

#endif // QUENCH_SUPPORT_ATOMICFILE_H
