//===- CommandTargets.cpp - quench targets --------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/KnownNames.h"
#include "quench/Driver/TextTable.h"
#include "quench/Target/TargetSpec.h"
#include "quench/Workflow/Catalogue.h"

using namespace llvm;

namespace quench::driver {

namespace {

class TargetsCommand : public Command {
public:
  StringRef name() const override { return "targets"; }
  StringRef summary() const override { return "list the chips that code is generated for"; }
  void declare(OptionTable &options) override {
    options.text("show", 0, "TARGET", shown, "print a target as the IR of a file for --target");
    options.suggest("show", targetNames());
  }
  Error run(const Console &console) override;

private:
  Error show(const Console &console) const;

  std::string shown;
};

} // namespace

/// Multiply-adds that a core makes in a cycle, by the instruction that makes them.
Error TargetsCommand::show(const Console &console) const {
  Expected<Target> target = Target::find(shown);
  if (!target) {
    return target.takeError();
  }
  std::string text = printTarget(*target);
  if (console.json) {
    console.printJson(json::Object{{"name", target->name}, {"text", text}});
  } else {
    console.out << text;
  }
  return Error::success();
}

Error TargetsCommand::run(const Console &console) {
  if (!shown.empty()) {
    return show(console);
  }
  if (console.json) {
    console.printJson(workflow::listTargets());
    return Error::success();
  }
  std::string host = Target::host().name;
  TextTable table({"name", "runs here", "what it is"});
  for (const Target &target : Target::all()) {
    table.addRow({target.name,
                  target.name == host ? "host"
                  : target.runsHere() ? "yes"
                  : target.isDevice() ? "device"
                                      : "no",
                  target.summary});
  }
  table.print(console.out);
  return Error::success();
}

std::unique_ptr<Command> createTargetsCommand() { return std::make_unique<TargetsCommand>(); }

} // namespace quench::driver
