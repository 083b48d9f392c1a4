//===- QuenchOps.cpp - Operations of the quench dialect -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "ExactFloats.h"

#include "quench/Dialect/Quench/IR/PackedRows.h"
#include "quench/Numerics/CodeTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TypeUtilities.h"

#include <cmath>

using namespace mlir;
using namespace quench;

/// A weight key reads like a symbol name: bare where it can be, quoted otherwise.
static ParseResult parseKey(OpAsmParser &parser, StringAttr &key) {
  return parser.parseSymbolName(key);
}

static void printKey(OpAsmPrinter &printer, Operation *, StringAttr key) {
  printer.printSymbolName(key);
}

#define GET_OP_CLASSES
#include "quench/Dialect/Quench/IR/QuenchOps.cpp.inc"

/// Checks given scales and zero points against what `quantized` asks for.
static LogicalResult verifyParameters(Operation *op, QTensorType quantized, Value scale,
                                      Value zeroPoint) {
  if (scale && failed(verifyCompatibleShape(scale.getType(), quantized.getScalesTensor()))) {
    return op->emitOpError() << "expected a scale of type " << quantized.getScalesTensor()
                             << ", found " << scale.getType();
  }
  bool wanted = scale && quantized.getScheme().hasZeroPoints();
  if (wanted != static_cast<bool>(zeroPoint)) {
    return op->emitOpError() << (wanted ? "expected a zero point, the scheme is asymmetric"
                                        : "expected no zero point: the scheme has none, or no "
                                          "scale is given");
  }
  if (zeroPoint &&
      (failed(verifyCompatibleShape(zeroPoint.getType(), quantized.getZeroPointsTensor())) ||
       getElementTypeOrSelf(zeroPoint) != quantized.getZeroPointsTensor().getElementType())) {
    return op->emitOpError() << "expected a zero point of type " << quantized.getZeroPointsTensor()
                             << ", found " << zeroPoint.getType();
  }
  return success();
}

/// Checks how scales are computed from values.
template <typename Op> static LogicalResult verifyScaleChoice(Op op, SchemeAttr scheme) {
  const double clip = op.getClip().convertToDouble();
  if (!(clip > 0.0 && clip <= 1.0)) { // C4
    return op.emitOpError() << "expected a clip above 0 and at most 1, found " << op.getClipAttr();
  }
  if (clip != 1.0 && op.getScale()) { // C4
    return op.emitOpError("expected no clip: the scale is given");
  }
  if (op.getRule() == ScaleRule::Floor) {
    return success();
  }
  auto scale = dyn_cast<TypeAttr>(scheme.getScale());
  if (op.getScale() || !scale || !isa<Float8E8M0FNUType>(scale.getValue())) { // C5
    return op.emitOpError() << "expected f8E8M0FNU scales that are not given for the rule '"
                            << stringifyScaleRule(op.getRule()) << "'";
  }
  if (op.getRule() == ScaleRule::Even && isa<CodebookAttr>(scheme.getElement())) { // C5
    return op.emitOpError("expected an integer or float element for the rule 'even'");
  }
  return success();
}

LogicalResult QuantizeOp::verify() {
  QTensorType type = getResult().getType();
  if (type.getExpressed() != getInput().getType()) { // C1
    return emitOpError() << "expected a result that expresses " << getInput().getType()
                         << ", found " << type;
  }
  if (failed(verifyParameters(*this, type, getScale(), getZeroPoint()))) { // C2, C3
    return failure();
  }
  return verifyScaleChoice(*this, type.getScheme()); // C4, C5
}

LogicalResult DequantizeOp::verify() {
  if (getInput().getType().getExpressed() != getResult().getType()) { // C1
    return emitOpError() << "expected a result of type " << getInput().getType().getExpressed()
                         << ", found " << getResult().getType();
  }
  return success();
}

