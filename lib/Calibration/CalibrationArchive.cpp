//===- CalibrationArchive.cpp - Statistics on disk ------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Calibration/CalibrationArchive.h"

#include "quench/Support/Digest.h"
#include "quench/WeightStore/SafetensorsFile.h"
#include "quench/WeightStore/SafetensorsWriter.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <vector>

using namespace llvm;
using namespace quench;
using namespace quench::calibration;

using Metadata = std::map<std::string, std::string>;

static constexpr StringLiteral formatName = "quench-calibration";
/// No section of an edge is called so: those have a dot.
static constexpr StringLiteral tokensName = "tokens";

namespace {

/// One tensor of the archive.
struct Section {
  std::string name;
  ElementKind kind;
  SmallVector<int64_t> shape;
  std::vector<uint8_t> bytes;
};

} // namespace

template <typename T>
static Section makeSection(StringRef edge, StringRef section, ElementKind kind,
                           ArrayRef<T> values) {
  auto *data = reinterpret_cast<const uint8_t *>(values.data());
  return {(edge + "." + section).str(),
          kind,
          {static_cast<int64_t>(values.size())},
          {data, data + values.size() * sizeof(T)}};
}

static std::vector<Section> sectionsOf(const CalibrationArchive &archive) {
  std::vector<Section> sections;
  if (!archive.data.empty()) {
    const std::vector<int32_t> &tokens = archive.data.tokens;
    auto *data = reinterpret_cast<const uint8_t *>(tokens.data());
    sections.push_back({tokensName.str(),
                        ElementKind::I32,
                        {static_cast<int64_t>(archive.data.size()), archive.data.window},
                        {data, data + tokens.size() * sizeof(int32_t)}});
  }
  for (const auto &[name, edge] : archive.statistics.edges()) {
    sections.push_back(makeSection<uint64_t>(name, "count", ElementKind::I64, {edge.count}));
    sections.push_back(
        makeSection<float>(name, "range", ElementKind::F32, {edge.range.min, edge.range.max}));
    sections.push_back(makeSection<double>(name, "moments", ElementKind::F64,
                                           {edge.moments.mean, edge.moments.squaredDeviations}));
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
    digest.updateInteger(section.bytes.size());
    digest.update(section.bytes);
  }
  return digest.hex();
}

Error CalibrationArchive::save(StringRef path) const {
  Metadata metadata = {{"format", formatName.str()},
                       {"version", std::to_string(formatVersion)},
                       {"model", modelDigest},
                       {"data", dataDigest},
                       {"samples", std::to_string(samples)},
                       {"samples_total", std::to_string(totalSamples)}};
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
    if (Error error = (*writer)->write(section.name, section.bytes)) {
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
  Error readSection(const TensorView &tensor, std::map<std::string, EdgeStatistics> &edges);
  Error requireKind(const TensorView &tensor, ElementKind kind, int64_t size);
  Error addEdge(StringRef name, const EdgeStatistics &edge, Statistics &statistics);

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
    sections.push_back({tensor.name, tensor.kind, tensor.shape, tensor.bytes.vec()});
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

Error ArchiveReader::requireKind(const TensorView &tensor, ElementKind kind, int64_t size) {
  if (tensor.kind != kind || tensor.shape != SmallVector<int64_t>{size}) {
    return failTensor(tensor, "expected " + safetensorsName(kind) + " [" + Twine(size) +
                                  "], found " + safetensorsName(tensor.kind) + " " +
                                  shapeToString(tensor.shape));
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

Error ArchiveReader::readSection(const TensorView &tensor,
                                 std::map<std::string, EdgeStatistics> &edges) {
  auto [edgeName, section] = StringRef(tensor.name).rsplit('.');
  EdgeStatistics &edge = edges[edgeName.str()];
  if (section == "count") {
    if (Error error = requireKind(tensor, ElementKind::I64, 1)) {
      return error;
    }
    edge.count = tensor.load<uint64_t>(0);
  } else if (section == "range") {
    if (Error error = requireKind(tensor, ElementKind::F32, 2)) {
      return error;
    }
    edge.range = {tensor.load<float>(0), tensor.load<float>(1)};
  } else if (section == "moments") {
    if (Error error = requireKind(tensor, ElementKind::F64, 2)) {
      return error;
    }
    edge.moments = {tensor.load<double>(0), tensor.load<double>(1)};
  } else {
    return failTensor(tensor, "expected a section 'count', 'range' or 'moments'");
  }
  return Error::success();
}

Error ArchiveReader::addEdge(StringRef name, const EdgeStatistics &edge, Statistics &statistics) {
  for (StringRef section : {"count", "range", "moments"}) {
    if (!file.lookup((name + "." + section).str())) {
      return fail("expected a section '" + section + "' for edge '" + name + "', found none");
    }
  }
  const RangeStatistic &range = edge.range;
  const MomentStatistic &moments = edge.moments;
  if (edge.count == 0 || !std::isfinite(range.min) || !std::isfinite(range.max) ||
      range.min > range.max || !std::isfinite(moments.mean) ||
      !std::isfinite(moments.squaredDeviations) || moments.squaredDeviations < 0) {
    return fail("edge '" + name +
                "': expected values, a finite ascending range and a variance "
                "that is not negative");
  }
  statistics.set(name, edge);
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
  for (auto [key, target] : {std::make_pair("model", &archive.modelDigest),
                             std::make_pair("data", &archive.dataDigest)}) {
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
  std::map<std::string, EdgeStatistics> edges;
  for (const TensorView &tensor : file.tensors()) {
    bool isTokens = tensor.name == tokensName;
    if (Error error = isTokens ? readTokens(tensor, archive) : readSection(tensor, edges)) {
      return std::move(error);
    }
  }
  for (const auto &[name, edge] : edges) {
    if (Error error = addEdge(name, edge, archive.statistics)) {
      return std::move(error);
    }
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
