//===- ContractionBenchmark.cpp - Linear layers with quantized weights ----===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled linear layers on random codes. Arguments of a benchmark: rows M, outputs N, inputs K,
// threads, layers. The layers of one call read the same input, as queries, keys and values do, and
// share its quantization; with many of them the weights do not fit a cache.
//
// peak_fraction: of the products of integers or of bf16 (where there are none: of f32), or for
// floats of the multiply-adds, that this machine makes on registers alone. read_fraction: of the
// bandwidth of reading as many bytes of weights.
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/NN/IR/NNDialect.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"
#include "quench/Dialect/Quench/IR/QuenchTypes.h"
#include "quench/Driver/MachineLimits.h"
#include "quench/Runtime/FunctionSession.h"
#include "quench/WeightStore/QuantizedWeight.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

#include "benchmark/benchmark.h"

#include <cmath>
#include <map>
#include <random>

using namespace quench;

namespace {
struct Formats {
  const char *weights;
  /// Null leaves activations in float, "bf16" rounds them to that.
  const char *activations;

  bool hasCodes() const { return activations && !isShort(); }
  bool isShort() const { return activations && llvm::StringRef(activations) == "bf16"; }
};

struct Shape {
  int64_t m, n, k;
  unsigned threads;
  int64_t layers;
};

/// Weights of one layer, written once under as many names as there are layers.
class RandomWeights {
public:
  RandomWeights(SchemeAttr scheme, const Shape &shape) {
    llvm::SmallString<128> folder;
    llvm::sys::fs::createUniqueDirectory("quench-benchmark", folder);
    path = (folder + "/weights.safetensors").str();
    parent = folder.str().str();
    numerics::Scheme format = scheme.getNumericsScheme();
    numerics::QuantizedTensor tensor = randomCodes(format, {shape.n, shape.k});
    auto writer = llvm::cantFail(SafetensorsWriter::create(path));
    for (int64_t i = 0; i < shape.layers; ++i) {
      llvm::cantFail(declareQuantized(*writer, name(i), format, tensor.shape));
    }
    for (int64_t i = 0; i < shape.layers; ++i) {
      llvm::cantFail(writeQuantized(*writer, name(i), format, tensor));
    }
    llvm::cantFail(writer->commit());
    store = llvm::cantFail(WeightStore::open(path));
  }
  ~RandomWeights() {
    store.reset();
    llvm::sys::fs::remove(path);
    llvm::sys::fs::remove(parent);
  }

  static std::string name(int64_t layer) { return "w" + std::to_string(layer); }

  std::unique_ptr<WeightStore> store;

private:
  static numerics::QuantizedTensor randomCodes(const numerics::Scheme &scheme,
                                               llvm::ArrayRef<int64_t> shape) {
    std::mt19937 random(0);
    numerics::QuantizedTensor tensor;
    tensor.shape.assign(shape.begin(), shape.end());
    int64_t count = shape[0] * shape[1];
    tensor.codes = numerics::CodeArray(scheme.element, count);
    int32_t least = scheme.element.minCode(), most = scheme.element.maxCode();
    for (int64_t i = 0; i < count; ++i) {
      tensor.codes.set(i, least + static_cast<int32_t>(random() % (most - least + 1)));
    }
    tensor.scales.assign(scheme.numBlocks(shape), 1.0f / 64.0f);
    if (scheme.zeroPoint) {
      tensor.zeroPoints.assign(scheme.numBlocks(shape), (least + most + 1) / 2);
    }
    return tensor;
  }

  std::string path, parent;
};
} // namespace

