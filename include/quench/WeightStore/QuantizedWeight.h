//===- QuantizedWeight.h - Quantized tensors in a weight store --*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight `key` of shape [.., N, K] and a scheme of b bits become plain tensors:
//
//   key.codes       U8, [.., N, ceil(K b / 8)]: every row a dense stream of codes, least
//   significant
//                   bit first (BitPacking.h), filled up to a byte with zero bits
//   key.scale       the scales in the format of the scheme (F32, F16, BF16, F8_E4M3, F8_E5M2,
//                   F8_E8M0), with the shape of the tensor of scales
//   key.zero_point  of asymmetric schemes: U8, the tensor of zero points packed like codes; real
//                   zero points are stored like scales
//
// Scales that have a scheme themselves are a quantized weight called `key.scale`, so that NVFP4 is
// key.codes, key.scale.codes and key.scale.scale; real zero points likewise.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WEIGHTSTORE_QUANTIZEDWEIGHT_H
#define QUENCH_WEIGHTSTORE_QUANTIZEDWEIGHT_H

#include "quench/Numerics/QuantizeTensor.h"
#include "quench/WeightStore/SafetensorsWriter.h"
#include "quench/WeightStore/WeightStore.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace quench {

/// One of the plain tensors that a quantized weight consists of.
struct QuantizedWeightPart {
  std::string name;
  ElementKind kind;
  llvm::SmallVector<int64_t> shape;
};

/// The plain tensors of a weight, in the order in which `declareQuantized` declares them. Errors
/// name the key: a scheme that is invalid or does not fit the shape, a scale format without a
/// safetensors type of its own (the 6-bit floats and f4E2M1FN).
llvm::Expected<std::vector<QuantizedWeightPart>>
quantizedWeightParts(llvm::StringRef key, const numerics::Scheme &scheme,
                     llvm::ArrayRef<int64_t> shape);

/// Whether `store` holds codes under this key.
bool isQuantizedWeight(const WeightStore &store, llvm::StringRef key);

/// Declares the parts of a quantized weight, before any data is written.
llvm::Error declareQuantized(SafetensorsWriter &writer, llvm::StringRef key,
                             const numerics::Scheme &scheme, llvm::ArrayRef<int64_t> shape);

/// Writes a weight that was declared with the same scheme and the shape of `tensor`. Errors name
/// the key: counts, widths, codes or zero points that the scheme does not have, scales that are not
/// finite, are 0, or are not exactly representable in the format of the scheme.
llvm::Error writeQuantized(SafetensorsWriter &writer, llvm::StringRef key,
                           const numerics::Scheme &scheme, const numerics::QuantizedTensor &tensor);

/// Reads a quantized weight and trusts nothing: parts have to be there with the type and shape that
/// follow from scheme and shape, padding bits have to be 0, codes and zero points inside the range
/// of the scheme, codes of floats and scales finite, scales not 0. Codes are released after
/// reading. Errors read "FILE: tensor 'NAME': expected …, found …". Memory is allocated only for
/// what is in the file.
llvm::Expected<numerics::QuantizedTensor> readQuantized(const WeightStore &store,
                                                        llvm::StringRef key,
                                                        const numerics::Scheme &scheme,
                                                        llvm::ArrayRef<int64_t> shape);

} // namespace quench

#endif // QUENCH_WEIGHTSTORE_QUANTIZEDWEIGHT_H
