//===- ConfigTarget.cpp - Configurations of models -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuzzTarget.h"

#include "quench/Import/LlamaConfig.h"

#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace quench;

void fuzz::fuzzConfig(StringRef bytes) {
  Expected<json::Value> json = json::parse(bytes);
  if (!json) {
    consumeError(json.takeError());
    return;
  }
  Expected<LlamaConfig> config = LlamaConfig::parse(*json, "config.json");
  if (!config) {
    std::string message = toString(config.takeError());
    if (!StringRef(message).starts_with("config.json")) {
      finding("an error does not name the file", message);
    }
    return;
  }
  if (config->numHeads % config->numKeyValueHeads != 0 || config->headDim % 2 != 0) {
    finding("a configuration breaks what its structure promises", bytes);
  }
}
