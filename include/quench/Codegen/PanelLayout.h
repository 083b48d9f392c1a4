//===- PanelLayout.h - The order in which a kernel reads a weight matrix -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `#quench.panels` describes, as arithmetic. Weights, activations and the sums that correct
// for unsigned storage must agree on it, so it has one home.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_PANELLAYOUT_H
#define QUENCH_CODEGEN_PANELLAYOUT_H

#include "quench/Codegen/FragmentOrder.h"
#include "quench/Dialect/Quench/IR/QuenchTypes.h"
#include "quench/Numerics/QuantizeTensor.h"
#include "quench/Target/Target.h"

#include "llvm/ADT/ArrayRef.h"

#include <array>
#include <cstdint>
#include <vector>

namespace quench {

enum class PanelContainer { I2, I4, I8, F8E4M3FN, F8E5M2, F8E4M3FNUZ, F8E5M2FNUZ, F16, BF16, F32 };

/// Bits of a code in a container.
unsigned bitsOf(PanelContainer container);

/// Whether weights are stored as floats rather than as codes.
bool holdsFloats(PanelContainer container);

/// Whether codes are floats of eight bits, and whether of a kind without negative zero that counts
/// half of what the same bits are elsewhere.
bool holdsByteFloats(PanelContainer container);
bool holdsHalvedFloats(PanelContainer container);

/// The code of an eight-bit float, with or without an infinity, in a container that holds halved
/// ones: the same bits, but for a negative zero, which becomes zero, and for what is not finite,
/// which becomes NaN.
uint32_t halvedFloatCode(uint32_t code, numerics::FloatFormat format);

/// i2, i4, i8, an eight-bit float, f16, bf16 or f32.
mlir::Type storageType(PanelContainer container, mlir::MLIRContext *context);
PanelContainer containerOf(mlir::Type type);

/// How groups along K are padded in quantized activations: every group starts at a multiple of
/// as many codes as a word of the smallest container has, whatever the container of the weights, so
/// that all weights of one group size read the same activations.
struct GroupLayout {
  static constexpr int64_t kUnit = 16;
  /// Rows of a block for outer products.
  static constexpr int64_t kBlockRows = 16;

  int64_t k;
  /// Elements of K that share a weight scale; K itself when all do.
  int64_t group;
  /// Rows whose codes lie together: 1; 2 for products of two rows (`quench.byte_matmul`), eight
  /// codes of one and eight of the next; or `kBlockRows`, four of each in turn, where the last rows
  /// lie one behind the other if they are no whole block.
  int64_t rows = 1;

  /// The groups of a weight `N x K`.
  static GroupLayout of(QTensorType weight);
  /// The same for products of codes with such a weight, as a target wants their rows.
  static GroupLayout get(QTensorType weight, RealizationAttr realization, const Target &target);

  bool operator==(const GroupLayout &other) const {
    return k == other.k && group == other.group && rows == other.rows;
  }

  /// Neighbours along K of a row that are neighbours in memory.
  int64_t piece() const { return rows == 1 ? rowBytes() : rows == kBlockRows ? 4 : 8; }

  int64_t numGroups() const { return (k + group - 1) / group; }
  int64_t groupSize(int64_t index) const { return std::min(group, k - index * group); }
  int64_t paddedGroup() const { return (group + kUnit - 1) / kUnit * kUnit; }
  /// Where the codes of a group begin.
  int64_t groupOffset(int64_t index) const { return index * paddedGroup(); }
  /// All codes of a row, padding included.
  int64_t paddedK() const {
    int64_t last = groupSize(numGroups() - 1);
    return groupOffset(numGroups() - 1) + (last + kUnit - 1) / kUnit * kUnit;
  }
  /// From one row of activations of so many bytes each to the next: an odd number of cache lines,
  /// so that the rows of a register tile do not fall into one set of a cache.
  int64_t rowBytes(int64_t bytesOfCode = 1) const {
    constexpr int64_t line = 64;
    return ((bytesOfCode * paddedK() + line - 1) / line | 1) * line;
  }
  /// What tells apart names of kernels that write rows in this or that order.
  llvm::StringRef nameOfRows() const {
    return rows == 2 ? "_pairs" : rows == kBlockRows ? "_blocks" : "";
  }
  /// The shape of the codes of so many rows; dynamic if that is.
  std::array<int64_t, 2> codeShape(int64_t count, int64_t bytesOfCode = 1) const;
};

struct PanelLayout {
  /// Neighbouring panels that lie interleaved, step by step: what one row of activations is
  /// multiplied by at a time, so that memory is read from front to back.
  static constexpr int64_t kTilePanels = 4;

  int64_t n;
  GroupLayout groups;
  int64_t lanes;
  PanelContainer container;
  /// A type of 16 bits that holds the scales exactly; null for f32.
  mlir::Type narrowScale = nullptr;
  /// For an instruction for matrices; words of a panel then lie in its order, and panels apart.
  std::optional<FragmentOrder> fragment = std::nullopt;
  /// Neighbours along K of a row in neighbouring bytes: 4, or 8. For floats of 16 bits 2 where two
  /// of them are a word, of each four the first and the third, then the others.
  int64_t depth = 4;
  /// Whether `signOffset` is subtracted from the unsigned codes, for products of signed bytes.
  bool isSigned = false;

