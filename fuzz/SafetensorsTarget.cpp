//===- SafetensorsTarget.cpp - Safetensors files -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuzzTarget.h"
#include "InputFile.h"

#include "quench/WeightStore/SafetensorsFile.h"
#include "quench/WeightStore/TensorFloats.h"

using namespace llvm;
using namespace quench;

void fuzz::fuzzSafetensors(StringRef bytes) {
  InputFile input(bytes, "safetensors");
  Expected<std::unique_ptr<SafetensorsFile>> file = SafetensorsFile::open(input.path());
  if (!file) {
    consumeError(file.takeError());
    return;
  }
  for (const TensorView &tensor : (*file)->tensors()) {
    if ((*file)->lookup(tensor.name) != &tensor) {
      finding("a tensor is not found by its name", tensor.name);
    }
    // Reads every byte, so that a tensor that leaves the file shows.
    std::vector<uint8_t> copy(tensor.bytes.begin(), tensor.bytes.end());
    std::optional<std::vector<float>> floats = toFloats(tensor);
    if (floats && static_cast<int64_t>(floats->size()) != tensor.size()) {
      finding("a tensor has more or fewer elements than its shape", tensor.name);
    }
  }
}
