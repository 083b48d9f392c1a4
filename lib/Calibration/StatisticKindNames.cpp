//===- StatisticKindNames.cpp - What can be collected, by name ------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Calibration/StatisticKindNames.h"

#include "quench/Calibration/Statistics.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace quench;
using namespace quench::calibration;

/// The names of kinds, with the members that they stand for.
static constexpr std::pair<StringLiteral, bool StatisticKinds::*> kindNames[] = {
    {"channels", &StatisticKinds::channels},
    {"histogram", &StatisticKinds::histogram},
    {"gram", &StatisticKinds::gram},
    {"channel-ranges", &StatisticKinds::channelRanges},
    {"channel-histograms", &StatisticKinds::channelHistograms},
};

std::vector<std::string> calibration::statisticKindNames() {
  std::vector<std::string> names;
  for (const auto &[name, member] : kindNames) {
    names.push_back(name.str());
  }
  names.insert(names.end(), {"none", "tokens"});
  return names;
}

std::string StatisticKinds::str() const {
  if (!edges) {
    return "tokens";
  }
  SmallVector<StringRef> names;
  for (const auto &[name, member] : kindNames) {
    if (this->*member) {
      names.push_back(name);
    }
  }
  return names.empty() ? "none" : join(names, ",");
}

Expected<StatisticKinds> StatisticKinds::parse(StringRef text) {
  StatisticKinds kinds;
  for (const auto &[name, member] : kindNames) {
    kinds.*member = false;
  }
  kinds.edges = text != "tokens";
  if (text == "none" || text == "tokens") {
    return kinds;
  }
  for (StringRef part : split(text, ',')) {
    const auto *found = find_if(kindNames, [&](const auto &entry) { return entry.first == part; });
    if (found == std::end(kindNames)) {
      std::string expected;
      for (const auto &[name, member] : kindNames) {
        expected += (name + ", ").str();
      }
      return createStringError("expected " + expected + "none or tokens, found '" + part + "'");
    }
    kinds.*found->second = true;
  }
  return kinds;
}
