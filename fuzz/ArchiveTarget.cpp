//===- ArchiveTarget.cpp - Calibration archives -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The input is a safetensors file. It gets the checksum that it should have, because no mutation
// would ever find it.
//
//===----------------------------------------------------------------------===//

#include "FuzzTarget.h"
#include "InputFile.h"

#include "quench/Calibration/CalibrationArchive.h"
#include "quench/Support/Digest.h"
#include "quench/WeightStore/SafetensorsFile.h"
#include "quench/WeightStore/SafetensorsWriter.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace quench;
using namespace quench::fuzz;

/// The checksum as CalibrationArchive.h describes it.
static std::string checksumOf(const SafetensorsFile &file) {
  Digest digest;
  auto add = [&](StringRef text) {
    digest.updateInteger(text.size());
    digest.update(text);
  };
  for (const auto &[key, value] : file.metadata()) {
    if (key != "checksum") {
      add(key);
      add(value);
    }
  }
  std::vector<const TensorView *> tensors;
  for (const TensorView &tensor : file.tensors()) {
    tensors.push_back(&tensor);
  }
  llvm::sort(tensors, [](const TensorView *a, const TensorView *b) { return a->name < b->name; });
  digest.updateInteger(tensors.size());
  for (const TensorView *tensor : tensors) {
    add(tensor->name);
    add(safetensorsName(tensor->kind));
    digest.updateInteger(tensor->shape.size());
    for (int64_t dimension : tensor->shape) {
      digest.updateInteger(static_cast<uint64_t>(dimension));
    }
    digest.updateInteger(tensor->bytes.size());
    digest.update(tensor->bytes);
  }
  return digest.hex();
}

static Error writeWithChecksum(const SafetensorsFile &file, StringRef path) {
  Expected<std::unique_ptr<SafetensorsWriter>> writer = SafetensorsWriter::create(path);
  if (!writer) {
    return writer.takeError();
  }
  std::map<std::string, std::string> metadata = file.metadata();
  metadata["checksum"] = checksumOf(file);
  for (const auto &[key, value] : metadata) {
    if (Error error = (*writer)->setMetadata(key, value)) {
      return error;
    }
  }
  for (const TensorView &tensor : file.tensors()) {
    if (Error error = (*writer)->declare(tensor.name, tensor.kind, tensor.shape)) {
      return error;
    }
  }
  for (const TensorView &tensor : file.tensors()) {
    if (Error error = (*writer)->write(tensor.name, tensor.bytes)) {
      return error;
    }
  }
  return (*writer)->commit();
}

void fuzz::fuzzArchive(StringRef bytes) {
  InputFile input(bytes, "safetensors");
  Expected<std::unique_ptr<SafetensorsFile>> file = SafetensorsFile::open(input.path());
  if (!file) {
    consumeError(file.takeError());
    return;
  }
  InputFile repaired("", "safetensors");
  if (Error error = writeWithChecksum(**file, repaired.path())) {
    finding("tensors that were read cannot be written", toString(std::move(error)));
  }
  Expected<calibration::CalibrationArchive> archive =
      calibration::CalibrationArchive::load(repaired.path());
  if (!archive) {
    consumeError(archive.takeError());
    return;
  }
  // What is loaded is an archive, whatever else the file said: saved and loaded again it stays the
  // same, byte for byte.
  InputFile first("", "safetensors");
  InputFile second("", "safetensors");
  if (Error error = archive->save(first.path())) {
    finding("an archive that was loaded cannot be saved", toString(std::move(error)));
  }
  Expected<calibration::CalibrationArchive> again =
      calibration::CalibrationArchive::load(first.path());
  if (!again) {
    finding("an archive that was saved cannot be loaded", toString(again.takeError()));
  }
  if (Error error = again->save(second.path())) {
    finding("an archive that was loaded cannot be saved", toString(std::move(error)));
  }
  auto contents = [](StringRef path) {
    return cantFail(errorOrToExpected(MemoryBuffer::getFile(path)));
  };
  if (contents(first.path())->getBuffer() != contents(second.path())->getBuffer()) {
    finding("an archive changes when it is loaded and saved", "");
  }
}