LogicalResult FakeQuantizeOp::verify() {
  auto type = QTensorType::getChecked([&] { return emitOpError(); }, getContext(),
                                      getInput().getType(), getScheme()); // C1
  if (!type) {
    return failure();
  }
  if (failed(verifyParameters(*this, type, getScale(), getZeroPoint()))) { // C2, C3
    return failure();
  }
  return verifyScaleChoice(*this, getScheme()); // C4, C5
}

LogicalResult RequantizeOp::verify() {
  RankedTensorType input = getInput().getType(), result = getResult().getType();
  if (failed(verifyCompatibleShape(input, result))) { // C1
    return emitOpError() << "expected the same shape for input and result, found " << input
                         << " and " << result;
  }
  size_t count = getMultiplier().size();
  if (count != getShift().size()) { // C2
    return emitOpError() << "expected as many shifts as multipliers, found " << getShift().size()
                         << " and " << count;
  }
  bool perChannel = input.getRank() > 0 && input.getShape().back() == static_cast<int64_t>(count);
  if (count != 1 && !perChannel) { // C2
    return emitOpError() << "expected one multiplier or one for each index of the last axis, found "
                         << count;
  }
  for (auto [multiplier, shift] : llvm::zip_equal(getMultiplier(), getShift())) {
    if (multiplier < 0 || shift < 2 || shift > 62) { // C3
      return emitOpError() << "expected a multiplier of at least 0 and a shift in [2, 62], found "
                           << multiplier << " and " << shift;
    }
  }
  // The accessor of a signless attribute returns its bits.
  auto outputZeroPoint = static_cast<int32_t>(getOutputZeroPoint());
  if (!llvm::isIntN(result.getElementTypeBitWidth(), outputZeroPoint)) { // C4
    return emitOpError() << "expected an output zero point that fits " << result.getElementType()
                         << ", found " << outputZeroPoint;
  }
  return success();
}

LogicalResult WeightOp::verify() {
  if (getKey().empty()) { // C1
    return emitOpError("expected a key that is not empty");
  }
  Type type = getResult().getType();
  auto quantized = dyn_cast<QTensorType>(type);
  RankedTensorType shaped = quantized ? quantized.getExpressed() : cast<RankedTensorType>(type);
  if (!shaped.hasStaticShape()) { // C2
    return emitOpError() << "expected a static shape, found " << type;
  }
  return success();
}

LogicalResult ObserveOp::verify() {
  if (getName().empty()) { // C1
    return emitOpError("expected a name that is not empty");
  }
  ArrayRef<float> bounds = getRange().value_or(ArrayRef<float>());
  ArrayRef<int64_t> shape = getInput().getType().getShape();
  bool isOfChannels = !shape.empty() && bounds.size() % 2 == 0 &&
                      static_cast<int64_t>(bounds.size() / 2) == shape.back(); // C3
  if (getRange() && bounds.size() != 2 && !isOfChannels) {
    return emitOpError() << "expected one range or one for each element of the last axis, found "
                         << bounds.size() << " bounds";
  }
  for (; !bounds.empty(); bounds = bounds.drop_front(2)) { // C2
    if (!std::isfinite(bounds[0]) || !std::isfinite(bounds[1]) || bounds[0] > bounds[1]) {
      return emitOpError("expected a range of two finite bounds in ascending order");
    }
  }
  return success();
}

/// Checks that codes, scales and zero points are what `type` expands into.
static LogicalResult verifyParts(Operation *op, QTensorType type, Value codes, Value scales,
                                 Value zeroPoints) {
  auto describe = [](Value value) { return value ? value.getType() : Type(); };
  auto check = [&](StringRef what, Type expected, Type found) -> LogicalResult {
    if (expected == found) {
      return success();
    }
    InFlightDiagnostic diagnostic = op->emitOpError() << "expected ";
    if (expected) {
      diagnostic << what << " of type " << expected;
    } else {
      diagnostic << "no " << what;
    }
    if (found) {
      return diagnostic << ", found " << found;
    }
    return diagnostic << ", found none";
  };
  return success(succeeded(check("codes", type.getCodesTensor(), describe(codes))) &&
                 succeeded(check("scales", type.getScalesTensor(), describe(scales))) &&
                 succeeded(check("zero points", type.getZeroPointsTensor(), describe(zeroPoints))));
}

