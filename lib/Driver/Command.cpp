//===- Command.cpp - What every command of the tool has in common ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"

#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace quench::driver {

/// More would be a mistake.
static constexpr int64_t maxThreads = 1024;

Command::~Command() = default;

void Command::declareAll(OptionTable &options, Console &console) {
  declare(options);
  options.flag("json", 0, console.json, "print one JSON object");
  options.flag("verbose", 'v', console.verbose, "print the remarks of passes");
  options.integer("threads", "N", console.threads, 0, maxThreads,
                  "threads, 0 for one on each core (default 0)");
}

std::vector<std::unique_ptr<Command>> allCommands() {
  std::vector<std::unique_ptr<Command>> commands;
  for (auto create :
       {createImportCommand, createCalibrateCommand, createQuantizeCommand, createCompileCommand,
        createExportCommand, createRunCommand, createGenerateCommand, createEvalCommand,
        createBenchCommand, createReportCommand, createRecipesCommand, createTargetsCommand,
        createFormatsCommand, createManualCommand}) {
    commands.push_back(create());
  }
  return commands;
}

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

workflow::Host Console::host() const {
  workflow::Host host{registry};
  host.threads = static_cast<unsigned>(threads);
  host.progress = &err;
  host.say = [stream = &err, verbose = verbose](mlir::DiagnosticSeverity severity, StringRef text) {
    if (verbose || severity != mlir::DiagnosticSeverity::Remark) {
      *stream << "quench: " << severityName(severity) << ": " << text << '\n';
    }
  };
  if (verbose) {
    host.remark = [stream = &err](StringRef line) {
      *stream << "quench: remark: " << line << '\n';
    };
  }
  return host;
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
