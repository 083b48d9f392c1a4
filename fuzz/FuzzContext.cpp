//===- FuzzContext.cpp - A context for hostile IR -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuzzContext.h"

#include "quench/InitAll.h"
#include "quench/Model/ModuleFile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>

using namespace mlir;
using namespace quench;
using namespace quench::fuzz;

static constexpr unsigned kRunsOfContext = 2000;

static std::unique_ptr<MLIRContext> createContext() {
  DialectRegistry registry;
  registry.insert<arith::ArithDialect, bufferization::BufferizationDialect, cf::ControlFlowDialect,
                  DLTIDialect, func::FuncDialect, linalg::LinalgDialect, math::MathDialect,
                  memref::MemRefDialect, mlir::quant::QuantDialect, scf::SCFDialect,
                  tensor::TensorDialect, tosa::TosaDialect, vector::VectorDialect>();
  registerQuenchDialects(registry);
  return std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
}

MLIRContext &fuzz::fuzzContext() {
  static std::unique_ptr<MLIRContext> context;
  static unsigned runs = 0;
  if (runs++ % kRunsOfContext == 0) {
    context = createContext();
  }
  return *context;
}

static bool hasMoreElements(Type type, int64_t limit) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped || !shaped.hasRank()) {
    return false;
  }
  int64_t elements = 1;
  for (int64_t size : shaped.getShape()) {
    int64_t known = ShapedType::isDynamic(size) ? 1 : std::max<int64_t>(size, 1);
    if (known > limit / elements) {
      return true;
    }
    elements *= known;
  }
  return false;
}

bool fuzz::hasMoreElements(ModuleOp module, int64_t limit) {
  WalkResult result = module.walk([limit](Operation *op) {
    auto large = [limit](Type type) { return ::hasMoreElements(type, limit); };
    bool found =
        llvm::any_of(op->getOperandTypes(), large) || llvm::any_of(op->getResultTypes(), large);
    for (Region &region : op->getRegions()) {
      for (Block &block : region) {
        found |= llvm::any_of(block.getArgumentTypes(), large);
      }
    }
    return found ? WalkResult::interrupt() : WalkResult::advance();
  });
  return result.wasInterrupted();
}

/// How often a pattern occurs.
static size_t countMatches(StringRef text, StringRef pattern) {
  llvm::Regex regex(pattern);
  SmallVector<StringRef> match;
  size_t found = 0;
  for (; regex.match(text, &match); ++found) {
    text = text.drop_front(match[0].end() - text.begin());
  }
  return found;
}

/// Whether the parser of MLIR 22.1 would end the program.
static bool hitsUpstreamBug(StringRef text) {
  // The number of a result, as in %r#2147483647, becomes the size of a table.
  if (countMatches(text, "#[0-9]{6,}") != 0) {
    return true;
  }
  // linalg.broadcast, reduce and transpose store these lists without asking whether they parsed.
  StringRef list = "[ \n)](dimensions|permutation)[ \n]*=[ \n]*";
  StringRef integers = "(\\[( *-?[0-9]{1,18} *(, *-?[0-9]{1,18} *)*)?\\]|array<)";
  return countMatches(text, list) != countMatches(text, (list + integers).str());
}

OwningOpRef<ModuleOp> fuzz::parseInput(StringRef text, MLIRContext &context) {
  if (hitsUpstreamBug(text)) {
    return nullptr;
  }
  llvm::Expected<OwningOpRef<ModuleOp>> module = parseModuleText(text, "input", context);
  if (!module) {
    llvm::consumeError(module.takeError());
    return nullptr;
  }
  return fuzz::hasMoreElements(**module, kMaxElements) ? OwningOpRef<ModuleOp>()
                                                       : std::move(*module);
}

DiagnosticLog::DiagnosticLog(MLIRContext &context) : context(context) {
  handler = context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error) {
      errors += diagnostic.str() + "\n";
    }
    return success();
  });
}

DiagnosticLog::~DiagnosticLog() { context.getDiagEngine().eraseHandler(handler); }
