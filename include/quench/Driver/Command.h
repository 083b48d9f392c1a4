//===- Command.h - What every command of the tool has in common -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DRIVER_COMMAND_H
#define QUENCH_DRIVER_COMMAND_H

#include "quench/Driver/OptionTable.h"
#include "quench/Workflow/Host.h"

#include "mlir/IR/DialectRegistry.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>
#include <string>
#include <vector>

namespace quench::driver {

/// Where a command writes to, and the options that every command takes. Results go to `out`;
/// progress, remarks and errors go to `err`.
struct Console {
  llvm::raw_ostream &out;
  llvm::raw_ostream &err;
  /// Dialects that model files may contain.
  const mlir::DialectRegistry &registry;
  /// Print one JSON object instead of text.
  bool json = false;
  /// Print remarks of passes.
  bool verbose = false;
  /// Threads; 0 takes one for each core.
  int64_t threads = 0;

  /// What runs the steps of models: progress, warnings and errors go to `err`, remarks too with
  /// `-v`. `err` outlives it.
  workflow::Host host() const;

  /// Says what was written: the line `text`, or the object with `--json`.
  void report(llvm::StringRef text, llvm::json::Object object) const;
  /// Prints one JSON value and a newline.
  void printJson(llvm::json::Value value) const;
};

/// One command of the tool. Its options are members, bound by `declare`.
class Command {
public:
  virtual ~Command();

  virtual llvm::StringRef name() const = 0;
  /// One line for `quench --help`, lower case, without a full stop.
  virtual llvm::StringRef summary() const = 0;
  /// Whole sentences for `quench NAME --help`, lines below 80 columns, ending with a newline.
  virtual llvm::StringRef description() const { return ""; }
  virtual void declare(OptionTable &options) = 0;
  virtual llvm::Error run(const Console &console) = 0;

  /// Declares the options of the command and those that all commands have.
  void declareAll(OptionTable &options, Console &console);
};

std::unique_ptr<Command> createImportCommand();
std::unique_ptr<Command> createCalibrateCommand();
std::unique_ptr<Command> createQuantizeCommand();
std::unique_ptr<Command> createCompileCommand();
std::unique_ptr<Command> createExportCommand();
std::unique_ptr<Command> createRunCommand();
std::unique_ptr<Command> createGenerateCommand();
std::unique_ptr<Command> createEvalCommand();
std::unique_ptr<Command> createBenchCommand();
std::unique_ptr<Command> createReportCommand();
std::unique_ptr<Command> createRecipesCommand();
std::unique_ptr<Command> createTargetsCommand();
std::unique_ptr<Command> createFormatsCommand();
std::unique_ptr<Command> createManualCommand();

/// Every command, in the order in which a model passes through them.
std::vector<std::unique_ptr<Command>> allCommands();

} // namespace quench::driver

#endif // QUENCH_DRIVER_COMMAND_H
