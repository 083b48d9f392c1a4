//===- Encoding.cpp - How one element is stored --------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integers, floats and codebooks behind one value class.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/Encoding.h"

#include "quench/Numerics/Rounding.h"

#include <algorithm>
#include <cmath>

using namespace quench::numerics;

using llvm::createStringError;

static int32_t lowestInteger(unsigned bits, bool isSigned) {
  return isSigned && bits >= 1 && bits <= 16 ? -(1 << (bits - 1)) : 0;
}

static int32_t highestInteger(unsigned bits, bool isSigned) {
  if (bits < 1 || bits > 16) {
    return 0;
  }
  return isSigned ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
}

Encoding Encoding::integer(unsigned bits, bool isSigned) {
  return integer(bits, isSigned, lowestInteger(bits, isSigned), highestInteger(bits, isSigned));
}

Encoding Encoding::integer(unsigned bits, bool isSigned, int32_t min, int32_t max) {
  Encoding result;
  result.encodingKind = Kind::Integer;
  result.bits = bits;
  result.hasSign = isSigned;
  result.lowest = min;
  result.highest = max;
  return result;
}

Encoding Encoding::floating(FloatFormat format) {
  Encoding result;
  result.encodingKind = Kind::Float;
  result.format = format;
  result.bits = quench::numerics::bitWidth(format);
  result.highest = highestInteger(result.bits, /*isSigned=*/false);
  return result;
}

Encoding Encoding::codebook(llvm::StringRef name, llvm::ArrayRef<float> values) {
  auto table = std::make_shared<Codebook>();
  table->name = name.str();
  table->values.assign(values.begin(), values.end());
  for (size_t i = 1; i < values.size(); ++i) {
    table->midpoints.push_back((static_cast<double>(values[i - 1]) + values[i]) / 2);
  }
  Encoding result;
  result.encodingKind = Kind::Codebook;
  while (result.bits < 16 && (size_t(1) << result.bits) < values.size()) {
    ++result.bits;
  }
  result.highest = static_cast<int32_t>(values.size()) - 1;
  result.table = std::move(table);
  return result;
}

Encoding Encoding::nf4() {
  static constexpr float values[] = {
      -1.0f,
      -0.6961928009986877f,
      -0.5250730514526367f,
      -0.39491748809814453f,
      -0.28444138169288635f,
      -0.18477343022823334f,
      -0.09105003625154495f,
      0.0f,
      0.07958029955625534f,
      0.16093020141124725f,
      0.24611230194568634f,
      0.33791524171829224f,
      0.44070982933044434f,
      0.5626170039176941f,
      0.7229568362236023f,
      1.0f,
  };
  return codebook("NF4", values);
}

static llvm::Error verifyCodebook(llvm::StringRef name, llvm::ArrayRef<float> values) {
  std::string place = "codebook '" + name.str() + "'";
  if (values.size() < 2 || values.size() > 256 || (values.size() & (values.size() - 1))) {
    return createStringError("%s: expected 2, 4, 8, ... or 256 values, found %zu", place.c_str(),
                             values.size());
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return createStringError("%s: expected finite values, found %g at index %zu", place.c_str(),
                               values[i], i);
    }
    if (i > 0 && !(values[i - 1] < values[i])) {
      return createStringError("%s: expected strictly ascending values, found %g after %g at index "
                               "%zu",
                               place.c_str(), values[i], values[i - 1], i);
    }
  }
  return llvm::Error::success();
}

llvm::Error Encoding::verify() const {
  switch (encodingKind) {
  case Kind::Integer:
    if ((bits < 1 || bits > 8) && bits != 16) {
      return createStringError(
          "expected an integer encoding of 1 to 8 or of 16 bits, found %u bits", bits);
    }
    if (lowest >= highest || lowest < lowestInteger(bits, hasSign) ||
        highest > highestInteger(bits, hasSign)) {
      return createStringError(
          "expected an ascending range of codes within [%d, %d], found [%d, %d]",
          lowestInteger(bits, hasSign), highestInteger(bits, hasSign), lowest, highest);
    }
    return llvm::Error::success();
  case Kind::Float:
    if (format == FloatFormat::F32 || format == FloatFormat::F8E8M0FNU) {
      return createStringError("expected a float element of at most 16 bits with sign and zero, "
                               "found %s",
                               name(format).data());
    }
    return llvm::Error::success();
  case Kind::Codebook:
    return verifyCodebook(table->name, table->values);
  }
  return llvm::Error::success();
}

