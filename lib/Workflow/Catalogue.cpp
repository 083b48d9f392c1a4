//===- Catalogue.cpp - What there is to choose from -----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/Catalogue.h"

#include "quench/Numerics/Encoding.h"
#include "quench/Recipe/RecipeFile.h"
#include "quench/Target/Target.h"

using namespace llvm;
using namespace quench;
using namespace quench::workflow;
using quench::numerics::Encoding;
using quench::numerics::FloatFormat;

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

std::vector<FormatEntry> workflow::allFormats() {
  std::vector<FormatEntry> formats;
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

json::Array workflow::listFormats() {
  json::Array list;
  for (const FormatEntry &format : allFormats()) {
    list.push_back(json::Object{{"name", format.name},
                                {"bits", format.bits},
                                {"min", format.smallest},
                                {"max", format.largest},
                                {"summary", format.summary}});
  }
  return list;
}

static json::Object products(const Target &target) {
  json::Object rates;
  for (const NativeProduct &product : target.products) {
    rates[product.instruction] = product.macsPerCycle();
  }
  return rates;
}

json::Array workflow::listTargets() {
  std::string host = Target::host().name;
  json::Array list;
  for (const Target &target : Target::all()) {
    list.push_back(json::Object{{"name", target.name},
                                {"summary", target.summary},
                                {"triple", target.triple},
                                {"vector_bits", target.vectorBits},
                                {"products", products(target)},
                                {"runs_here", target.runsHere()},
                                {"host", target.name == host}});
  }
  return list;
}

Expected<json::Array> workflow::listRecipes() {
  json::Array list;
  for (const recipe::BuiltinRecipe &builtin : recipe::builtinRecipes()) {
    Expected<recipe::Recipe> recipe = recipe::parseRecipe(builtin.text, builtin.name);
    if (!recipe) {
      return recipe.takeError();
    }
    list.push_back(json::Object{{"name", builtin.name},
                                {"summary", recipe->summary},
                                {"needs_calibration", recipe->needsCalibration()}});
  }
  return list;
}