static std::string moduleText(const Formats &formats, const Shape &shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (formats.hasCodes()) {
    os << "#a = #quench.scheme<" << formats.activations << ">\n";
  }
  os << "#w = #quench.scheme<" << formats.weights << ">\n";
  os << llvm::formatv("func.func @f(%x: tensor<?x{0}xf32>) -> (", shape.k);
  // Results would have to be copied into buffers of the caller: one row of them is enough.
  std::string rows = llvm::formatv("tensor<?x{0}xf32>", shape.n);
  std::string result = llvm::formatv("tensor<1x{0}xf32>", shape.n);
  for (int64_t i = 0; i < shape.layers; ++i) {
    os << (i ? ", " : "") << result;
  }
  os << ") {\n";
  const char *input = "%x";
  if (formats.isShort()) {
    input = "%d";
    os << llvm::formatv(R"(
      %q = arith.truncf %x : tensor<?x{0}xf32> to tensor<?x{0}xbf16>
      %d = arith.extf %q : tensor<?x{0}xbf16> to tensor<?x{0}xf32>
    )",
                        shape.k);
  } else if (formats.activations) {
    input = "%d";
    os << llvm::formatv(R"(
      %q = quench.quantize %x : tensor<?x{0}xf32> to !quench.qtensor<?x{0}xf32, #a>
      %d = quench.dequantize %q : !quench.qtensor<?x{0}xf32, #a> to tensor<?x{0}xf32>
    )",
                        shape.k);
  }
  for (int64_t i = 0; i < shape.layers; ++i) {
    os << llvm::formatv(R"(
      %c{2} = quench.weight @{5} : !quench.qtensor<{0}x{1}xf32, #w>
      %w{2} = quench.dequantize %c{2} : !quench.qtensor<{0}x{1}xf32, #w> to tensor<{0}x{1}xf32>
      %r{2} = nn.linear {3}, %w{2} : tensor<?x{1}xf32>, tensor<{0}x{1}xf32> -> {4}
      %y{2} = tensor.extract_slice %r{2}[0, 0] [1, {0}] [1, 1] : {4} to {6}
    )",
                        shape.n, shape.k, i, input, rows, RandomWeights::name(i), result);
  }
  os << "return ";
  for (int64_t i = 0; i < shape.layers; ++i) {
    os << (i ? ", " : "") << "%y" << i;
  }
  os << " : ";
  for (int64_t i = 0; i < shape.layers; ++i) {
    os << (i ? ", " : "") << result;
  }
  os << "\n}\n";
  return text;
}

/// Measured once for each size and number of threads.
static const driver::MachineLimits &limitsFor(double bytes, unsigned threads) {
  static std::map<std::pair<uint64_t, unsigned>, driver::MachineLimits> known;
  auto [entry, isNew] = known.try_emplace({static_cast<uint64_t>(bytes), threads});
  if (isNew) {
    entry->second = llvm::cantFail(
        driver::measureMachine(Target::host(), static_cast<uint64_t>(bytes), threads));
  }
  return entry->second;
}

static void runLayers(benchmark::State &state, Formats formats) {
  Shape shape{state.range(0), state.range(1), state.range(2), static_cast<unsigned>(state.range(3)),
              state.range(4)};
  mlir::MLIRContext context;
  context.loadDialect<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                      mlir::tensor::TensorDialect, QuenchDialect, nn::NNDialect>();
  auto scheme = llvm::cast<SchemeAttr>(mlir::parseAttribute(
      ("#quench.scheme<" + llvm::StringRef(formats.weights) + ">").str(), &context));
  auto module = mlir::parseSourceString<mlir::ModuleOp>(moduleText(formats, shape), &context);
  RandomWeights weights(scheme, shape);
  FunctionSessionOptions options;
  options.threads = shape.threads;
  auto session =
      llvm::cantFail(FunctionSession::create(*module, "f", weights.store.get(), options));

  std::vector<float> x(shape.m * shape.k);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(std::sin(0.1 * static_cast<double>(i)));
  }
  std::vector<std::vector<float>> y(shape.layers, std::vector<float>(shape.n));
  std::vector<FunctionResult> results;
  for (std::vector<float> &one : y) {
    results.push_back(FunctionResult::tensor(one, {1, shape.n}));
  }
  for (auto _ : state) {
    llvm::cantFail(session->run({FunctionArgument::tensor(x, {shape.m, shape.k})}, results));
  }

  double parameters = static_cast<double>(shape.n * shape.k * shape.layers);
  double bytes = parameters * scheme.getBitsPerElement({shape.n, shape.k}) / 8.0;
  double macs = parameters * static_cast<double>(shape.m);
  const driver::MachineLimits &limits = limitsFor(bytes, shape.threads);
  auto perSecond = [&](double amount) {
    return benchmark::Counter(amount * static_cast<double>(state.iterations()),
                              benchmark::Counter::kIsRate);
  };
  state.counters["macs_per_s"] = perSecond(macs);
  state.counters["bytes_per_s"] = perSecond(bytes);
  double peak = formats.hasCodes()  ? limits.integerMacsPerSecond
                : formats.isShort() ? limits.shortMacsPerSecond
                                    : limits.floatMacsPerSecond;
  state.counters["peak_fraction"] = perSecond(macs / peak);
  state.counters["read_fraction"] = perSecond(bytes / limits.readBytesPerSecond);
}

