//===- Workspace.cpp - What the passes of a recipe share ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workspace/Workspace.h"

#include "quench/Support/RemoveOnSignal.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace quench;

Expected<std::unique_ptr<Workspace>> Workspace::open(WorkspaceInputs inputs) {
  std::unique_ptr<Workspace> workspace(new Workspace(std::move(inputs)));
  if (!workspace->inputs.weights.empty()) {
    Expected<std::unique_ptr<WeightStore>> store = WeightStore::open(workspace->inputs.weights);
    if (!store) {
      return store.takeError();
    }
    workspace->store = std::move(*store);
  }
  return std::move(workspace);
}

Expected<const WeightStore *> Workspace::requireWeights() const {
  if (!store) {
    return createStringError("expected a weight store, found no option 'weights'");
  }
  return store.get();
}

Error Workspace::edit(function_ref<Error(SafetensorsWriter &)> write) {
  if (Error failure = requireWeights().takeError()) {
    return failure;
  }
  SmallString<128> folder(inputs.scratch);
  if (folder.empty()) {
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, folder);
  }
  sys::path::append(folder, ".quench-scratch");
  // The writer makes a temporary file of its own beside this name and replaces it.
  SmallString<128> path;
  if (std::error_code code = createUniqueFileUntilSignal(folder + ".%%%%%%%%.safetensors", path)) {
    return createStringError(folder + ": cannot create a scratch file: " + code.message());
  }
  scope_exit remove([&] {
    sys::fs::remove(path);
    keepOnSignal(path);
  });
  Expected<std::unique_ptr<SafetensorsWriter>> writer = SafetensorsWriter::create(path);
  if (!writer) {
    return writer.takeError();
  }
  if (Error failure = write(**writer)) {
    return failure;
  }
  if (Error failure = (*writer)->commit()) {
    return failure;
  }
  Expected<std::unique_ptr<SafetensorsFile>> file = SafetensorsFile::open(path);
  if (!file) {
    return file.takeError();
  }
  store->overlay(std::move(*file));
  return Error::success();
}

Expected<const recipe::Recipe *> Workspace::recipe() const {
  if (!inputs.recipe) {
    return createStringError("expected a recipe, found no option 'recipe'");
  }
  return &*inputs.recipe;
}

Error Workspace::loadArchive() {
  if (archive) {
    return Error::success();
  }
  if (inputs.archive.empty()) {
    return createStringError("expected a calibration archive, found no option 'archive'; `quench "
                             "calibrate` makes one");
  }
  Expected<calibration::CalibrationArchive> loaded =
      calibration::CalibrationArchive::load(inputs.archive);
  if (!loaded) {
    return loaded.takeError();
  }
  if (Error failure = loaded->requireComplete(inputs.archive)) {
    return failure;
  }
  if (store) {
    // Overlays do not count: the archive is about the model that came in.
    Expected<std::unique_ptr<WeightStore>> original = WeightStore::open(inputs.weights);
    if (!original) {
      return original.takeError();
    }
    if (Error failure = loaded->requireModel((*original)->digest(), inputs.archive)) {
      return failure;
    }
  }
  archive = std::move(*loaded);
  return Error::success();
}

Expected<const calibration::Statistics *> Workspace::statistics() {
  if (newStatistics) {
    return &*newStatistics;
  }
  if (Error failure = loadArchive()) {
    return std::move(failure);
  }
  return &archive->statistics;
}

void Workspace::setStatistics(calibration::Statistics statistics) {
  newStatistics = std::move(statistics);
}

Expected<const calibration::Samples *> Workspace::samples() {
  if (Error failure = loadArchive()) {
    return std::move(failure);
  }
  if (archive->data.empty()) {
    return createStringError(inputs.archive +
                             ": expected the tokens that the model ran on, found none");
  }
  return &archive->data;
}

Progress Workspace::progress(StringRef label, uint64_t total, StringRef unit) const {
  return Progress(label, total, unit, inputs.progress);
}
