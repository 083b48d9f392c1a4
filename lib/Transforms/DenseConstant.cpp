//===- DenseConstant.cpp - The elements of a constant ---------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Transforms/DenseConstant.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Operation.h"

using namespace mlir;

FailureOr<DenseElementsAttr> quench::denseElements(Operation *op, ElementsAttr value) {
  auto resource = dyn_cast<DenseResourceElementsAttr>(value);
  if (!resource) {
    return dyn_cast<DenseElementsAttr>(value);
  }
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  ArrayRef<char> bytes = blob ? blob->getData() : ArrayRef<char>();
  ShapedType type = resource.getType();
  auto needed = static_cast<size_t>(type.getNumElements()) * type.getElementTypeBitWidth() / 8;
  if (bytes.size() != needed) {
    return op->emitError() << "expected the resource '" << resource.getRawHandle().getKey()
                           << "' with the " << needed << " bytes of " << type << ", found "
                           << bytes.size();
  }
  return DenseElementsAttr::getFromRawBuffer(type, bytes);
}
