//===- SafetensorsFile.cpp - Reading safetensors --------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/SafetensorsFile.h"

#include "SafetensorsHeader.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"

using namespace llvm;

namespace quench {

/// Maps a regular file whole. Looks at its kind first: opening a pipe would wait for a writer.
static Expected<sys::fs::mapped_file_region> mapFile(StringRef path) {
  auto cannot = [&](StringRef what, std::error_code code) {
    return createStringError(path + ": cannot " + what + ": " + code.message());
  };
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status)) {
    return cannot("open", code);
  }
  if (!sys::fs::is_regular_file(status)) {
    return createStringError(path + ": expected a safetensors file, found " +
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
  if (status.getSize() < sizeof(uint64_t)) {
    return createStringError(path + ": expected a header size of 8 bytes, found a file of " +
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

Expected<std::unique_ptr<SafetensorsFile>> SafetensorsFile::open(StringRef path) {
  Expected<sys::fs::mapped_file_region> region = mapFile(path);
  if (!region) {
    return region.takeError();
  }
  StringRef contents(region->const_data(), region->size());
  uint64_t headerBytes = support::endian::read64le(contents.data());
  contents = contents.drop_front(sizeof(uint64_t));
  if (headerBytes > maxHeaderBytes) {
    return createStringError(path + ": expected a header of at most " + Twine(maxHeaderBytes) +
                             " bytes, found " + Twine(headerBytes));
  }
  if (headerBytes > contents.size()) {
    return createStringError(path + ": expected a header of " + Twine(headerBytes) +
                             " bytes, found " + Twine(contents.size()) +
                             " bytes before the end of the file");
  }
  StringRef data = contents.drop_front(headerBytes);
  Expected<SafetensorsHeader> header =
      parseSafetensorsHeader(contents.take_front(headerBytes), path, data.size());
  if (!header) {
    return header.takeError();
  }
  std::unique_ptr<SafetensorsFile> file(new SafetensorsFile);
  file->filePath = path.str();
  file->texts = std::move(header->metadata);
  file->views.reserve(header->entries.size());
  for (SafetensorsHeader::Entry &entry : header->entries) {
    file->indexOf[entry.name] = file->views.size();
    file->views.push_back({std::move(entry.name), entry.kind, std::move(entry.shape),
                           arrayRefFromStringRef(data.slice(entry.begin, entry.end))});
  }
  // Views point into the mapping, which does not move with its owner.
  file->region = std::move(*region);
  return std::move(file);
}

const TensorView *SafetensorsFile::lookup(StringRef name) const {
  auto found = indexOf.find(name);
  return found == indexOf.end() ? nullptr : &views[found->second];
}

} // namespace quench
