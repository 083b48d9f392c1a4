//===- Gptq.h - Rounding that makes up for its own errors -------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GPTQ (arXiv 2210.17323). The columns of a weight W, of [outputs, inputs], are rounded one after
// the other, and the error of each is spread over the columns still to come, so that the output
// x Wᵀ changes least for inputs with the Gram matrix of `factor`. With U from GramFactor.h:
//
//   for j in order:
//     q_j = decode(encode(w_j));  e = (w_j - q_j) / U_jj;  w_k -= e U_jk  for all k > j
//
// The ranges of a block come
//   - from W itself, when a block is as long as a row, or with `staticGroups`;
//   - else from the values of its columns as the columns before them have changed them.
// In activation order without static groups, a group is a run of the new order: the result is then
// a tensor whose columns are permuted, and its user has to permute the inputs. Where scales or
// real zero points are nested, those of W fix the outer level in any case.
//
// Rows are independent. Work goes by panels of rows, in each by halves: the first half of the
// columns, its effect on the second half as one matrix product, the second half. Every element sees
// the same operations in the same order as in the loop above, and the same on any number of
// threads.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_GPTQ_H
#define QUENCH_NUMERICS_GPTQ_H

#include "quench/Numerics/GramFactor.h"
#include "quench/Numerics/WeightRange.h"

namespace quench::numerics {

struct GptqOptions {
  /// How ranges become scales.
  RangeRule rule = RangeRule::Absmax;
  /// Whether groups are those of the original columns, with ranges from the original weights.
  bool staticGroups = false;
  /// Elements that stay floats: row-major indices, ascending. They take in the errors of the
  /// columns before them, have none themselves and do not count for the range of their block.
  llvm::ArrayRef<int64_t> kept;
  /// 0 for one per core. Has no influence on the result.
  unsigned threads = 1;
};

struct GptqResult {
  /// Of the scheme that was asked for. At kept elements the code is the one nearest to 0.
  QuantizedTensor tensor;
  /// Column j of the tensor belongs to input permutation[j]. Empty: in the order of the inputs.
  std::vector<int64_t> permutation;
  /// The values of the kept elements, in the order of GptqOptions::kept.
  std::vector<float> kept;
  /// Half of the sum of e^2: half the mean squared change of the outputs, summed over the outputs,
  /// plus what damping adds to it. 0 when rounded to nearest.
  double loss = 0.0;
  /// Of the factor. Empty when it has none, and the weights were rounded to nearest instead.
  std::optional<double> damping;
  /// What the user should know; empty when all went as asked.
  std::string note;
};

/// `weights` are of `shape` [outputs, inputs], `factor` of as many inputs. Fails when they do not
/// fit, when weights are not finite, when the rule does not suit the scheme, and on scales that
/// their format cannot hold.
llvm::Expected<GptqResult> gptq(llvm::ArrayRef<float> weights, llvm::ArrayRef<int64_t> shape,
                                const Scheme &scheme, const GramFactor &factor,
                                const GptqOptions &options);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_GPTQ_H
