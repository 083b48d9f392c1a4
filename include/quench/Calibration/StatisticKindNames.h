//===- StatisticKindNames.h - What can be collected, by name ------ -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CALIBRATION_STATISTICKINDNAMES_H
#define QUENCH_CALIBRATION_STATISTICKINDNAMES_H

#include <string>
#include <vector>

namespace quench::calibration {

/// What `StatisticKinds::parse` takes: names of kinds, "none" and "tokens".
std::vector<std::string> statisticKindNames();

} // namespace quench::calibration

#endif // QUENCH_CALIBRATION_STATISTICKINDNAMES_H
