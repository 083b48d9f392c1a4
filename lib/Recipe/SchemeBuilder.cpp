//===- SchemeBuilder.cpp - From schemes to attributes ---------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Recipe/SchemeBuilder.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

static Type floatType(MLIRContext *context, numerics::FloatFormat format) {
  using numerics::FloatFormat;
  switch (format) {
  case FloatFormat::F32:
    return Float32Type::get(context);
  case FloatFormat::F16:
    return Float16Type::get(context);
  case FloatFormat::BF16:
    return BFloat16Type::get(context);
  case FloatFormat::F8E4M3FN:
    return Float8E4M3FNType::get(context);
  case FloatFormat::F8E5M2:
    return Float8E5M2Type::get(context);
  case FloatFormat::F8E8M0FNU:
    return Float8E8M0FNUType::get(context);
  case FloatFormat::F6E3M2FN:
    return Float6E3M2FNType::get(context);
  case FloatFormat::F6E2M3FN:
    return Float6E2M3FNType::get(context);
  case FloatFormat::F4E2M1FN:
    return Float4E2M1FNType::get(context);
  }
  return {};
}

static Attribute elementAttribute(MLIRContext *context, const numerics::Encoding &element) {
  if (element.isCodebook()) {
    return CodebookAttr::get(context, DenseF32ArrayAttr::get(context, element.codebookValues()));
  }
  if (element.isFloat()) {
    return TypeAttr::get(floatType(context, element.floatFormat()));
  }
  return TypeAttr::get(
      IntegerType::get(context, element.bitWidth(),
                       element.isSigned() ? IntegerType::Signless : IntegerType::Unsigned));
}

Expected<SchemeAttr> quench::recipe::buildScheme(MLIRContext *context,
                                                 const numerics::Scheme &scheme) {
  if (Error error = scheme.verify()) {
    return std::move(error);
  }
  auto stored = [&](const numerics::ScaleSpec &spec) -> Expected<Attribute> {
    if (!spec.isNested()) {
      return TypeAttr::get(floatType(context, spec.format));
    }
    Expected<SchemeAttr> nested = buildScheme(context, *spec.nested);
    if (!nested) {
      return nested.takeError();
    }
    return *nested;
  };
  Expected<Attribute> scale = stored(scheme.scale);
  if (!scale) {
    return scale.takeError();
  }
  Attribute zeroPoint = scheme.zeroPoint ? UnitAttr::get(context) : Attribute();
  if (scheme.realZeroPoint) {
    Expected<Attribute> real = stored(*scheme.realZeroPoint);
    if (!real) {
      return real.takeError();
    }
    zeroPoint = *real;
  }
  bool isInteger = scheme.element.isInteger();
  std::string message;
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    message = diagnostic.str();
    return success();
  });
  auto report = [&] { return emitError(UnknownLoc::get(context)); };
  auto result = SchemeAttr::getChecked(llvm::function_ref<InFlightDiagnostic()>(report), context,
                                       elementAttribute(context, scheme.element),
                                       ArrayRef<int64_t>(scheme.block), *scale, zeroPoint,
                                       int64_t(isInteger ? scheme.element.minCode() : 0),
                                       int64_t(isInteger ? scheme.element.maxCode() : 0));
  if (!result) {
    return createStringError(message);
  }
  return result;
}