LogicalResult AssembleOp::verify() {
  return verifyParts(*this, getResult().getType(), getCodes(), getScales(), getZeroPoints()); // C1
}

LogicalResult DisassembleOp::verify() {
  return verifyParts(*this, getInput().getType(), getCodes(), getScales(), getZeroPoints()); // C1
}

LogicalResult SplitOutliersOp::verify() {
  if (getInput().getType().getRank() == 0) { // C1
    return emitOpError("expected an input of rank 1 or more");
  }
  APFloat threshold = getThreshold();
  if (!threshold.isFinite() || threshold.isNegative() || threshold.isZero()) { // C2
    return emitOpError() << "expected a threshold above 0, found " << threshold.convertToDouble();
  }
  return success();
}

DequantizeOp quench::findDequantized(Value value) {
  if (auto sum = value.getDefiningOp<arith::AddFOp>();
      sum && sum.getRhs().getDefiningOp<SplitOutliersOp>()) {
    value = sum.getLhs();
  }
  return value.getDefiningOp<DequantizeOp>();
}

Value quench::findNarrow(Value value) {
  auto extension = value.getDefiningOp<arith::ExtFOp>();
  auto type =
      extension ? dyn_cast<RankedTensorType>(extension.getIn().getType()) : RankedTensorType();
  bool isNarrow = type && (type.getElementType().isF16() || type.getElementType().isBF16()) &&
                  getElementTypeOrSelf(extension.getType()).isF32();
  return isNarrow ? extension.getIn() : Value();
}

double OverlayOp::getBitsPerElement() {
  double bits = 32.0 + getValues().getType().getElementTypeBitWidth();
  int64_t elements = cast<RankedTensorType>(getType()).getNumElements();
  return elements == 0 ? 0.0 : bits * getNumKept() / elements;
}

LogicalResult OverlayOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  if (!input.hasStaticShape() ||
      input.getNumElements() > std::numeric_limits<int32_t>::max()) { // C1
    return emitOpError() << "expected an input of static shape whose elements i32 counts, found "
                         << input;
  }
  auto indices = cast<RankedTensorType>(getIndices().getType());
  auto values = cast<RankedTensorType>(getValues().getType());
  if (!indices.hasStaticShape() || indices.getShape() != values.getShape() ||
      indices.getNumElements() > input.getNumElements()) { // C2
    return emitOpError() << "expected one value for each index and at most "
                         << input.getNumElements() << " of them, found " << indices << " and "
                         << values;
  }
  Type element = input.getElementType();
  if (values.getElementType() != element && !element.isF32()) { // C3
    return emitOpError() << "expected values of " << element << ", found "
                         << values.getElementType();
  }
  return success();
}

/// assemble(disassemble(tensor)) -> tensor
OpFoldResult AssembleOp::fold(FoldAdaptor) {
  auto disassemble = getCodes().getDefiningOp<DisassembleOp>();
  if (!disassemble || disassemble.getInput().getType() != getType() ||
      !llvm::equal(disassemble->getResults(), getOperands())) {
    return {};
  }
  return disassemble.getInput();
}

/// disassemble(assemble(parts)) -> parts
LogicalResult DisassembleOp::fold(FoldAdaptor, SmallVectorImpl<OpFoldResult> &results) {
  auto assemble = getInput().getDefiningOp<AssembleOp>();
  if (!assemble) {
    return failure();
  }
  llvm::append_range(results, assemble->getOperands());
  return success();
}

//===----------------------------------------------------------------------===//
// Contraction
//===----------------------------------------------------------------------===//

