//===- Host.cpp - What runs the steps of a model --------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/Host.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Remarks.h"

#include <mutex>

using namespace llvm;

namespace quench::workflow {

namespace {

/// Hands remarks on as they come, as lines and as they are.
class RemarkForwarder : public mlir::remark::detail::MLIRRemarkStreamerBase {
public:
  /// Either may be empty.
  RemarkForwarder(std::function<void(StringRef)> line, RemarkFunction next)
      : line(std::move(line)), next(std::move(next)) {}

  void streamOptimizationRemark(const mlir::remark::detail::Remark &remark) override {
    if (next) {
      next(remark);
    }
    if (!line) {
      return;
    }
    std::string buffer;
    raw_string_ostream text(buffer);
    // The printer of remarks shows places in files alone; most models have names.
    text << remark.getLocation() << ": ";
    remark.print(text, /*printLocation=*/false);
    std::lock_guard<std::mutex> lock(mutex);
    line(StringRef(buffer).rtrim());
  }

private:
  std::function<void(StringRef)> line;
  RemarkFunction next;
  std::mutex mutex;
};

} // namespace

static void forward(const mlir::Diagnostic &diagnostic, const Host &host) {
  std::string buffer;
  raw_string_ostream text(buffer);
  if (!isa<mlir::UnknownLoc>(diagnostic.getLocation())) {
    text << diagnostic.getLocation() << ": ";
  }
  text << diagnostic;
  host.say(diagnostic.getSeverity(), buffer);
  for (const mlir::Diagnostic &note : diagnostic.getNotes()) {
    forward(note, host);
  }
}

std::unique_ptr<mlir::MLIRContext> Host::makeContext(RemarkFunction onRemark) const {
  auto threading =
      threads == 1 ? mlir::MLIRContext::Threading::DISABLED : mlir::MLIRContext::Threading::ENABLED;
  auto context = std::make_unique<mlir::MLIRContext>(registry, threading);
  // Messages are for users; the IR of a whole model under each of them is not.
  context->printOpOnDiagnostic(false);
  context->getDiagEngine().registerHandler([host = *this](mlir::Diagnostic &diagnostic) {
    if (host.say) {
      forward(diagnostic, host);
    }
    return success();
  });
  if (remark || onRemark) {
    mlir::remark::RemarkCategories categories;
    // A kind without a pattern of its own is off, whatever `all` says.
    categories.passed = categories.missed = categories.analysis = categories.failed = ".*";
    if (failed(mlir::remark::enableOptimizationRemarks(
            *context, std::make_unique<RemarkForwarder>(remark, std::move(onRemark)),
            std::make_unique<mlir::remark::RemarkEmittingPolicyAll>(), categories))) {
      warn("remarks are not to be had");
    }
  }
  return context;
}

Error inContext(const Twine &context, Error error) {
  if (!error) {
    return error;
  }
  return createStringError(context + ": " + toString(std::move(error)));
}

} // namespace quench::workflow
