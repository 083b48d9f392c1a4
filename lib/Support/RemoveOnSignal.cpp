//===- RemoveOnSignal.cpp - Files that do not outlive a signal ------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Support/RemoveOnSignal.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"

#include <array>
#include <atomic>
#include <csignal>
#include <deque>
#include <mutex>
#include <string>
#include <unistd.h>

using namespace llvm;

/// Set by main before there are threads.
static bool isEnabled = false;

/// A signal may come between any two instructions: an entry is a whole name or none. More folders
/// than there are entries stay.
static std::array<std::atomic<const char *>, 8> folders;

/// What entries point to, now or once: the handler may be reading it. Lives as long as handlers.
static const char *keepName(StringRef path) {
  static std::mutex mutex;
  static auto &names = *new std::deque<std::string>;
  std::lock_guard<std::mutex> lock(mutex);
  return names.emplace_back(path.str()).c_str();
}

static void removeAndEnd(int signal) {
  sys::RunInterruptHandlers();
  for (std::atomic<const char *> &folder : folders) {
    if (const char *path = folder.load()) {
      ::rmdir(path);
    }
  }
  std::signal(signal, SIG_DFL);
  ::raise(signal);
}

void quench::enableRemoveOnSignal() {
  SmallVector<int> ignored;
  for (int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2}) {
    struct sigaction action;
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
      ignored.push_back(signal);
    }
  }
  // LLVM takes all signals at once, at the first call that needs one: here, with what InitLLVM
  // would say of pipes.
  sys::SetOneShotPipeSignalFunction(sys::DefaultOneShotPipeSignalHandler);
  // LLVM removes files alone.
  struct sigaction action = {};
  action.sa_handler = removeAndEnd;
  action.sa_flags = SA_NODEFER | SA_RESETHAND | SA_ONSTACK;
  for (int signal : {SIGHUP, SIGINT, SIGTERM}) {
    ::sigaction(signal, &action, nullptr);
  }
  for (int signal : ignored) {
    std::signal(signal, SIG_IGN);
  }
  isEnabled = true;
}

void quench::removeOnSignal(StringRef path) {
  if (isEnabled) {
    sys::RemoveFileOnSignal(path);
  }
}

void quench::keepOnSignal(StringRef path) {
  if (isEnabled) {
    sys::DontRemoveFileOnSignal(path);
  }
}

std::error_code quench::createUniqueFileUntilSignal(const Twine &model, SmallVectorImpl<char> &path,
                                                    int &descriptor) {
  std::error_code code;
  do {
    path.clear();
    sys::fs::createUniquePath(model, path, /*MakeAbsolute=*/false);
    StringRef name(path.data(), path.size());
    // Before there is a file: a signal may come as soon as there is one.
    removeOnSignal(name);
    code = sys::fs::openFileForReadWrite(name, descriptor, sys::fs::CD_CreateNew, sys::fs::OF_None);
    if (code) {
      keepOnSignal(name);
    }
  } while (code == std::errc::file_exists);
  if (code) {
    path.clear();
  }
  return code;
}

std::error_code quench::createUniqueFileUntilSignal(const Twine &model,
                                                    SmallVectorImpl<char> &path) {
  int descriptor = -1;
  std::error_code code = createUniqueFileUntilSignal(model, path, descriptor);
  return code ? code : sys::Process::SafelyCloseFileDescriptor(descriptor);
}

void quench::removeFolderOnSignal(StringRef path) {
  if (!isEnabled) {
    return;
  }
  const char *name = keepName(path);
  for (std::atomic<const char *> &folder : folders) {
    const char *free = nullptr;
    if (folder.compare_exchange_strong(free, name)) {
      return;
    }
  }
}

void quench::keepFolderOnSignal(StringRef path) {
  for (std::atomic<const char *> &folder : folders) {
    const char *name = folder.load();
    if (name && path == name) {
      folder.compare_exchange_strong(name, nullptr);
    }
  }
}
