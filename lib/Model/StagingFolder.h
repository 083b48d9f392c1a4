//===- StagingFolder.h - Folders written whole or not at all ----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `AtomicFile` is to a file: files are made in a temporary folder, on the
// same file system as the target, and moved when all of them are complete.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_MODEL_STAGINGFOLDER_H
#define QUENCH_LIB_MODEL_STAGINGFOLDER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace quench {

/// The path of a file in a folder.
std::string pathIn(llvm::StringRef folder, llvm::StringRef name);

/// A temporary folder that becomes `target`, or whose files replace those of `target`. Destroying
/// it without `commit` removes it with all that is in it.
class StagingFolder {
public:
  /// `names` are the files that may be made, in the order in which they replace old ones. Fails
  /// when the target cannot be written, is not a folder, or has a folder under one of the names.
  static llvm::Expected<StagingFolder> create(llvm::StringRef target,
                                              llvm::ArrayRef<llvm::StringRef> names);

  StagingFolder(StagingFolder &&other);
  StagingFolder &operator=(StagingFolder &&) = delete;
  ~StagingFolder();

  /// Where to make the files.
  llvm::StringRef path() const { return temporary; }

  /// The same error with the target's name in place of the temporary one.
  llvm::Error explain(llvm::Error failure) const;

  /// Moves the files to the target; files of the target whose names were not made are removed.
  llvm::Error commit();

private:
  StagingFolder() = default;

  /// Has a signal that ends the process remove the folder, and ends that.
  void guard() const;
  void release() const;

  std::string target;
  /// Empty when there is nothing to remove.
  std::string temporary;
  std::vector<std::string> names;
  bool targetExists = false;
};

} // namespace quench

#endif // QUENCH_LIB_MODEL_STAGINGFOLDER_H
