//===- Certificate.h - What verification has seen ---------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_VERIFICATION_CERTIFICATE_H
#define QUENCH_VERIFICATION_CERTIFICATE_H

#include "quench/Verification/RebaseJournal.h"

#include "llvm/Support/JSON.h"

namespace quench {

/// What was seen after one pass.
struct GuardedPass {
  /// The flag of the pass, "quench-rotate".
  std::string pass;
  /// Whether the pass promises to preserve the function, exactly in real numbers; the deviation
  /// means something only then.
  bool preserves = true;
  /// The largest difference of a result to that of the model before the first pass, or after the
  /// last one that approximates, divided by the largest magnitude of the result.
  double deviation = 0.0;
  /// The changes of basis that the pass applied.
  std::vector<RebaseRecord> rewrites;
};

/// What a sequence of passes did to a model.
struct Certificate {
  double tolerance = 0.0;
  std::vector<GuardedPass> passes;

  /// {"tolerance", "largest_deviation", "passes": [{"pass", "preserves", "deviation",
  /// "rewrites": [{"edge", "map", "values", "absorbed", "online"}]}]}.
  llvm::json::Object toJson() const;
};

} // namespace quench

#endif // QUENCH_VERIFICATION_CERTIFICATE_H
