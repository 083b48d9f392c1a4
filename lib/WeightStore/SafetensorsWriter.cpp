//===- SafetensorsWriter.cpp - Writing safetensors ------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/SafetensorsWriter.h"

#include "quench/WeightStore/SafetensorsFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <numeric>
#include <optional>

using namespace llvm;

namespace quench {

SafetensorsWriter::SafetensorsWriter(std::unique_ptr<AtomicFile> file) : file(std::move(file)) {}

Expected<std::unique_ptr<SafetensorsWriter>> SafetensorsWriter::create(StringRef path) {
  Expected<std::unique_ptr<AtomicFile>> file = AtomicFile::create(path);
  if (!file) {
    return file.takeError();
  }
  return std::unique_ptr<SafetensorsWriter>(new SafetensorsWriter(std::move(*file)));
}

Error SafetensorsWriter::tensorError(StringRef name, const Twine &message) const {
  return createStringError(file->path() + ": tensor '" + name + "': " + message);
}

Error SafetensorsWriter::declare(StringRef name, ElementKind kind, ArrayRef<int64_t> shape) {
  if (dataStart != 0) {
    return tensorError(name, "expected all declarations before the first data");
  }
  if (!json::isUTF8(name) || name == "__metadata__") {
    return tensorError(json::fixUTF8(name), "expected a name in UTF-8 that is not '__metadata__'");
  }
  std::optional<int64_t> bytes = numBytes(kind, shape);
  if (!bytes) {
    return tensorError(name, "expected a whole number of bytes that fits in 63 bits, found " +
                                 safetensorsName(kind) + " of shape " + shapeToString(shape));
  }
  if (!indexOf.try_emplace(name, entries.size()).second) {
    return tensorError(name, "expected each tensor once, found it declared again");
  }
  entries.push_back({name.str(), kind, SmallVector<int64_t>(shape), static_cast<uint64_t>(*bytes)});
  return Error::success();
}

Error SafetensorsWriter::setMetadata(StringRef key, StringRef value) {
  if (dataStart != 0) {
    return createStringError(file->path() + ": expected metadata '" + key +
                             "' before the first data");
  }
  if (!json::isUTF8(key) || !json::isUTF8(value)) {
    return createStringError(file->path() + ": expected metadata '" + json::fixUTF8(key) +
                             "' in UTF-8");
  }
  metadata[key.str()] = value.str();
  return Error::success();
}

static std::string headerText(const std::map<std::string, std::string> &metadata,
                              function_ref<void(json::OStream &)> writeTensors) {
  std::string text;
  raw_string_ostream stream(text);
  json::OStream json(stream);
  json.object([&] {
    if (!metadata.empty()) {
      json.attributeObject("__metadata__", [&] {
        for (const auto &[key, value] : metadata) {
          json.attribute(key, value);
        }
      });
    }
    writeTensors(json);
  });
  stream.flush();
  text.resize(alignTo(text.size(), 8), ' ');
  return text;
}

Error SafetensorsWriter::layOut() {
  std::vector<size_t> order(entries.size());
  std::iota(order.begin(), order.end(), 0);
  sort(order, [&](size_t left, size_t right) {
    unsigned leftWidth = naturalAlignment(entries[left].kind);
    unsigned rightWidth = naturalAlignment(entries[right].kind);
    return leftWidth != rightWidth ? leftWidth > rightWidth : left < right;
  });
  uint64_t end = 0;
  for (size_t index : order) {
    entries[index].begin = end;
    // Each term is below 2^63, so the sum is seen to pass 2^63 before it can wrap.
    end += entries[index].bytes;
    if (end > static_cast<uint64_t>(INT64_MAX) - (uint64_t(1) << 32)) {
      return createStringError(file->path() +
                               ": expected tensors whose bytes together fit in 63 bits");
    }
  }
  std::string text = headerText(metadata, [&](json::OStream &json) {
    for (const Entry &entry : entries) {
      json.attributeObject(entry.name, [&] {
        json.attribute("dtype", safetensorsName(entry.kind));
        json.attributeArray("shape", [&] {
          for (int64_t size : entry.shape) {
            json.value(size);
          }
        });
        json.attributeArray("data_offsets", [&] {
          json.value(entry.begin);
          json.value(entry.begin + entry.bytes);
        });
      });
    }
  });
  if (text.size() > SafetensorsFile::maxHeaderBytes) {
    return createStringError(file->path() + ": expected a header of at most " +
                             Twine(SafetensorsFile::maxHeaderBytes) + " bytes, found " +
                             Twine(text.size()));
  }
  uint8_t size[8];
  support::endian::write64le(size, text.size());
  if (Error failure = file->write(size)) {
    return failure;
  }
  if (Error failure = file->write(text)) {
    return failure;
  }
  dataStart = sizeof(size) + text.size();
  return Error::success();
}

Error SafetensorsWriter::write(StringRef name, ArrayRef<uint8_t> bytes) {
  auto found = indexOf.find(name);
  if (found == indexOf.end()) {
    return tensorError(name, "expected a declared tensor");
  }
  if (dataStart == 0) {
    if (Error failure = layOut()) {
      return failure;
    }
  }
  Entry &entry = entries[found->second];
  if (bytes.size() > entry.bytes - entry.written) {
    return tensorError(name, "expected " + Twine(entry.bytes) + " bytes, found at least " +
                                 Twine(entry.written + bytes.size()));
  }
  if (Error failure = file->writeAt(dataStart + entry.begin + entry.written, bytes)) {
    return failure;
  }
  entry.written += bytes.size();
  return Error::success();
}

Error SafetensorsWriter::commit() {
  if (dataStart == 0) {
    if (Error failure = layOut()) {
      return failure;
    }
  }
  for (const Entry &entry : entries) {
    if (entry.written != entry.bytes) {
      return tensorError(entry.name, "expected " + Twine(entry.bytes) + " bytes, found " +
                                         Twine(entry.written));
    }
  }
  return file->commit();
}

} // namespace quench