static void shapes(benchmark::internal::Benchmark *benchmark) {
  benchmark->ArgNames({"M", "N", "K", "threads", "layers"})->UseRealTime();
  for (int64_t threads : {1, 2}) {
    for (auto [n, k] : {std::pair(4096, 4096), std::pair(11008, 4096), std::pair(4096, 11008)}) {
      for (int64_t m : {64, 256}) {
        benchmark->Args({m, n, k, threads, 1});
        benchmark->Args({m, n, k, threads, 3});
      }
    }
    // Cold: a quarter of a gigabyte of bytes, or half of that.
    benchmark->Args({1, 4096, 4096, threads, 16});
  }
}

static constexpr const char *kByToken = "i8, block = [1, *], scale = f32";
BENCHMARK_CAPTURE(runLayers, w8a8, {"i8, block = [1, *], scale = f32", kByToken})->Apply(shapes);
BENCHMARK_CAPTURE(runLayers, w4a8_g128, {"i4, block = [1, 128], scale = f16", kByToken})
    ->Apply(shapes);
BENCHMARK_CAPTURE(runLayers, w4a8_g32, {"i4, block = [1, 32], scale = f16", kByToken})
    ->Apply(shapes);
BENCHMARK_CAPTURE(runLayers, fp4a8_g32, {"f4E2M1FN, block = [1, 32], scale = f8E8M0FNU", kByToken})
    ->Apply(shapes);
BENCHMARK_CAPTURE(runLayers, nf4a8_g64,
                  {"#quench.codebook<[-1.0, -0.69619280, -0.52507305, -0.39491749, -0.28444138, "
                   "-0.18477343, -0.09105004, 0.0, 0.07958030, 0.16093020, 0.24611230, "
                   "0.33791524, 0.44070983, 0.56261700, 0.72295684, 1.0]>, block = [1, 64], "
                   "scale = f32",
                   kByToken})
    ->Apply(shapes);
BENCHMARK_CAPTURE(runLayers, w2a8_g64, {"i2, block = [1, 64], scale = f16", kByToken})
    ->Apply(shapes);
BENCHMARK_CAPTURE(runLayers, ternary_a8,
                  {"i2, range = [-1, 1], block = [*, *], scale = f32", kByToken})
    ->Apply(shapes);
BENCHMARK_CAPTURE(runLayers, w4a16_g32, {"i4, block = [1, 32], scale = f16", nullptr})
    ->Apply(shapes);
BENCHMARK_CAPTURE(runLayers, w4a16_bf16_g32, {"i4, block = [1, 32], scale = f16", "bf16"})
    ->Apply(shapes);
BENCHMARK_CAPTURE(runLayers, w4a16_bf16_g128, {"i4, block = [1, 128], scale = f16", "bf16"})
    ->Apply(shapes);
BENCHMARK_CAPTURE(runLayers, w8a16_bf16, {"i8, block = [1, *], scale = f32", "bf16"})
    ->Apply(shapes);
BENCHMARK_MAIN();
