//===- WeightStore.h - The weights of a model on disk -----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One set of named tensors, whether it is one safetensors file or a folder with
// shards and an index. Files are mapped: opening a store costs no memory and
// tensors are read one at a time. Files laid over a store replace tensors of the
// same name and add others, as passes do that rewrite weights.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WEIGHTSTORE_WEIGHTSTORE_H
#define QUENCH_WEIGHTSTORE_WEIGHTSTORE_H

#include "quench/WeightStore/SafetensorsFile.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace quench {

/// An open, validated set of tensors. Views stay valid as long as the store.
class WeightStore {
public:
  /// Opens a `.safetensors` file, or a folder that holds `model.safetensors` or, when that is not
  /// there, `model.safetensors.index.json` and the shards it names. Of a sharded store exactly the
  /// tensors of the index's "weight_map" are seen, each from the shard it is mapped to. Errors name
  /// the file and the tensor: a shard that does not exist or is not a plain name inside the folder,
  /// a tensor that is not in its shard, and all that `SafetensorsFile::open` refuses.
  static llvm::Expected<std::unique_ptr<WeightStore>> open(llvm::StringRef path);

  WeightStore(const WeightStore &) = delete;
  WeightStore &operator=(const WeightStore &) = delete;

  /// Lays a file over the store: its tensors hide those of the same names, which stay mapped, so
  /// that old views stay valid. Of several files the last one counts.
  void overlay(std::unique_ptr<SafetensorsFile> file);

  /// The file or folder as the caller named it, whatever was laid over it.
  llvm::StringRef path() const { return storePath; }

  /// The names of all tensors, sorted by byte value.
  llvm::ArrayRef<std::string> names() const { return sortedNames; }

  /// The tensor called `name`, or null.
  const TensorView *lookup(llvm::StringRef name) const;

  /// The tensor called `name`, or an error that names the store.
  llvm::Expected<const TensorView *> require(llvm::StringRef name) const;

  /// The tensor called `name` if it has exactly this shape, or has more axes and the shape is that
  /// of a matrix with the first ones as rows and the others in a row (filters of a convolution).
  /// Otherwise an error that names the file and both shapes.
  llvm::Expected<const TensorView *> requireShape(llvm::StringRef name,
                                                  llvm::ArrayRef<int64_t> shape) const;

  /// The file that holds `name`; the store itself when there is no such tensor.
  llvm::StringRef fileOf(llvm::StringRef name) const;

  /// All elements of a floating-point tensor as f32, in row-major order; exact, except that F64 is
  /// rounded to nearest even. NaN and infinities pass. The tensor is released. Errors: no such
  /// tensor; integers or booleans.
  llvm::Expected<std::vector<float>> readFloats(llvm::StringRef name) const;

  /// `readFloats` and `checkFinite` of a tensor that must have this shape: what a model's weights
  /// go through.
  llvm::Expected<std::vector<float>> readFiniteFloats(llvm::StringRef name,
                                                      llvm::ArrayRef<int64_t> shape) const;

  /// Fails on the first NaN or infinity with "FILE: tensor 'NAME': expected finite values, found
  /// nan at [i, j]". `values` are those of `readFloats(name)`.
  llvm::Error checkFinite(llvm::StringRef name, llvm::ArrayRef<float> values) const;

  /// Says that the bytes of `name` will not be read again soon: they leave the resident memory of
  /// the process and come back from the file when they are. No effect when there is no such tensor.
  void release(llvm::StringRef name) const;

  /// Bytes of all tensors together, without headers.
  uint64_t totalBytes() const;

  /// SHA-256 over names, kinds, shapes and bytes in the order of `names`, in hexadecimal. Does not
  /// depend on sharding, order, alignment or metadata. Reads everything once.
  std::string digest() const;

  /// "__metadata__" of a store that is a single file; empty for a sharded one. Overlays do not
  /// change it.
  const std::map<std::string, std::string> &metadata() const;

private:
  struct Location {
    const TensorView *view;
    const SafetensorsFile *file;
  };

  explicit WeightStore(llvm::StringRef path) : storePath(path.str()) {}

  llvm::Error addFile(llvm::StringRef path);
  void addTensors(const SafetensorsFile &file);
  llvm::Error addShards(llvm::StringRef folder, llvm::StringRef indexPath);
  void sortNames();
  /// "FILE: tensor 'NAME': message".
  llvm::Error tensorError(llvm::StringRef name, const llvm::Twine &message) const;

  std::string storePath;
  std::vector<std::unique_ptr<SafetensorsFile>> files;
  llvm::StringMap<Location> locations;
  std::vector<std::string> sortedNames;
  bool sharded = false;
};

} // namespace quench

#endif // QUENCH_WEIGHTSTORE_WEIGHTSTORE_H
