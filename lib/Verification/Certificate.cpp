//===- Certificate.cpp - What verification has seen -----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Verification/Certificate.h"

#include <algorithm>

using namespace llvm;
using namespace quench;

static json::Object toJson(const RebaseRecord &rewrite) {
  return json::Object{{"edge", rewrite.edge},
                      {"map", rewrite.map},
                      {"values", static_cast<int64_t>(rewrite.values)},
                      {"absorbed", static_cast<int64_t>(rewrite.absorbed)},
                      {"online", static_cast<int64_t>(rewrite.online)}};
}

json::Object Certificate::toJson() const {
  json::Array list;
  double largest = 0.0;
  for (const GuardedPass &pass : passes) {
    json::Object object{{"pass", pass.pass}, {"preserves", pass.preserves}};
    if (pass.preserves) {
      object["deviation"] = pass.deviation;
      largest = std::max(largest, pass.deviation);
    }
    json::Array rewrites;
    for (const RebaseRecord &rewrite : pass.rewrites) {
      rewrites.push_back(::toJson(rewrite));
    }
    object["rewrites"] = std::move(rewrites);
    list.push_back(std::move(object));
  }
  return json::Object{
      {"tolerance", tolerance}, {"largest_deviation", largest}, {"passes", std::move(list)}};
}
