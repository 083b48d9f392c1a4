//===- Context.cpp - Who calls, and how errors come back ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench-c/Context.h"

#include "ContextState.h"

#include "quench/InitAll.h"

#include "mlir/InitAllPasses.h"

#include <cstdlib>
#include <new>

using namespace llvm;

void quench::capi::registerPasses() {
  static std::once_flag once;
  std::call_once(once, registerQuenchPasses);
}

void QuenchContext::say(QuenchSeverity severity, StringRef message) {
  std::lock_guard<std::mutex> lock(mutex);
  if (diagnose) {
    diagnose(diagnoseData, severity, message.str().c_str());
  }
}

static QuenchSeverity severityOf(mlir::DiagnosticSeverity severity) {
  switch (severity) {
  case mlir::DiagnosticSeverity::Error:
    return QUENCH_SEVERITY_ERROR;
  case mlir::DiagnosticSeverity::Warning:
    return QUENCH_SEVERITY_WARNING;
  case mlir::DiagnosticSeverity::Remark:
    return QUENCH_SEVERITY_REMARK;
  case mlir::DiagnosticSeverity::Note:
    return QUENCH_SEVERITY_NOTE;
  }
  return QUENCH_SEVERITY_NOTE;
}

quench::workflow::Host QuenchContext::host() {
  quench::workflow::Host host{registry};
  host.threads = threads;
  cancelled = false;
  host.progress.isCancelled = [this] { return cancelled.load(); };
  if (progress) {
    host.progress.listener = [this](const quench::ProgressUpdate &update) {
      progress(progressData, update.label.str().c_str(), update.unit.str().c_str(), update.done,
               update.total, update.finished);
    };
  }
  host.say = [this](mlir::DiagnosticSeverity severity, StringRef text) {
    if (remarks || severity != mlir::DiagnosticSeverity::Remark) {
      say(severityOf(severity), text);
    }
  };
  if (remarks) {
    host.remark = [this](StringRef line) { say(QUENCH_SEVERITY_REMARK, line); };
  }
  return host;
}

QuenchStatus QuenchContext::fail(QuenchStatus status, StringRef message) {
  lastError = message.rtrim('\n').str();
  SmallVector<StringRef> lines;
  message.split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef line : lines) {
    say(QUENCH_SEVERITY_ERROR, line);
  }
  return status;
}

QuenchStatus QuenchContext::give(StringRef text, char **result) {
  *result = static_cast<char *>(std::malloc(text.size() + 1));
  if (!*result) {
    return fail(QUENCH_STATUS_FAILED, "out of memory");
  }
  std::memcpy(*result, text.data(), text.size());
  (*result)[text.size()] = '\0';
  return QUENCH_STATUS_OK;
}

QuenchStatus
quench::capi::require(QuenchContext *context,
                      std::initializer_list<std::pair<const char *, const void *>> arguments) {
  if (!context) {
    return QUENCH_STATUS_INVALID_ARGUMENT;
  }
  for (auto [name, value] : arguments) {
    if (!value) {
      return context->invalid(Twine(name) + ": expected a value, found NULL");
    }
  }
  return QUENCH_STATUS_OK;
}

int32_t quenchApiVersion(void) { return QUENCH_C_API_VERSION; }

const char *quenchVersion(void) { return QUENCH_VERSION; }

QuenchContext *quenchContextCreate(void) {
  // The registry of passes is one for the process. Recipes may name those of upstream too.
  static std::once_flag once;
  std::call_once(once, mlir::registerAllPasses);
  quench::capi::registerPasses();
  auto *context = new (std::nothrow) QuenchContext;
  if (context) {
    quench::registerAllDialects(context->registry);
  }
  return context;
}

void quenchContextDestroy(QuenchContext *context) { delete context; }

void quenchContextSetDiagnosticFunction(QuenchContext *context, QuenchDiagnosticFunction function,
                                        void *userData) {
  if (context) {
    context->diagnose = function;
    context->diagnoseData = userData;
  }
}

void quenchContextSetProgressFunction(QuenchContext *context, QuenchProgressFunction function,
                                      void *userData) {
  if (context) {
    context->progress = function;
    context->progressData = userData;
  }
}

void quenchContextCancel(QuenchContext *context) {
  if (context) {
    context->cancelled = true;
  }
}

void quenchContextSetRemarks(QuenchContext *context, int32_t enabled) {
  if (context) {
    context->remarks = enabled != 0;
  }
}

QuenchStatus quenchContextSetThreads(QuenchContext *context, int32_t threads) {
  if (!context) {
    return QUENCH_STATUS_INVALID_ARGUMENT;
  }
  constexpr int32_t maxThreads = 1024;
  if (threads < 0 || threads > maxThreads) {
    return context->invalid("threads: expected 0 to " + Twine(maxThreads) + ", found " +
                            Twine(threads));
  }
  context->threads = static_cast<unsigned>(threads);
  return QUENCH_STATUS_OK;
}

const char *quenchContextLastError(const QuenchContext *context) {
  return context ? context->lastError.c_str() : "expected a context, found NULL";
}

void quenchStringDestroy(char *string) { std::free(string); }
