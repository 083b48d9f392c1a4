//===- QuenchBasisAttributes.cpp - Invertible maps, by their structure ----===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/QuenchAttributes.h"

#include "quench/Numerics/HadamardMatrix.h"

#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace quench;

/// Elements of f32 or f64 in row-major order. Nothing for other types and for a resource whose data
/// is not there or does not have the size of its type.
static std::optional<std::vector<double>> readReals(ElementsAttr elements) {
  auto append = [&](auto values) { return std::vector<double>(values.begin(), values.end()); };
  if (auto dense = dyn_cast<DenseElementsAttr>(elements)) {
    if (auto values = dense.tryGetValues<float>(); succeeded(values)) {
      return append(*values);
    }
    if (auto values = dense.tryGetValues<double>(); succeeded(values)) {
      return append(*values);
    }
    return std::nullopt;
  }
  auto count = static_cast<size_t>(elements.getNumElements());
  if (auto resource = dyn_cast<DenseF32ResourceElementsAttr>(elements)) {
    std::optional<ArrayRef<float>> values = resource.tryGetAsArrayRef();
    return values && values->size() == count ? std::optional(append(*values)) : std::nullopt;
  }
  if (auto resource = dyn_cast<DenseF64ResourceElementsAttr>(elements)) {
    std::optional<ArrayRef<double>> values = resource.tryGetAsArrayRef();
    return values && values->size() == count ? std::optional(append(*values)) : std::nullopt;
  }
  return std::nullopt;
}

static bool isRealTensor(ElementsAttr elements, unsigned rank) {
  auto type = dyn_cast_or_null<RankedTensorType>(elements.getShapedType());
  return type && type.getRank() == rank && type.getNumElements() > 0 &&
         isa<Float32Type, Float64Type>(type.getElementType());
}

static bool hasSize(int64_t dimension) {
  // Products of dimensions of blocks and tensors have to fit.
  return dimension > 0 && dimension <= (int64_t(1) << 31);
}

static llvm::Error missingData() {
  return llvm::createStringError("expected the entries of a map, found a resource without data");
}

//===----------------------------------------------------------------------===//
// Diagonal
//===----------------------------------------------------------------------===//

LogicalResult DiagonalAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   ElementsAttr entries) {
  if (!entries || !isRealTensor(entries, 1)) { // C1
    return emitError() << "expected a tensor of rank 1 of f32 or f64 that is not empty as entries "
                          "of a diagonal";
  }
  if (auto values = readReals(entries)) {
    for (auto [index, value] : llvm::enumerate(*values)) {
      if (!std::isfinite(value)) { // C2
        return emitError() << "expected finite entries of a diagonal, entry " << index << " is not";
      }
    }
  }
  return success();
}

int64_t DiagonalAttr::getDimension() const { return getEntries().getNumElements(); }

std::optional<std::vector<double>> DiagonalAttr::getValues() const {
  return readReals(getEntries());
}

bool DiagonalAttr::isPositive() const {
  auto values = getValues();
  return values && llvm::all_of(*values, [](double value) { return value > 0.0; });
}

bool DiagonalAttr::isOrthogonal() const {
  auto values = getValues();
  return values && llvm::all_of(*values, [](double value) { return std::abs(value) == 1.0; });
}

bool DiagonalAttr::isSymmetric() const { return true; }
bool DiagonalAttr::isDiagonal() const { return true; }

llvm::Expected<numerics::BasisMap> DiagonalAttr::getNumericsMap() const {
  auto values = getValues();
  return values ? numerics::BasisMap::diagonal(std::move(*values)) : missingData();
}

//===----------------------------------------------------------------------===//
// Permutation
//===----------------------------------------------------------------------===//

LogicalResult PermutationAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                      DenseI64ArrayAttr sources) {
  SmallVector<bool> seen(sources.size(), false);
  for (int64_t source : sources.asArrayRef()) {
    if (source < 0 || source >= sources.size() || seen[source]) { // C1
      return emitError() << "expected every index below " << sources.size()
                         << " once in a permutation, found " << source
                         << (source < 0 || source >= sources.size() ? "" : " twice");
    }
    seen[source] = true;
  }
  if (sources.empty()) { // C1
    return emitError() << "expected at least one index in a permutation";
  }
  return success();
}

