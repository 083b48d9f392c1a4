//===- TokenFile.h - Files of tokens ----------------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One long sequence of token ids on disk: `.bin`, a byte a token; `.u16`, two
// bytes a token, little endian; `.npy`, NumPy's format, integers of 8 to 64 bits.
// The file is mapped and read a window at a time.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_TOKENFILE_H
#define QUENCH_WORKFLOW_TOKENFILE_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace quench::workflow {

/// How the elements of a token file are stored, little endian.
struct TokenLayout {
  /// Bytes before the first token.
  uint64_t begin = 0;
  /// Tokens in the file.
  uint64_t count = 0;
  /// Bytes of one token: 1, 2, 4 or 8.
  unsigned width = 1;
  bool isSigned = false;
};

/// How the elements of a `.npy` file are stored, little endian and row-major.
struct NpyLayout {
  enum class Kind : uint8_t { Signed, Unsigned, Float };
  Kind kind = Kind::Signed;
  /// Bytes before the first element, elements in the file, bytes of one: 1, 2, 4 or 8.
  uint64_t begin = 0, count = 0;
  unsigned width = 1;
  llvm::SmallVector<int64_t> shape;
};

/// Reads the header of a `.npy` file (format versions 1 to 3) of integers, or of floats of 2 to 8
/// bytes with `floats`. `bytes` is the whole file, `file` its name for messages. Errors: not such a
/// file; another element type; Fortran order of more than one axis; a size that is not that of the
/// file.
llvm::Expected<NpyLayout> parseNpyArray(llvm::StringRef bytes, llvm::StringRef file, bool floats);

/// The same for a file of tokens. An array of more than one axis counts as its elements in
/// row-major order.
llvm::Expected<TokenLayout> parseNpyHeader(llvm::StringRef bytes, llvm::StringRef file);

/// An open file of tokens.
class TokenFile {
public:
  /// Opens a file; its extension says which format. Errors name the file.
  static llvm::Expected<TokenFile> open(llvm::StringRef path);

  llvm::StringRef path() const { return filePath; }
  /// Tokens in the file.
  uint64_t size() const { return layout.count; }

  /// The tokens `first` to `first + count - 1`, which must be in the file. An id outside 0 to
  /// `vocabSize - 1` is an error that names the file, the index of the token and its place in
  /// bytes.
  llvm::Expected<std::vector<int32_t>> read(uint64_t first, uint64_t count,
                                            int64_t vocabSize) const;

private:
  TokenFile() = default;

  std::string filePath;
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  TokenLayout layout;
};

/// "1,2,3" as tokens below `vocabSize`.
llvm::Expected<std::vector<int32_t>> parseTokenList(llvm::StringRef text, int64_t vocabSize);

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_TOKENFILE_H
