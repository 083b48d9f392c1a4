//===- BasisPlan.cpp - How a row meets a map, step by step ----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/BasisPlan.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

#include <algorithm>

using namespace quench;

using numerics::BasisMap;
using numerics::HadamardConstruction;
using numerics::HadamardMatrix;
using numerics::MapFlags;

int64_t BasisRegion::total() const {
  int64_t result = span();
  for (const Loop &loop : loops) {
    result *= loop.count;
  }
  return result;
}

/// Hadamard matrices that only narrow vectors fit are written out up to this order.
static constexpr int64_t largestMatrix = 1024;

/// The matrix of an orthogonal map.
static std::vector<float> matrixOf(const BasisMap &map, bool transposed) {
  const std::vector<double> entries = llvm::cantFail(map.toDense({false, transposed}));
  return std::vector<float>(entries.begin(), entries.end());
}

namespace {
class PlanBuilder {
public:
  explicit PlanBuilder(BasisPlan &plan) : plan(plan) {}

  void append(const BasisMap &map, MapFlags flags, BasisRegion region);

private:
  void appendBlocks(const BasisMap &map, MapFlags flags, const BasisRegion &region);
  void appendScale(llvm::ArrayRef<double> entries, bool inverse, const BasisRegion &region);
  void appendGather(llvm::ArrayRef<int64_t> sources, bool backwards, const BasisRegion &region);
  void appendHadamard(const BasisMap &map, bool transposed, const BasisRegion &region);
  void appendMatrix(std::vector<float> entries, const BasisRegion &region);
  BasisStep &addStep(BasisStep::Kind kind, const BasisRegion &region);

  BasisPlan &plan;
};
} // namespace

BasisStep &PlanBuilder::addStep(BasisStep::Kind kind, const BasisRegion &region) {
  BasisStep step;
  step.kind = kind;
  step.region = region;
  plan.steps.push_back(std::move(step));
  return plan.steps.back();
}

void PlanBuilder::append(const BasisMap &map, MapFlags flags, BasisRegion region) {
  const bool backwards = flags.inverse != flags.transposed;
  region.size = map.dimension();
  switch (map.kind()) {
  case BasisMap::Kind::Diagonal:
    return appendScale(map.diagonalEntries(), flags.inverse, region);
  case BasisMap::Kind::Permutation:
    return appendGather(map.permutationSources(), backwards, region);
  case BasisMap::Kind::Hadamard:
    return appendHadamard(map, backwards, region);
  case BasisMap::Kind::Orthogonal:
    return appendMatrix(matrixOf(map, backwards), region);
  case BasisMap::Kind::BlockDiagonal:
    return appendBlocks(map, flags, region);
  case BasisMap::Kind::Composed:
    for (size_t i = 0, count = map.factors().size(); i < count; ++i) {
      const BasisMap::Factor &factor = map.factors()[backwards ? count - 1 - i : i];
      append(factor.map, combine(factor.flags, flags), region);
    }
  }
}

void PlanBuilder::appendBlocks(const BasisMap &map, MapFlags flags, const BasisRegion &region) {
  BasisRegion block = region;
  if (map.copies() > 1) {
    block.loops.push_back({map.copies(), region.span() / map.copies()});
  }
  for (const BasisMap &part : map.blocks()) {
    append(part, flags, block);
    block.offset += part.dimension() * region.inner;
  }
}

/// One factor for each element.
static std::vector<float> spread(llvm::ArrayRef<double> entries, bool inverse, int64_t inner) {
  std::vector<float> result;
  result.reserve(entries.size() * inner);
  for (double entry : entries) {
    result.insert(result.end(), inner, static_cast<float>(inverse ? 1.0 / entry : entry));
  }
  return result;
}

void PlanBuilder::appendScale(llvm::ArrayRef<double> entries, bool inverse,
                              const BasisRegion &region) {
  std::vector<float> factors = spread(entries, inverse, region.inner);
  if (!plan.steps.empty()) {
    BasisStep &last = plan.steps.back();
    if (last.kind == BasisStep::Kind::Hadamard && last.region == region &&
        last.factorsAfter.empty()) {
      last.factorsAfter = std::move(factors);
      return;
    }
  }
  addStep(BasisStep::Kind::Scale, region).factors = std::move(factors);
}

void PlanBuilder::appendGather(llvm::ArrayRef<int64_t> sources, bool backwards,
                               const BasisRegion &region) {
  std::vector<int64_t> &result = addStep(BasisStep::Kind::Gather, region).sources;
  result.resize(sources.size());
  for (size_t i = 0; i < sources.size(); ++i) {
    (backwards ? result[sources[i]] : result[i]) = backwards ? static_cast<int64_t>(i) : sources[i];
  }
}

