//===- BlockFits.cpp - Something for every block --------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The values of a block are gathered, so that whoever searches finds them next to each other and in
// cache.
//
//===----------------------------------------------------------------------===//

#include "BlockFits.h"

#include "BlockRuns.h"
#include "quench/Support/ParallelFor.h"

#include <algorithm>

using namespace quench::numerics;

using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Expected;

namespace {
/// The values of one block that count for its scale, next to each other.
class BlockValues {
public:
  BlockValues(ArrayRef<float> values, ArrayRef<int64_t> shape, const Scheme &scheme,
              const RangeOptions &options)
      : values(values), shape(shape), scheme(scheme), options(options),
        width(shape.empty() ? 1 : shape.back()) {}

  void load(int64_t block) {
    gathered.clear();
    gatheredImportance.clear();
    forEachRunOfBlock(shape, scheme, block, [&](int64_t begin, int64_t length) {
      const int64_t end = begin + length;
      const auto *skip = llvm::lower_bound(options.excluded, begin);
      while (begin < end) {
        const bool hasSkip = skip != options.excluded.end() && *skip < end;
        append(begin, hasSkip ? *skip : end);
        begin = hasSkip ? *skip++ + 1 : end;
      }
    });
  }

  ArrayRef<float> get() const { return gathered; }
  ArrayRef<float> importance() const { return gatheredImportance; }

private:
  void append(int64_t begin, int64_t end) {
    gathered.insert(gathered.end(), values.begin() + begin, values.begin() + end);
    if (!options.importance.empty()) {
      const float *first = options.importance.begin() + begin % width;
      gatheredImportance.insert(gatheredImportance.end(), first, first + (end - begin));
    }
  }

  ArrayRef<float> values;
  ArrayRef<int64_t> shape;
  const Scheme &scheme;
  const RangeOptions &options;
  const int64_t width;
  std::vector<float> gathered;
  std::vector<float> gatheredImportance;
};
} // namespace

Expected<std::vector<BlockFit>> quench::numerics::fitBlocks(
    ArrayRef<float> values, ArrayRef<int64_t> shape, const Scheme &scheme,
    const RangeOptions &options,
    llvm::function_ref<Expected<BlockFit>(size_t, ArrayRef<float>, ArrayRef<float>)> fit) {
  const size_t blocks = scheme.numBlocks(shape);
  // A piece of work is some 100,000 values, whatever the number of threads.
  const size_t perPiece =
      std::max<size_t>(1, blocks * 100'000 / std::max<size_t>(1, values.size()));
  const size_t pieces = (blocks + perPiece - 1) / perPiece;
  std::vector<BlockFit> fits(blocks);
  std::vector<std::string> errors(pieces);
  quench::parallelFor(options.threads, pieces, [&](size_t piece) {
    BlockValues block(values, shape, scheme, options);
    for (size_t i = piece * perPiece; i < std::min(blocks, (piece + 1) * perPiece); ++i) {
      block.load(i);
      Expected<BlockFit> result = fit(i, block.get(), block.importance());
      if (!result) {
        errors[piece] = llvm::toString(result.takeError());
        return;
      }
      fits[i] = *result;
    }
  });
  for (const std::string &error : errors) {
    if (!error.empty()) {
      return createStringError("%s", error.c_str());
    }
  }
  return fits;
}
