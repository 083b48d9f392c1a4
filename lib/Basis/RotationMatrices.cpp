//===- RotationMatrices.cpp - Which matrices quench-rotate uses -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RotationMatrices.h"

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Dialect/Quench/IR/QuenchAttributes.h"
#include "quench/Numerics/RandomSigns.h"

#include "llvm/ADT/StringSwitch.h"

#include <Eigen/Dense>

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Expected;

Expected<RotationMatrices> RotationMatrices::create(MLIRContext *context, RotationOptions options) {
  RotationMatrices result(context, std::move(options));
  const RotationOptions &own = result.options;
  auto kind = llvm::StringSwitch<std::optional<Kind>>(own.kind)
                  .Case("hadamard", Kind::Hadamard)
                  .Case("random-hadamard", Kind::RandomHadamard)
                  .Case("random", Kind::Random)
                  .Case("file", Kind::File)
                  .Default(std::nullopt);
  auto fallback = llvm::StringSwitch<std::optional<numerics::HadamardFallback>>(own.fallback)
                      .Case("none", numerics::HadamardFallback::None)
                      .Case("hartley", numerics::HadamardFallback::Hartley)
                      .Case("blocks", numerics::HadamardFallback::Blocks)
                      .Default(std::nullopt);
  if (!kind) {
    return createStringError("option 'kind': expected hadamard, random-hadamard, random or file, "
                             "found '" +
                             own.kind + "'");
  }
  if (!fallback) {
    return createStringError("option 'fallback': expected none, hartley or blocks, found '" +
                             own.fallback + "'");
  }
  if ((*kind == Kind::File) == own.matrices.empty()) {
    return createStringError("option 'matrices': expected a file exactly for kind=file");
  }
  result.kind = *kind;
  result.fallback = *fallback;
  if (*kind == Kind::File) {
    Expected<std::unique_ptr<WeightStore>> file = WeightStore::open(own.matrices);
    if (!file) {
      return file.takeError();
    }
    result.file = std::move(*file);
  }
  return result;
}

Expected<MapUse> RotationMatrices::plain(int64_t size) const {
  Expected<numerics::HadamardMatrix> matrix = numerics::HadamardMatrix::create(size, fallback);
  if (!matrix) {
    return createStringError(llvm::toString(matrix.takeError()) +
                             "; option 'fallback' allows others");
  }
  switch (matrix->construction()) {
  case numerics::HadamardConstruction::Hartley:
    return normalize(MapUse{HartleyAttr::get(context, size)});
  case numerics::HadamardConstruction::Blocks:
    return repeat(MapUse{HadamardAttr::get(context, matrix->sylvesterOrder())},
                  matrix->coreOrder());
  default:
    return normalize(MapUse{HadamardAttr::get(context, size)});
  }
}

static MapUse orthogonalOf(MLIRContext *context, int64_t size, ArrayRef<double> entries) {
  auto type = RankedTensorType::get({size, size}, Float64Type::get(context));
  return {OrthogonalAttr::get(context, DenseElementsAttr::get(type, entries))};
}

/// Q of the QR decomposition of a matrix of normal numbers, with the signs that make it uniform
/// (Stewart, 1980).
static MapUse randomOrthogonal(MLIRContext *context, int64_t size, uint64_t seed, uint64_t offset) {
  numerics::RandomGenerator generator(seed + (offset << 32));
  Eigen::MatrixXd normal(size, size);
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j < size; ++j) {
      // Box and Muller, 1958; 1 - u avoids the logarithm of 0.
      double radius = std::sqrt(-2.0 * std::log(1.0 - generator.nextDouble()));
      normal(i, j) = radius * std::cos(2.0 * M_PI * generator.nextDouble());
    }
  }
  Eigen::HouseholderQR<Eigen::MatrixXd> factors(normal);
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> matrix =
      factors.householderQ();
  for (int64_t j = 0; j < size; ++j) {
    matrix.col(j) *= factors.matrixQR()(j, j) < 0.0 ? -1.0 : 1.0;
  }
  return orthogonalOf(context, size, ArrayRef(matrix.data(), matrix.size()));
}

/// Whether x M has the mean 0 for every x: all rows of M have the sum 0.
static bool subtractsMean(ArrayRef<double> entries, int64_t size) {
  for (int64_t row = 0; row < size; ++row) {
    double sum = 0.0;
    for (double entry : entries.slice(row * size, size)) {
      sum += entry;
    }
    if (std::abs(sum) > 1e-4) {
      return false;
    }
  }
  return true;
}

Expected<MapUse> RotationMatrices::read(int64_t size, ArrayRef<std::string> names) const {
  const TensorView *view = nullptr;
  for (const std::string &name : names) {
    view = view ? view : file->lookup(name);
  }
  if (!view) {
    return createStringError(file->path() + ": expected a tensor '" + names.front() +
                             "', found none");
  }
  Expected<std::vector<float>> values = file->readFiniteFloats(view->name, {size, size});
  if (!values) {
    return values.takeError();
  }
  std::vector<double> entries(values->begin(), values->end());
  if (llvm::Error error = numerics::BasisMap::orthogonal(entries).takeError()) {
    std::string reason = llvm::toString(std::move(error));
    if (subtractsMean(entries, size)) {
      reason += "; it subtracts the mean of the channels, which a layer norm does not see but an "
                "RMS norm does";
    }
    return createStringError(file->path() + ": tensor '" + view->name + "': " + reason);
  }
  auto type = RankedTensorType::get({size, size}, Float32Type::get(context));
  return MapUse{OrthogonalAttr::get(context, DenseElementsAttr::get(type, ArrayRef(*values)))};
}

Expected<MapUse> RotationMatrices::make(int64_t size, int64_t offset, ArrayRef<std::string> names) {
  switch (kind) {
  case Kind::Hadamard:
    return plain(size);
  case Kind::RandomHadamard: {
    Expected<MapUse> matrix = plain(size);
    if (!matrix) {
      return matrix.takeError();
    }
    if (isa<HadamardAttr>(matrix->map)) {
      return MapUse{HadamardAttr::get(context, size, options.seed, offset)};
    }
    // A stand-in takes its signs as a map of their own.
    return compose(diagonalOf(context, numerics::randomSigns(options.seed, offset, size)), *matrix);
  }
  case Kind::Random:
    return randomOrthogonal(context, size, options.seed, offset);
  case Kind::File:
    return read(size, names);
  }
  llvm_unreachable("all kinds are handled");
}

Expected<MapUse> RotationMatrices::residual() { return make(residualSize, 0, {"R1"}); }

Expected<MapUse> RotationMatrices::values(int64_t layer, int64_t headSize) {
  std::string number = std::to_string(layer);
  int64_t offset = residualSize + drawn;
  drawn += headSize;
  return make(headSize, offset,
              {"layers." + number + ".R2", "model.layers." + number + ".self_attn.R2"});
}
