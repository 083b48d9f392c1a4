//===- HadamardTransform.cpp - Fast products with Hadamard matrices -------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The work is done on vectors of 64 bytes, which the compiler splits into what the machine has. On
// x86 the same source is compiled for three instruction sets, and the best one that the processor
// has is taken; without fused multiply-adds (see CMakeLists.txt) all give the same numbers.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/HadamardTransform.h"

#include <cmath>
#include <cstring>
#include <utility>

using namespace quench::numerics;

#define QUENCH_INLINE inline __attribute__((always_inline))

namespace {

template <typename T> struct VectorOf;
template <> struct VectorOf<float> {
  typedef float Type __attribute__((vector_size(64), aligned(4), may_alias));
  typedef int32_t Bits __attribute__((vector_size(64), aligned(4)));
};
template <> struct VectorOf<double> {
  typedef double Type __attribute__((vector_size(64), aligned(8), may_alias));
  typedef int64_t Bits __attribute__((vector_size(64), aligned(8)));
};

template <typename T> using Vector = typename VectorOf<T>::Type;
template <typename T> using Bits = typename VectorOf<T>::Bits;
template <typename T> constexpr int64_t lanes = 64 / sizeof(T);

/// What one call applies to its rows.
struct Job {
  int64_t coreOrder;
  int64_t sylvesterOrder;
  double scale;
  const uint8_t *codes; // the core's signs, or null
  const double *kernel; // Hartley's kernel, or null
};

} // namespace

/// A safe share of a first-level data cache.
static constexpr int64_t cacheBytes = 16384;

/// Groups of four core inputs whose signed sums are kept at a time.
static constexpr int64_t groupsAtOnce = 16;

//===----------------------------------------------------------------------===//
// Sylvester's matrix along a row.
//===----------------------------------------------------------------------===//

/// Butterflies between the lanes of one vector that are `Distance` apart.
template <typename T, int Distance, size_t... Lane>
QUENCH_INLINE void crossLanes(Vector<T> &value, std::index_sequence<Lane...>) {
  using Word = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
  constexpr Word sign = Word(1) << (8 * sizeof(T) - 2);
  const Bits<T> negated = {(Lane & Distance ? Word(-sign - sign) : Word(0))...};
  const Vector<T> partner = __builtin_shufflevector(value, value, (Lane ^ Distance)...);
  value = partner + (Vector<T>)((Bits<T>)value ^ negated);
}

/// All butterflies within one vector, and the multiplication by `scale`.
template <typename T> QUENCH_INLINE void transformVector(Vector<T> &value, T scale) {
  constexpr auto all = std::make_index_sequence<lanes<T>>();
  crossLanes<T, 1>(value, all);
  crossLanes<T, 2>(value, all);
  crossLanes<T, 4>(value, all);
  if constexpr (lanes<T> == 16) {
    crossLanes<T, 8>(value, all);
  }
  value *= scale;
}

/// Two rounds of butterflies, between vectors `distance` and 2 `distance` apart.
template <typename T>
QUENCH_INLINE void crossFour(Vector<T> *row, int64_t count, int64_t distance) {
  for (int64_t block = 0; block < count; block += 4 * distance) {
    Vector<T> *__restrict a = row + block;
    for (int64_t i = 0; i < distance; ++i) {
      const Vector<T> x0 = a[i], x1 = a[i + distance];
      const Vector<T> x2 = a[i + 2 * distance], x3 = a[i + 3 * distance];
      const Vector<T> low = x0 + x1, lowDifference = x0 - x1;
      const Vector<T> high = x2 + x3, highDifference = x2 - x3;
      a[i] = low + high;
      a[i + distance] = lowDifference + highDifference;
      a[i + 2 * distance] = low - high;
      a[i + 3 * distance] = lowDifference - highDifference;
    }
  }
}

template <typename T> QUENCH_INLINE void crossTwo(Vector<T> *row, int64_t count, int64_t distance) {
  for (int64_t block = 0; block < count; block += 2 * distance) {
    for (int64_t i = block; i < block + distance; ++i) {
      const Vector<T> low = row[i], high = row[i + distance];
      row[i] = low + high;
      row[i + distance] = low - high;
    }
  }
}

