//===- Driver.cpp - The command line tool as a function -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Driver.h"

#include "quench/Driver/Command.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace llvm;

namespace quench::driver {

static void printOverview(ArrayRef<std::unique_ptr<Command>> commands, raw_ostream &stream) {
  stream << "quench - from a model folder to quantized native code\n\n"
         << "usage: quench COMMAND [arguments]\n\ncommands:\n";
  for (const std::unique_ptr<Command> &command : commands) {
    stream << "  " << left_justify(command->name(), 11) << command->summary() << '\n';
  }
  stream
      << "\n`quench COMMAND --help` explains one command, `quench --version` says which Quench it "
         "is.\n";
}

static void printCommandHelp(const Command &command, const OptionTable &options,
                             raw_ostream &stream) {
  stream << "quench " << command.name() << " - " << command.summary() << "\n\nusage: quench "
         << command.name() << ' ';
  options.printUsage(stream);
  stream << "\n\n";
  if (!command.description().empty()) {
    stream << command.description() << '\n';
  }
  options.printHelp(stream);
}

/// Messages may have several lines, one for each diagnostic.
static void printErrors(Error error, raw_ostream &stream) {
  std::string text = toString(std::move(error));
  SmallVector<StringRef> lines;
  StringRef(text).split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef line : lines) {
    stream << "quench: error: " << line << '\n';
  }
}

static ExitCode runCommand(Command &command, ArrayRef<StringRef> arguments, Console console) {
  OptionTable options;
  command.declareAll(options, console);
  bool help = false;
  if (Error failure = options.parse(arguments, help)) {
    printErrors(std::move(failure), console.err);
    console.err << "usage: quench " << command.name() << ' ';
    options.printUsage(console.err);
    console.err << '\n';
    return ExitCode::Usage;
  }
  if (help) {
    printCommandHelp(command, options, console.out);
    return ExitCode::Success;
  }
  if (Error failure = command.run(console)) {
    console.out.flush();
    printErrors(std::move(failure), console.err);
    return ExitCode::Failure;
  }
  return ExitCode::Success;
}

ExitCode runDriver(ArrayRef<StringRef> arguments, const mlir::DialectRegistry &registry,
                   raw_ostream &out, raw_ostream &err) {
  std::vector<std::unique_ptr<Command>> commands = allCommands();
  if (arguments.empty()) {
    printOverview(commands, err);
    return ExitCode::Usage;
  }
  static constexpr StringRef helpOption[] = {"--help"};
  StringRef name = arguments.front();
  arguments = arguments.drop_front();
  if (name == "--version") {
    out << "quench " QUENCH_VERSION "\n";
    return ExitCode::Success;
  }
  if (name == "--help" || name == "-h" || name == "help") {
    if (arguments.empty()) {
      printOverview(commands, out);
      return ExitCode::Success;
    }
    // `quench help NAME` is `quench NAME --help`.
    name = arguments.front();
    arguments = helpOption;
  }
  for (const std::unique_ptr<Command> &command : commands) {
    if (command->name() == name) {
      return runCommand(*command, arguments, Console{out, err, registry});
    }
  }
  SmallVector<StringRef> names =
      llvm::map_to_vector(commands, [](const auto &command) { return command->name(); });
  StringRef meant = nearest(name, names);
  err << "quench: error: unknown command '" << name << "'";
  if (!meant.empty()) {
    err << ", did you mean '" << meant << "'?";
  }
  err << "\n`quench --help` lists the commands.\n";
  return ExitCode::Usage;
}

} // namespace quench::driver
