//===- FuzzContext.h - A context for hostile IR -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_FUZZ_FUZZCONTEXT_H
#define QUENCH_FUZZ_FUZZCONTEXT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include "llvm/ADT/StringRef.h"

#include <string>

namespace quench::fuzz {

/// A context with the dialects of Quench and those that its passes read and write, on one thread.
/// It is kept from call to call and now and then made anew, because contexts only grow.
mlir::MLIRContext &fuzzContext();

/// More than this in one value is more than a fuzzer has time and memory for. That a large model
/// needs both is no finding.
inline constexpr int64_t kMaxElements = int64_t(1) << 16;

/// The module of a text, verified. Null when there is none, or one with too many elements.
mlir::OwningOpRef<mlir::ModuleOp> parseInput(llvm::StringRef text, mlir::MLIRContext &context);

/// Whether some value has more elements; dynamic dimensions count as 1.
bool hasMoreElements(mlir::ModuleOp module, int64_t limit);

/// Collects the errors that are reported on a context while it lives.
class DiagnosticLog {
public:
  explicit DiagnosticLog(mlir::MLIRContext &context);
  ~DiagnosticLog();

  bool hasErrors() const { return !errors.empty(); }
  const std::string &text() const { return errors; }
  void clear() { errors.clear(); }

private:
  mlir::MLIRContext &context;
  mlir::DiagnosticEngine::HandlerID handler;
  std::string errors;
};

} // namespace quench::fuzz

#endif // QUENCH_FUZZ_FUZZCONTEXT_H
