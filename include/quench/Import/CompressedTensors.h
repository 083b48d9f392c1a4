//===- CompressedTensors.h - Quantized Hugging Face folders -----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The layout that vLLM loads and llm-compressor writes. `quantization_config` of config.json says
// how linear layers are stored; a layer `M` of N x K weights of b bits is
//
//   int-quantized   M.weight             I8 [N, K], codes
//   pack-quantized  M.weight_packed      I32 [N, ceil(K b / 32)], codes, the first in the lowest
//                                        bits, counted from 0: codes + 2^(b-1)
//                   M.weight_zero_point  I32 [ceil(N b / 32), groups], likewise along columns,
//                                        unless weights are symmetric
//                   M.weight_shape       I64 [2], N and K
//   both            M.weight_scale       [N, groups] in F32, F16 or BF16; rows are one group, or
//                                        ceil(K / group)
//
// Layers without scales are plain floats. What is understood here: integers of 4 bits (packed) and
// 8 bits (either), zero points where codes are packed, scales of rows or groups, inputs as they are
// or rounded to 8 bits for each token.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_IMPORT_COMPRESSEDTENSORS_H
#define QUENCH_IMPORT_COMPRESSEDTENSORS_H

#include "quench/Numerics/QuantizeTensor.h"
#include "quench/WeightStore/WeightStore.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace quench {

/// How the quantized layers of a folder are stored.
struct CompressedFormat {
  bool isPacked = false;
  /// 4 or 8; 8 unless packed.
  unsigned bits = 8;
  /// Weights of a row that share a scale; 0 for all of them.
  int64_t group = 0;
  /// Whether weights have zero points; never unless packed.
  bool hasZeroPoints = false;
  /// Whether inputs are rounded to signed 8 bits with a scale for each token.
  bool roundsInputs = false;

  bool operator==(const CompressedFormat &other) const;

  /// Reads a `quantization_config`. Errors read "FILE: 'quantization_config.KEY': expected …, found
  /// …": another method or format, more than one group of layers, keys that change what is computed
  /// and are not understood.
  static llvm::Expected<CompressedFormat> parse(const llvm::json::Value &json,
                                                llvm::StringRef file);

  /// The text of a `quantization_config`; `ignored` are linear layers that are plain floats.
  llvm::json::Value toJson(llvm::ArrayRef<std::string> ignored) const;

  /// The number of scales of a row.
  int64_t numGroups(int64_t columns) const;

  /// The shapes of `weight_packed` and `weight_zero_point` of a weight of `rows` x `columns`.
  llvm::SmallVector<int64_t, 2> packedShape(int64_t rows, int64_t columns) const;
  llvm::SmallVector<int64_t, 2> zeroPointShape(int64_t rows, int64_t columns) const;

  /// The scheme of weights with scales in `scale`: signed codes, or unsigned ones with zero points.
  numerics::Scheme scheme(numerics::FloatFormat scale) const;

  /// The codes as the format has them, row by row: elements of I8 or words of I32.
  std::vector<uint8_t> pack(const numerics::QuantizedTensor &tensor) const;

  /// The zero points as the format has them, words of I32.
  std::vector<uint8_t> packZeroPoints(const numerics::QuantizedTensor &tensor) const;
};

/// A compressed weight, its parts checked against the format and the shape.
struct CompressedWeight {
  const TensorView *codes = nullptr, *scale = nullptr;
  /// Null unless packed.
  const TensorView *packedShape = nullptr;
  /// Null if weights are symmetric.
  const TensorView *zeroPoints = nullptr;
  numerics::Scheme scheme;
};

/// Whether a store has scales for the weight `name`, "M.weight".
bool isCompressedWeight(const WeightStore &store, llvm::StringRef name);

/// Finds the parts. Errors read "FILE: tensor 'NAME': expected …, found …".
llvm::Expected<CompressedWeight> findCompressedWeight(const WeightStore &store,
                                                      llvm::StringRef name,
                                                      llvm::ArrayRef<int64_t> shape,
                                                      const CompressedFormat &format);

/// Reads codes, zero points and scales; the latter have to be finite and not 0.
llvm::Expected<numerics::QuantizedTensor> readCompressedWeight(const WeightStore &store,
                                                               const CompressedWeight &weight,
                                                               llvm::ArrayRef<int64_t> shape,
                                                               const CompressedFormat &format);

} // namespace quench

#endif // QUENCH_IMPORT_COMPRESSEDTENSORS_H
