//===- AtomicFile.cpp - Files that are written whole or not at all --------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Support/AtomicFile.h"

#include "quench/Support/RemoveOnSignal.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

using namespace llvm;

namespace quench {

static constexpr size_t bufferBytes = size_t(1) << 20;
/// Linux writes at most about 2 GiB in one call.
static constexpr size_t maxWriteBytes = size_t(1) << 30;

static std::string systemMessage() {
  return std::error_code(errno, std::generic_category()).message();
}

/// Makes the renaming itself durable. A system that cannot do this has still renamed.
static void syncFolder(StringRef path) {
  StringRef folder = sys::path::parent_path(path);
  int descriptor = ::open(folder.empty() ? "." : folder.str().c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor >= 0) {
    ::fsync(descriptor);
    ::close(descriptor);
  }
}

AtomicFile::AtomicFile(std::string target, std::string destination, std::string temporary,
                       int descriptor)
    : target(std::move(target)), destination(std::move(destination)),
      temporary(std::move(temporary)), descriptor(descriptor) {}

Expected<std::unique_ptr<AtomicFile>> AtomicFile::create(StringRef path) {
  if (path.empty()) {
    return createStringError("expected the name of an output file, found an empty one");
  }
  if (path.contains('\0')) {
    return createStringError(Twine(path.take_until([](char c) { return c == '\0'; })) +
                             ": expected a file name, found one with a zero byte in it");
  }
  auto cannotCreate = [&](const std::string &message) {
    return createStringError(path + ": cannot create: " + message);
  };
  SmallString<128> destination(path);
  sys::fs::file_status status;
  std::error_code code = sys::fs::status(path, status);
  if (code && code != std::errc::no_such_file_or_directory) {
    return cannotCreate(code.message());
  }
  if (!code) {
    if (sys::fs::is_directory(status)) {
      return createStringError(path + ": expected the name of an output file, found a folder");
    }
    if (!sys::fs::is_regular_file(status)) {
      int descriptor = ::open(path.str().c_str(), O_WRONLY | O_CLOEXEC);
      if (descriptor < 0) {
        return cannotCreate(systemMessage());
      }
      return std::unique_ptr<AtomicFile>(new AtomicFile(path.str(), path.str(), "", descriptor));
    }
    if (std::error_code code = sys::fs::real_path(path, destination)) {
      return cannotCreate(code.message());
    }
  }
  if (sys::path::filename(path) == "." || sys::path::is_separator(path.back())) {
    return createStringError(path + ": expected the name of an output file, found a folder");
  }
  int descriptor = -1;
  SmallString<128> temporary;
  // Percent signs of the name must not be taken for the random part of the model.
  std::string model = destination.str().str();
  std::replace(model.begin(), model.end(), '%', '_');
  if (model != destination) {
    SmallString<128> sibling(sys::path::parent_path(destination));
    sys::path::append(sibling, "quench-output");
    model = sibling.str().str();
  }
  // Killed by a signal that can be caught: remove the temporary file on the way out.
  if (std::error_code code =
          createUniqueFileUntilSignal(model + ".%%%%%%%%.tmp", temporary, descriptor)) {
    return cannotCreate(code.message());
  }
  return std::unique_ptr<AtomicFile>(
      new AtomicFile(path.str(), destination.str().str(), temporary.str().str(), descriptor));
}

AtomicFile::~AtomicFile() { abandon(); }

void AtomicFile::abandon() {
  if (descriptor < 0) {
    return;
  }
  ::close(descriptor);
  descriptor = -1;
  if (!temporary.empty()) {
    sys::fs::remove(temporary);
    keepOnSignal(temporary);
  }
}

Error AtomicFile::fail(const Twine &message) {
  failure = (Twine(target) + ": " + message).str();
  abandon();
  return createStringError(Twine(failure));
}

Error AtomicFile::checkOpen() {
  if (!failure.empty()) {
    return createStringError(Twine(failure));
  }
  if (descriptor < 0) {
    return createStringError(Twine(target) + ": cannot write: the file is committed already");
  }
  return Error::success();
}

Error AtomicFile::writeThrough(int64_t offset, ArrayRef<uint8_t> bytes) {
  while (!bytes.empty()) {
    size_t size = std::min(bytes.size(), maxWriteBytes);
    ssize_t written = offset < 0 ? ::write(descriptor, bytes.data(), size)
                                 : ::pwrite(descriptor, bytes.data(), size, offset);
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return fail("cannot write: " + (written < 0 ? systemMessage() : "no progress"));
    }
    bytes = bytes.drop_front(written);
    offset += offset < 0 ? 0 : written;
  }
  return Error::success();
}

Error AtomicFile::flush() {
  Error result = writeThrough(-1, buffer);
  buffer.clear();
  return result;
}

Error AtomicFile::write(ArrayRef<uint8_t> bytes) {
  if (Error closed = checkOpen()) {
    return closed;
  }
  if (buffer.size() + bytes.size() > bufferBytes) {
    if (Error result = flush()) {
      return result;
    }
  }
  if (bytes.size() > bufferBytes) {
    return writeThrough(-1, bytes);
  }
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
  return Error::success();
}

Error AtomicFile::write(StringRef text) { return write(arrayRefFromStringRef(text)); }

Error AtomicFile::writeAt(uint64_t offset, ArrayRef<uint8_t> bytes) {
  if (Error closed = checkOpen()) {
    return closed;
  }
  if (offset > static_cast<uint64_t>(INT64_MAX) - bytes.size()) {
    return fail("cannot write at offset " + Twine(offset));
  }
  return writeThrough(static_cast<int64_t>(offset), bytes);
}

Error AtomicFile::commit() {
  if (Error closed = checkOpen()) {
    return closed;
  }
  if (Error result = flush()) {
    return result;
  }
  // A device has nothing to make durable and answers EINVAL.
  if (!temporary.empty() && ::fsync(descriptor) != 0) {
    return fail("cannot write: " + systemMessage());
  }
  int closing = descriptor;
  if (!temporary.empty()) {
    if (std::error_code code = sys::fs::rename(temporary, destination)) {
      return fail("cannot create: " + code.message());
    }
    keepOnSignal(temporary);
  }
  descriptor = -1;
  bool closed = ::close(closing) == 0;
  if (!temporary.empty()) {
    syncFolder(destination);
  } else if (!closed) {
    return fail("cannot write: " + systemMessage());
  }
  return Error::success();
}

Error writeFileAtomically(StringRef path, StringRef contents) {
  Expected<std::unique_ptr<AtomicFile>> file = AtomicFile::create(path);
  if (!file) {
    return file.takeError();
  }
  if (Error failure = (*file)->write(contents)) {
    return failure;
  }
  return (*file)->commit();
}

} // namespace quench
