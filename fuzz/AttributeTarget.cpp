//===- AttributeTarget.cpp - Attributes and types -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuzzContext.h"
#include "FuzzTarget.h"

#include "quench/Dialect/Quench/IR/QuenchAttributes.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"
#include "quench/Interfaces/BasisMapAttrInterface.h"
#include "quench/Numerics/BasisMap.h"
#include "quench/Recipe/SchemeBuilder.h"

#include "mlir/AsmParser/AsmParser.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace quench;
using namespace quench::fuzz;

static constexpr int64_t kMaxDimension = 1 << 12;
static constexpr size_t kMaxDepth = 100;

template <typename T> static std::string print(T value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text;
}

/// Applying a map changes only numbers, and simplifying it nothing but its form.
static void checkMap(BasisMapAttrInterface attribute) {
  int64_t dimension = attribute.getDimension();
  if (dimension > kMaxDimension) {
    return;
  }
  llvm::Expected<numerics::BasisMap> map = attribute.getNumericsMap();
  if (!map) {
    llvm::consumeError(map.takeError());
    return;
  }
  if (map->dimension() != dimension) {
    finding("the map has another dimension", print(attribute));
  }
  std::vector<double> row(dimension, 1.0);
  for (bool inverse : {false, true}) {
    for (bool transposed : {false, true}) {
      numerics::MapFlags flags = {inverse, transposed};
      llvm::Error before = map->apply(row, flags);
      // A map may lose the factor that has no inverse, and never gains one.
      if (!before) {
        llvm::cantFail(map->simplified().apply(row, flags));
      }
      llvm::consumeError(std::move(before));
    }
  }
}

static void checkScheme(SchemeAttr attribute) {
  numerics::Scheme scheme = attribute.getNumericsScheme();
  if (llvm::Error error = scheme.verify()) {
    finding("an attribute holds a scheme that is not valid",
            print(attribute) + llvm::toString(std::move(error)));
  }
  llvm::Expected<SchemeAttr> again = recipe::buildScheme(attribute.getContext(), scheme);
  if (!again) {
    llvm::consumeError(again.takeError());
  } else if (*again != attribute) {
    finding("a scheme comes back as another", print(attribute) + " against " + print(*again));
  }
}

void quench::fuzz::fuzzAttribute(StringRef bytes) {
  // The parser of MLIR recurses without a limit.
  if (llvm::count_if(bytes, [](char c) { return StringRef("<[({").contains(c); }) >
      static_cast<ptrdiff_t>(kMaxDepth)) {
    return;
  }
  MLIRContext &context = fuzzContext();
  context.loadDialect<QuenchDialect>();
  DiagnosticLog log(context);
  if (bytes.starts_with("!")) {
    Type type = parseType(bytes, &context);
    if (type && parseType(print(type), &context) != type) {
      finding("a type is not what it is printed as", print(type));
    }
    return;
  }
  Attribute attribute = parseAttribute(bytes, &context);
  // A context gives new names to resources that it knows already.
  if (!attribute || bytes.contains("dense_resource")) {
    return;
  }
  if (parseAttribute(print(attribute), &context) != attribute) {
    finding("an attribute is not what it is printed as", print(attribute));
  }
  if (auto map = dyn_cast<BasisMapAttrInterface>(attribute)) {
    checkMap(map);
  }
  if (auto scheme = dyn_cast<SchemeAttr>(attribute)) {
    checkScheme(scheme);
  }
}
