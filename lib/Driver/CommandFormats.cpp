//===- CommandFormats.cpp - quench formats --------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/TextTable.h"
#include "quench/Workflow/Catalogue.h"

using namespace llvm;

namespace quench::driver {

namespace {

/// One row of the list.
class FormatsCommand : public Command {
public:
  StringRef name() const override { return "formats"; }
  StringRef summary() const override { return "list the encodings of elements and scales"; }
  void declare(OptionTable &) override {}
  Error run(const Console &console) override;
};

} // namespace

Error FormatsCommand::run(const Console &console) {
  if (console.json) {
    console.printJson(workflow::listFormats());
    return Error::success();
  }
  TextTable table({"name", "bits", "min", "max", "what it is"});
  for (const workflow::FormatEntry &format : workflow::allFormats()) {
    table.addRow({format.name, std::to_string(format.bits), shortest(format.smallest),
                  shortest(format.largest), format.summary});
  }
  table.print(console.out);
  return Error::success();
}

std::unique_ptr<Command> createFormatsCommand() { return std::make_unique<FormatsCommand>(); }

} // namespace quench::driver