/// Sylvester's transform of `length` numbers, a power of two of at least one vector. The widest
/// butterflies come first and split the row into parts; those that fit into the cache are finished
/// one after the other.
template <typename T> QUENCH_INLINE void transformLong(T *values, int64_t length, T scale) {
  auto *row = reinterpret_cast<Vector<T> *>(values);
  const int64_t count = length / lanes<T>;
  int64_t part = count;
  while (part * 64 > cacheBytes) {
    crossFour<T>(row, count, part / 4);
    part /= 4;
  }
  for (int64_t start = 0; start < count; start += part) {
    int64_t span = part;
    for (; span >= 4; span /= 4) {
      crossFour<T>(row + start, part, span / 4);
    }
    if (span == 2) {
      crossTwo<T>(row + start, part, 1);
    }
    for (int64_t i = start; i < start + part; ++i) {
      transformVector<T>(row[i], scale);
    }
  }
}

template <typename T> QUENCH_INLINE void transformShort(T *row, int64_t length, T scale) {
  for (int64_t distance = length / 2; distance > 0; distance /= 2) {
    for (int64_t block = 0; block < length; block += 2 * distance) {
      for (int64_t i = block; i < block + distance; ++i) {
        const T low = row[i], high = row[i + distance];
        row[i] = low + high;
        row[i + distance] = low - high;
      }
    }
  }
  for (int64_t i = 0; i < length; ++i) {
    row[i] *= scale;
  }
}

//===----------------------------------------------------------------------===//
// The core along the columns.
//===----------------------------------------------------------------------===//

/// Where the four inputs of a group have signs as in CoreCodes, sums[code] = ±x0 ±x1 ±x2 ±x3.
template <typename T> QUENCH_INLINE void signedSums(const Vector<T> *x, Vector<T> *sums) {
  const Vector<T> s = x[0] + x[1], d = x[0] - x[1];
  const Vector<T> t = x[2] + x[3], e = x[2] - x[3];
  sums[0] = s + t;
  sums[1] = t - d;
  sums[2] = t + d;
  sums[3] = t - s;
  sums[4] = s - e;
  sums[5] = -(d + e);
  sums[6] = d - e;
  sums[7] = -(s + e);
  for (int code = 0; code < 8; ++code) {
    sums[15 - code] = -sums[code];
  }
}

/// outputs[i] = Σ over the inputs of ±input, by the looked-up signed sums of four.
template <typename T>
QUENCH_INLINE void multiplySigns(const Job &job, const Vector<T> *inputs, Vector<T> *outputs,
                                 Vector<T> *sums) {
  const int64_t groups = job.coreOrder / 4;
  for (int64_t first = 0; first < groups; first += groupsAtOnce) {
    const int64_t count = groups - first < groupsAtOnce ? groups - first : groupsAtOnce;
    for (int64_t group = 0; group < count; ++group) {
      signedSums<T>(inputs + 4 * (first + group), sums + 16 * group);
    }
    for (int64_t output = 0; output < job.coreOrder; ++output) {
      const uint8_t *codes = job.codes + output * groups + first;
      Vector<T> sum = sums[codes[0]];
      for (int64_t group = 1; group < count; ++group) {
        sum += sums[16 * group + codes[group]];
      }
      outputs[output] = first == 0 ? sum : outputs[output] + sum;
    }
  }
}

template <typename T>
QUENCH_INLINE void multiplyKernel(const Job &job, const Vector<T> *inputs, Vector<T> *outputs) {
  for (int64_t output = 0; output < job.coreOrder; ++output) {
    Vector<T> sum = inputs[0] * static_cast<T>(job.kernel[0]);
    for (int64_t input = 1, position = 0; input < job.coreOrder; ++input) {
      position += output;
      position -= position >= job.coreOrder ? job.coreOrder : 0;
      sum += inputs[input] * static_cast<T>(job.kernel[position]);
    }
    outputs[output] = sum;
  }
}

/// The core along one row, `lanes` columns at a time.
template <typename T> QUENCH_INLINE void multiplyCore(const Job &job, T *row, Vector<T> *scratch) {
  Vector<T> *inputs = scratch;
  Vector<T> *outputs = inputs + job.coreOrder;
  for (int64_t column = 0; column < job.sylvesterOrder; column += lanes<T>) {
    const int64_t width = std::min(lanes<T>, job.sylvesterOrder - column);
    for (int64_t i = 0; i < job.coreOrder; ++i) {
      std::memcpy(inputs + i, row + i * job.sylvesterOrder + column, width * sizeof(T));
    }
    if (job.codes) {
      multiplySigns<T>(job, inputs, outputs, outputs + job.coreOrder);
    } else {
      multiplyKernel<T>(job, inputs, outputs);
    }
    for (int64_t i = 0; i < job.coreOrder; ++i) {
      std::memcpy(row + i * job.sylvesterOrder + column, outputs + i, width * sizeof(T));
    }
  }
}

