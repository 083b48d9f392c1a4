//===- StoreFile.h - Small weight stores for tests --------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_WORKSPACE_STOREFILE_H
#define QUENCH_UNITTESTS_WORKSPACE_STOREFILE_H

#include "quench/WeightStore/SafetensorsWriter.h"

#include <map>
#include <string>
#include <vector>

namespace quench {

/// Vectors of f32 by name.
using Vectors = std::map<std::string, std::vector<float>>;

inline llvm::Error putVectors(SafetensorsWriter &writer, const Vectors &vectors) {
  for (const auto &[name, values] : vectors) {
    if (llvm::Error error =
            writer.declare(name, ElementKind::F32, {static_cast<int64_t>(values.size())})) {
      return error;
    }
  }
  for (const auto &[name, values] : vectors) {
    if (llvm::Error error = writer.writeElements<float>(name, values)) {
      return error;
    }
  }
  return llvm::Error::success();
}

/// Writes a store and returns its path.
inline std::string putStore(std::string path, const Vectors &vectors) {
  auto writer = llvm::cantFail(SafetensorsWriter::create(path));
  llvm::cantFail(writer->setMetadata("origin", "test"));
  llvm::cantFail(putVectors(*writer, vectors));
  llvm::cantFail(writer->commit());
  return path;
}

} // namespace quench

#endif // QUENCH_UNITTESTS_WORKSPACE_STOREFILE_H
