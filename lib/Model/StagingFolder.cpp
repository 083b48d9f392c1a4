//===- StagingFolder.cpp - Folders written whole or not at all ------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StagingFolder.h"

#include "quench/Support/RemoveOnSignal.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <utility>

using namespace llvm;

namespace quench {

std::string pathIn(StringRef folder, StringRef name) {
  SmallString<128> path(folder);
  sys::path::append(path, name);
  return path.str().str();
}

Expected<StagingFolder> StagingFolder::create(StringRef target, ArrayRef<StringRef> names) {
  if (target.empty() || target.contains('\0')) {
    return createStringError("expected the name of an output folder, found " +
                             Twine(target.empty() ? "an empty one" : "one with a zero byte"));
  }
  StagingFolder staging;
  staging.target = target.str();
  staging.names.assign(names.begin(), names.end());
  auto cannotCreate = [&](std::error_code code) {
    return createStringError(target + ": cannot create: " + code.message());
  };
  sys::fs::file_status status;
  std::error_code code = sys::fs::status(target, status);
  if (code && code != std::errc::no_such_file_or_directory) {
    return cannotCreate(code);
  }
  staging.targetExists = !code;
  if (staging.targetExists && !sys::fs::is_directory(status)) {
    return createStringError(target + ": expected the name of an output folder, found a file");
  }
  for (const std::string &name : staging.names) {
    std::string old = pathIn(target, name);
    if (sys::fs::is_directory(old)) {
      return createStringError(old + ": expected the name of an output file, found a folder");
    }
  }
  // Inside a folder that exists: its parent may be another file system.
  StringRef trimmed = target.rtrim('/');
  std::string stem = staging.targetExists ? pathIn(target, ".quench") : trimmed.str();
  for (char &c : stem) {
    c = c == '%' ? '_' : c;
  }
  if (!staging.targetExists && stem != trimmed) {
    stem = pathIn(sys::path::parent_path(trimmed), ".quench");
  }
  do {
    SmallString<128> unique;
    sys::fs::createUniquePath(stem + ".%%%%%%%%.tmp", unique, /*MakeAbsolute=*/false);
    // Before there is a folder: a signal may come as soon as there is one.
    staging.temporary = unique.str().str();
    staging.guard();
    code = sys::fs::create_directory(unique, /*IgnoreExisting=*/false, sys::fs::perms::all_all);
    if (code) {
      staging.release();
      staging.temporary.clear();
    }
  } while (code == std::errc::file_exists);
  if (code) {
    return cannotCreate(code);
  }
  return std::move(staging);
}

StagingFolder::StagingFolder(StagingFolder &&other)
    : target(std::move(other.target)), temporary(std::exchange(other.temporary, "")),
      names(std::move(other.names)), targetExists(other.targetExists) {}

void StagingFolder::guard() const {
  removeFolderOnSignal(temporary);
  for (const std::string &name : names) {
    removeOnSignal(pathIn(temporary, name));
  }
}

void StagingFolder::release() const {
  keepFolderOnSignal(temporary);
  for (const std::string &name : names) {
    keepOnSignal(pathIn(temporary, name));
  }
}

StagingFolder::~StagingFolder() {
  if (!temporary.empty()) {
    sys::fs::remove_directories(temporary);
    release();
  }
}

Error StagingFolder::explain(Error failure) const {
  std::string message = toString(std::move(failure));
  for (size_t at = message.find(temporary); at != std::string::npos;
       at = message.find(temporary, at + target.size())) {
    message.replace(at, temporary.size(), target);
  }
  return createStringError(Twine(message));
}

Error StagingFolder::commit() {
  if (!targetExists) {
    if (std::error_code code = sys::fs::rename(temporary, StringRef(target).rtrim('/'))) {
      return createStringError(target + ": cannot create: " + code.message());
    }
    release();
    temporary.clear();
    return Error::success();
  }
  // What would no longer belong to the rest goes first.
  for (const std::string &name : names) {
    std::string file = pathIn(target, name);
    if (sys::fs::exists(pathIn(temporary, name))) {
      continue;
    }
    if (std::error_code code = sys::fs::remove(file)) {
      return createStringError(file + ": cannot remove: " + code.message());
    }
  }
  for (const std::string &name : names) {
    std::string file = pathIn(target, name);
    if (!sys::fs::exists(pathIn(temporary, name))) {
      continue;
    }
    if (std::error_code code = sys::fs::rename(pathIn(temporary, name), file)) {
      return createStringError(file + ": cannot create: " + code.message());
    }
  }
  return Error::success();
}

} // namespace quench