/// The elements of vectors that fit the butterflies of a transform on `size` runs of `inner`; see
/// BasisStep::lanes.
static int64_t hadamardLanes(const HadamardMatrix &matrix, int64_t inner, int64_t lanes) {
  const int64_t fitting = llvm::isPowerOf2_64(inner)
                              ? matrix.sylvesterOrder() * inner
                              : int64_t(1) << llvm::countr_zero(static_cast<uint64_t>(inner));
  return std::min(lanes, fitting);
}

void PlanBuilder::appendHadamard(const BasisMap &map, bool transposed, const BasisRegion &region) {
  const HadamardMatrix &matrix = map.hadamardMatrix();
  const int64_t lanes = hadamardLanes(matrix, region.inner, plan.lanes);
  if (lanes < 4 && matrix.order() <= largestMatrix) {
    return appendMatrix(matrixOf(map, transposed), region);
  }
  if (!transposed && !map.hadamardSigns().empty()) {
    appendScale(map.hadamardSigns(), false, region);
  }
  std::vector<float> before;
  if (!plan.steps.empty() && plan.steps.back().kind == BasisStep::Kind::Scale &&
      plan.steps.back().region == region) {
    before = std::move(plan.steps.back().factors);
    plan.steps.pop_back();
  }
  BasisStep &step = addStep(BasisStep::Kind::Hadamard, region);
  step.factors = std::move(before);
  step.hadamard = matrix;
  step.transposed = transposed && !matrix.isSymmetric();
  step.lanes = lanes;
  if (transposed && !map.hadamardSigns().empty()) {
    appendScale(map.hadamardSigns(), false, region);
  }
}

void PlanBuilder::appendMatrix(std::vector<float> entries, const BasisRegion &region) {
  addStep(BasisStep::Kind::Matrix, region).entries = std::move(entries);
}

llvm::Expected<BasisPlan> BasisPlan::create(const BasisMap &map, MapFlags flags, int64_t outer,
                                            int64_t inner, int64_t lanes) {
  if (llvm::Error error = map.checkEvaluable(flags)) {
    return error;
  }
  BasisPlan plan;
  plan.rowSize = outer * map.dimension() * inner;
  plan.lanes = lanes;
  BasisRegion region;
  region.inner = inner;
  if (outer > 1) {
    region.loops.push_back({outer, map.dimension() * inner});
  }
  PlanBuilder(plan).append(map.simplified(), flags, region);
  return plan;
}

int64_t BasisPlan::cycles() const {
  int64_t operations = rowSize;
  for (const BasisStep &step : steps) {
    int64_t perElement = 2;
    if (step.kind == BasisStep::Kind::Matrix) {
      perElement = step.region.size;
    } else if (step.kind == BasisStep::Kind::Hadamard) {
      perElement += llvm::Log2_64_Ceil(step.hadamard->sylvesterOrder());
      perElement += step.hadamard->coreSigns().empty() ? step.hadamard->coreOrder()
                                                       : step.hadamard->coreOrder() / 4;
    }
    operations += perElement * step.region.total();
  }
  return operations / lanes;
}

namespace {
/// The bytes of a plan, one field after the other.
class PlanBytes {
public:
  void add(int64_t value) { append(&value, sizeof(value)); }
  template <typename T> void add(const std::vector<T> &values) {
    add(static_cast<int64_t>(values.size()));
    append(values.data(), values.size() * sizeof(T));
  }
  void add(const BasisStep &step);
  llvm::StringRef bytes() const { return text; }

private:
  void append(const void *data, size_t size) { text.append(static_cast<const char *>(data), size); }

  std::string text;
};
} // namespace

void PlanBytes::add(const BasisStep &step) {
  add(static_cast<int64_t>(step.kind));
  add(static_cast<int64_t>(step.region.loops.size()));
  for (const BasisRegion::Loop &loop : step.region.loops) {
    add(loop.count);
    add(loop.stride);
  }
  add(step.region.offset);
  add(step.region.size);
  add(step.region.inner);
  add(step.factors);
  add(step.factorsAfter);
  add(step.sources);
  add(step.hadamard ? static_cast<int64_t>(step.hadamard->construction()) : -1);
  add(step.transposed);
  add(step.entries);
}

std::string BasisPlan::digest() const {
  PlanBytes bytes;
  bytes.add(rowSize);
  for (const BasisStep &step : steps) {
    bytes.add(step);
  }
  return llvm::utohexstr(llvm::xxh3_64bits(bytes.bytes()), /*LowerCase=*/true, /*Width=*/16);
}
