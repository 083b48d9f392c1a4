//===- BasisBenchmark.cpp - Online changes of basis -----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Hadamard transforms of rows: as compiled code applies them to f32 activations (a call writes its
// results once more), and as weights are rotated, in f64 in place. Arguments of a benchmark: order,
// rows, threads. The rows are 1 MiB or 16 MiB of f32; the copy of as many is the roofline.
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/QuenchDialect.h"
#include "quench/Numerics/HadamardTransform.h"
#include "quench/Runtime/FunctionSession.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FormatVariadic.h"

#include "benchmark/benchmark.h"

#include <cmath>
#include <cstring>

using namespace quench;

static std::vector<float> someRows(int64_t order, int64_t rows) {
  std::vector<float> values(order * rows);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(std::sin(0.1 * static_cast<double>(i)));
  }
  return values;
}

static void countBytes(benchmark::State &state, int64_t elementSize) {
  const double rows = static_cast<double>(state.iterations() * state.range(1));
  const double bytes = 2.0 * rows * static_cast<double>(state.range(0) * elementSize);
  state.counters["bytes_per_s"] = benchmark::Counter(bytes, benchmark::Counter::kIsRate);
  state.counters["s_per_row"] =
      benchmark::Counter(rows, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

static void copyRows(benchmark::State &state) {
  std::vector<float> x = someRows(state.range(0), state.range(1)), y(x.size());
  for (auto _ : state) {
    std::memcpy(y.data(), x.data(), x.size() * sizeof(float));
    benchmark::ClobberMemory();
  }
  countBytes(state, sizeof(float));
}

static void transformOnline(benchmark::State &state) {
  const int64_t order = state.range(0), rows = state.range(1);
  auto matrix =
      llvm::cantFail(numerics::HadamardMatrix::create(order, numerics::HadamardFallback::Hartley));
  const bool isHadamard = matrix.construction() != numerics::HadamardConstruction::Hartley;
  mlir::MLIRContext context;
  context.loadDialect<mlir::func::FuncDialect, QuenchDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      llvm::formatv(R"(
        func.func @f(%x: tensor<?x{0}xf32>) -> tensor<?x{0}xf32> {{
          %y = quench.change_basis %x by #quench.{1}<{0}> axes [1] : tensor<?x{0}xf32>
          return %y : tensor<?x{0}xf32>
        })",
                    order, isHadamard ? "hadamard" : "hartley")
          .str(),
      &context);
  FunctionSessionOptions options;
  options.threads = static_cast<unsigned>(state.range(2));
  auto session = llvm::cantFail(FunctionSession::create(*module, "f", nullptr, options));
  std::vector<float> x = someRows(order, rows), y(x.size());
  const int64_t shape[] = {rows, order};
  for (auto _ : state) {
    llvm::cantFail(
        session->run({FunctionArgument::tensor(x, shape)}, {FunctionResult::tensor(y, shape)}));
  }
  countBytes(state, sizeof(float));
}

static void transformWeights(benchmark::State &state) {
  const int64_t order = state.range(0), rows = state.range(1);
  numerics::HadamardTransform transform(
      llvm::cantFail(numerics::HadamardMatrix::create(order, numerics::HadamardFallback::Hartley)));
  std::vector<float> narrow = someRows(order, rows);
  std::vector<double> values(narrow.begin(), narrow.end());
  bool transposed = false;
  for (auto _ : state) {
    transform.apply(values.data(), rows, order, transposed);
    transposed = !transposed;
    benchmark::ClobberMemory();
  }
  countBytes(state, sizeof(double));
}

static void orders(benchmark::internal::Benchmark *benchmark) {
  for (int64_t order : {64, 256, 768, 4096, 11008, 13696, 14336}) {
    benchmark->Args({order, (1 << 18) / order, 1});
    benchmark->Args({order, (1 << 22) / order, 1});
  }
}
BENCHMARK(copyRows)->Apply(orders)->UseRealTime();
BENCHMARK(transformOnline)->Apply(orders)->Args({4096, 1024, 2})->UseRealTime();
BENCHMARK(transformWeights)->Apply(orders)->UseRealTime();
BENCHMARK_MAIN();
