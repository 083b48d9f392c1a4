//===- MappedFile.cpp - Files that are mapped to be read ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Support/MappedFile.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;

Expected<sys::fs::mapped_file_region> quench::mapFile(StringRef path, const MappedFileKind &kind) {
  auto cannot = [&](StringRef what, std::error_code code) {
    return createStringError(path + ": cannot " + what + ": " + code.message());
  };
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status)) {
    return cannot("open", code);
  }
  if (!sys::fs::is_regular_file(status)) {
    return createStringError(path + ": expected " + kind.name + ", found " +
                             (sys::fs::is_directory(status) ? "a folder" : "a device"));
  }
  Expected<sys::fs::file_t> file = sys::fs::openNativeFileForRead(path);
  if (!file) {
    return createStringError(path + ": cannot open: " + toString(file.takeError()));
  }
  scope_exit close([&] { sys::fs::closeFile(*file); });
  // The size of what was opened, which may have been replaced in between.
  if (std::error_code code = sys::fs::status(*file, status)) {
    return cannot("open", code);
  }
  if (status.getSize() < kind.leastBytes) {
    return createStringError(path + ": expected " + kind.leastContents + ", found a file of " +
                             Twine(status.getSize()) + " bytes");
  }
  std::error_code code;
  sys::fs::mapped_file_region region(*file, sys::fs::mapped_file_region::readonly, status.getSize(),
                                     /*offset=*/0, code);
  if (code) {
    return cannot("map", code);
  }
  return std::move(region);
}
