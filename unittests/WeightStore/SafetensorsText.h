//===- SafetensorsText.h - Safetensors files put together by hand -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_WEIGHTSTORE_SAFETENSORSTEXT_H
#define QUENCH_UNITTESTS_WEIGHTSTORE_SAFETENSORSTEXT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Endian.h"

#include <string>

namespace quench {

/// A header size as the file begins with.
inline std::string headerSize(uint64_t size) {
  char bytes[8];
  llvm::support::endian::write64le(bytes, size);
  return std::string(bytes, 8);
}

/// The bytes of a file with this header and this data, whatever they say.
inline std::string safetensors(llvm::StringRef header, llvm::StringRef data) {
  return headerSize(header.size()) + header.str() + data.str();
}

} // namespace quench

#endif // QUENCH_UNITTESTS_WEIGHTSTORE_SAFETENSORSTEXT_H
