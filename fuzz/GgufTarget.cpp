//===- GgufTarget.cpp - GGUF files -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Blocks that can be read are written as blocks that read as the same codes and scales.
//
//===----------------------------------------------------------------------===//

#include "FuzzTarget.h"
#include "InputFile.h"

#include "quench/Gguf/GgufFile.h"
#include "quench/Import/GgufConfig.h"

using namespace llvm;
using namespace quench;
using namespace quench::fuzz;

static void checkBlocks(const GgufTensor &tensor) {
  Expected<numerics::QuantizedTensor> blocks =
      readGgufBlocks(tensor.type, tensor.shape, tensor.bytes);
  if (!blocks) {
    consumeError(blocks.takeError());
    return;
  }
  Expected<std::vector<uint8_t>> bytes = writeGgufBlocks(tensor.type, *blocks);
  if (!bytes) {
    finding("blocks that were read cannot be written", toString(bytes.takeError()));
  }
  if (bytes->size() != tensor.bytes.size()) {
    finding("blocks that were read are written with another size", tensor.name);
  }
  Expected<numerics::QuantizedTensor> again = readGgufBlocks(tensor.type, tensor.shape, *bytes);
  if (!again) {
    finding("blocks that were written cannot be read", toString(again.takeError()));
  }
  Expected<std::vector<uint8_t>> same = writeGgufBlocks(tensor.type, *again);
  if (!same || *same != *bytes) {
    consumeError(same.takeError());
    finding("blocks change when they are read and written", tensor.name);
  }
}

void fuzz::fuzzGguf(StringRef bytes) {
  InputFile input(bytes, "gguf");
  Expected<std::unique_ptr<GgufFile>> file = GgufFile::open(input.path());
  if (!file) {
    consumeError(file.takeError());
    return;
  }
  for (const GgufTensor &tensor : (*file)->tensors()) {
    if ((*file)->lookup(tensor.name) != &tensor) {
      finding("a tensor is not found by its name", tensor.name);
    }
    // Reads every byte, so that a tensor that leaves the file shows.
    std::vector<uint8_t> copy(tensor.bytes.begin(), tensor.bytes.end());
    if (!ggufElementKind(tensor.type) && tensor.shape.size() == 2) {
      checkBlocks(tensor);
    }
  }
  consumeError(readGgufConfig(**file).takeError());
}