//===----------------------------------------------------------------------===//
// Rows.
//===----------------------------------------------------------------------===//

template <typename T>
QUENCH_INLINE void runJob(const Job &job, T *rows, int64_t numRows, int64_t stride) {
  const bool hasCore = job.codes || job.kernel;
  const size_t scratchBytes = hasCore ? (2 * job.coreOrder + 16 * groupsAtOnce) * 64 : 0;
  // Zeros, so that lanes beyond a narrow matrix hold numbers.
  std::vector<T> storage(scratchBytes / sizeof(T) + lanes<T>);
  const uintptr_t address = reinterpret_cast<uintptr_t>(storage.data());
  auto *scratch = reinterpret_cast<Vector<T> *>((address + 63) / 64 * 64);
  const T scale = static_cast<T>(job.scale);
  for (int64_t index = 0; index < numRows; ++index) {
    T *row = rows + index * stride;
    for (int64_t i = 0; i < job.coreOrder; ++i) {
      T *part = row + i * job.sylvesterOrder;
      if (job.sylvesterOrder >= lanes<T>) {
        transformLong<T>(part, job.sylvesterOrder, scale);
      } else {
        transformShort<T>(part, job.sylvesterOrder, scale);
      }
    }
    if (hasCore) {
      multiplyCore<T>(job, row, scratch);
    }
  }
}

#if defined(__x86_64__)
template <typename T>
__attribute__((target("avx512f,avx512dq"))) static void
runJobAvx512(const Job &job, T *rows, int64_t numRows, int64_t stride) {
  runJob(job, rows, numRows, stride);
}

template <typename T>
__attribute__((target("avx2"))) static void runJobAvx2(const Job &job, T *rows, int64_t numRows,
                                                       int64_t stride) {
  runJob(job, rows, numRows, stride);
}
#endif

template <typename T>
static void dispatchJob(const Job &job, T *rows, int64_t numRows, int64_t stride) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) {
    return runJobAvx512(job, rows, numRows, stride);
  }
  if (__builtin_cpu_supports("avx2")) {
    return runJobAvx2(job, rows, numRows, stride);
  }
#endif
  runJob(job, rows, numRows, stride);
}

HadamardTransform::HadamardTransform(HadamardMatrix matrix) : hadamard(std::move(matrix)) {
  const int64_t order = hadamard.coreOrder();
  if (hadamard.construction() == HadamardConstruction::Hartley) {
    auto values = std::make_shared<std::vector<double>>(order);
    for (int64_t i = 0; i < order; ++i) {
      (*values)[i] = hadamard.coreEntry(1, i);
    }
    kernel = std::move(values);
    return;
  }
  llvm::ArrayRef<int8_t> signs = hadamard.coreSigns();
  if (order == 1 || signs.empty()) {
    return;
  }
  auto result = std::make_shared<CoreCodes>();
  result->plain.resize(order * order / 4);
  result->transposed.resize(order * order / 4);
  for (int64_t output = 0; output < order; ++output) {
    for (int64_t input = 0; input < order; ++input) {
      const int64_t place = output * (order / 4) + input / 4;
      result->plain[place] |= (signs[input * order + output] < 0) << (input % 4);
      result->transposed[place] |= (signs[output * order + input] < 0) << (input % 4);
    }
  }
  codes = std::move(result);
}

template <typename T>
void HadamardTransform::applyRows(T *rows, int64_t numRows, int64_t stride, bool transposed) const {
  Job job{hadamard.coreOrder(), hadamard.sylvesterOrder(), hadamard.normalization(), nullptr,
          nullptr};
  if (codes) {
    job.codes = transposed ? codes->transposed.data() : codes->plain.data();
  }
  if (kernel) {
    job.kernel = kernel->data();
  }
  dispatchJob(job, rows, numRows, stride);
}

void HadamardTransform::apply(float *rows, int64_t numRows, int64_t stride, bool transposed) const {
  applyRows(rows, numRows, stride, transposed);
}

void HadamardTransform::apply(double *rows, int64_t numRows, int64_t stride,
                              bool transposed) const {
  applyRows(rows, numRows, stride, transposed);
}
