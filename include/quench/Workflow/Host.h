//===- Host.h - What runs the steps of a model ------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The steps of a model, from a folder to a library, are functions of this library. Whoever calls
// them, the command line tool or the C API, is the host: it knows the dialects and takes what is
// said on the way.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_HOST_H
#define QUENCH_WORKFLOW_HOST_H

#include "quench/Support/Progress.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <memory>

namespace mlir {
class MLIRContext;
namespace remark::detail {
class Remark;
} // namespace remark::detail
} // namespace mlir

namespace quench::workflow {

/// Sees remarks of passes.
using RemarkFunction = std::function<void(const mlir::remark::detail::Remark &)>;

struct Host {
  /// Dialects that model files may contain.
  const mlir::DialectRegistry &registry;
  /// Threads; 0 takes one for each core.
  unsigned threads = 0;
  ProgressSink progress = {};
  /// Takes warnings and what else is no error of a step, place included, from any thread. Errors of
  /// a step are what it returns.
  std::function<void(mlir::DiagnosticSeverity severity, llvm::StringRef text)> say = {};
  /// Takes what passes decided, as one line each, from any thread. Empty when nobody asks.
  std::function<void(llvm::StringRef line)> remark = {};

  void warn(llvm::StringRef text) const {
    if (say) {
      say(mlir::DiagnosticSeverity::Warning, text);
    }
  }

  /// A context for models, whose diagnostics and remarks come here. `onRemark`, if set, sees every
  /// remark too, on any thread, as long as the context lives.
  std::unique_ptr<mlir::MLIRContext> makeContext(RemarkFunction onRemark = {}) const;
};

/// Adds the name of what an error is about: "CONTEXT: message".
llvm::Error inContext(const llvm::Twine &context, llvm::Error error);

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_HOST_H
