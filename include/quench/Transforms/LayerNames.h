//===- LayerNames.h - Names of layers and of edges --------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Recipes and calibration archives outlive the IR that they are about, so what they name has names
// that only depend on the model: on keys of weights, else on locations, else on the order of ops.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TRANSFORMS_LAYERNAMES_H
#define QUENCH_TRANSFORMS_LAYERNAMES_H

#include "quench/Interfaces/QuantizableOpInterface.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

#include <string>
#include <vector>

namespace quench {

/// The quantizable ops of a module in program order, with their names. Two layers may have one name
/// when they share a weight. Names go to reports: what is no UTF-8 in IR is replaced in them.
class LayerNames {
public:
  explicit LayerNames(mlir::ModuleOp module);

  llvm::ArrayRef<QuantizableOpInterface> layers() const { return ops; }

  /// The name of a layer: the key of its weight without ".weight", else the name in its location,
  /// else the name of the op with its number among the quantizable ops: "nn.linear#3".
  llvm::StringRef nameOf(QuantizableOpInterface layer) const;

private:
  std::vector<QuantizableOpInterface> ops;
  llvm::DenseMap<mlir::Operation *, std::string> names;
};

/// The name of an op that picks rows of a table: the key of the table without ".weight", else the
/// name in its location, else the name of the op.
std::string tableName(QuantizableTableOpInterface op);

/// The name of the edge that these layers read: "a.b.c" for one, "a.b.{c,d}" for several, with
/// duplicates removed and what follows their common module sorted.
std::string edgeName(llvm::ArrayRef<llvm::StringRef> layers);

} // namespace quench

#endif // QUENCH_TRANSFORMS_LAYERNAMES_H
