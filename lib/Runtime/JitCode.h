//===- JitCode.h - Compiled code in this process -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_RUNTIME_JITCODE_H
#define QUENCH_LIB_RUNTIME_JITCODE_H

#include "quench/Runtime/Compilation.h"
#include "quench/Runtime/Session.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace quench {

/// Machine code that is loaded, with its weights.
class JitCode {
public:
  /// Emits and loads the code. `threads` is as in SessionOptions.
  static llvm::Expected<std::unique_ptr<JitCode>> load(CompiledCode code, llvm::StringRef entry,
                                                       unsigned threads);
  ~JitCode();

  template <typename Function> Function *entry() const {
    return reinterpret_cast<Function *>(entryAddress);
  }

  /// Calls `work`, which runs the entry, with the threads of this code; what it observes goes to
  /// `observe`, which may be empty.
  void run(const ObserveFunction &observe, llvm::function_ref<void()> work) const;

  PackedWeights weights;

private:
  JitCode();
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::vector<std::string> observed;
  unsigned threads = 0;
  void *entryAddress = nullptr;
};

} // namespace quench

#endif // QUENCH_LIB_RUNTIME_JITCODE_H
