//===- GgufWriter.cpp - Writing GGUF --------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Gguf/GgufWriter.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace quench {

static constexpr uint64_t alignment = 32;

namespace {
/// Types of values in the file.
enum class ValueType : uint32_t { I32 = 5, U32 = 4, F32 = 6, Bool = 7, String = 8, Array = 9 };
} // namespace

/// Appends the bytes of a value; the machine is little endian.
template <typename T> static void append(std::string &text, T value) {
  text.append(reinterpret_cast<const char *>(&value), sizeof(T));
}

static void appendString(std::string &text, StringRef value) {
  append<uint64_t>(text, value.size());
  text += value;
}

Expected<std::unique_ptr<GgufWriter>> GgufWriter::create(StringRef path) {
  Expected<std::unique_ptr<AtomicFile>> file = AtomicFile::create(path);
  if (!file) {
    return file.takeError();
  }
  return std::unique_ptr<GgufWriter>(new GgufWriter(std::move(*file)));
}

void GgufWriter::startPair(StringRef key, uint32_t type) {
  ++numPairs;
  appendString(pairs, key);
  append(pairs, type);
}

void GgufWriter::setInteger(StringRef key, uint32_t value) {
  startPair(key, static_cast<uint32_t>(ValueType::U32));
  append(pairs, value);
}

void GgufWriter::setNumber(StringRef key, float value) {
  startPair(key, static_cast<uint32_t>(ValueType::F32));
  append(pairs, value);
}

void GgufWriter::setSwitch(StringRef key, bool value) {
  startPair(key, static_cast<uint32_t>(ValueType::Bool));
  append<uint8_t>(pairs, value);
}

void GgufWriter::setText(StringRef key, StringRef value) {
  startPair(key, static_cast<uint32_t>(ValueType::String));
  appendString(pairs, value);
}

void GgufWriter::setTexts(StringRef key, ArrayRef<std::string> values) {
  startPair(key, static_cast<uint32_t>(ValueType::Array));
  append(pairs, static_cast<uint32_t>(ValueType::String));
  append<uint64_t>(pairs, values.size());
  for (const std::string &value : values) {
    appendString(pairs, value);
  }
}

void GgufWriter::setNumbers(StringRef key, ArrayRef<float> values) {
  startPair(key, static_cast<uint32_t>(ValueType::Array));
  append(pairs, static_cast<uint32_t>(ValueType::F32));
  append<uint64_t>(pairs, values.size());
  for (float value : values) {
    append(pairs, value);
  }
}

void GgufWriter::setIntegers(StringRef key, ArrayRef<int32_t> values) {
  startPair(key, static_cast<uint32_t>(ValueType::Array));
  append(pairs, static_cast<uint32_t>(ValueType::I32));
  append<uint64_t>(pairs, values.size());
  for (int32_t value : values) {
    append(pairs, value);
  }
}

Error GgufWriter::declare(StringRef name, GgufType type, ArrayRef<int64_t> shape) {
  constexpr size_t longestName = 63, mostAxes = 4;
  auto fail = [&](const Twine &message) {
    return createStringError(file->path() + ": tensor '" + name + "': " + message);
  };
  if (name.size() > longestName) {
    return fail("expected a name of at most " + Twine(longestName) + " bytes");
  }
  std::optional<int64_t> bytes = ggufBytes(type, shape);
  if (!bytes || shape.size() > mostAxes) {
    return fail("expected rows of whole blocks of " + Twine(blockElements(type)) + " for " +
                quench::name(type) + ", found shape " + shapeToString(shape));
  }
  appendString(declarations, name);
  append<uint32_t>(declarations, shape.size());
  for (int64_t size : reverse(shape)) {
    append<uint64_t>(declarations, size);
  }
  append(declarations, static_cast<uint32_t>(type));
  append(declarations, dataBytes);
  entries.push_back({name.str(), static_cast<uint64_t>(*bytes)});
  dataBytes = alignTo(dataBytes + *bytes, alignment);
  return Error::success();
}

Error GgufWriter::writeHeader() {
  if (started) {
    return Error::success();
  }
  started = true;
  std::string header = "GGUF";
  append<uint32_t>(header, 3);
  append<uint64_t>(header, entries.size());
  append(header, numPairs);
  header += pairs + declarations;
  header.resize(alignTo(header.size(), alignment));
  return file->write(header);
}

Error GgufWriter::write(ArrayRef<uint8_t> bytes) {
  if (Error failure = writeHeader()) {
    return failure;
  }
  if (next == entries.size()) {
    return createStringError(file->path() + ": expected the end, found another tensor");
  }
  if (entries[next].bytes != bytes.size()) {
    return createStringError(file->path() + ": tensor '" + entries[next].name + "': expected " +
                             Twine(entries[next].bytes) + " bytes, found " + Twine(bytes.size()));
  }
  ++next;
  if (Error failure = file->write(bytes)) {
    return failure;
  }
  return file->write(std::string(alignTo(bytes.size(), alignment) - bytes.size(), '\0'));
}

Error GgufWriter::commit() {
  if (Error failure = writeHeader()) {
    return failure;
  }
  if (next != entries.size()) {
    return createStringError(file->path() + ": expected the data of tensor '" + entries[next].name +
                             "' before the end");
  }
  return file->commit();
}

} // namespace quench
