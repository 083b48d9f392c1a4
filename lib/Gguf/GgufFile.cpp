//===- GgufFile.cpp - Reading GGUF ----------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever the file says of counts and lengths is compared with what is left of it before anything
// is allocated or skipped, so that work and memory are bounded by the size of the file.
//
//===----------------------------------------------------------------------===//

#include "quench/Gguf/GgufFile.h"

#include "quench/Support/MappedFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace quench {

static constexpr StringRef magic = "GGUF";
static constexpr uint64_t defaultAlignment = 32, largestAlignment = 1 << 16;
/// Tensors have at most this many axes.
static constexpr uint32_t largestRank = 4;

std::string GgufValue::str() const {
  std::string result;
  raw_string_ostream stream(result);
  switch (kind) {
  case Kind::Integer:
    if (isHuge) {
      stream << static_cast<uint64_t>(integer);
    } else {
      stream << integer;
    }
    break;
  case Kind::Number:
    stream << format("%g", number);
    break;
  case Kind::Boolean:
    stream << (boolean ? "true" : "false");
    break;
  case Kind::String:
    stream << '"' << (text.size() <= 80 ? text : text.substr(0, 80) + "...") << '"';
    break;
  case Kind::Array:
    stream << "an array of " << count;
    break;
  }
  return result;
}

/// Reads a file from front to back. Functions that return a bool return false once `problem` says
/// what is wrong.
class GgufParser {
public:
  GgufParser(GgufFile &file, StringRef contents) : file(file), contents(contents) {}

  Error parse();

private:
  /// Types of values in the file.
  enum class ValueType : uint32_t {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    String,
    Array,
    U64,
    I64,
    F64,
  };
  /// Where a tensor says that it is.
  struct Place {
    uint64_t offset;
    size_t index;
  };

  bool fail(const Twine &message);
  bool take(uint64_t bytes, StringRef &result);
  template <typename T> bool read(T &value);
  bool readString(StringRef &text);
  bool readName(StringRef &name, StringRef what);
  bool readHeader(uint64_t &tensors, uint64_t &pairs);
  bool readPair();
  bool readValue(ValueType type, GgufValue &value);
  bool readScalar(ValueType type, GgufValue &value);
  bool skipArray(GgufValue &value);
  bool readTensor();
  bool readAlignment();
  bool placeTensors();

  GgufFile &file;
  StringRef contents;
  size_t position = 0;
  uint64_t alignment = defaultAlignment;
  std::vector<Place> places;
  /// What is read at the moment, for messages: "key 'x': ".
  std::string about;
  std::string problem;
};

bool GgufParser::fail(const Twine &message) {
  if (problem.empty()) {
    problem = (file.filePath + ": " + about + message).str();
  }
  return false;
}

bool GgufParser::take(uint64_t bytes, StringRef &result) {
  uint64_t left = contents.size() - position;
  if (bytes > left) {
    return fail("expected " + Twine(bytes) + " bytes at offset " + Twine(position) + ", found " +
                Twine(left) + " before the end of the file");
  }
  result = contents.substr(position, bytes);
  position += bytes;
  return true;
}

template <typename T> bool GgufParser::read(T &value) {
  StringRef bytes;
  if (!take(sizeof(T), bytes)) {
    return false;
  }
  value = support::endian::read<T, llvm::endianness::little>(bytes.data());
  return true;
}

bool GgufParser::readString(StringRef &text) {
  uint64_t length = 0;
  return read(length) && take(length, text);
}

bool GgufParser::readName(StringRef &name, StringRef what) {
  constexpr size_t longest = 65535;
  size_t begin = position;
  if (!readString(name)) {
    return false;
  }
  if (name.empty() || name.size() > longest || !json::isUTF8(name)) {
    return fail("expected the name of a " + what + " in UTF-8 at offset " + Twine(begin));
  }
  return true;
}

bool GgufParser::readHeader(uint64_t &tensors, uint64_t &pairs) {
  StringRef found;
  if (!take(magic.size(), found)) {
    return false;
  }
  if (found != magic) {
    return fail("expected \"GGUF\" at the start of the file, found " + toHex(found));
  }
  uint32_t version = 0;
  if (!read(version)) {
    return false;
  }
  if (version != 2 && version != 3) {
    bool isBigEndian = byteswap(version) == 2 || byteswap(version) == 3;
    return fail("expected version 2 or 3, found " +
                (isBigEndian ? Twine("a big-endian file") : Twine(version)));
  }
  return read(tensors) && read(pairs);
}

