//===- OnnxTensor.h - Constants of ONNX models ------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_ONNX_ONNXTENSOR_H
#define QUENCH_LIB_ONNX_ONNXTENSOR_H

#include "OnnxProto.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace quench::onnximport {

/// What an ONNX element type is at run time.
enum class ElementClass { Float, Integer, Bool };

/// The values of a constant: floats rounded to f32, all else as integers. One of the two vectors is
/// used.
struct Constant {
  std::string name;
  /// `TensorProto_DataType`, also beyond what the packaged enumeration knows.
  int32_t dataType = 0;
  ElementClass elements = ElementClass::Float;
  llvm::SmallVector<int64_t> shape;
  std::vector<float> floats;
  std::vector<int64_t> integers;

  size_t size() const { return elements == ElementClass::Float ? floats.size() : integers.size(); }
};

/// Elements that one tensor may have, which keeps sizes in bytes far from overflow.
inline constexpr int64_t maxElements = int64_t(1) << 40;

/// The product of the sizes; an error for negative sizes and for more than `maxElements`.
llvm::Expected<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

/// What an element type is; an error names one that is not known.
llvm::Expected<ElementClass> classOf(int32_t dataType);

/// Reads the values of a tensor from its fields, its raw bytes or a file in `folder`. Errors start
/// with "FILE: tensor 'NAME': ", NaN is one.
llvm::Expected<Constant> readTensor(const ::onnx::TensorProto &tensor, llvm::StringRef file,
                                    llvm::StringRef folder);

} // namespace quench::onnximport

#endif // QUENCH_LIB_ONNX_ONNXTENSOR_H
