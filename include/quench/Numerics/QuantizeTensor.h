//===- QuantizeTensor.h - Round-to-nearest quantization ---------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quantization of a whole tensor by a scheme, in three steps that can be used alone:
//
//   values -> range of each block -> scales and zero points as stored -> codes
//
//   code  = clamp(rne(x / s) + z, minCode, maxCode)      integers; x / s is a true f32 division
//   code  = encode(x / s)                                floats and codebooks
//   value = (code - z) * s    or    decode(code) * s     in f32, one rounding
//   code  = clamp(rne((x + z) / s), minCode, maxCode)    real zero points; each step rounded to f32
//   value = code * s - z
//
// Nested schemes: the ideal scales of the blocks form a tensor that is quantized by the nested
// scheme, and the codes are computed from the scales that come back. Two rules keep scales usable:
// an all-zero block has the code of 1 and does not count as a scale for the scheme above it, and a
// scale that would become 0 is raised to the smallest positive code. For NVFP4 this is
// t = (absmax / 6) / 448, c = E4M3(absmax_block / 6 / t), s = c * t, each step rounded to f32.
//
// Real zero points follow from the scale as it is stored, z = minCode * s - min(0, x), and are then
// stored themselves: in a float format, or as a tensor quantized by the nested scheme.
//
// Tensors are dense and row-major. Everything is deterministic and runs on the calling thread.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_QUANTIZETENSOR_H
#define QUENCH_NUMERICS_QUANTIZETENSOR_H

#include "quench/Numerics/CodeArray.h"
#include "quench/Numerics/Scheme.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <vector>

namespace quench::numerics {

struct QuantizedTensor;

/// What the blocks of a tensor share, in the row-major order of Scheme::scaleShape.
struct BlockScales {
  /// Decoded: what a code is multiplied with. Finite and not 0.
  std::vector<float> scales;
  /// One per block when the scheme has integer zero points, otherwise empty.
  std::vector<int32_t> zeroPoints;
  /// How `scales` is stored when the scheme of the scales is nested, otherwise null.
  std::shared_ptr<const QuantizedTensor> scaleTensor = nullptr;
  /// One per block when the scheme has real zero points, otherwise empty. Decoded; finite.
  std::vector<float> realZeroPoints = {};
  /// How `realZeroPoints` is stored when their scheme is nested, otherwise null.
  std::shared_ptr<const QuantizedTensor> zeroPointTensor = nullptr;
};

struct QuantizedTensor : BlockScales {
  llvm::SmallVector<int64_t> shape;
  CodeArray codes;
};

/// Checks the scheme against the shape, the number of values, and that all are finite; names the
/// index of the first that is not.
llvm::Error verifyValues(llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape,
                         const Scheme &scheme);

/// The range of each block. Fails on the first value that is not finite and names its index.
llvm::Expected<std::vector<ValueRange>>
blockRanges(llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape, const Scheme &scheme);

/// Scales and zero points for given ranges, one for each block: absmax scaling, or min-max scaling
/// when the scheme has zero points. Ranges may come from elsewhere (calibration, clip search).
llvm::Expected<BlockScales> scalesForRanges(llvm::ArrayRef<ValueRange> ranges,
                                            llvm::ArrayRef<int64_t> shape, const Scheme &scheme);

/// The codes for given scales. Fails on values that are not finite, scales that are not finite or
/// are 0, zero points outside of the code range, and counts that do not match.
llvm::Expected<QuantizedTensor> quantizeWithScales(llvm::ArrayRef<float> values,
                                                   llvm::ArrayRef<int64_t> shape,
                                                   const Scheme &scheme, BlockScales scales);

/// Round to nearest with scales from the values themselves.
llvm::Expected<QuantizedTensor> quantizeTensor(llvm::ArrayRef<float> values,
                                               llvm::ArrayRef<int64_t> shape, const Scheme &scheme);

/// The values that the codes stand for. The tensor has to fit the scheme; it is checked.
llvm::Expected<std::vector<float>> dequantizeTensor(const QuantizedTensor &tensor,
                                                    const Scheme &scheme);

/// One integer element: clamp(rne(value / scale) + zeroPoint, minCode, maxCode). NaN gives minCode.
int32_t quantizeInteger(float value, float scale, int32_t zeroPoint, int32_t minCode,
                        int32_t maxCode);

/// What the elements of one block are coded with. At most one of the zero points is not 0, and only
/// for integers.
struct BlockCoding {
  float scale = 1.0f;
  int32_t zeroPoint = 0;
  float realZeroPoint = 0.0f;
};

/// That of a block of a tensor.
BlockCoding blockCoding(const BlockScales &scales, size_t block);

/// The code of one finite element of any encoding, and the value that a code stands for.
int32_t quantizeElement(float value, const BlockCoding &coding, const Encoding &element);
float dequantizeElement(int32_t code, const BlockCoding &coding, const Encoding &element);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_QUANTIZETENSOR_H
