//===- HostCall.h - Calls of integer functions ------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOTOSA_HOSTCALL_H
#define QUENCH_LIB_CONVERSION_QUENCHTOTOSA_HOSTCALL_H

#include "IntegerRegion.h"

namespace quench {

/// Has the host call the function of a region with one output, and puts the real numbers of what it
/// returns, which `form` says, in the place of that.
void callFromHost(const IntegerRegion &region, mlir::func::FuncOp function, const IntegerForm &form,
                  const IntegerPlan &plan);

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOTOSA_HOSTCALL_H
