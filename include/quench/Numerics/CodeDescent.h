//===- CodeDescent.h - Codes improved one at a time -------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// AdaRound (arXiv 2004.10568) learns for each weight of a layer whether to round up or down, such
// that the outputs change least: it minimizes tr(D H Dᵀ), D = W - rounded, for the Gram matrix
// H = E[x xᵀ] of the inputs. For this objective no gradients of a relaxation are needed. With
// scales fixed, coordinate descent takes one code at a time to its optimum given all others, which
// is the code nearest to
//
//   w'_j + (H d)_j / H_jj,    w'_j the value that code j stands for now,
//
// not only the one above or below. It sweeps over the columns until nothing changes: a local
// optimum that no single code can improve. The objective never rises. Codes of GPTQ are a good
// start, those of rounding to nearest a fair one.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_CODEDESCENT_H
#define QUENCH_NUMERICS_CODEDESCENT_H

#include "quench/Numerics/QuantizeTensor.h"

namespace quench::numerics {

struct CodeDescentOptions {
  /// Added to the diagonal of H, in units of its mean: what GPTQ takes for its inputs. It keeps
  /// codes from following the samples of the calibration too closely.
  double damping = 0.01;
  /// Sweeps over all columns after which rows that still change are left as they are.
  int64_t sweeps = 20;
  /// Of a tensor whose columns are permuted: column j belongs to input permutation[j].
  llvm::ArrayRef<int64_t> permutation;
  /// Elements whose codes stay, and do not count: row-major indices of `weights`, ascending.
  llvm::ArrayRef<int64_t> kept;
  /// 0 for one per core. Has no influence on the result.
  unsigned threads = 1;
};

struct CodeDescentResult {
  /// Half of tr(D H Dᵀ), with damping, at the start and at the end.
  double lossBefore = 0.0;
  double lossAfter = 0.0;
  /// Codes that differ at the end.
  int64_t changed = 0;
  /// Sweeps until the last row had its optimum, or all.
  int64_t sweeps = 0;
};

/// Improves the codes of `tensor`, which stands for `weights` of [outputs, inputs], under its own
/// scales and zero points. `gram` is of [inputs, inputs] and symmetric; inputs with a diagonal
/// element of 0 count as weights of 0 with a diagonal element of 1. Fails when sizes do not fit and
/// when numbers are not finite.
llvm::Expected<CodeDescentResult> descendCodes(llvm::ArrayRef<float> weights,
                                               llvm::ArrayRef<double> gram, const Scheme &scheme,
                                               QuantizedTensor &tensor,
                                               const CodeDescentOptions &options);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_CODEDESCENT_H
