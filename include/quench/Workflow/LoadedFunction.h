//===- LoadedFunction.h - A model that is no language model, ready to run *- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_LOADEDFUNCTION_H
#define QUENCH_WORKFLOW_LOADEDFUNCTION_H

#include "quench/Workflow/FunctionData.h"
#include "quench/Workflow/LoadedModel.h"

#include <memory>

namespace quench::workflow {

/// A compiled function and what computes the shapes of its results. Members are in the order in
/// which they depend on each other.
class LoadedFunction {
public:
  /// Compiles the function of an open model, which outlives this; see `FunctionSession`.
  static llvm::Expected<LoadedFunction> load(const LoadedModel &model,
                                             const FunctionSessionOptions &options);

  /// The results for one sample.
  llvm::Expected<std::vector<NumberTensor>> run(llvm::ArrayRef<FunctionArgument> arguments,
                                                const ObserveFunction &observe = {}) const;

  /// The results for all samples, one behind the other: along the first axis when samples are rows,
  /// else along a new one. Fails on a float that is not finite.
  llvm::Expected<std::vector<NumberTensor>> runAll(const FunctionData &data,
                                                   const Host &host) const;

  /// What kernels run on; null for a target that is a processor.
  Device *device() const { return session->device(); }

private:
  std::string path;
  mlir::FunctionType type;
  std::unique_ptr<FunctionSession> session;
  /// Null when all shapes are known.
  std::unique_ptr<FunctionSession> shapes;
};

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_LOADEDFUNCTION_H
