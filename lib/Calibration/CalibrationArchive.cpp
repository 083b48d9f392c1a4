//===- CalibrationArchive.cpp - Statistics on disk ------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Calibration/CalibrationArchive.h"

#include "ArchiveSections.h"

#include "quench/Support/Digest.h"
#include "quench/WeightStore/SafetensorsFile.h"
#include "quench/WeightStore/SafetensorsWriter.h"

#include "llvm/ADT/STLExtras.h"

#include <map>
#include <vector>

using namespace llvm;
using namespace quench;
using namespace quench::calibration;

using Metadata = std::map<std::string, std::string>;

static constexpr StringLiteral formatName = "quench-calibration";
/// No section of an edge is called so: those have a dot.
static constexpr StringLiteral tokensName = "tokens";

static std::vector<Section> sectionsOf(const CalibrationArchive &archive) {
  std::vector<Section> sections;
  if (!archive.data.empty()) {
    const std::vector<int32_t> &tokens = archive.data.tokens;
    auto *data = reinterpret_cast<const uint8_t *>(tokens.data());
    sections.push_back({tokensName.str(),
                        ElementKind::I32,
                        {static_cast<int64_t>(archive.data.size()), archive.data.window},
                        {},
                        {data, tokens.size() * sizeof(int32_t)}});
  }
  for (const auto &[name, edge] : archive.statistics.edges()) {
    appendSections(name, edge, archive.statistics.kinds(), sections);
  }
  // The order of the checksum; edge names may contain bytes below '.'.
  llvm::sort(sections, [](const Section &a, const Section &b) { return a.name < b.name; });
  return sections;
}

/// SHA-256 over metadata and tensors, both in the order of their names.
static std::string checksumOf(const Metadata &metadata, ArrayRef<Section> sections) {
  Digest digest;
  auto add = [&](StringRef text) {
    digest.updateInteger(text.size());
    digest.update(text);
  };
  for (const auto &[key, value] : metadata) {
    if (key != "checksum") {
      add(key);
      add(value);
    }
  }
  digest.updateInteger(sections.size());
  for (const Section &section : sections) {
    add(section.name);
    add(safetensorsName(section.kind));
    digest.updateInteger(section.shape.size());
    for (int64_t dimension : section.shape) {
      digest.updateInteger(static_cast<uint64_t>(dimension));
    }
    digest.updateInteger(section.bytes().size());
    digest.update(section.bytes());
  }
  return digest.hex();
}

Error CalibrationArchive::save(StringRef path) const {
  Metadata metadata = {{"format", formatName.str()},
                       {"version", std::to_string(formatVersion)},
                       {"model", modelDigest},
                       {"data", dataDigest},
                       {"recipe", recipeDigest},
                       {"samples", std::to_string(samples)},
                       {"samples_total", std::to_string(totalSamples)},
                       {"statistics", statistics.kinds().str()}};
  std::vector<Section> sections = sectionsOf(*this);
  metadata["checksum"] = checksumOf(metadata, sections);
  Expected<std::unique_ptr<SafetensorsWriter>> writer = SafetensorsWriter::create(path);
  if (!writer) {
    return writer.takeError();
  }
  for (const auto &[key, value] : metadata) {
    if (Error error = (*writer)->setMetadata(key, value)) {
      return error;
    }
  }
  for (const Section &section : sections) {
    if (Error error = (*writer)->declare(section.name, section.kind, section.shape)) {
      return error;
    }
  }
  for (const Section &section : sections) {
    if (Error error = (*writer)->write(section.name, section.bytes())) {
      return error;
    }
  }
  return (*writer)->commit();
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

/// Turns an open file into an archive; every step reports under the path of the file.
class ArchiveReader {
public:
  explicit ArchiveReader(const SafetensorsFile &file) : file(file) {}

  Expected<CalibrationArchive> read();

private:
  Error fail(const Twine &message) const { return createStringError(file.path() + ": " + message); }
  Error failTensor(const TensorView &tensor, const Twine &message) const {
    return fail("tensor '" + tensor.name + "': " + message);
  }

  Error checkFormat();
  Error checkChecksum();
  Expected<std::string> text(StringRef key);
  Expected<uint64_t> number(StringRef key);
  Error readTokens(const TensorView &tensor, CalibrationArchive &archive);
  Error readNumbers(CalibrationArchive &archive);
  Error readEdges(CalibrationArchive &archive);

  const SafetensorsFile &file;
};

} // namespace

Expected<std::string> ArchiveReader::text(StringRef key) {
  auto place = file.metadata().find(key.str());
  if (place == file.metadata().end()) {
    return fail("expected '" + key + "' in the metadata of a calibration archive, found none");
  }
  return place->second;
}

Expected<uint64_t> ArchiveReader::number(StringRef key) {
  Expected<std::string> value = text(key);
  if (!value) {
    return value.takeError();
  }
  uint64_t result = 0;
  if (StringRef(*value).getAsInteger(10, result)) {
    return fail("expected '" + key + "' in the metadata to be a number, found '" + *value + "'");
  }
  return result;
}