static RankedTensorType expressedType(Value side) {
  if (auto quantized = dyn_cast<QTensorType>(side.getType())) {
    return quantized.getExpressed();
  }
  return cast<RankedTensorType>(side.getType());
}

/// Whether blocks of one side can be cut along K at the ends of the blocks of the other.
static bool blocksNest(int64_t lhs, int64_t rhs) {
  if (lhs == SchemeAttr::kWhole || rhs == SchemeAttr::kWhole) {
    return true;
  }
  return lhs % rhs == 0 || rhs % lhs == 0;
}

/// Whether values are integers times the scale, or times the scale and a unit.
static bool countsUnits(SchemeAttr scheme) {
  return scheme.isInteger() || numerics::CodeTable::get(scheme.getNumericsScheme().element);
}

static LogicalResult verifySchemes(ContractOp op) {
  auto lhs = dyn_cast<QTensorType>(op.getLhs().getType());
  auto rhs = dyn_cast<QTensorType>(op.getRhs().getType());
  bool integer = lhs && rhs;
  bool ofFloats = integer && lhs.getScheme().isByteFloat() && rhs.getScheme().isByteFloat();
  Type accumulator = integer && !ofFloats ? Type(IntegerType::get(op.getContext(), 32))
                                          : Type(Float32Type::get(op.getContext()));
  if (op.getAccumulator() != accumulator) { // C3
    return op.emitOpError() << "expected accumulator " << accumulator << ", found "
                            << op.getAccumulator();
  }
  if (lhs && !ofFloats &&
      (!rhs || !lhs.getScheme().isInteger() || !countsUnits(rhs.getScheme()))) { // C3
    return op.emitOpError("expected integers, or on the right multiples of one unit, on both sides "
                          "of an integer contraction");
  }
  if (integer && !blocksNest(lhs.getScheme().getBlock()[1], rhs.getScheme().getBlock()[1])) { // C4
    return op.emitOpError() << "expected block extents along K that divide each other, found "
                            << lhs.getScheme().getBlock()[1] << " and "
                            << rhs.getScheme().getBlock()[1];
  }
  for (QTensorType side : {lhs, rhs}) {
    if (integer && side.getScheme().hasRealZeroPoints()) { // C6
      return op.emitOpError("expected integer zero points in an integer contraction");
    }
    if (side && side.getScheme().getBlock()[0] != 1 &&
        side.getScheme().getBlock()[0] != SchemeAttr::kWhole) { // C5
      return op.emitOpError() << "expected blocks of one row or of all rows, found "
                              << side.getScheme().getBlock()[0] << " rows";
    }
  }
  return success();
}

LogicalResult ContractOp::verify() {
  RankedTensorType lhs = expressedType(getLhs()), rhs = expressedType(getRhs());
  if (lhs.getRank() != 2 || rhs.getRank() != 2 ||
      failed(verifyCompatibleShape(ArrayRef(lhs.getDimSize(1)), ArrayRef(rhs.getDimSize(1))))) {
    return emitOpError() << "expected sides of rank 2 with the same K, found " // C1
                         << getLhs().getType() << " and " << getRhs().getType();
  }
  int64_t shape[] = {lhs.getDimSize(0), rhs.getDimSize(0)};
  if (failed(verifyCompatibleShape(getResult().getType().getShape(), shape))) { // C2
    return emitOpError() << "expected a result of M x N, found " << getResult().getType();
  }
  if (getBias()) {
    if (failed(verifyCompatibleShape(getBias().getType().getShape(), ArrayRef(shape[1])))) { // C2
      return emitOpError() << "expected a bias of N elements, found " << getBias().getType();
    }
  }
  return verifySchemes(*this);
}

//===----------------------------------------------------------------------===//
// Code generation
//===----------------------------------------------------------------------===//