bool GgufParser::readScalar(ValueType type, GgufValue &value) {
  auto integer = [&](auto read) {
    if (!this->read(read)) {
      return false;
    }
    value.kind = GgufValue::Kind::Integer;
    value.integer = static_cast<int64_t>(read);
    value.isHuge = std::is_unsigned_v<decltype(read)> && value.integer < 0;
    return true;
  };
  auto number = [&](auto bits, auto zero) {
    if (!this->read(bits)) {
      return false;
    }
    value.kind = GgufValue::Kind::Number;
    value.number = llvm::bit_cast<decltype(zero)>(bits);
    return true;
  };
  switch (type) {
  case ValueType::U8:
    return integer(uint8_t());
  case ValueType::I8:
    return integer(int8_t());
  case ValueType::U16:
    return integer(uint16_t());
  case ValueType::I16:
    return integer(int16_t());
  case ValueType::U32:
    return integer(uint32_t());
  case ValueType::I32:
    return integer(int32_t());
  case ValueType::U64:
    return integer(uint64_t());
  case ValueType::I64:
    return integer(int64_t());
  case ValueType::F32:
    return number(uint32_t(), 0.0f);
  case ValueType::F64:
    return number(uint64_t(), 0.0);
  case ValueType::Bool: {
    uint8_t byte = 0;
    if (!read(byte)) {
      return false;
    }
    value.kind = GgufValue::Kind::Boolean;
    value.boolean = byte != 0;
    return byte <= 1 || fail("expected a boolean, found the byte " + Twine(unsigned(byte)));
  }
  default:
    return fail("expected a type of values from 0 to 12, found " +
                Twine(static_cast<uint32_t>(type)));
  }
}

/// Bytes of a value of fixed size; 0 for others.
static uint64_t bytesOfValue(uint32_t type) {
  constexpr uint8_t bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return type < std::size(bytes) ? bytes[type] : 0;
}

bool GgufParser::skipArray(GgufValue &value) {
  uint32_t type = 0;
  value.kind = GgufValue::Kind::Array;
  if (!read(type) || !read(value.count)) {
    return false;
  }
  if (static_cast<ValueType>(type) == ValueType::String) {
    StringRef text;
    for (uint64_t i = 0; i < value.count; ++i) {
      if (!readString(text)) {
        return false;
      }
    }
    return true;
  }
  uint64_t bytes = bytesOfValue(type);
  if (bytes == 0) {
    return fail("expected an array of numbers, booleans or strings, found one of type " +
                Twine(type));
  }
  StringRef elements;
  if (value.count > (contents.size() - position) / bytes) {
    return fail("expected " + Twine(value.count) + " elements of " + Twine(bytes) +
                " bytes at offset " + Twine(position) + ", found " +
                Twine(contents.size() - position) + " bytes before the end of the file");
  }
  return take(value.count * bytes, elements);
}

bool GgufParser::readValue(ValueType type, GgufValue &value) {
  if (type == ValueType::Array) {
    return skipArray(value);
  }
  if (type == ValueType::String) {
    StringRef text;
    value.kind = GgufValue::Kind::String;
    if (!readString(text)) {
      return false;
    }
    value.text = text.str();
    return true;
  }
  return readScalar(type, value);
}

bool GgufParser::readPair() {
  about = "";
  StringRef key;
  if (!readName(key, "key")) {
    return false;
  }
  about = ("key '" + key + "': ").str();
  uint32_t type = 0;
  GgufValue value;
  if (!read(type) || !readValue(static_cast<ValueType>(type), value)) {
    return false;
  }
  return file.values.emplace(key.str(), std::move(value)).second ||
         fail("expected keys of their own, found this one twice");
}

