//===- OnnxTensor.cpp - Constants of ONNX models --------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxTensor.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <cmath>

using namespace llvm;

namespace quench::onnximport {

Expected<int64_t> countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape) {
    if (size < 0) {
      return createStringError("expected sizes that are not negative, found " + Twine(size));
    }
    if (MulOverflow(count, size, count) || count > maxElements) {
      return createStringError("expected at most " + Twine(maxElements) +
                               " elements, found a shape with more");
    }
  }
  return count;
}

Expected<ElementClass> classOf(int32_t dataType) {
  switch (dataType) {
  case datatype::Float:
  case datatype::Float16:
  case datatype::Double:
  case datatype::BFloat16:
  case datatype::Float8E4M3FN:
  case datatype::Float8E5M2:
    return ElementClass::Float;
  case datatype::UInt8:
  case datatype::Int8:
  case datatype::UInt16:
  case datatype::Int16:
  case datatype::Int32:
  case datatype::Int64:
  case datatype::UInt32:
  case datatype::UInt64:
  case datatype::UInt4:
  case datatype::Int4:
    return ElementClass::Integer;
  case datatype::Bool:
    return ElementClass::Bool;
  default:
    return createStringError("expected elements that are numbers, found data type " +
                             Twine(dataType));
  }
}

static unsigned bitsOf(int32_t dataType) {
  switch (dataType) {
  case datatype::UInt4:
  case datatype::Int4:
    return 4;
  case datatype::UInt8:
  case datatype::Int8:
  case datatype::Bool:
  case datatype::Float8E4M3FN:
  case datatype::Float8E5M2:
    return 8;
  case datatype::UInt16:
  case datatype::Int16:
  case datatype::Float16:
  case datatype::BFloat16:
    return 16;
  case datatype::Double:
  case datatype::Int64:
  case datatype::UInt64:
    return 64;
  default:
    return 32;
  }
}

static bool isSigned(int32_t dataType) {
  return dataType == datatype::Int4 || dataType == datatype::Int8 || dataType == datatype::Int16 ||
         dataType == datatype::Int32 || dataType == datatype::Int64;
}

static float toFloat(int32_t dataType, uint64_t bits) {
  const fltSemantics *semantics = &APFloat::IEEEsingle();
  switch (dataType) {
  case datatype::Float16:
    semantics = &APFloat::IEEEhalf();
    break;
  case datatype::BFloat16:
    semantics = &APFloat::BFloat();
    break;
  case datatype::Double:
    semantics = &APFloat::IEEEdouble();
    break;
  case datatype::Float8E4M3FN:
    semantics = &APFloat::Float8E4M3FN();
    break;
  case datatype::Float8E5M2:
    semantics = &APFloat::Float8E5M2();
    break;
  default:
    break;
  }
  APFloat value(*semantics, APInt(APFloat::getSizeInBits(*semantics), bits));
  bool loses = false;
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &loses);
  return value.convertToFloat();
}

/// Adds an element of which `bits` are the lowest bits.
static void addElement(Constant &result, uint64_t bits) {
  if (result.elements == ElementClass::Float) {
    result.floats.push_back(toFloat(result.dataType, bits));
    return;
  }
  unsigned width = bitsOf(result.dataType);
  bits &= maxUIntN(width);
  result.integers.push_back(isSigned(result.dataType) ? SignExtend64(bits, width)
                                                      : static_cast<int64_t>(bits));
}

static Error readRaw(StringRef bytes, int64_t count, Constant &result) {
  unsigned width = bitsOf(result.dataType);
  uint64_t needed = divideCeil(static_cast<uint64_t>(count) * width, 8);
  if (bytes.size() != needed) {
    return createStringError("expected " + Twine(needed) + " bytes for its shape, found " +
                             Twine(bytes.size()));
  }
  for (int64_t i = 0; i < count; ++i) {
    uint64_t bits = 0;
    if (width == 4) {
      // Two in a byte, the first one in its low half.
      bits = static_cast<uint8_t>(bytes[i / 2]) >> (4 * (i % 2));
    } else {
      const char *at = bytes.data() + i * (width / 8);
      for (unsigned byte = width / 8; byte-- > 0;) {
        bits = bits << 8 | static_cast<uint8_t>(at[byte]);
      }
    }
    addElement(result, bits);
  }
  return Error::success();
}

template <typename Field>
static Error readField(const Field &field, StringRef name, int64_t count, Constant &result) {
  // Elements of four bits are packed in the field, too.
  bool isPacked = bitsOf(result.dataType) == 4;
  int64_t needed = isPacked ? (count + 1) / 2 : count;
  if (field.size() != needed) {
    return createStringError("expected " + Twine(needed) + " elements of '" + name +
                             "' for its shape, found " + Twine(field.size()));
  }
  for (int64_t i = 0; i < count; ++i) {
    auto value = field.Get(static_cast<int>(isPacked ? i / 2 : i));
    uint64_t bits = 0;
    if constexpr (std::is_same_v<decltype(value), float>) {
      bits = bit_cast<uint32_t>(value);
    } else if constexpr (std::is_same_v<decltype(value), double>) {
      bits = bit_cast<uint64_t>(value);
    } else {
      bits = static_cast<uint64_t>(value);
    }
    addElement(result, isPacked ? bits >> (4 * (i % 2)) : bits);
  }
  return Error::success();
}

