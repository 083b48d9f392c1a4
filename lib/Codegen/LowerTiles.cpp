//===- LowerTiles.cpp - Turn AMX tiles into instructions --------------------- -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: `amx` ops and loops that carry tiles. Output: intrinsics and loops that carry values of
// LLVM's tile type. Upstream lowers the ops, but once loops are branches nothing converts the types
// of what these carry.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/AMX/Transforms.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/DialectConversion.h"

namespace quench {
#define GEN_PASS_DEF_LOWERTILESPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;

namespace {
struct LowerTilesPass : quench::impl::LowerTilesPassBase<LowerTilesPass> {
  using Base::Base;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    LLVMConversionTarget target(*context);
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    LLVMTypeConverter operations(context);
    populateAMXLegalizeForLLVMExportPatterns(operations, patterns);
    configureAMXLegalizeForExportTarget(target);
    TypeConverter carried;
    carried.addConversion([](Type type) { return type; });
    carried.addConversion(
        [](amx::TileType type) -> Type { return LLVM::LLVMX86AMXType::get(type.getContext()); });
    scf::populateSCFStructuralTypeConversionsAndLegality(carried, patterns, target);
    if (failed(applyPartialConversion(getOperation(), target, std::move(patterns)))) {
      signalPassFailure();
    }
  }
};
} // namespace
