//===- StageRun.cpp - A model, run segment by segment, watched ------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StageRun.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using llvm::Error;
using llvm::Expected;

namespace quench::insight {

static char letterOf(Tap::Kind kind) {
  switch (kind) {
  case Tap::Kind::Edge:
    return 'e';
  case Tap::Kind::Layer:
    return 'l';
  case Tap::Kind::Residual:
    return 'r';
  case Tap::Kind::Logits:
    return 'o';
  }
  return '?';
}

std::string Tap::key() const {
  return std::string(1, letterOf(kind)) + std::to_string(occurrence) + name;
}

static SliceCompilerOptions compilerOptions(unsigned threads) {
  SliceCompilerOptions options;
  options.threads = threads;
  return options;
}

StageRun::StageRun(const ModelStage &stage, const calibration::Samples &samples, unsigned threads,
                   bool watchEdges)
    : stage(stage), watchEdges(watchEdges), names(stage.function->getParentOfType<ModuleOp>()),
      runner(stage.function, samples, stage.weights, compilerOptions(threads)) {}

void StageRun::addTap(std::vector<Tap> &taps, Tap::Kind kind, StringRef name, Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.getElementType().isF32()) {
    return;
  }
  Tap tap{kind, name.str(), 0, value};
  tap.occurrence = occurrences[tap.key()]++;
  taps.push_back(std::move(tap));
}

void StageRun::addEdges(std::vector<Tap> &taps) {
  llvm::MapVector<Value, SmallVector<StringRef>> readers;
  for (QuantizableOpInterface layer : runner.segment().layers) {
    readers[layer.getActivationOperand().get()].push_back(names.nameOf(layer));
  }
  for (auto &[value, layers] : readers) {
    addTap(taps, Tap::Kind::Edge, edgeName(layers), value);
  }
}

std::vector<Tap> StageRun::tapsOfSegment() {
  const ModelSegment &segment = runner.segment();
  std::vector<Tap> taps;
  if (watchEdges) {
    addEdges(taps);
  }
  for (QuantizableOpInterface layer : segment.layers) {
    addTap(taps, Tap::Kind::Layer, names.nameOf(layer), layer->getResult(0));
  }
  bool isLast = &segment == &runner.segments().back();
  if (isLast) {
    func::FuncOp function = stage.function;
    addTap(taps, Tap::Kind::Logits, "", function.front().getTerminator()->getOperand(0));
  } else if (!segment.name.empty()) {
    addTap(taps, Tap::Kind::Residual, segment.name, segment.output);
  }
  return taps;
}

Error StageRun::advance(TapSink sink) {
  std::vector<Tap> taps = tapsOfSegment();
  SmallVector<Value> values = llvm::map_to_vector(taps, [](const Tap &tap) { return tap.value; });
  Expected<SliceCode> code = runner.compile(values);
  if (!code) {
    return code.takeError();
  }
  return runner.advance(*code, [&](size_t sample, size_t tap, ArrayRef<float> values,
                                   ArrayRef<int64_t>) { sink(taps[tap], sample, values); });
}

} // namespace quench::insight
