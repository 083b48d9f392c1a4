//===- OnnxProto.h - The messages of ONNX files -----------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_ONNX_ONNXPROTO_H
#define QUENCH_LIB_ONNX_ONNXPROTO_H

#include <onnx/onnx_pb.h>

#include <cstdint>

namespace quench::onnximport {

/// Element types as onnx.proto numbers them, with those that came after the packaged version.
namespace datatype {
inline constexpr int32_t Float = 1, UInt8 = 2, Int8 = 3, UInt16 = 4, Int16 = 5, Int32 = 6,
                         Int64 = 7, Bool = 9, Float16 = 10, Double = 11, UInt32 = 12, UInt64 = 13,
                         BFloat16 = 16, Float8E4M3FN = 17, Float8E5M2 = 19, UInt4 = 21, Int4 = 22;
} // namespace datatype

} // namespace quench::onnximport

#endif // QUENCH_LIB_ONNX_ONNXPROTO_H
