//===- QTensorParts.h - The parts of an expanded quantized tensor -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOLINALG_QTENSORPARTS_H
#define QUENCH_LIB_CONVERSION_QUENCHTOLINALG_QTENSORPARTS_H

#include "quench/Conversion/TensorBuilder/TensorBuilder.h"
#include "quench/Dialect/Quench/IR/QuenchTypes.h"

namespace quench {

/// What one value of a `!quench.qtensor` has become.
struct QTensorParts {
  QTensorType type;
  mlir::Value codes;
  mlir::Value scales;
  /// Null without zero points.
  mlir::Value zeroPoints;

  QTensorParts(QTensorType type, mlir::ValueRange values)
      : type(type), codes(values[0]), scales(values[1]),
        zeroPoints(values.size() > 2 ? values[2] : mlir::Value()) {}

  llvm::SmallVector<mlir::Value> values() const {
    llvm::SmallVector<mlir::Value> result = {codes, scales};
    if (zeroPoints) {
      result.push_back(zeroPoints);
    }
    return result;
  }
};

/// The float tensor that the parts stand for.
mlir::Value emitDequantize(TensorBuilder &b, const QTensorParts &parts);

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOLINALG_QTENSORPARTS_H
