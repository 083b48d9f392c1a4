//===- TokenFileNpy.cpp - The header of .npy files ------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// NumPy's format (NEP 1): the magic bytes, a version, the size of the header and
// the header, a Python dictionary literal such as
//   {'descr': '<i4', 'fortran_order': False, 'shape': (3, 4), }
// padded with spaces and ended by a newline. Only what NumPy itself writes for
// plain arrays is understood.
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/TokenFile.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace quench::workflow {

static constexpr StringLiteral magic("\x93NUMPY");
/// More than enough for a plain array; structured ones, which are refused, can be longer.
static constexpr uint64_t maxHeaderBytes = 65536;

namespace {

/// The dictionary of a header, read from left to right.
class NpyDictionary {
public:
  NpyDictionary(StringRef text, StringRef file) : rest(text), file(file) {}

  Error parse();

  StringRef descr;
  bool fortranOrder = false;
  SmallVector<uint64_t> shape;

private:
  Error expected(const Twine &what) {
    std::string found;
    raw_string_ostream stream(found);
    printEscapedString(rest.take_front(20).rtrim(), stream);
    return createStringError(file + ": .npy header: expected " + what + ", found '" + found + "'");
  }
  bool consume(StringRef text) {
    rest = rest.ltrim(' ');
    return rest.consume_front(text);
  }
  Error parseString(StringRef &value);
  Error parseShape();
  Error parseValue(StringRef key);

  StringRef rest;
  StringRef file;
};

} // namespace

Error NpyDictionary::parseString(StringRef &value) {
  if (!consume("'")) {
    return expected("a string");
  }
  size_t end = rest.find('\'');
  if (end == StringRef::npos) {
    return expected("the end of a string");
  }
  value = rest.take_front(end);
  rest = rest.drop_front(end + 1);
  return Error::success();
}

Error NpyDictionary::parseShape() {
  if (!consume("(")) {
    return expected("a shape");
  }
  while (!consume(")")) {
    rest = rest.ltrim(' ');
    uint64_t extent;
    if (rest.consumeInteger(10, extent)) {
      return expected("a dimension");
    }
    shape.push_back(extent);
    if (!consume(",") && !rest.ltrim(' ').starts_with(")")) {
      return expected("',' or ')'");
    }
  }
  return Error::success();
}

Error NpyDictionary::parseValue(StringRef key) {
  if (key == "descr") {
    return parseString(descr);
  }
  if (key == "shape") {
    return parseShape();
  }
  if (key == "fortran_order") {
    fortranOrder = consume("True");
    return fortranOrder || consume("False") ? Error::success() : expected("True or False");
  }
  return createStringError(file + ": .npy header: unknown key '" + key + "'");
}

Error NpyDictionary::parse() {
  if (!consume("{")) {
    return expected("'{'");
  }
  SmallVector<StringRef> seen;
  while (!consume("}")) {
    StringRef key;
    if (Error failure = parseString(key)) {
      return failure;
    }
    if (is_contained(seen, key)) {
      return createStringError(file + ": .npy header: key '" + key + "' occurs twice");
    }
    seen.push_back(key);
    if (!consume(":")) {
      return expected("':'");
    }
    if (Error failure = parseValue(key)) {
      return failure;
    }
    if (!consume(",") && !rest.ltrim(' ').starts_with("}")) {
      return expected("',' or '}'");
    }
  }
  if (!rest.trim(" \n").empty()) {
    return expected("the end of the header");
  }
  for (StringRef key : {"descr", "fortran_order", "shape"}) {
    if (!is_contained(seen, key)) {
      return createStringError(file + ": .npy header: expected the key '" + key + "'");
    }
  }
  return Error::success();
}

/// Sets kind and width from a type such as "<i4" or "|u1".
static bool setElement(StringRef descr, bool floats, NpyLayout &layout) {
  if (descr.size() != 3) {
    return false;
  }
  layout.width = descr[2] - '0';
  bool isByte = layout.width == 1;
  bool isOrdered = descr[0] == '<' || (isByte && descr[0] == '|');
  bool isWide = layout.width == 2 || layout.width == 4 || layout.width == 8;
  switch (descr[1]) {
  case 'i':
    layout.kind = NpyLayout::Kind::Signed;
    return isOrdered && (isByte || isWide);
  case 'u':
    layout.kind = NpyLayout::Kind::Unsigned;
    return isOrdered && (isByte || isWide);
  case 'f':
    layout.kind = NpyLayout::Kind::Float;
    return isOrdered && floats && isWide;
  default:
    return false;
  }
}

Expected<NpyLayout> parseNpyArray(StringRef bytes, StringRef file, bool floats) {
  if (!bytes.starts_with(magic) || bytes.size() < 10) {
    return createStringError(file + ": expected a .npy file, found other bytes at its start");
  }
  unsigned version = static_cast<uint8_t>(bytes[6]);
  bool longSize = version >= 2;
  if (version < 1 || version > 3 || (longSize && bytes.size() < 12)) {
    return createStringError(file + ": expected .npy version 1 to 3, found " + Twine(version));
  }
  uint64_t start = longSize ? 12 : 10;
  uint64_t size = longSize ? support::endian::read32le(bytes.data() + 8)
                           : support::endian::read16le(bytes.data() + 8);
  if (size > maxHeaderBytes || size > bytes.size() - start) {
    return createStringError(file + ": .npy header: expected at most " +
                             Twine(std::min<uint64_t>(maxHeaderBytes, bytes.size() - start)) +
                             " bytes, found a size of " + Twine(size));
  }
  NpyDictionary dictionary(bytes.substr(start, size), file);
  if (Error failure = dictionary.parse()) {
    return failure;
  }
  NpyLayout layout;
  layout.begin = start + size;
  if (!setElement(dictionary.descr, floats, layout)) {
    return createStringError(file + ": expected little-endian " +
                             (floats ? "numbers" : "integers") + ", found elements of type '" +
                             dictionary.descr + "'");
  }
  if (dictionary.fortranOrder && dictionary.shape.size() > 1) {
    return createStringError(file + ": expected row-major order, found fortran_order");
  }
  uint64_t available = bytes.size() - layout.begin;
  layout.count = 1;
  bool overflow = false;
  for (uint64_t extent : dictionary.shape) {
    overflow |= extent > INT64_MAX || __builtin_mul_overflow(layout.count, extent, &layout.count);
    layout.shape.push_back(static_cast<int64_t>(extent));
  }
  uint64_t needed;
  overflow |= __builtin_mul_overflow(layout.count, uint64_t(layout.width), &needed);
  if (overflow || needed != available) {
    return createStringError(file + ": expected " +
                             (overflow ? std::string("more than 2^64") : std::to_string(needed)) +
                             " bytes of data, found " + Twine(available));
  }
  return layout;
}

Expected<TokenLayout> parseNpyHeader(StringRef bytes, StringRef file) {
  Expected<NpyLayout> array = parseNpyArray(bytes, file, /*floats=*/false);
  if (!array) {
    return array.takeError();
  }
  return TokenLayout{array->begin, array->count, array->width,
                     array->kind == NpyLayout::Kind::Signed};
}

} // namespace quench::workflow