LogicalResult PackedWeightOp::verify() {
  Type source = getSource();
  auto quantized = dyn_cast<QTensorType>(source);
  auto shaped = quantized ? quantized.getExpressed() : dyn_cast<RankedTensorType>(source);
  if (!shaped || shaped.getRank() != 2 || !shaped.hasStaticShape()) { // C1
    return emitOpError() << "expected a source of rank 2 and static shape, found " << source;
  }
  if (getKeptValuesAttr() || getKeptIndicesAttr()) { // C2
    if (!getKeptValuesAttr() || !getKeptIndicesAttr()) {
      return emitOpError("expected values to overlay together with their indices");
    }
    if (!getPanels().getContainer().isF32()) {
      return emitOpError() << "expected a container of f32 for values to overlay, found "
                           << getPanels().getContainer();
    }
  }
  return success();
}

void KernelCallOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  for (OpOperand &operand : getInputsMutable()) {
    if (isa<BaseMemRefType>(operand.get().getType())) {
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
    }
  }
  for (OpOperand &operand : getDestinationsMutable()) {
    if (isa<BaseMemRefType>(operand.get().getType())) {
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    }
  }
}

/// What `pack_rows` and `unpack_rows` ask of the two forms of rows.
static LogicalResult verifyPackedRows(Operation *op, QTensorType codes, RankedTensorType bytes,
                                      int64_t lanes) {
  if (lanes != 4 && lanes != 8 && lanes != 16) { // C3
    return op->emitOpError() << "expected lanes of 4, 8 or 16, found " << lanes;
  }
  ArrayRef<int64_t> shape = codes.getShape();
  if (shape.empty() || bytes.getRank() != static_cast<int64_t>(shape.size()) ||
      ShapedType::isDynamic(shape.back()) || shape.back() == 0 ||
      bytes.getShape().drop_back() != shape.drop_back()) { // C2
    return op->emitOpError() << "expected rows of static sizes in tensors of the same leading "
                                "axes, found "
                             << codes << " and " << bytes;
  }
  std::optional<PackedRows> rows = PackedRows::get(codes.getScheme(), shape.back(), lanes);
  if (!rows) { // C1
    return op->emitOpError() << "expected integers of at most 8 bits with f32 scales of one row, "
                                "found "
                             << codes.getScheme();
  }
  if (bytes.getShape().back() != rows->bytes) { // C2
    return op->emitOpError() << "expected rows of " << rows->bytes << " bytes, found " << bytes;
  }
  return success();
}

LogicalResult PackRowsOp::verify() {
  return verifyPackedRows(*this, getInput().getType(), getResult().getType(), getLanes());
}

LogicalResult UnpackRowsOp::verify() {
  return verifyPackedRows(*this, getResult().getType(), getInput().getType(), getLanes());
}

LogicalResult ByteLookupOp::verify() {
  if (getTable().size() != 16) { // C1
    return emitOpError() << "expected a table of 16 bytes, found " << getTable().size();
  }
  if (getCodes().getType().getDimSize(0) % 16 != 0) { // C2
    return emitOpError() << "expected whole sixteens of bytes, found " << getCodes().getType();
  }
  return success();
}

LogicalResult ByteMatmulOp::verify() {
  VectorType lanes = getAccumulator().getType(), bytes = getLhs().getType();
  if (lanes.isScalable() || bytes.isScalable() || lanes.getDimSize(0) % 4 != 0 ||
      bytes.getDimSize(0) != 4 * lanes.getDimSize(0)) { // C1
    return emitOpError() << "expected four bytes for each of whole fours of lanes, found " << bytes
                         << " and " << lanes;
  }
  return success();
}

LogicalResult ByteDotOp::verify() {
  VectorType lanes = getAccumulator().getType(), bytes = getLhs().getType();
  if (lanes.isScalable() || bytes.isScalable() ||
      bytes.getDimSize(0) != 4 * lanes.getDimSize(0)) { // C1
    return emitOpError() << "expected four bytes for each lane, found " << bytes << " and "
                         << lanes;
  }
  return success();
}
