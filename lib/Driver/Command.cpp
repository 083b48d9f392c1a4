//===- Command.cpp - What every command of the tool has in common ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Remarks.h"

#include "llvm/Support/FormatVariadic.h"

#include <mutex>

using namespace llvm;

namespace quench::driver {

Command::~Command() = default;

std::vector<std::unique_ptr<Command>> allCommands() {
  std::vector<std::unique_ptr<Command>> commands;
  for (auto create :
       {createImportCommand, createCalibrateCommand, createQuantizeCommand, createCompileCommand,
        createRunCommand, createGenerateCommand, createEvalCommand, createBenchCommand,
        createReportCommand, createRecipesCommand, createTargetsCommand, createFormatsCommand}) {
    commands.push_back(create());
  }
  return commands;
}

namespace {

/// Prints remarks as they come, one line each, and hands them on.
class RemarkPrinter : public mlir::remark::detail::MLIRRemarkStreamerBase {
public:
  /// `stream` may be null, `next` empty.
  RemarkPrinter(raw_ostream *stream, RemarkFunction next) : stream(stream), next(std::move(next)) {}

  void streamOptimizationRemark(const mlir::remark::detail::Remark &remark) override {
    if (next) {
      next(remark);
    }
    if (stream) {
      print(remark);
    }
  }

private:
  void print(const mlir::remark::detail::Remark &remark) {
    std::string line;
    raw_string_ostream text(line);
    // The printer of remarks shows places in files alone; most models have names.
    text << remark.getLocation() << ": ";
    remark.print(text, /*printLocation=*/false);
    std::lock_guard<std::mutex> lock(mutex);
    *stream << "quench: remark: " << StringRef(line).rtrim() << '\n';
  }

  raw_ostream *stream;
  RemarkFunction next;
  std::mutex mutex;
};

} // namespace

static StringRef severityName(mlir::DiagnosticSeverity severity) {
  switch (severity) {
  case mlir::DiagnosticSeverity::Error:
    return "error";
  case mlir::DiagnosticSeverity::Warning:
    return "warning";
  case mlir::DiagnosticSeverity::Remark:
    return "remark";
  case mlir::DiagnosticSeverity::Note:
    return "note";
  }
  return "note";
}

static void printDiagnostic(const mlir::Diagnostic &diagnostic, raw_ostream &stream) {
  stream << "quench: " << severityName(diagnostic.getSeverity()) << ": ";
  if (!isa<mlir::UnknownLoc>(diagnostic.getLocation())) {
    stream << diagnostic.getLocation() << ": ";
  }
  stream << diagnostic << '\n';
  for (const mlir::Diagnostic &note : diagnostic.getNotes()) {
    printDiagnostic(note, stream);
  }
}

std::unique_ptr<mlir::MLIRContext> Console::makeContext(RemarkFunction onRemark) const {
  auto threading =
      threads == 1 ? mlir::MLIRContext::Threading::DISABLED : mlir::MLIRContext::Threading::ENABLED;
  auto context = std::make_unique<mlir::MLIRContext>(registry, threading);
  // Messages are for users; the IR of a whole model under each of them is not.
  context->printOpOnDiagnostic(false);
  context->getDiagEngine().registerHandler(
      [stream = &err, verbose = verbose](mlir::Diagnostic &diagnostic) {
        if (verbose || diagnostic.getSeverity() != mlir::DiagnosticSeverity::Remark) {
          printDiagnostic(diagnostic, *stream);
        }
        return success();
      });
  if (verbose || onRemark) {
    mlir::remark::RemarkCategories categories;
    // A kind without a pattern of its own is off, whatever `all` says.
    categories.passed = categories.missed = categories.analysis = categories.failed = ".*";
    if (failed(mlir::remark::enableOptimizationRemarks(
            *context,
            std::make_unique<RemarkPrinter>(verbose ? &err : nullptr, std::move(onRemark)),
            std::make_unique<mlir::remark::RemarkEmittingPolicyAll>(), categories))) {
      err << "quench: warning: remarks cannot be printed\n";
    }
  }
  return context;
}

void Console::printJson(json::Value value) const { out << formatv("{0:2}", value) << '\n'; }

void Console::report(StringRef text, json::Object object) const {
  if (json) {
    printJson(std::move(object));
  } else {
    out << text << '\n';
  }
}

} // namespace quench::driver
