//===- TemporaryFolder.h - A folder that lasts for one test -----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_SUPPORT_TEMPORARYFOLDER_H
#define QUENCH_UNITTESTS_SUPPORT_TEMPORARYFOLDER_H

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <string>
#include <vector>

namespace quench {

/// A new empty folder; removed with its contents at the end of the test.
class TemporaryFolder {
public:
  TemporaryFolder() { llvm::sys::fs::createUniqueDirectory("quench-test", folder); }
  ~TemporaryFolder() { llvm::sys::fs::remove_directories(folder); }

  std::string path() const { return folder.str().str(); }

  std::string operator/(llvm::StringRef name) const {
    llvm::SmallString<128> result(folder);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }

  /// Writes a file plainly, without the code under test, and returns its path.
  std::string put(llvm::StringRef name, llvm::StringRef contents) const {
    std::string file = *this / name;
    std::error_code code;
    llvm::raw_fd_ostream stream(file, code);
    stream << contents;
    return file;
  }

  /// The contents of a file; "<none>" when it does not exist.
  std::string get(llvm::StringRef name) const {
    auto buffer = llvm::MemoryBuffer::getFile(*this / name);
    return buffer ? (*buffer)->getBuffer().str() : "<none>";
  }

  /// Names of all files, sorted.
  std::vector<std::string> list() const {
    std::vector<std::string> names;
    std::error_code code;
    for (llvm::sys::fs::directory_iterator it(folder, code), end; it != end && !code;
         it.increment(code)) {
      names.push_back(llvm::sys::path::filename(it->path()).str());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

private:
  llvm::SmallString<128> folder;
};

} // namespace quench

#endif // QUENCH_UNITTESTS_SUPPORT_TEMPORARYFOLDER_H