int64_t PermutationAttr::getDimension() const { return getSources().size(); }
bool PermutationAttr::isOrthogonal() const { return true; }
bool PermutationAttr::isPermutation() const { return true; }

bool PermutationAttr::isSymmetric() const {
  ArrayRef<int64_t> sources = getSources();
  for (auto [index, source] : llvm::enumerate(sources)) {
    if (sources[source] != static_cast<int64_t>(index)) {
      return false;
    }
  }
  return true;
}

bool PermutationAttr::isDiagonal() const { return llvm::is_sorted(getSources().asArrayRef()); }

llvm::Expected<numerics::BasisMap> PermutationAttr::getNumericsMap() const {
  return numerics::BasisMap::permutation(getSources().asArrayRef().vec());
}

//===----------------------------------------------------------------------===//
// Hadamard
//===----------------------------------------------------------------------===//

LogicalResult HadamardAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t order,
                                   std::optional<uint64_t> seed, int64_t skip) {
  if (auto matrix = numerics::HadamardMatrix::create(order); !matrix) { // C1
    return emitError() << llvm::toString(matrix.takeError());
  }
  if (skip < 0 || (skip > 0 && !seed)) { // C2
    return emitError() << "expected a seed and a number of draws to skip, found " << skip;
  }
  return success();
}

int64_t HadamardAttr::getDimension() const { return getOrder(); }
bool HadamardAttr::isOrthogonal() const { return true; }
bool HadamardAttr::isSymmetric() const { return !getSeed() && llvm::isPowerOf2_64(getOrder()); }

llvm::Expected<numerics::BasisMap> HadamardAttr::getNumericsMap() const {
  return numerics::BasisMap::hadamard(getOrder(), getSeed(), getSkip());
}

Attribute HadamardAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  int64_t order = 0, skip = 0;
  std::optional<uint64_t> seed;
  if (parser.parseLess() || parser.parseInteger(order)) {
    return {};
  }
  if (succeeded(parser.parseOptionalComma())) {
    if (parser.parseKeyword("seed") || parser.parseEqual() || parser.parseInteger(seed.emplace())) {
      return {};
    }
    if (succeeded(parser.parseOptionalComma()) &&
        (parser.parseKeyword("skip") || parser.parseEqual() || parser.parseInteger(skip))) {
      return {};
    }
  }
  if (parser.parseGreater()) {
    return {};
  }
  return parser.getChecked<HadamardAttr>(loc, parser.getContext(), order, seed, skip);
}

void HadamardAttr::print(AsmPrinter &printer) const {
  printer << '<' << getOrder();
  if (getSeed()) {
    printer << ", seed = " << *getSeed();
  }
  if (getSkip() != 0) {
    printer << ", skip = " << getSkip();
  }
  printer << '>';
}

LogicalResult HartleyAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t order) {
  auto matrix = numerics::HadamardMatrix::createHartley(order);
  if (!matrix) { // C1
    return emitError() << llvm::toString(matrix.takeError());
  }
  return success();
}

int64_t HartleyAttr::getDimension() const { return getOrder(); }
bool HartleyAttr::isOrthogonal() const { return true; }
bool HartleyAttr::isSymmetric() const { return true; }

llvm::Expected<numerics::BasisMap> HartleyAttr::getNumericsMap() const {
  return numerics::BasisMap::hartley(getOrder());
}

//===----------------------------------------------------------------------===//
// Orthogonal
//===----------------------------------------------------------------------===//

LogicalResult OrthogonalAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                     ElementsAttr entries) {
  auto type = entries ? dyn_cast<RankedTensorType>(entries.getShapedType()) : RankedTensorType();
  if (!type || !isRealTensor(entries, 2) || type.getDimSize(0) != type.getDimSize(1)) { // C1
    return emitError() << "expected a square tensor of f32 or f64 that is not empty as entries of "
                          "an orthogonal map";
  }
  if (auto values = readReals(entries)) {
    auto map = numerics::BasisMap::orthogonal(std::move(*values));
    if (!map) { // C2
      return emitError() << llvm::toString(map.takeError());
    }
  }
  return success();
}

