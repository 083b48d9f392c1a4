//===- RemoveOnSignal.h - Files that do not outlive a signal ----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_SUPPORT_REMOVEONSIGNAL_H
#define QUENCH_SUPPORT_REMOVEONSIGNAL_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"

#include <system_error>

namespace quench {

/// Takes the signals that end the process, for `removeOnSignal`. They belong to the process: only
/// main of a command line tool calls this, before InitLLVM. What was ignored, as nohup has it,
/// stays ignored.
void enableRemoveOnSignal();

/// A signal that ends the process removes the file `path` first, if signals are taken. Otherwise
/// nothing happens: what goes on after a signal goes on with its files.
void removeOnSignal(llvm::StringRef path);
/// Ends the above.
void keepOnSignal(llvm::StringRef path);

/// `llvm::sys::fs::createUniqueFile` of a file that a signal removes from its first instant on;
/// opened for writing. On failure `path` is empty.
std::error_code createUniqueFileUntilSignal(const llvm::Twine &model,
                                            llvm::SmallVectorImpl<char> &path, int &descriptor);
/// The same, closed.
std::error_code createUniqueFileUntilSignal(const llvm::Twine &model,
                                            llvm::SmallVectorImpl<char> &path);

/// The same for a folder, if it is empty once the files are removed.
void removeFolderOnSignal(llvm::StringRef path);
void keepFolderOnSignal(llvm::StringRef path);

} // namespace quench

#endif // QUENCH_SUPPORT_REMOVEONSIGNAL_H
