//===- GgufFit.h - Which format of GGUF holds a scheme ----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tensor that has the scheme of a format is written bit for bit. Others are written in the
// smallest format that holds every value exactly: larger groups repeat their scale, codes of fewer
// bits and codes with zero points become codes of more bits. Nothing is ever rounded.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_EXPORT_GGUFFIT_H
#define QUENCH_EXPORT_GGUFFIT_H

#include "quench/Gguf/GgufFormat.h"

#include "llvm/Support/Error.h"

namespace quench {

/// The format for matrices of this scheme and shape. It depends on these alone, not on values.
/// Errors: "no format of GGUF holds SCHEME of shape [N, K]", with the reason.
llvm::Expected<GgufType> ggufTypeFor(const numerics::Scheme &scheme, llvm::ArrayRef<int64_t> shape);

/// The blocks of a tensor in the format that `ggufTypeFor` gave for its scheme. Errors name the row
/// and the block: a scale or zero point that f16 does not have exactly.
llvm::Expected<std::vector<uint8_t>>
writeAsGguf(GgufType type, const numerics::QuantizedTensor &tensor, const numerics::Scheme &scheme);

} // namespace quench

#endif // QUENCH_EXPORT_GGUFFIT_H