int64_t OrthogonalAttr::getDimension() const {
  return cast<RankedTensorType>(getEntries().getShapedType()).getDimSize(0);
}

std::optional<std::vector<double>> OrthogonalAttr::getValues() const {
  return readReals(getEntries());
}

bool OrthogonalAttr::isOrthogonal() const { return true; }

llvm::Expected<numerics::BasisMap> OrthogonalAttr::getNumericsMap() const {
  auto values = getValues();
  return values ? numerics::BasisMap::orthogonal(std::move(*values)) : missingData();
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

LogicalResult BlockDiagonalAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                        ArrayRef<BasisMapAttrInterface> blocks, int64_t copies) {
  if (blocks.empty() || (blocks.size() == 1 && copies < 2)) { // C1
    return emitError() << "expected at least two blocks";
  }
  if (blocks.size() > 1 && copies != 1) { // C2
    return emitError() << "expected a single map to have copies, found " << blocks.size();
  }
  // A Hadamard matrix may have any order that there is.
  int64_t dimension = 0;
  bool isHuge = false;
  for (BasisMapAttrInterface block : blocks) {
    isHuge |= llvm::AddOverflow(dimension, block.getDimension(), dimension);
  }
  isHuge |= llvm::MulOverflow(dimension, copies, dimension);
  if (isHuge || copies > (int64_t(1) << 31) || !hasSize(dimension)) {
    return emitError() << "expected a dimension of at most 2^31";
  }
  return success();
}

int64_t BlockDiagonalAttr::getDimension() const {
  int64_t dimension = 0;
  for (BasisMapAttrInterface block : getBlocks()) {
    dimension += block.getDimension();
  }
  return dimension * getCopies();
}

bool BlockDiagonalAttr::isOrthogonal() const {
  return llvm::all_of(getBlocks(), [](auto block) { return block.isOrthogonal(); });
}
bool BlockDiagonalAttr::isSymmetric() const {
  return llvm::all_of(getBlocks(), [](auto block) { return block.isSymmetric(); });
}
bool BlockDiagonalAttr::isDiagonal() const {
  return llvm::all_of(getBlocks(), [](auto block) { return block.isDiagonal(); });
}
bool BlockDiagonalAttr::isPermutation() const {
  return llvm::all_of(getBlocks(), [](auto block) { return block.isPermutation(); });
}

llvm::Expected<numerics::BasisMap> BlockDiagonalAttr::getNumericsMap() const {
  std::vector<numerics::BasisMap> blocks;
  for (BasisMapAttrInterface block : getBlocks()) {
    llvm::Expected<numerics::BasisMap> map = block.getNumericsMap();
    if (!map) {
      return map.takeError();
    }
    blocks.push_back(std::move(*map));
  }
  return blocks.size() == 1 ? numerics::BasisMap::repeat(blocks.front(), getCopies())
                            : numerics::BasisMap::blockDiagonal(std::move(blocks));
}

/// A map attribute, or an error at its place.
static ParseResult parseMap(AsmParser &parser, BasisMapAttrInterface &map) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute attribute;
  if (parser.parseAttribute(attribute)) {
    return failure();
  }
  map = dyn_cast<BasisMapAttrInterface>(attribute);
  if (!map) {
    return parser.emitError(loc, "expected a map, found ") << attribute;
  }
  return success();
}

Attribute BlockDiagonalAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<BasisMapAttrInterface> blocks;
  int64_t copies = 1;
  if (parser.parseLess()) {
    return {};
  }
  if (succeeded(parser.parseOptionalLSquare())) {
    auto parseBlock = [&]() { return parseMap(parser, blocks.emplace_back()); };
    if (parser.parseCommaSeparatedList(parseBlock) || parser.parseRSquare()) {
      return {};
    }
  } else if (parseMap(parser, blocks.emplace_back()) || parser.parseComma() ||
             parser.parseKeyword("copies") || parser.parseEqual() || parser.parseInteger(copies)) {
    return {};
  }
  if (parser.parseGreater()) {
    return {};
  }
  return parser.getChecked<BlockDiagonalAttr>(loc, parser.getContext(), ArrayRef(blocks), copies);
}

