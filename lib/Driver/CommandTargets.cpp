//===- CommandTargets.cpp - quench targets --------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/TextTable.h"
#include "quench/Target/Target.h"

using namespace llvm;

namespace quench::driver {

namespace {

class TargetsCommand : public Command {
public:
  StringRef name() const override { return "targets"; }
  StringRef summary() const override { return "list the chips that code is generated for"; }
  void declare(OptionTable &) override {}
  Error run(const Console &console) override;
};

} // namespace

Error TargetsCommand::run(const Console &console) {
  std::string host = Target::host().name;
  json::Array list;
  TextTable table({"name", "runs here", "what it is"});
  for (const Target &target : Target::all()) {
    bool isHost = target.name == host, runs = target.runsHere();
    list.push_back(json::Object{{"name", target.name},
                                {"summary", target.summary},
                                {"triple", target.triple},
                                {"vector_bits", target.vectorBits},
                                {"runs_here", runs},
                                {"host", isHost}});
    table.addRow({target.name, isHost ? "host" : runs ? "yes" : "no", target.summary});
  }
  if (console.json) {
    console.printJson(std::move(list));
  } else {
    table.print(console.out);
  }
  return Error::success();
}

std::unique_ptr<Command> createTargetsCommand() { return std::make_unique<TargetsCommand>(); }

} // namespace quench::driver