bool GgufParser::readTensor() {
  about = "";
  StringRef name;
  if (!readName(name, "tensor")) {
    return false;
  }
  about = ("tensor '" + name + "': ").str();
  uint32_t rank = 0, type = 0;
  if (!read(rank)) {
    return false;
  }
  if (rank < 1 || rank > largestRank) {
    return fail("expected a rank from 1 to " + Twine(largestRank) + ", found " + Twine(rank));
  }
  GgufTensor tensor;
  tensor.name = name.str();
  for (uint32_t axis = 0; axis < rank; ++axis) {
    uint64_t size = 0;
    if (!read(size)) {
      return false;
    }
    if (size < 1 || size > INT64_MAX) {
      return fail("expected sizes from 1 to 2^63 - 1, found " + Twine(size));
    }
    tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(size));
  }
  Place place{0, file.views.size()};
  if (!read(type) || !read(place.offset)) {
    return false;
  }
  std::optional<GgufType> known = ggufType(type);
  if (!known) {
    std::string names =
        join(map_range(allGgufTypes(), [](GgufType each) { return quench::name(each); }), ", ");
    return fail("expected elements of a type that is understood (" + names + "), found type " +
                Twine(type));
  }
  tensor.type = *known;
  if (!ggufBytes(tensor.type, tensor.shape)) {
    return fail("expected at most 2^56 elements in rows of whole blocks of " +
                Twine(blockElements(tensor.type)) + ", found shape " + shapeToString(tensor.shape));
  }
  if (!file.indexOf.try_emplace(name, file.views.size()).second) {
    return fail("expected tensors of their own, found this one twice");
  }
  places.push_back(place);
  file.views.push_back(std::move(tensor));
  return true;
}

bool GgufParser::readAlignment() {
  const GgufValue *value = file.find("general.alignment");
  if (!value) {
    return true;
  }
  about = "key 'general.alignment': ";
  if (value->kind != GgufValue::Kind::Integer || value->isHuge || value->integer < 1 ||
      static_cast<uint64_t>(value->integer) > largestAlignment ||
      !isPowerOf2_64(static_cast<uint64_t>(value->integer))) {
    return fail("expected a power of two up to " + Twine(largestAlignment) + ", found " +
                value->str());
  }
  alignment = static_cast<uint64_t>(value->integer);
  return true;
}

/// Gives every tensor its bytes.
bool GgufParser::placeTensors() {
  uint64_t start = std::min<uint64_t>(alignTo(position, alignment), contents.size());
  StringRef data = contents.drop_front(start);
  sort(places, [](const Place &a, const Place &b) {
    return std::tie(a.offset, a.index) < std::tie(b.offset, b.index);
  });
  uint64_t end = 0;
  StringRef before;
  for (const Place &place : places) {
    GgufTensor &tensor = file.views[place.index];
    about = "tensor '" + tensor.name + "': ";
    uint64_t bytes = *ggufBytes(tensor.type, tensor.shape);
    if (place.offset % alignment != 0) {
      return fail("expected an offset that is a multiple of " + Twine(alignment) + ", found " +
                  Twine(place.offset));
    }
    if (place.offset > data.size() || bytes > data.size() - place.offset) {
      return fail("expected " + Twine(bytes) + " bytes at offset " + Twine(place.offset) +
                  " of the data, found " + Twine(data.size()) + " bytes of data");
    }
    if (place.offset < end) {
      return fail("expected bytes of its own, found an overlap with tensor '" + before + "'");
    }
    end = place.offset + bytes;
    before = tensor.name;
    tensor.bytes = arrayRefFromStringRef(data.substr(place.offset, bytes));
  }
  return true;
}

Error GgufParser::parse() {
  auto all = [&] {
    uint64_t tensors = 0, pairs = 0;
    if (!readHeader(tensors, pairs)) {
      return false;
    }
    for (uint64_t i = 0; i < pairs; ++i) {
      if (!readPair()) {
        return false;
      }
    }
    for (uint64_t i = 0; i < tensors; ++i) {
      if (!readTensor()) {
        return false;
      }
    }
    return readAlignment() && placeTensors();
  };
  return all() ? Error::success() : createStringError(Twine(problem));
}

Expected<std::unique_ptr<GgufFile>> GgufFile::open(StringRef path) {
  Expected<sys::fs::mapped_file_region> region =
      mapFile(path, {"a GGUF file", 24, "a header of 24 bytes"});
  if (!region) {
    return region.takeError();
  }
  std::unique_ptr<GgufFile> file(new GgufFile);
  file->filePath = path.str();
  GgufParser parser(*file, StringRef(region->const_data(), region->size()));
  if (Error failure = parser.parse()) {
    return std::move(failure);
  }
  // Views point into the mapping, which does not move with its owner.
  file->region = std::move(*region);
  return std::move(file);
}

const GgufTensor *GgufFile::lookup(StringRef name) const {
  auto found = indexOf.find(name);
  return found == indexOf.end() ? nullptr : &views[found->second];
}

const GgufValue *GgufFile::find(StringRef key) const {
  auto found = values.find(key.str());
  return found == values.end() ? nullptr : &found->second;
}

} // namespace quench
