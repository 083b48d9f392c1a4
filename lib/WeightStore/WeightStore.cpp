//===- WeightStore.cpp - The weights of a model on disk -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/WeightStore.h"

#include "quench/Support/Digest.h"
#include "quench/Support/JsonFile.h"
#include "quench/WeightStore/TensorFloats.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"

#include <cmath>
#include <numeric>
#include <sys/mman.h>

using namespace llvm;

namespace quench {

static constexpr StringRef singleFileName = "model.safetensors";
static constexpr StringRef indexFileName = "model.safetensors.index.json";

Expected<std::unique_ptr<WeightStore>> WeightStore::open(StringRef path) {
  std::unique_ptr<WeightStore> store(new WeightStore(path));
  auto opened = [&]() -> Error {
    if (!sys::fs::is_directory(path)) {
      return store->addFile(path);
    }
    SmallString<128> single(path), index(path);
    sys::path::append(single, singleFileName);
    sys::path::append(index, indexFileName);
    if (sys::fs::exists(single)) {
      return store->addFile(single);
    }
    if (sys::fs::exists(index)) {
      return store->addShards(path, index);
    }
    return createStringError(path + ": expected " + singleFileName + " or " + indexFileName +
                             " in this folder, found neither");
  };
  if (Error failure = opened()) {
    return std::move(failure);
  }
  store->sortNames();
  return std::move(store);
}

Error WeightStore::addFile(StringRef path) {
  Expected<std::unique_ptr<SafetensorsFile>> file = SafetensorsFile::open(path);
  if (!file) {
    return file.takeError();
  }
  addTensors(**file);
  files.push_back(std::move(*file));
  return Error::success();
}

void WeightStore::addTensors(const SafetensorsFile &file) {
  for (const TensorView &view : file.tensors()) {
    locations[view.name] = {&view, &file};
  }
}

void WeightStore::overlay(std::unique_ptr<SafetensorsFile> file) {
  addTensors(*file);
  files.push_back(std::move(file));
  sortNames();
}

/// A name that cannot lead out of its folder. What it names may be a symbolic link, as in the cache
/// of the Hugging Face hub.
static bool isPlainFileName(StringRef name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(StringRef("/\\\0", 3)) == StringRef::npos;
}

Error WeightStore::addShards(StringRef folder, StringRef indexPath) {
  sharded = true;
  Expected<json::Value> index = readJsonFile(indexPath);
  if (!index) {
    return index.takeError();
  }
  const json::Object *object = index->getAsObject();
  const json::Object *map = object ? object->getObject("weight_map") : nullptr;
  if (!map) {
    return createStringError(indexPath + ": expected an object with an object 'weight_map'");
  }
  // In the order of names, so that errors and the order of files never depend on hashing.
  std::map<std::string, std::string> shardOf;
  for (const auto &[name, value] : *map) {
    std::optional<StringRef> shard = value.getAsString();
    if (!shard || !isPlainFileName(*shard)) {
      shardOf[name.str()] = "";
    } else {
      shardOf[name.str()] = shard->str();
    }
  }
  std::map<std::string, const SafetensorsFile *> opened;
  for (const auto &[name, shard] : shardOf) {
    if (shard.empty()) {
      return createStringError(indexPath + ": tensor '" + name +
                               "': expected the name of a file in the same folder, found " +
                               formatv("{0}", *map->get(name)));
    }
    const SafetensorsFile *&file = opened[shard];
    if (!file) {
      SmallString<128> path(folder);
      sys::path::append(path, shard);
      Expected<std::unique_ptr<SafetensorsFile>> opening = SafetensorsFile::open(path);
      if (!opening) {
        return createStringError(indexPath + ": tensor '" + name +
                                 "': " + toString(opening.takeError()));
      }
      file = opening->get();
      files.push_back(std::move(*opening));
    }
    const TensorView *view = file->lookup(name);
    if (!view) {
      return createStringError(file->path() + ": tensor '" + name + "': expected here by " +
                               indexPath + ", found no such tensor");
    }
    locations[name] = {view, file};
  }
  return Error::success();
}

void WeightStore::sortNames() {
  sortedNames.clear();
  for (const auto &entry : locations) {
    sortedNames.push_back(entry.getKey().str());
  }
  sort(sortedNames);
}

const TensorView *WeightStore::lookup(StringRef name) const { return locations.lookup(name).view; }

StringRef WeightStore::fileOf(StringRef name) const {
  auto found = locations.find(name);
  return found == locations.end() ? StringRef(storePath) : found->second.file->path();
}

Error WeightStore::tensorError(StringRef name, const Twine &message) const {
  return createStringError(fileOf(name) + ": tensor '" + name + "': " + message);
}

Expected<const TensorView *> WeightStore::require(StringRef name) const {
  if (const TensorView *view = lookup(name)) {
    return view;
  }
  return tensorError(name, "expected it in the weights, found no such tensor");
}

/// Whether `matrix` has the first axes of `stored` as rows and all others in a row.
static bool isMatrixOf(ArrayRef<int64_t> stored, ArrayRef<int64_t> matrix) {
  if (matrix.size() != 2 || stored.size() <= 2) {
    return false;
  }
  auto product = [](ArrayRef<int64_t> sizes) {
    return std::accumulate(sizes.begin(), sizes.end(), int64_t(1), std::multiplies<>());
  };
  for (size_t rows = 1; rows < stored.size(); ++rows) {
    if (product(stored.take_front(rows)) == matrix[0] &&
        product(stored.drop_front(rows)) == matrix[1]) {
      return true;
    }
  }
  return false;
}

Expected<const TensorView *> WeightStore::requireShape(StringRef name,
                                                       ArrayRef<int64_t> shape) const {
  Expected<const TensorView *> view = require(name);
  if (view && ArrayRef((*view)->shape) != shape && !isMatrixOf((*view)->shape, shape)) {
    return tensorError(name, "expected shape " + shapeToString(shape) + ", found " +
                                 shapeToString((*view)->shape));
  }
  return view;
}

Expected<std::vector<float>> WeightStore::readFloats(StringRef name) const {
  Expected<const TensorView *> view = require(name);
  if (!view) {
    return view.takeError();
  }
  std::optional<std::vector<float>> values = toFloats(**view);
  release(name);
  if (!values) {
    return tensorError(name,
                       "expected floating-point elements, found " + safetensorsName((*view)->kind));
  }
  return std::move(*values);
}

Error WeightStore::checkFinite(StringRef name, ArrayRef<float> values) const {
  const float *bad = find_if(values, [](float value) { return !std::isfinite(value); });
  if (bad == values.end()) {
    return Error::success();
  }
  // The flat index as an index of each dimension.
  int64_t flat = bad - values.begin();
  SmallVector<int64_t> index;
  if (const TensorView *view = lookup(name); view && view->size() == (int64_t)values.size()) {
    index.resize(view->shape.size());
    for (size_t axis = index.size(); axis-- > 0;) {
      index[axis] = flat % view->shape[axis];
      flat /= view->shape[axis];
    }
  } else {
    index.push_back(flat);
  }
  StringRef found = std::isnan(*bad) ? "nan" : *bad > 0 ? "inf" : "-inf";
  return tensorError(name,
                     "expected finite values, found " + found + " at " + shapeToString(index));
}

Expected<std::vector<float>> WeightStore::readFiniteFloats(StringRef name,
                                                           ArrayRef<int64_t> shape) const {
  if (Error failure = requireShape(name, shape).takeError()) {
    return std::move(failure);
  }
  Expected<std::vector<float>> values = readFloats(name);
  if (values) {
    if (Error failure = checkFinite(name, *values)) {
      return std::move(failure);
    }
  }
  return values;
}

void WeightStore::release(StringRef name) const {
  const TensorView *view = lookup(name);
  if (!view) {
    return;
  }
  // Whole pages inside the tensor: its neighbours may be in use.
  uint64_t page = sys::Process::getPageSizeEstimate();
  uint64_t begin = alignTo(reinterpret_cast<uintptr_t>(view->bytes.begin()), page);
  uint64_t end = alignDown(reinterpret_cast<uintptr_t>(view->bytes.end()), page);
  if (begin < end) {
    ::madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
  }
}

uint64_t WeightStore::totalBytes() const {
  uint64_t total = 0;
  for (const std::string &name : sortedNames) {
    total += lookup(name)->bytes.size();
  }
  return total;
}

std::string WeightStore::digest() const {
  Digest digest;
  auto addText = [&](StringRef text) {
    digest.updateInteger(text.size());
    digest.update(text);
  };
  digest.updateInteger(sortedNames.size());
  for (const std::string &name : sortedNames) {
    const TensorView &view = *lookup(name);
    addText(name);
    addText(safetensorsName(view.kind));
    digest.updateInteger(view.shape.size());
    for (int64_t size : view.shape) {
      digest.updateInteger(size);
    }
    digest.update(view.bytes);
    release(name);
  }
  return digest.hex();
}

const std::map<std::string, std::string> &WeightStore::metadata() const {
  static const std::map<std::string, std::string> none;
  return sharded ? none : files.front()->metadata();
}

} // namespace quench
