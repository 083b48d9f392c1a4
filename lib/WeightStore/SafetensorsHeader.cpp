//===- SafetensorsHeader.cpp - The header of a safetensors file -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SafetensorsHeader.h"

#include "quench/Support/JsonCursor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

#include <numeric>
#include <optional>

using namespace llvm;

namespace quench {

namespace {

/// Reads one header; holds what the productions of the grammar share.
class HeaderParser {
public:
  HeaderParser(StringRef text, StringRef file, int64_t dataBytes)
      : text(text), file(file), dataBytes(dataBytes), cursor(text, headerPlace()) {}

  Expected<SafetensorsHeader> parse();

private:
  std::string headerPlace() const { return (file + ": header").str(); }
  Error tensorError(StringRef name, const Twine &message) const {
    return createStringError(file + ": tensor '" + name + "': " + message);
  }

  Error parseMetadata();
  Error parseEntry(const std::string &name);
  Expected<SmallVector<int64_t>> parseIntegers();
  Error checkEntry(const SafetensorsHeader::Entry &entry) const;
  Error checkCoverage() const;

  StringRef text;
  StringRef file;
  int64_t dataBytes;
  JsonCursor cursor;
  SafetensorsHeader header;
};

} // namespace

Expected<SmallVector<int64_t>> HeaderParser::parseIntegers() {
  SmallVector<int64_t> values;
  if (Error failure = cursor.beginArray()) {
    return std::move(failure);
  }
  while (true) {
    Expected<bool> more = cursor.nextElement();
    if (!more) {
      return more.takeError();
    }
    if (!*more) {
      return values;
    }
    Expected<int64_t> value = cursor.readInteger();
    if (!value) {
      return value.takeError();
    }
    values.push_back(*value);
  }
}

Error HeaderParser::parseMetadata() {
  if (Error failure = cursor.beginObject()) {
    return failure;
  }
  std::string key;
  while (true) {
    Expected<bool> more = cursor.nextKey(key);
    if (!more) {
      return more.takeError();
    }
    if (!*more) {
      return Error::success();
    }
    Expected<std::string> value = cursor.readString();
    if (!value) {
      return value.takeError();
    }
    if (!header.metadata.try_emplace(key, std::move(*value)).second) {
      return cursor.error("expected each key once, found '" + key + "' again");
    }
  }
}

/// {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, in any order.
Error HeaderParser::parseEntry(const std::string &name) {
  std::optional<std::string> dtype;
  std::optional<SmallVector<int64_t>> shape, offsets;
  if (Error failure = cursor.beginObject()) {
    return failure;
  }
  std::string key;
  while (true) {
    Expected<bool> more = cursor.nextKey(key);
    if (!more) {
      return more.takeError();
    }
    if (!*more) {
      break;
    }
    bool isType = key == "dtype";
    auto *integers = key == "shape" ? &shape : key == "data_offsets" ? &offsets : nullptr;
    if (!isType && !integers) {
      return cursor.error("expected 'dtype', 'shape' or 'data_offsets', found '" + key + "'");
    }
    if (isType ? dtype.has_value() : integers->has_value()) {
      return cursor.error("expected each key once, found '" + key + "' again");
    }
    if (isType) {
      Expected<std::string> value = cursor.readString();
      if (!value) {
        return value.takeError();
      }
      dtype = std::move(*value);
    } else {
      Expected<SmallVector<int64_t>> values = parseIntegers();
      if (!values) {
        return values.takeError();
      }
      *integers = std::move(*values);
    }
  }
  if (!dtype || !shape || !offsets) {
    return tensorError(name, "expected 'dtype', 'shape' and 'data_offsets', found no '" +
                                 Twine(!dtype   ? "dtype"
                                       : !shape ? "shape"
                                                : "data_offsets") +
                                 "'");
  }
  std::optional<ElementKind> kind = elementKindFromSafetensorsName(*dtype);
  if (!kind) {
    return tensorError(name, "expected a known dtype, found '" + *dtype + "'");
  }
  if (offsets->size() != 2) {
    return tensorError(name, "expected two data_offsets, found " + shapeToString(*offsets));
  }
  header.entries.push_back({name, *kind, std::move(*shape), (*offsets)[0], (*offsets)[1]});
  return checkEntry(header.entries.back());
}

Error HeaderParser::checkEntry(const SafetensorsHeader::Entry &entry) const {
  std::string type =
      (safetensorsName(entry.kind) + " of shape " + shapeToString(entry.shape)).str();
  if (!numElements(entry.shape)) {
    return tensorError(entry.name,
                       "expected a shape of non-negative sizes whose product fits in 63 bits, "
                       "found " +
                           shapeToString(entry.shape));
  }
  std::optional<int64_t> bytes = numBytes(entry.kind, entry.shape);
  if (!bytes) {
    return tensorError(entry.name,
                       "expected a whole number of bytes that fits in 63 bits, found " + type);
  }
  int64_t offsets[] = {entry.begin, entry.end};
  if (entry.begin < 0 || entry.end < entry.begin) {
    return tensorError(entry.name,
                       "expected data_offsets in ascending order, found " + shapeToString(offsets));
  }
  if (entry.end > dataBytes) {
    return tensorError(entry.name, "expected data_offsets inside the " + Twine(dataBytes) +
                                       " bytes of data, found " + shapeToString(offsets));
  }
  if (entry.end - entry.begin != *bytes) {
    return tensorError(entry.name, "expected " + Twine(*bytes) + " bytes for " + type + ", found " +
                                       Twine(entry.end - entry.begin));
  }
  return Error::success();
}

Error HeaderParser::checkCoverage() const {
  std::vector<size_t> order(header.entries.size());
  std::iota(order.begin(), order.end(), 0);
  sort(order, [&](size_t left, size_t right) {
    const SafetensorsHeader::Entry &a = header.entries[left], &b = header.entries[right];
    return std::tie(a.begin, a.end, left) < std::tie(b.begin, b.end, right);
  });
  int64_t covered = 0;
  StringRef previous;
  for (size_t index : order) {
    const SafetensorsHeader::Entry &entry = header.entries[index];
    if (entry.begin < covered) {
      return tensorError(entry.name, "expected bytes of its own, found an overlap with tensor '" +
                                         previous + "' at byte " + Twine(entry.begin));
    }
    if (entry.begin > covered) {
      return tensorError(entry.name, "expected data to start at byte " + Twine(covered) +
                                         ", where the data before it ends, found " +
                                         Twine(entry.begin));
    }
    covered = entry.end;
    previous = entry.name;
  }
  if (covered != dataBytes) {
    return createStringError(file + ": expected " + Twine(covered) +
                             " bytes of data, as the tensors have, found " + Twine(dataBytes));
  }
  return Error::success();
}

Expected<SafetensorsHeader> HeaderParser::parse() {
  if (Error failure = cursor.checkUtf8()) {
    return std::move(failure);
  }
  if (!text.starts_with("{")) {
    return cursor.error("expected '{' as the first byte");
  }
  if (Error failure = cursor.beginObject()) {
    return std::move(failure);
  }
  StringSet<> names;
  std::string name;
  while (true) {
    Expected<bool> more = cursor.nextKey(name);
    if (!more) {
      return more.takeError();
    }
    if (!*more) {
      break;
    }
    if (!names.insert(name).second) {
      return cursor.error("expected each tensor once, found '" + name + "' again");
    }
    bool isMetadata = name == "__metadata__";
    cursor.setPlace((file + ": " + (isMetadata ? name : "tensor '" + name + "'")).str());
    if (Error failure = isMetadata ? parseMetadata() : parseEntry(name)) {
      return std::move(failure);
    }
    cursor.setPlace(headerPlace());
  }
  if (Error failure = cursor.finish()) {
    return std::move(failure);
  }
  if (Error failure = checkCoverage()) {
    return std::move(failure);
  }
  return std::move(header);
}

Expected<SafetensorsHeader> parseSafetensorsHeader(StringRef text, StringRef file,
                                                   int64_t dataBytes) {
  return HeaderParser(text, file, dataBytes).parse();
}

} // namespace quench
