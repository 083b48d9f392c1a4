//===- BasisMapNode.h - The kinds of maps -----------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Valid by construction: the factories of BasisMap have looked at the arguments.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_NUMERICS_BASISMAPNODE_H
#define QUENCH_LIB_NUMERICS_BASISMAPNODE_H

#include "quench/Numerics/BasisMap.h"
#include "quench/Numerics/HadamardTransform.h"

namespace quench::numerics {

/// Rows of numbers, the next one `stride` numbers after the last.
struct StridedRows {
  double *data;
  int64_t count;
  int64_t stride;
};

class BasisMap::Node {
public:
  virtual ~Node();

  Kind kind() const { return kindOfNode; }
  int64_t dimension() const { return size; }

  virtual bool isOrthogonal() const = 0;
  virtual bool isSymmetric() const = 0;
  virtual bool equals(const Node &other) const = 0;
  virtual llvm::Error checkEvaluable(MapFlags flags) const;
  /// What `checkEvaluable` accepts.
  virtual void apply(StridedRows rows, MapFlags flags) const = 0;

protected:
  Node(Kind kind, int64_t size) : kindOfNode(kind), size(size) {}

private:
  Kind kindOfNode;
  int64_t size;
};

class DiagonalMap : public BasisMap::Node {
public:
  static constexpr BasisMap::Kind staticKind = BasisMap::Kind::Diagonal;
  explicit DiagonalMap(std::vector<double> values)
      : Node(staticKind, values.size()), entries(std::move(values)) {}

  bool isOrthogonal() const override;
  bool isSymmetric() const override { return true; }
  bool equals(const Node &other) const override;
  llvm::Error checkEvaluable(MapFlags flags) const override;
  void apply(StridedRows rows, MapFlags flags) const override;

  const std::vector<double> entries;
};

class PermutationMap : public BasisMap::Node {
public:
  static constexpr BasisMap::Kind staticKind = BasisMap::Kind::Permutation;
  explicit PermutationMap(std::vector<int64_t> indices)
      : Node(staticKind, indices.size()), sources(std::move(indices)) {}

  bool isOrthogonal() const override { return true; }
  bool isSymmetric() const override;
  bool equals(const Node &other) const override;
  void apply(StridedRows rows, MapFlags flags) const override;

  const std::vector<int64_t> sources;
};

class HadamardMap : public BasisMap::Node {
public:
  static constexpr BasisMap::Kind staticKind = BasisMap::Kind::Hadamard;
  /// Without signs all are 1.
  HadamardMap(HadamardMatrix matrix, std::vector<double> randomSigns)
      : Node(staticKind, matrix.order()), transform(std::move(matrix)),
        signs(std::move(randomSigns)) {}

  bool isOrthogonal() const override { return true; }
  bool isSymmetric() const override { return signs.empty() && transform.matrix().isSymmetric(); }
  bool equals(const Node &other) const override;
  void apply(StridedRows rows, MapFlags flags) const override;

  const HadamardTransform transform;
  const std::vector<double> signs;
};

class OrthogonalMap : public BasisMap::Node {
public:
  static constexpr BasisMap::Kind staticKind = BasisMap::Kind::Orthogonal;
  OrthogonalMap(int64_t size, std::vector<double> values)
      : Node(staticKind, size), entries(std::move(values)) {}

  bool isOrthogonal() const override { return true; }
  bool isSymmetric() const override { return false; }
  bool equals(const Node &other) const override;
  void apply(StridedRows rows, MapFlags flags) const override;

  const std::vector<double> entries;
};

/// Blocks one after the other, all of them `copies` times. Either one block with copies or several
/// without.
class BlockDiagonalMap : public BasisMap::Node {
public:
  static constexpr BasisMap::Kind staticKind = BasisMap::Kind::BlockDiagonal;
  BlockDiagonalMap(std::vector<BasisMap> parts, int64_t copies, int64_t size)
      : Node(staticKind, size), blocks(std::move(parts)), copies(copies) {}

  bool isOrthogonal() const override;
  bool isSymmetric() const override;
  bool equals(const Node &other) const override;
  llvm::Error checkEvaluable(MapFlags flags) const override;
  void apply(StridedRows rows, MapFlags flags) const override;

  const std::vector<BasisMap> blocks;
  const int64_t copies;
};

class ComposedMap : public BasisMap::Node {
public:
  static constexpr BasisMap::Kind staticKind = BasisMap::Kind::Composed;
  ComposedMap(std::vector<BasisMap::Factor> parts, int64_t size)
      : Node(staticKind, size), factors(std::move(parts)) {}

  bool isOrthogonal() const override;
  bool isSymmetric() const override { return factors.empty(); }
  bool equals(const Node &other) const override;
  llvm::Error checkEvaluable(MapFlags flags) const override;
  void apply(StridedRows rows, MapFlags flags) const override;

  const std::vector<BasisMap::Factor> factors;
};

/// The node of `map` when it is of that kind, else null.
template <typename MapType> const MapType *getAs(const BasisMap &map) {
  return map.kind() == MapType::staticKind ? static_cast<const MapType *>(&map.getNode()) : nullptr;
}

} // namespace quench::numerics

#endif // QUENCH_LIB_NUMERICS_BASISMAPNODE_H