  /// The layout of a weight of type `source` (a rank-2 tensor or qtensor) in `panels`.
  static PanelLayout get(mlir::Type source, PanelsAttr panels);

  int64_t numPanels() const { return (n + lanes - 1) / lanes; }
  /// Whether there are no words but one float for each row in a step.
  bool hasPlainFloats() const { return holdsFloats(container) && depth != 2; }
  /// Codes of one row in one 32-bit word.
  int64_t codesPerWord() const { return 32 / bitsOf(container); }
  /// Words of a row in a step, and codes in them.
  int64_t wordsPerStep() const { return depth == 8 ? 2 : 1; }
  int64_t codesPerStep() const { return codesPerWord() * wordsPerStep(); }
  /// Words of one row, or floats: those are not padded along K.
  int64_t wordsPerRow() const {
    return hasPlainFloats() ? groups.k
           : fragment       ? numVectors() * codesPerVector() / codesPerWord()
                            : groups.paddedK() / codesPerWord();
  }
  /// Of a fragment: the codes along K of a vector of each lane, and how many there are of these.
  int64_t codesPerVector() const { return fragment->codesOfVector(bitsOf(container)); }
  int64_t numVectors() const {
    return (groups.paddedK() + codesPerVector() - 1) / codesPerVector();
  }
  int64_t wordsPerPanel() const { return wordsPerRow() * lanes; }
  /// Panels in the tile of this panel: fewer in the last tile.
  int64_t tileWidth(int64_t panel) const {
    return std::min(kTilePanels, numPanels() - panel / kTilePanels * kTilePanels);
  }
  /// Where word (float) `word` of a lane of a panel is.
  int64_t wordIndex(int64_t panel, int64_t word, int64_t lane) const {
    int64_t perStep = wordsPerStep();
    int64_t begin = indexIn(panel, word / perStep, wordsPerRow() / perStep) * perStep;
    return begin + lane * perStep + word % perStep;
  }
  /// Where word `word` of a row is, whatever the order.
  int64_t wordPlace(int64_t row, int64_t word) const {
    const int64_t panel = row / lanes, lane = row % lanes;
    return fragment ? panel * wordsPerPanel() + fragment->place(lane, word, bitsOf(container))
                    : wordIndex(panel, word, lane);
  }
  /// Where the scales (zero points) of a group of a panel begin.
  int64_t scaleIndex(int64_t panel, int64_t group) const {
    return indexIn(panel, group, groups.numGroups());
  }
  /// Words, or floats.
  int64_t numWords() const { return numPanels() * wordsPerPanel(); }
  int64_t codeBytes() const { return numWords() * (hasPlainFloats() ? bitsOf(container) / 8 : 4); }
  /// Scales, or zero points.
  int64_t numScales() const { return numPanels() * groups.numGroups() * lanes; }
  /// What is added to a signed code before it is stored.
  static int32_t signOffset(PanelContainer container) { return 1 << (bitsOf(container) - 1); }

private:
  int64_t indexIn(int64_t panel, int64_t step, int64_t steps) const {
    int64_t place = panel % kTilePanels;
    return ((panel - place) * steps + step * tileWidth(panel) + place) * lanes;
  }
};

/// Whether kernels read codes of this weight scheme directly, and in which container. Those that
/// are not integers need a `CodeTable`; what has none, and integers with real zero points, is
/// decoded when it is packed.
std::optional<PanelContainer> codeContainer(SchemeAttr scheme);

/// The type of 16 bits that holds the scales of this weight scheme exactly, as kernels multiply by
/// them, if a target makes f32 of it at little cost; otherwise null.
mlir::Type narrowScaleOf(SchemeAttr scheme, const Target &target);

/// The depth of panels whose codes are multiplied in integers, and the rows that lie together in
/// the activations: those of the target's matrix product if groups have whole steps of it.
int64_t depthOfPanels(PanelContainer container, const GroupLayout &groups, const Target &target);

/// A weight matrix in panels. `words` are floats in the format of a float container. `scales` and
/// `zeroPoints` are empty for float containers; `zeroPoints`, those of the unsigned codes, also for
/// symmetric schemes, where it is `signOffset` everywhere.
struct PackedPanels {
  std::vector<uint32_t> words;
  std::vector<float> scales;
  /// Of integers, and the sums of the integers of each group less these.
  std::vector<int32_t> zeroPoints, sums;
};

/// Packs float weights, row-major `[n, k]`, into `codeBytes` bytes, rounded to nearest even in
/// narrow containers. Lanes of rows that do not exist are left alone.
void packFloats(const PanelLayout &layout, llvm::ArrayRef<float> values, uint8_t *memory);
PackedPanels packFloats(const PanelLayout &layout, llvm::ArrayRef<float> values);

/// Packs codes, and the scales of what a `CodeTable` says they stand for. `scheme` is that of the
/// tensor.
PackedPanels packCodes(const PanelLayout &layout, const numerics::QuantizedTensor &tensor,
                       const numerics::Scheme &scheme);

} // namespace quench

#endif // QUENCH_CODEGEN_PANELLAYOUT_H
