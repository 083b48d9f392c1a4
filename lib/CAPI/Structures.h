//===- Structures.h - Structures that begin with their size -----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A caller of another version of the headers has a structure of another length. What both know is
// copied; a size that no version has is refused before anything is read or written.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CAPI_STRUCTURES_H
#define QUENCH_LIB_CAPI_STRUCTURES_H

#include "quench-c/Model.h"
#include "quench-c/Steps.h"

#include "ContextState.h"

#include <cstddef>

namespace quench::capi {

/// A structure as it was in the first version that has it, which is the shortest.
struct FirstVersion {
  const char *name;
  size_t size;
};
template <typename Struct> inline constexpr FirstVersion firstVersion = {};

#define QUENCH_FIRST_VERSION(Struct, lastMember)                                                   \
  template <>                                                                                      \
  inline constexpr FirstVersion firstVersion<Struct> = {#Struct, offsetof(Struct, lastMember) +    \
                                                                     sizeof(Struct::lastMember)}
QUENCH_FIRST_VERSION(QuenchCalibrateOptions, window);
QUENCH_FIRST_VERSION(QuenchCompileOptions, name);
QUENCH_FIRST_VERSION(QuenchEvaluateOptions, limit);
QUENCH_FIRST_VERSION(QuenchEvaluation, windows);
QUENCH_FIRST_VERSION(QuenchGenerateOptions, seed);
QUENCH_FIRST_VERSION(QuenchImportOptions, maxPositions);
QUENCH_FIRST_VERSION(QuenchModelSummary, bytes);
QUENCH_FIRST_VERSION(QuenchQuantizeOptions, measuredWindows);
#undef QUENCH_FIRST_VERSION

/// Checks the size of a structure of the caller, if there is one.
template <typename Struct> QuenchStatus checkSize(QuenchContext *context, const Struct *given) {
  constexpr FirstVersion first = firstVersion<Struct>;
  static_assert(first.size != 0, "every structure has a first version above");
  // Whatever members come later, they leave no structure of another alignment.
  if (!given || (given->structSize >= first.size && given->structSize % alignof(Struct) == 0)) {
    return QUENCH_STATUS_OK;
  }
  return context->invalid(llvm::Twine(first.name) + ": expected a structSize of at least " +
                          llvm::Twine(first.size) + " and a multiple of " +
                          llvm::Twine(alignof(Struct)) + ", found " +
                          llvm::Twine(given->structSize));
}

/// The options of the caller, their size checked, over the defaults of this version of the
/// library: what an older header did not have keeps its default.
template <typename Options> Options readOptions(const Options *given, Options defaults) {
  if (given) {
    std::memcpy(&defaults, given, std::min(given->structSize, sizeof(Options)));
    defaults.structSize = sizeof(Options);
  }
  return defaults;
}

/// Fills what the structure of the caller has room for, its size checked.
template <typename Result> void writeResult(Result result, Result *place) {
  if (place) {
    result.structSize = place->structSize;
    std::memcpy(place, &result, std::min(place->structSize, sizeof(Result)));
  }
}

} // namespace quench::capi

#endif // QUENCH_LIB_CAPI_STRUCTURES_H
