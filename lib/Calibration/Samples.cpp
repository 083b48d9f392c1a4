//===- Samples.cpp - The tokens that a model is calibrated on -------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Calibration/Samples.h"

#include "quench/Support/Digest.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace quench;
using namespace quench::calibration;

std::string Samples::digest() const {
  Digest digest;
  digest.updateInteger(window);
  digest.updateInteger(tokens.size());
  digest.update(
      ArrayRef(reinterpret_cast<const uint8_t *>(tokens.data()), tokens.size() * sizeof(int32_t)));
  return digest.hex();
}

Error Samples::requireVocabulary(int64_t vocabSize, StringRef file) const {
  auto bad = find_if(tokens, [&](int32_t token) { return token < 0 || token >= vocabSize; });
  if (bad == tokens.end()) {
    return Error::success();
  }
  size_t index = bad - tokens.begin();
  return createStringError(file + ": sample " + Twine(index / window) + ", token " +
                           Twine(index % window) + ": expected an id below " + Twine(vocabSize) +
                           ", found " + Twine(*bad) + "; calibrate this model again");
}

Error Samples::requirePositions(int64_t maxPositions, StringRef file) const {
  if (window <= maxPositions) {
    return Error::success();
  }
  return createStringError(file + ": expected samples of at most " + Twine(maxPositions) +
                           " tokens, the positions of the model, found " + Twine(window));
}
