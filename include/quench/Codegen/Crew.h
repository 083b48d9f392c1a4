//===- Crew.h - Threads that wait for the loops of one call -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Decoding a token of a small model takes some tens of microseconds and goes through a hundred
// parallel loops; entering an OpenMP region for each costs more than all of their work. So compiled
// code enters one region for the whole call. The calling thread runs the model in it, the others
// are its crew: they poll one word of memory, in which the calling thread announces a loop. All
// threads, the calling one too, claim iterations from that word until none is left, large parts
// first. Announcing a loop costs a few transfers of a cache line, and a helper that the operating
// system has taken off its core holds up nobody: it has claimed nothing.
//
// Nested loops and loops below a crew's task run on one thread: functions that divide loops take
// the crew as their last parameter, and a null crew divides nothing.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_CREW_H
#define QUENCH_CODEGEN_CREW_H

#include "quench/Target/Target.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quench {

struct Crew {
  /// On a function: its last parameter is the crew, a pointer.
  static constexpr llvm::StringLiteral kTakesCrew = "quench.takes_crew";
  /// On a declaration `(crew, count, captured…)`: the function `(begin, end, captured…)` that it
  /// divides, see quench-guard-parallel.
  static constexpr llvm::StringLiteral kDivides = "quench.divides";

  /// Runs `task(environment, begin, end)` for parts of [0, count) on the threads of `crew`, which
  /// is not null: `void(crew, task, environment, i64 count)`.
  static constexpr llvm::StringLiteral kDivideFunction = "quench_crew_divide";

  /// Adds the functions that a crew is made of to `module` if they are not there.
  static void addFunctions(mlir::ModuleOp module, const Target &target);

  /// Calls `function`, which takes a crew, with `arguments` and one: if the i1 `isWorth` holds,
  /// that of an OpenMP region around the call, else null. The builder stands at the end of a block
  /// in a function, and afterwards at the end of another one. Returns the i32 result. The functions
  /// of a crew have to be in the module.
  static mlir::Value call(mlir::ImplicitLocOpBuilder &builder, mlir::LLVM::LLVMFuncOp function,
                          mlir::ValueRange arguments, mlir::Value isWorth);
};

} // namespace quench

#endif // QUENCH_CODEGEN_CREW_H
