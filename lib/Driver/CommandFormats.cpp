//===- CommandFormats.cpp - quench formats --------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/TextTable.h"
#include "quench/Numerics/Encoding.h"

using namespace llvm;
using quench::numerics::Encoding;
using quench::numerics::FloatFormat;

namespace quench::driver {

namespace {

/// One row of the list.
struct Format {
  std::string name;
  unsigned bits;
  double smallest;
  double largest;
  std::string summary;
};

class FormatsCommand : public Command {
public:
  StringRef name() const override { return "formats"; }
  StringRef summary() const override { return "list the encodings of elements and scales"; }
  void declare(OptionTable &) override {}
  Error run(const Console &console) override;
};

} // namespace

static StringRef floatSummary(FloatFormat format) {
  switch (format) {
  case FloatFormat::F32:
    return "IEEE single precision; scales only";
  case FloatFormat::F16:
    return "IEEE half precision";
  case FloatFormat::BF16:
    return "bfloat16";
  case FloatFormat::F8E4M3FN:
    return "OCP 8-bit float, saturating";
  case FloatFormat::F8E5M2:
    return "OCP 8-bit float, saturating";
  case FloatFormat::F8E8M0FNU:
    return "power of two, unsigned; scales of MX formats";
  case FloatFormat::F6E3M2FN:
  case FloatFormat::F6E2M3FN:
    return "OCP 6-bit float, saturating";
  case FloatFormat::F4E2M1FN:
    return "OCP 4-bit float, saturating";
  }
  return "";
}

static std::vector<Format> allFormats() {
  std::vector<Format> formats;
  for (bool isSigned : {true, false}) {
    for (unsigned bits : {1, 2, 3, 4, 5, 6, 7, 8, 16}) {
      Encoding encoding = Encoding::integer(bits, isSigned);
      formats.push_back({encoding.str(), bits, double(encoding.minCode()),
                         double(encoding.maxCode()),
                         isSigned ? "signed integer" : "unsigned integer, zero points too"});
    }
  }
  for (FloatFormat format : numerics::allFloatFormats()) {
    double largest = numerics::maxFinite(format);
    bool isScale = format == FloatFormat::F8E8M0FNU;
    formats.push_back({numerics::name(format).str(), numerics::bitWidth(format),
                       isScale ? numerics::minPositive(format) : -largest, largest,
                       floatSummary(format).str()});
  }
  Encoding nf4 = Encoding::nf4();
  formats.push_back({nf4.codebookName().lower(), nf4.bitWidth(), nf4.codebookValues().front(),
                     nf4.codebookValues().back(), "quantiles of the normal distribution (QLoRA)"});
  return formats;
}

Error FormatsCommand::run(const Console &console) {
  std::vector<Format> formats = allFormats();
  if (console.json) {
    json::Array list;
    for (const Format &format : formats) {
      list.push_back(json::Object{{"name", format.name},
                                  {"bits", format.bits},
                                  {"min", format.smallest},
                                  {"max", format.largest},
                                  {"summary", format.summary}});
    }
    console.printJson(std::move(list));
    return Error::success();
  }
  TextTable table({"name", "bits", "min", "max", "what it is"});
  for (const Format &format : formats) {
    table.addRow({format.name, std::to_string(format.bits), shortest(format.smallest),
                  shortest(format.largest), format.summary});
  }
  table.print(console.out);
  return Error::success();
}

std::unique_ptr<Command> createFormatsCommand() { return std::make_unique<FormatsCommand>(); }

} // namespace quench::driver