/// The field that onnx.proto assigns to the element type.
static Error readFields(const ::onnx::TensorProto &tensor, int64_t count, Constant &result) {
  switch (result.dataType) {
  case datatype::Float:
    return readField(tensor.float_data(), "float_data", count, result);
  case datatype::Double:
    return readField(tensor.double_data(), "double_data", count, result);
  case datatype::Int64:
    return readField(tensor.int64_data(), "int64_data", count, result);
  case datatype::UInt32:
  case datatype::UInt64:
    return readField(tensor.uint64_data(), "uint64_data", count, result);
  default:
    return readField(tensor.int32_data(), "int32_data", count, result);
  }
}

/// A number in the text of an entry of external data.
static Error parseNumber(StringRef key, StringRef text, uint64_t &value) {
  return text.getAsInteger(10, value)
             ? createStringError("expected a number as '" + key +
                                 "' of its external data, found '" + text + "'")
             : Error::success();
}

/// The bytes of a tensor in a file beside the model. Links may not lead out of the folder either.
static Expected<std::unique_ptr<MemoryBuffer>> readExternal(const ::onnx::TensorProto &tensor,
                                                            StringRef folder, uint64_t needed) {
  std::string location;
  uint64_t offset = 0, length = needed;
  for (const auto &entry : tensor.external_data()) {
    if (entry.key() == "location") {
      location = entry.value();
    } else if (entry.key() == "offset") {
      if (Error failure = parseNumber("offset", entry.value(), offset)) {
        return std::move(failure);
      }
    } else if (entry.key() == "length") {
      if (Error failure = parseNumber("length", entry.value(), length)) {
        return std::move(failure);
      }
    }
  }
  SmallString<128> path(folder), realFolder, realPath;
  sys::path::append(path, location);
  bool leaves =
      location.empty() || sys::path::is_absolute(location) ||
      is_contained(make_range(sys::path::begin(location), sys::path::end(location)), "..");
  if (!leaves && !sys::fs::real_path(folder.empty() ? "." : folder, realFolder) &&
      !sys::fs::real_path(path, realPath)) {
    leaves = !StringRef(realPath).starts_with((Twine(realFolder) + "/").str()) && realFolder != "/";
  }
  if (leaves) {
    return createStringError("expected external data in the folder of the model, found '" +
                             location + "'");
  }
  if (length != needed) {
    return createStringError("expected " + Twine(needed) + " bytes for its shape, found " +
                             Twine(length));
  }
  uint64_t size = 0;
  if (std::error_code code = sys::fs::file_size(path, size)) {
    return createStringError(path + ": cannot open: " + code.message());
  }
  if (offset > size || length > size - offset || !sys::fs::is_regular_file(path)) {
    return createStringError("expected " + Twine(length) + " bytes at " + Twine(offset) + " of " +
                             path + ", found a file of " + Twine(size));
  }
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFileSlice(path, length, offset);
  if (std::error_code code = buffer.getError()) {
    return createStringError(path + ": cannot read: " + code.message());
  }
  return std::move(*buffer);
}

static Error readValues(const ::onnx::TensorProto &tensor, StringRef folder, Constant &result) {
  result.name = tensor.name();
  result.dataType = tensor.data_type();
  result.shape.assign(tensor.dims().begin(), tensor.dims().end());
  Expected<ElementClass> elements = classOf(result.dataType);
  if (!elements) {
    return elements.takeError();
  }
  result.elements = *elements;
  Expected<int64_t> count = countElements(result.shape);
  if (!count) {
    return count.takeError();
  }
  if (tensor.has_segment()) {
    return createStringError("expected a whole tensor, found a segment of one");
  }
  if (tensor.data_location() == ::onnx::TensorProto::EXTERNAL) {
    uint64_t needed = divideCeil(static_cast<uint64_t>(*count) * bitsOf(result.dataType), 8);
    Expected<std::unique_ptr<MemoryBuffer>> buffer = readExternal(tensor, folder, needed);
    return buffer ? readRaw((*buffer)->getBuffer(), *count, result) : buffer.takeError();
  }
  return tensor.has_raw_data() ? readRaw(tensor.raw_data(), *count, result)
                               : readFields(tensor, *count, result);
}

Expected<Constant> readTensor(const ::onnx::TensorProto &tensor, StringRef file, StringRef folder) {
  Constant result;
  if (Error failure = readValues(tensor, folder, result)) {
    return createStringError(file + ": tensor '" + tensor.name() +
                             "': " + toString(std::move(failure)));
  }
  for (auto [index, value] : enumerate(result.floats)) {
    if (std::isnan(value)) {
      return createStringError(file + ": tensor '" + tensor.name() +
                               "': expected numbers, found one that is none at element " +
                               Twine(index));
    }
  }
  return std::move(result);
}

} // namespace quench::onnximport
