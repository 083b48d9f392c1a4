//===- ReportPageTemplate.h - The frame of the page -------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_INSIGHT_REPORTPAGETEMPLATE_H
#define QUENCH_LIB_INSIGHT_REPORTPAGETEMPLATE_H

#include "llvm/ADT/StringRef.h"

namespace quench::insight {

/// ReportPage.html, with {{title}} and {{body}} where these belong.
llvm::StringRef reportPageTemplate();

} // namespace quench::insight

#endif // QUENCH_LIB_INSIGHT_REPORTPAGETEMPLATE_H
