//===- RemoveOnSignal.cpp - Files that do not outlive a signal ------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Support/RemoveOnSignal.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Signals.h"

#include <csignal>

using namespace llvm;

/// Set by main before there are threads.
static bool isEnabled = false;

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
