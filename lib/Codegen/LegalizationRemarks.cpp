//===- LegalizationRemarks.cpp - What legalization chose, in words -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LegalizationRemarks.h"

#include "llvm/Support/Format.h"

#define DEBUG_TYPE "quench-legalize"

using namespace mlir;
using namespace quench;

remark::RemarkOpts quench::legalizationRemark() {
  return remark::RemarkOpts::name("legalize").category(DEBUG_TYPE);
}

/// "vpdpbusd, weights in i4, 0.21 us for 1 row, 6.7 us for 64"
static std::string describe(const ContractionChoice &choice) {
  std::string text;
  llvm::raw_string_ostream os(text);
  bool isFloat = holdsFloats(choice.container) || holdsByteFloats(choice.container);
  os << choice.product->instruction << ", weights in " << (isFloat ? "f" : "i")
     << bitsOf(choice.container)
     << llvm::format(", %.2g us for 1 row, %.2g us for %d", choice.oneRow * 1e6,
                     choice.manyRows * 1e6, static_cast<int>(ContractionChoice::kManyRows));
  return text;
}

/// "fixed point: 3 times the cost; weights decoded in registers: no kernel decodes these codes"
static std::string describeOthers(ArrayRef<ContractionChoice> choices) {
  std::string text;
  llvm::raw_string_ostream os(text);
  for (const ContractionChoice &choice : choices.drop_front()) {
    os << (text.empty() ? "" : "; ") << stringify(choice.form) << ": ";
    if (choice.refusal) {
      os << *choice.refusal;
    } else {
      os << llvm::format("%.2g times the cost", choice.cost() / choices.front().cost());
    }
  }
  return text;
}

/// Why codes are not multiplied, as floats if they are that.
static std::string refusalOfCodes(ArrayRef<ContractionChoice> choices) {
  std::string refusal;
  for (const ContractionChoice &choice : choices) {
    if (choice.form == ContractionForm::FloatCodes ||
        (choice.form == ContractionForm::Integer && refusal.empty())) {
      refusal = choice.refusal.value_or("products of other operands are faster");
    }
  }
  return refusal;
}

void quench::remarkOnChoice(nn::LinearOp op, bool isQuantized, bool isOfCodes,
                            ArrayRef<ContractionChoice> choices) {
  const ContractionChoice &best = choices.front();
  if (isQuantized && !multipliesCodes(best.form)) {
    remark::missed(op.getLoc(), legalizationRemark())
        << "computed on f32 activations: " + refusalOfCodes(choices);
  }
  StringRef what;
  switch (best.form) {
  case ContractionForm::Integer:
    what = isOfCodes
               ? "codes are multiplied as they are, the weight's own proved to give block sums "
                 "that fit i32"
               : "codes are multiplied as they are, block sums proved to fit i32";
    break;
  case ContractionForm::FixedPoint:
    what = "activations become fixed point, three bytes of each are multiplied with codes";
    break;
  case ContractionForm::DecodedInRegisters:
    what = "weights are decoded to f32 on the way";
    break;
  case ContractionForm::DecodedWhenPacked:
    what = "weights are decoded to f32 when they are packed";
    break;
  case ContractionForm::ShortFloats:
    what = holdsFloats(best.container) ? "weights are rounded to 16 bits when they are packed"
                                       : "weights become 16-bit floats on the way, exactly";
    break;
  case ContractionForm::FloatCodes:
    what = "codes are floats and multiplied as they are, block sums in f32";
    break;
  }
  remark::passed(op.getLoc(), legalizationRemark()) << (what + ": " + describe(best)).str();
  remark::analysis(op.getLoc(), legalizationRemark()) << "rejected: " + describeOthers(choices);
}
