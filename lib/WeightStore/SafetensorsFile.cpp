//===- SafetensorsFile.cpp - Reading safetensors --------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/SafetensorsFile.h"

#include "SafetensorsHeader.h"

#include "quench/Support/MappedFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"

using namespace llvm;

namespace quench {

Expected<std::unique_ptr<SafetensorsFile>> SafetensorsFile::open(StringRef path) {
  Expected<sys::fs::mapped_file_region> region =
      mapFile(path, {"a safetensors file", sizeof(uint64_t), "a header size of 8 bytes"});
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
