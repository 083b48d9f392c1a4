//===- KernelArguments.h - Call a compiled kernel ----------- -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_CODEGEN_KERNELARGUMENTS_H
#define QUENCH_UNITTESTS_CODEGEN_KERNELARGUMENTS_H

#include <cstdint>
#include <tuple>
#include <vector>

namespace quench {

/// The arguments that a buffer becomes.
template <typename T> auto buffer(std::vector<T> &values) {
  return std::make_tuple(values.data(), values.data(), int64_t(0),
                         static_cast<int64_t>(values.size()), int64_t(1));
}
template <typename T> auto buffer(std::vector<T> &values, int64_t columns) {
  int64_t rows = static_cast<int64_t>(values.size()) / columns;
  return std::make_tuple(values.data(), values.data(), int64_t(0), rows, columns, columns,
                         int64_t(1));
}

template <typename... Arguments> void call(void *function, std::tuple<Arguments...> arguments) {
  std::apply(reinterpret_cast<void (*)(Arguments...)>(function), arguments);
}

} // namespace quench

#endif // QUENCH_UNITTESTS_CODEGEN_KERNELARGUMENTS_H
