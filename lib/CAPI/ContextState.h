//===- ContextState.h - Behind the handles of the C API ---------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CAPI_CONTEXTSTATE_H
#define QUENCH_LIB_CAPI_CONTEXTSTATE_H

#include "quench-c/Context.h"
#include "quench/Workflow/Host.h"

#include "llvm/ADT/Twine.h"

#include <atomic>
#include <cstring>
#include <mutex>
#include <string>

struct QuenchContext {
  mlir::DialectRegistry registry;
  unsigned threads = 0;
  bool remarks = false;
  QuenchDiagnosticFunction diagnose = nullptr;
  void *diagnoseData = nullptr;
  QuenchProgressFunction progress = nullptr;
  void *progressData = nullptr;
  /// Whether the step that runs is to end.
  std::atomic<bool> cancelled = false;
  std::string lastError;
  /// One message at a time.
  std::mutex mutex;

  void say(QuenchSeverity severity, llvm::StringRef message);
  /// Of a step that begins; valid as long as the context.
  quench::workflow::Host host();

  /// Says what went wrong.
  QuenchStatus fail(QuenchStatus status, llvm::StringRef message);
  QuenchStatus fail(llvm::Error error) {
    return fail(QUENCH_STATUS_FAILED, toString(std::move(error)));
  }
  QuenchStatus invalid(const llvm::Twine &message) {
    return fail(QUENCH_STATUS_INVALID_ARGUMENT, message.str());
  }
  QuenchStatus done(llvm::Error error) { return error ? fail(std::move(error)) : QUENCH_STATUS_OK; }
  /// Hands a text out.
  QuenchStatus give(llvm::StringRef text, char **result);
};

namespace quench::capi {

/// Registers the passes of Quench, once for the process.
void registerPasses();

/// Checks what is required: the context, then places and texts, each with its name for messages.
QuenchStatus require(QuenchContext *context,
                     std::initializer_list<std::pair<const char *, const void *>> arguments);

/// Sets a pointer to a result to NULL, if there is a place for it: before arguments are checked.
template <typename Handle> void clear(Handle **result) {
  if (result) {
    *result = nullptr;
  }
}

} // namespace quench::capi

#endif // QUENCH_LIB_CAPI_CONTEXTSTATE_H
