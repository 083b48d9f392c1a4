//===- Session.h - A compiled model, ready to run -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles a causal language model (see the nn dialect) for a target, in memory, and runs it. One
// compiled function serves prefill and decode; the key/value cache lives in a SessionState and is
// updated in place.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_RUNTIME_SESSION_H
#define QUENCH_RUNTIME_SESSION_H

#include "quench/Device/Device.h"
#include "quench/Device/DeviceMemory.h"
#include "quench/Target/Target.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace quench {

class WeightStore;

/// Called for every `quench.observe` that a run passes: the name, the values in row-major order and
/// their shape. Calls of one run come in program order, from the thread that runs the model.
using ObserveFunction = std::function<void(llvm::StringRef name, llvm::ArrayRef<float> values,
                                           llvm::ArrayRef<int64_t> shape)>;

struct SessionOptions {
  /// What to compile for; it must be able to run here, or be a device that is found here.
  Target target = Target::host();
  /// For a target that is a device.
  DeviceOptions device;
  /// Threads of the compiled code; 0 takes one for each core.
  unsigned threads = 0;
  /// Receives observed values; without it observers are compiled away.
  ObserveFunction observe;
};

/// What a sequence has left behind in the caches. Starts empty. A copy is a sequence of its own.
class SessionState {
public:
  /// Tokens in the caches.
  int64_t position() const { return tokens; }
  /// Forgets the tokens after the first `position`.
  void rewind(int64_t position) { tokens = position; }

private:
  friend class Session;
  /// Compiled code expects caches at multiples of 64 bytes, in copies too.
  struct alignas(64) Line {
    uint8_t bytes[64];
  };
  std::vector<Line> caches;
  /// The caches if the model runs on a device, from the first run on.
  DeviceMemory onDevice;
  int64_t tokens = 0;
};

class Session {
public:
  /// Compiles `module`, whose weights are in `weights`. Both may go away afterwards. Diagnostics go
  /// to the context of the module; the error is a summary.
  static llvm::Expected<std::unique_ptr<Session>>
  create(mlir::ModuleOp module, const WeightStore &weights, SessionOptions options = {});
  ~Session();

  int64_t vocabSize() const;
  /// The capacity of the caches, in tokens.
  int64_t maxPositions() const;
  /// Bytes of weights as packed for the kernels: what one decoded token reads.
  uint64_t packedWeightBytes() const;
  /// What kernels run on; null for a target that is a processor.
  Device *device() const;

  SessionState newState() const;

  /// Continues the sequence of `state` with `tokens` and writes the logits of the tokens with index
  /// `first` and later, row-major, `(tokens.size() - first) * vocabSize()` values. Errors: a token
  /// outside the vocabulary, a full cache, a wrong size of `logits`; `state` is then unchanged.
  /// What fails on a device leaves its position as it was, too.
  llvm::Error run(SessionState &state, llvm::ArrayRef<int32_t> tokens, int64_t first,
                  llvm::MutableArrayRef<float> logits);

private:
  struct Implementation;
  explicit Session(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation;
};

} // namespace quench

#endif // QUENCH_RUNTIME_SESSION_H
