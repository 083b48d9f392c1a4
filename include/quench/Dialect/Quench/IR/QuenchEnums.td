//===- QuenchEnums.td - Enumerations of the quench dialect -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_QUENCHENUMS_TD
#define QUENCH_DIALECT_QUENCH_IR_QUENCHENUMS_TD

include "mlir/IR/EnumAttr.td"

def Quench_RequantizeRounding : I32EnumAttr<"RequantizeRounding",
    "how a fixed-point multiplication by a scale ratio rounds", [
      I32EnumAttrCase<"Single", 0, "single">,
      I32EnumAttrCase<"Double", 1, "double">]> {
  let cppNamespace = "::quench";
  let description = [{
    `single` rounds the exact 64-bit product once, half toward plus infinity (TOSA SINGLE_ROUND, TFLite's
    single rounding). `double` rounds twice, as gemmlowp does: a saturating rounding doubling high
    multiplication, then a rounding right shift, half away from zero (TOSA DOUBLE_ROUND).
  }];
}

def Quench_ScaleRule : I32EnumAttr<"ScaleRule", "how a power of two is chosen as the scale of a block", [
      I32EnumAttrCase<"Floor", 0, "floor">,
      I32EnumAttrCase<"Ceil", 1, "ceil">,
      I32EnumAttrCase<"Even", 2, "even">,
      I32EnumAttrCase<"RoundCeil", 3, "rceil">]> {
  let cppNamespace = "::quench";
  let description = [{
    With `a` the largest magnitude of a block, `M` that of the encoding and `emax = floor(log2 M)`:
    `floor` (the rule of the Microscaling specification, which may saturate) is `floor(log2 a) - emax`, `ceil` is
    `ceil(log2 a) - emax`, `even` is `floor` of `a` rounded to the mantissa of the element, and `rceil` is
    `ceil(log2(a / M))`, the smallest scale that saturates nothing. At least -127.
  }];
}

def Quench_WeightPart : I32EnumAttr<"WeightPart", "a part of a stored weight", [
      I32EnumAttrCase<"Codes", 0, "codes">,
      I32EnumAttrCase<"Scales", 1, "scales">,
      I32EnumAttrCase<"ZeroPoints", 2, "zero_points">]> {
  let cppNamespace = "::quench";
}

def Quench_ContractionForm : I32EnumAttr<"ContractionForm", "how a contraction is computed", [
      I32EnumAttrCase<"Integer", 0, "codes">,
      I32EnumAttrCase<"FixedPoint", 1, "fixed_point">,
      I32EnumAttrCase<"DecodedInRegisters", 2, "decoded_in_registers">,
      I32EnumAttrCase<"DecodedWhenPacked", 3, "decoded_when_packed">,
      I32EnumAttrCase<"ShortFloats", 4, "short_floats">,
      I32EnumAttrCase<"FloatCodes", 5, "float_codes">]> {
  let cppNamespace = "::quench";
  let genSpecializedAttr = 0;
  let description = [{
    `codes`: codes of both sides are multiplied as integers, after a lookup where they are no integers. `fixed_point`:
    float activations become integers of three bytes each, which are multiplied with codes. `decoded_in_registers`,
    `decoded_when_packed`: weights become floats on the way, or before. `short_floats`: f16 or bf16 activations are
    multiplied with weights that become such floats on the way, or before. `float_codes`: codes of both sides are floats of
    eight bits, which an instruction multiplies as they are.
  }];
}

#endif // QUENCH_DIALECT_QUENCH_IR_QUENCHENUMS_TD
