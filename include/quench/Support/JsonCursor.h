//===- JsonCursor.h - Reading JSON without building a tree ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A strict pull reader for JSON that may be hostile and may be large (a header of
// a hundred megabytes): memory does not grow with the text, nesting does not
// grow the stack, and every error says where.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_SUPPORT_JSONCURSOR_H
#define QUENCH_SUPPORT_JSONCURSOR_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace quench {

/// Deepest nesting of arrays and objects that is accepted.
inline constexpr unsigned maxJsonDepth = 64;

/// A place in a JSON text (RFC 8259). The caller says what it expects next, as in
///
///   beginObject(); while (*nextKey(key)) { … read or skip one value … } finish();
///
/// All errors read "PLACE: line L, column C: expected …, found …" and columns count bytes from 1.
class JsonCursor {
public:
  /// `place` is the name the user knows the text by. `text` outlives the cursor.
  JsonCursor(llvm::StringRef text, std::string place) : text(text), place(std::move(place)) {}

  /// Renames what messages are about, for a part of the text that has a name of its own.
  void setPlace(std::string name) { place = std::move(name); }

  /// Fails unless the whole text is UTF-8; to be called first.
  llvm::Error checkUtf8();

  llvm::Error beginObject();
  /// Reads the next key and its colon into `key`; false at the end of the object.
  llvm::Expected<bool> nextKey(std::string &key);

  llvm::Error beginArray();
  /// True when an element follows; false at the end of the array.
  llvm::Expected<bool> nextElement();

  /// Reads a string, with its escapes resolved.
  llvm::Expected<std::string> readString();

  /// Reads a number without fraction and exponent that fits in 64 bits with sign.
  llvm::Expected<int64_t> readInteger();

  /// Passes over one value of any type. Errors: not JSON; nesting deeper than `maxJsonDepth`; a key
  /// that occurs twice in one object.
  llvm::Error skipValue();

  /// Fails unless only white space is left.
  llvm::Error finish();

  /// An error at the current place.
  llvm::Error error(const llvm::Twine &message) const { return errorAt(position, message); }

private:
  void skipSpace();
  bool atEnd() const { return position >= text.size(); }
  /// What stands at the current place, for messages.
  std::string found() const;
  llvm::Error errorAt(size_t offset, const llvm::Twine &message) const;
  llvm::Error expect(char symbol);
  llvm::Expected<bool> nextMember(char close);
  llvm::Error readEscape(std::string &value);
  llvm::Expected<unsigned> readHex4();
  llvm::Error skipNumber();
  llvm::Error skipScalar();

  llvm::StringRef text;
  std::string place;
  size_t position = 0;
  /// An array or object was opened and none of its members was read yet.
  bool fresh = false;
};

} // namespace quench

#endif // QUENCH_SUPPORT_JSONCURSOR_H