Error ArchiveReader::checkFormat() {
  auto place = file.metadata().find("format");
  if (place == file.metadata().end() || place->second != formatName) {
    return fail("expected a calibration archive, found another safetensors file");
  }
  Expected<uint64_t> version = number("version");
  if (!version) {
    return version.takeError();
  }
  if (*version != CalibrationArchive::formatVersion) {
    return fail("expected a calibration archive of version " +
                Twine(CalibrationArchive::formatVersion) + ", found version " + Twine(*version) +
                "; calibrate again");
  }
  return Error::success();
}

Error ArchiveReader::checkChecksum() {
  std::vector<Section> sections;
  for (const TensorView &tensor : file.tensors()) {
    sections.push_back({tensor.name, tensor.kind, tensor.shape, {}, tensor.bytes});
  }
  llvm::sort(sections, [](const Section &a, const Section &b) { return a.name < b.name; });
  Expected<std::string> expected = text("checksum");
  if (!expected) {
    return expected.takeError();
  }
  std::string found = checksumOf(file.metadata(), sections);
  if (found != *expected) {
    return fail("expected contents with checksum " + *expected + ", found " + found +
                "; the archive is damaged, calibrate again");
  }
  return Error::success();
}

Error ArchiveReader::readTokens(const TensorView &tensor, CalibrationArchive &archive) {
  uint64_t samples = tensor.shape.size() == 2 ? tensor.shape[0] : 0;
  if (tensor.kind != ElementKind::I32 || samples != archive.totalSamples || tensor.size() == 0) {
    return failTensor(tensor, "expected I32 [" + Twine(archive.totalSamples) + ", window], found " +
                                  safetensorsName(tensor.kind) + " " + shapeToString(tensor.shape));
  }
  archive.data = {tensor.shape[1], tensor.copy<int32_t>()};
  if (llvm::any_of(archive.data.tokens, [](int32_t token) { return token < 0; })) {
    return failTensor(tensor, "expected tokens that are not negative");
  }
  return Error::success();
}

Error ArchiveReader::readNumbers(CalibrationArchive &archive) {
  for (auto [key, target] :
       {std::make_pair("model", &archive.modelDigest), std::make_pair("data", &archive.dataDigest),
        std::make_pair("recipe", &archive.recipeDigest)}) {
    Expected<std::string> value = text(key);
    if (!value) {
      return value.takeError();
    }
    *target = std::move(*value);
  }
  for (auto [key, target] : {std::make_pair("samples", &archive.samples),
                             std::make_pair("samples_total", &archive.totalSamples)}) {
    Expected<uint64_t> value = number(key);
    if (!value) {
      return value.takeError();
    }
    *target = *value;
  }
  if (archive.samples > archive.totalSamples) {
    return fail("expected at most " + Twine(archive.totalSamples) + " samples, found " +
                Twine(archive.samples));
  }
  return Error::success();
}

Error ArchiveReader::readEdges(CalibrationArchive &archive) {
  Expected<std::string> names = text("statistics");
  if (!names) {
    return names.takeError();
  }
  Expected<StatisticKinds> kinds = StatisticKinds::parse(*names);
  if (!kinds) {
    return fail("'statistics' in the metadata: " + toString(kinds.takeError()));
  }
  archive.statistics = Statistics(*kinds);
  std::map<std::string, EdgeTensors> edges;
  for (const TensorView &tensor : file.tensors()) {
    if (tensor.name != tokensName) {
      auto [edge, section] = StringRef(tensor.name).rsplit('.');
      edges[edge.str()][section.str()] = &tensor;
    }
  }
  if (!kinds->edges && !edges.empty()) {
    return fail("expected an archive of tokens alone, found edge '" + edges.begin()->first + "'");
  }
  for (const auto &[name, tensors] : edges) {
    Expected<EdgeStatistics> edge = readSections(name, tensors, *kinds);
    if (!edge) {
      return fail(toString(edge.takeError()));
    }
    archive.statistics.set(name, std::move(*edge));
  }
  return Error::success();
}

Expected<CalibrationArchive> ArchiveReader::read() {
  if (Error error = checkFormat()) {
    return std::move(error);
  }
  if (Error error = checkChecksum()) {
    return std::move(error);
  }
  CalibrationArchive archive;
  if (Error error = readNumbers(archive)) {
    return std::move(error);
  }
  if (const TensorView *tokens = file.lookup(tokensName)) {
    if (Error error = readTokens(*tokens, archive)) {
      return std::move(error);
    }
  }
  if (Error error = readEdges(archive)) {
    return std::move(error);
  }
  return std::move(archive);
}

Expected<CalibrationArchive> CalibrationArchive::load(StringRef path) {
  Expected<std::unique_ptr<SafetensorsFile>> file = SafetensorsFile::open(path);
  if (!file) {
    return file.takeError();
  }
  return ArchiveReader(**file).read();
}

Error CalibrationArchive::requireModel(StringRef digest, StringRef path) const {
  if (digest == modelDigest) {
    return Error::success();
  }
  return createStringError(path + ": expected statistics of the model with digest " + digest +
                           ", found those of " + modelDigest + "; calibrate again");
}

Error CalibrationArchive::requireComplete(StringRef path) const {
  if (isComplete()) {
    return Error::success();
  }
  return createStringError(path + ": expected statistics of " + Twine(totalSamples) +
                           " samples, found " + Twine(samples) +
                           "; finish the interrupted calibration");
}