void BlockDiagonalAttr::print(AsmPrinter &printer) const {
  if (getBlocks().size() == 1) {
    printer << '<' << getBlocks().front() << ", copies = " << getCopies() << '>';
    return;
  }
  printer << "<[";
  llvm::interleaveComma(getBlocks(), printer.getStream(),
                        [&](BasisMapAttrInterface block) { printer << block; });
  printer << "]>";
}

//===----------------------------------------------------------------------===//
// Composition
//===----------------------------------------------------------------------===//

static constexpr uint8_t inverseFlag = 1, transposedFlag = 2;

ComposedAttr ComposedAttr::get(MLIRContext *context, ArrayRef<MapUse> factors) {
  SmallVector<BasisMapAttrInterface> maps;
  SmallVector<uint8_t> flags;
  for (const MapUse &factor : factors) {
    maps.push_back(factor.map);
    flags.push_back((factor.inverse ? inverseFlag : 0) | (factor.transposed ? transposedFlag : 0));
  }
  return get(context, ArrayRef(maps), ArrayRef(flags));
}

SmallVector<MapUse> ComposedAttr::getFactors() const {
  SmallVector<MapUse> factors;
  for (auto [map, flags] : llvm::zip_equal(getMaps(), getFlags())) {
    factors.push_back({map, (flags & inverseFlag) != 0, (flags & transposedFlag) != 0});
  }
  return factors;
}

LogicalResult ComposedAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   ArrayRef<BasisMapAttrInterface> maps, ArrayRef<uint8_t> flags) {
  if (maps.empty() || maps.size() != flags.size()) { // C1
    return emitError() << "expected at least one factor of a composition";
  }
  int64_t dimension = maps.front().getDimension();
  for (BasisMapAttrInterface map : maps) {
    if (map.getDimension() != dimension) { // C1
      return emitError() << "expected factors of the same dimension, found " << dimension << " and "
                         << map.getDimension();
    }
  }
  return success();
}

int64_t ComposedAttr::getDimension() const { return getMaps().front().getDimension(); }

bool ComposedAttr::isOrthogonal() const {
  return llvm::all_of(getMaps(), [](auto map) { return map.isOrthogonal(); });
}

llvm::Expected<numerics::BasisMap> ComposedAttr::getNumericsMap() const {
  std::vector<numerics::BasisMap::Factor> factors;
  for (const MapUse &factor : getFactors()) {
    llvm::Expected<numerics::BasisMap> map = factor.map.getNumericsMap();
    if (!map) {
      return map.takeError();
    }
    factors.push_back({std::move(*map), {factor.inverse, factor.transposed}});
  }
  return numerics::BasisMap::composed(std::move(factors));
}

Attribute ComposedAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<BasisMapAttrInterface> maps;
  SmallVector<uint8_t> flags;
  auto parseFactor = [&]() -> ParseResult {
    uint8_t &own = flags.emplace_back(0);
    if (succeeded(parser.parseOptionalKeyword("inverse"))) {
      own |= inverseFlag;
    }
    if (succeeded(parser.parseOptionalKeyword("transposed"))) {
      own |= transposedFlag;
    }
    return parseMap(parser, maps.emplace_back());
  };
  if (parser.parseLess() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseFactor) ||
      parser.parseGreater()) {
    return {};
  }
  return parser.getChecked<ComposedAttr>(loc, parser.getContext(), ArrayRef(maps), ArrayRef(flags));
}

void ComposedAttr::print(AsmPrinter &printer) const {
  printer << "<[";
  llvm::interleaveComma(getFactors(), printer.getStream(), [&](const MapUse &factor) {
    printer << (factor.inverse ? "inverse " : "") << (factor.transposed ? "transposed " : "")
            << Attribute(factor.map);
  });
  printer << "]>";
}