llvm::StringRef Encoding::codebookName() const {
  return table ? llvm::StringRef(table->name) : llvm::StringRef();
}

llvm::ArrayRef<float> Encoding::codebookValues() const {
  return table ? llvm::ArrayRef<float>(table->values) : llvm::ArrayRef<float>();
}

float Encoding::decodeCode(int32_t code) const {
  switch (encodingKind) {
  case Kind::Integer:
    return static_cast<float>(code);
  case Kind::Float:
    return decode(format, static_cast<uint32_t>(code));
  case Kind::Codebook:
    return table->values[code];
  }
  return 0.0f;
}

int32_t Encoding::encodeValue(float value) const {
  switch (encodingKind) {
  case Kind::Integer: {
    float rounded = roundHalfEven(value);
    // Written so that NaN takes the first branch.
    if (!(rounded > static_cast<float>(lowest))) {
      return lowest;
    }
    return rounded < static_cast<float>(highest) ? static_cast<int32_t>(rounded) : highest;
  }
  case Kind::Float:
    return static_cast<int32_t>(encode(format, value));
  case Kind::Codebook: {
    // The number of midpoints below the value: a tie belongs to the lower code. Small tables are
    // counted, which has no branch to predict.
    const std::vector<double> &midpoints = table->midpoints;
    if (midpoints.size() < 16) {
      int32_t code = 0;
      for (double midpoint : midpoints) {
        code += static_cast<double>(value) > midpoint;
      }
      return code;
    }
    auto found = std::lower_bound(midpoints.begin(), midpoints.end(), static_cast<double>(value));
    return static_cast<int32_t>(found - midpoints.begin());
  }
  }
  return 0;
}

float Encoding::maxMagnitude() const {
  switch (encodingKind) {
  case Kind::Integer:
    return static_cast<float>(highest > 0 ? highest : -lowest);
  case Kind::Float:
    return maxFinite(format);
  case Kind::Codebook:
    return std::max(std::fabs(table->values.front()), std::fabs(table->values.back()));
  }
  return 0.0f;
}

std::optional<int32_t> Encoding::smallestPositiveCode() const {
  switch (encodingKind) {
  case Kind::Integer:
    if (highest <= 0) {
      return std::nullopt;
    }
    return std::max(lowest, 1);
  case Kind::Float:
    return 1;
  case Kind::Codebook: {
    const std::vector<float> &values = table->values;
    auto found = std::upper_bound(values.begin(), values.end(), 0.0f);
    if (found == values.end()) {
      return std::nullopt;
    }
    return static_cast<int32_t>(found - values.begin());
  }
  }
  return std::nullopt;
}

std::string Encoding::str() const {
  switch (encodingKind) {
  case Kind::Integer: {
    std::string text = (hasSign ? "i" : "ui") + std::to_string(bits);
    if (lowest != lowestInteger(bits, hasSign) || highest != highestInteger(bits, hasSign)) {
      text += "<" + std::to_string(lowest) + ":" + std::to_string(highest) + ">";
    }
    return text;
  }
  case Kind::Float:
    return name(format).str();
  case Kind::Codebook:
    // What comes from IR has values alone.
    if (!table->name.empty()) {
      return "codebook<" + table->name + ">";
    }
    return "codebook<" +
           (table->values == nf4().table->values
                ? "NF4"
                : std::to_string(table->values.size()) + " values") +
           ">";
  }
  return "";
}

bool Encoding::operator==(const Encoding &other) const {
  if (encodingKind != other.encodingKind || bits != other.bits || hasSign != other.hasSign ||
      lowest != other.lowest || highest != other.highest || format != other.format) {
    return false;
  }
  return encodingKind != Kind::Codebook || table == other.table ||
         (table->name == other.table->name && table->values == other.table->values);
}
