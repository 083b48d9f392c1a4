//===- QuenchToLinalg.cpp - Expand quantized tensors, lower their ops -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quantized tensors stay one value as long as decisions are made about them; here, once, they
// become what is in memory. Input: quench ops on tensors, anywhere, with functions, calls, branches
// and scf loops around them. Output: upstream ops, `quench.weight` of plain tensors, and what code
// generation has made (packed weights, kernel calls).
//
//===----------------------------------------------------------------------===//

#include "quench/Conversion/QuenchToLinalg/QuenchToLinalg.h"

#include "Patterns.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/Transforms/StructuralTypeConversions.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#define DEBUG_TYPE "convert-quench-to-linalg"

namespace quench {
#define GEN_PASS_DEF_CONVERTQUENCHTOLINALGPASS
#include "quench/Conversion/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

void quench::populateQuenchToLinalgPatterns(const QTensorExpansion &converter,
                                            RewritePatternSet &patterns) {
  populateLowerQuantize(converter, patterns);
  populateLowerRequantize(converter, patterns);
  populateLowerContract(converter, patterns);
  populateLowerChangeBasis(converter, patterns);
  populateLowerSplitOutliers(converter, patterns);
  populateLowerStorage(converter, patterns);
  populateLowerNetwork(converter, patterns);
}

/// Functions, calls, returns, branches and loops that carry quantized tensors.
static void populateStructure(const QTensorExpansion &converter, RewritePatternSet &patterns,
                              ConversionTarget &target) {
  populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns, converter);
  populateCallOpTypeConversionPattern(patterns, converter);
  populateReturnOpTypeConversionPattern(patterns, converter);
  cf::populateCFStructuralTypeConversionsAndLegality(converter, patterns, target);
  scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns, target);
  target.addDynamicallyLegalOp<func::FuncOp>(
      [&](func::FuncOp op) { return converter.isSignatureLegal(op.getFunctionType()); });
  // Whatever else touches a quantized tensor is named in a diagnostic.
  target.markUnknownOpDynamicallyLegal([&](Operation *op) { return converter.isLegal(op); });
}

namespace {
/// The attributes of arguments and results of one function. The signature conversion of upstream
/// keeps them by position, which shifts them when one argument becomes three.
struct SignatureAttributes {
  FunctionOpInterface function;
  SmallVector<DictionaryAttr> arguments;
  SmallVector<DictionaryAttr> results;
};
} // namespace

/// What the attributes have to be after the expansion: those of a quantized tensor on all its
/// parts.
static SmallVector<SignatureAttributes> collectAttributes(Operation *root) {
  SmallVector<SignatureAttributes> collected;
  auto copies = [](Type type) -> size_t {
    auto quantized = dyn_cast<QTensorType>(type);
    return quantized ? getExpandedTypes(quantized).size() : 1;
  };
  root->walk([&](func::FuncOp function) {
    SignatureAttributes attributes;
    attributes.function = function;
    for (auto [index, type] : llvm::enumerate(function.getArgumentTypes())) {
      attributes.arguments.append(copies(type), function.getArgAttrDict(index));
    }
    for (auto [index, type] : llvm::enumerate(function.getResultTypes())) {
      attributes.results.append(copies(type), function.getResultAttrDict(index));
    }
    const bool isExpanded = attributes.arguments.size() != function.getNumArguments() ||
                            attributes.results.size() != function.getNumResults();
    if (isExpanded) {
      collected.push_back(std::move(attributes));
    }
  });
  return collected;
}

namespace {
struct ConvertQuenchToLinalgPass
    : public quench::impl::ConvertQuenchToLinalgPassBase<ConvertQuenchToLinalgPass> {
  using ConvertQuenchToLinalgPassBase::ConvertQuenchToLinalgPassBase;

  void runOnOperation() override;
};
} // namespace

void ConvertQuenchToLinalgPass::runOnOperation() {
  QTensorExpansion converter;
  RewritePatternSet patterns(&getContext());
  ConversionTarget target(getContext());
  target.addIllegalOp<QuantizeOp, DequantizeOp, FakeQuantizeOp, RequantizeOp, ContractOp,
                      AssembleOp, DisassembleOp, OverlayOp, SplitOutliersOp, ChangeBasisOp>();
  if (!keepObservers) {
    target.addIllegalOp<ObserveOp>();
  }
  populateStructure(converter, patterns, target);
  populateQuenchToLinalgPatterns(converter, patterns);
  SmallVector<SignatureAttributes> signatures = collectAttributes(getOperation());
  ConversionConfig config;
  config.allowPatternRollback = false;
  if (failed(applyPartialConversion(getOperation(), target, std::move(patterns), config))) {
    return signalPassFailure();
  }
  for (SignatureAttributes &signature : signatures) {
    signature.function.setAllArgAttrs(signature.arguments);
    signature.function.setAllResultAttrs(signature.results);
  }
}
