//===- InputFile.cpp - Bytes as a file -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputFile.h"

#include "FuzzTarget.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace quench::fuzz;

InputFile::InputFile(StringRef bytes, StringRef extension) {
  // Memory, where there is such a file system.
  SmallString<64> folder("/dev/shm");
  if (!sys::fs::can_write(folder)) {
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, folder);
  }
  int descriptor = 0;
  if (std::error_code error = sys::fs::createUniqueFile(
          folder + "/quench-fuzz-%%%%%%%%." + extension, descriptor, file)) {
    finding("cannot make an input file", error.message());
  }
  raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  stream << bytes;
}

InputFile::~InputFile() { sys::fs::remove(file); }
