//===- MachineLimits.cpp - What this machine reaches at best ---------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/MachineLimits.h"

#include "quench/Codegen/ByteDot.h"
#include "quench/Codegen/NativeCode.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Target/TargetMachine.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <set>
#include <thread>

using namespace llvm;

namespace quench::driver {

/// Independent sums, enough to hide the latency of an instruction that starts twice a cycle, few
/// enough to stay in 16 registers.
static constexpr unsigned accumulators = 12;
static constexpr double secondsPerMeasurement = 0.15;
static constexpr uint64_t pageBytes = 4096;

namespace {

/// One loop of a kernel in LLVM assembly: `%s0` to `%s11` are the sums before a step, `%n0` to
/// `%n11` those after.
struct KernelText {
  std::string declarations;
  std::string vector;
  /// Instructions of a step for sum number `$`.
  std::string step;
  /// Index of one step, in units of which the caller gives the count.
  unsigned stride = 1;
};

} // namespace

static std::string replaceAll(std::string text, StringRef from, const std::string &to) {
  for (size_t at = text.find(from.str()); at != std::string::npos;
       at = text.find(from.str(), at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// `void NAME(ptr %data, i64 %count, ptr %out)`: runs the step until the index reaches %count and
/// stores the sums, so that nothing is dead.
static std::string functionText(StringRef name, const KernelText &kernel) {
  std::string text = "define void @" + name.str() +
                     "(ptr %data, i64 %count, ptr %out) {\nentry:\n  %seed = load " +
                     kernel.vector + ", ptr %out, align 4\n  br label %loop\nloop:\n" +
                     "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]\n";
  std::string body, stores;
  for (unsigned k = 0; k < accumulators; ++k) {
    std::string number = std::to_string(k);
    text += "  %s" + number + " = phi " + kernel.vector + " [ %seed, %entry ], [ %n" + number +
            ", %loop ]\n";
    body += replaceAll(kernel.step, "$", number);
    stores += "  %p" + number + " = getelementptr " + kernel.vector + ", ptr %out, i64 " + number +
              "\n  store " + kernel.vector + " %n" + number + ", ptr %p" + number + ", align 4\n";
  }
  return text + body + "  %next = add i64 %i, " + std::to_string(kernel.stride) +
         "\n  %more = icmp ult i64 %next, %count\n  br i1 %more, label %loop, label "
         "%exit\nexit:\n" +
         stores + "  ret void\n}\n";
}

static std::string vectorOf(unsigned count, StringRef element) {
  return "<" + std::to_string(count) + " x " + element.str() + ">";
}

static KernelText readKernel(const Target &target) {
  std::string vector = vectorOf(target.lanes(), "i32");
  return {"", vector,
          "  %j$ = add i64 %i, $\n  %a$ = getelementptr " + vector + ", ptr %data, i64 %j$\n" +
              "  %v$ = load " + vector + ", ptr %a$, align 4\n  %n$ = add " + vector +
              " %s$, %v$\n",
          accumulators};
}

static KernelText floatKernel(const Target &target) {
  std::string vector = vectorOf(target.lanes(), "float");
  std::string name = "@llvm.fma.v" + std::to_string(target.lanes()) + "f32";
  return {"declare " + vector + " " + name + "(" + vector + ", " + vector + ", " + vector + ")\n",
          vector,
          "  %n$ = call " + vector + " " + name + "(" + vector + " %s$, " + vector + " %seed, " +
              vector + " %seed)\n"};
}

/// Products of bf16, or of f32 where the target has none.
static KernelText shortKernel(const Target &target) {
  const NativeProduct *product = target.shortDotProduct();
  std::string name = product ? productIntrinsic(*product) : "";
  if (name.empty()) {
    return floatKernel(target);
  }
  std::string sums = vectorOf(target.lanes(), "float");
  std::string operands = vectorOf(2 * target.lanes(), "bfloat");
  return {"declare " + sums + " @" + name + "(" + sums + ", " + operands + ", " + operands + ")\n",
          sums,
          "  %b$ = bitcast " + sums + " %seed to " + operands + "\n  %n$ = call " + sums + " @" +
              name + "(" + sums + " %s$, " + operands + " %b$, " + operands + " %b$)\n"};
}

/// Products of bytes in 16 bits, then sums of neighbours: what stands for a dot product on the
/// first AArch64 processors.
static KernelText pairsKernel() {
  return {"declare <8 x i16> @llvm.aarch64.neon.smull.v8i16(<8 x i8>, <8 x i8>)\n"
          "declare <4 x i32> @llvm.aarch64.neon.saddlp.v4i32.v8i16(<8 x i16>)\n",
          "<4 x i32>",
          "  %b$ = bitcast <4 x i32> %s$ to <16 x i8>\n"
          "  %h$ = shufflevector <16 x i8> %b$, <16 x i8> poison, <8 x i32> <i32 0, i32 1, i32 2, "
          "i32 3, i32 4, i32 5, i32 6, i32 7>\n"
          "  %p$ = call <8 x i16> @llvm.aarch64.neon.smull.v8i16(<8 x i8> %h$, <8 x i8> %h$)\n"
          "  %q$ = call <4 x i32> @llvm.aarch64.neon.saddlp.v4i32.v8i16(<8 x i16> %p$)\n"
          "  %n$ = add <4 x i32> %s$, %q$\n"};
}

/// The products depend on the sum, so that they cannot be moved out of the loop.
static KernelText integerKernel(const Target &target) {
  const NativeProduct *product = target.dotProduct();
  std::string name = product ? productIntrinsic(*product) : "";
  if (name.empty()) {
    return pairsKernel();
  }
  bool isScalable = StringRef(name).contains(".sve.");
  std::string sums = isScalable ? "<vscale x 4 x i32>" : vectorOf(target.lanes(), "i32");
  std::string cast = "  %b$ = bitcast " + sums + " %s$ to ";
  bool isWidened = product->weights == NumberType::I16;
  std::string operands = isWidened    ? vectorOf(2 * target.lanes(), "i16")
                         : isScalable ? "<vscale x 16 x i8>"
                                      : vectorOf(4 * target.lanes(), "i8");
  std::string call = " = call " + sums + " @" + name + "(";
  std::string twice = operands + " %b$, " + operands + " %b$)\n";
  std::string declare = "declare " + sums + " @" + name + "(";
  if (isWidened) {
    return {declare + operands + ", " + operands + ")\n", sums,
            cast + operands + "\n  %m$" + call + twice + "  %n$ = add " + sums + " %s$, %m$\n"};
  }
  return {declare + sums + ", " + operands + ", " + operands + ")\n", sums,
          cast + operands + "\n  %n$" + call + sums + " %s$, " + twice};
}

/// Products that one instruction of the integer kernel makes in a 32-bit lane.
static unsigned productsPerLane(const Target &target) {
  const NativeProduct *product = target.dotProduct();
  return !product || productIntrinsic(*product).empty() ? 2 : product->shape[2];
}

namespace {

/// The kernels, compiled.
class Kernels {
public:
  using Function = void(const void *data, uint64_t count, void *out);

  static Expected<Kernels> compile(const Target &target);

  Function *read = nullptr;
  Function *floats = nullptr;
  Function *shortFloats = nullptr;
  Function *integers = nullptr;

private:
  std::unique_ptr<orc::LLJIT> jit;
};

} // namespace

Expected<Kernels> Kernels::compile(const Target &target) {
  std::pair<StringRef, KernelText> functions[] = {{"read", readKernel(target)},
                                                  {"floats", floatKernel(target)},
                                                  {"short_floats", shortKernel(target)},
                                                  {"integers", integerKernel(target)}};
  std::set<std::string> declarations;
  std::string text;
  for (const auto &[name, kernel] : functions) {
    // Two may call the same.
    text += declarations.insert(kernel.declarations).second ? kernel.declarations : "";
    text += functionText(name, kernel);
  }
  LLVMContext context;
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> module = parseAssemblyString(text, diagnostic, context);
  if (!module) {
    return createStringError("cannot compile the kernels of the roofline: " +
                             diagnostic.getMessage());
  }
  Expected<std::unique_ptr<TargetMachine>> machine = createTargetMachine(target);
  if (!machine) {
    return machine.takeError();
  }
  module->setTargetTriple((*machine)->getTargetTriple());
  module->setDataLayout((*machine)->createDataLayout());
  SmallVector<char, 0> object;
  if (Error failure = emitMachineCode(*module, **machine, MachineCodeKind::Object, object)) {
    return failure;
  }
  Expected<std::unique_ptr<orc::LLJIT>> jit = orc::LLJITBuilder().create();
  if (!jit) {
    return jit.takeError();
  }
  if (Error failure = (*jit)->addObjectFile(
          MemoryBuffer::getMemBufferCopy(StringRef(object.data(), object.size()), "roofline"))) {
    return failure;
  }
  Kernels kernels;
  for (auto [name, function] :
       {std::make_pair("read", &kernels.read), std::make_pair("floats", &kernels.floats),
        std::make_pair("short_floats", &kernels.shortFloats),
        std::make_pair("integers", &kernels.integers)}) {
    Expected<orc::ExecutorAddr> address = (*jit)->lookup(name);
    if (!address) {
      return address.takeError();
    }
    *function = address->toPtr<Function *>();
  }
  kernels.jit = std::move(*jit);
  return kernels;
}

/// Runs `work(thread)` again and again on every thread for some time and returns how many calls a
/// second all threads made together.
static double callsPerSecond(unsigned threads, const std::function<void(unsigned)> &work) {
  using Clock = std::chrono::steady_clock;
  std::atomic<uint64_t> calls = 0;
  std::atomic<unsigned> ready = 0;
  std::atomic<bool> started = false, stop = false;
  std::vector<std::thread> crew;
  for (unsigned thread = 0; thread < threads; ++thread) {
    crew.emplace_back([&, thread] {
      work(thread);
      ++ready;
      while (!started) {
        std::this_thread::yield();
      }
      uint64_t done = 0;
      while (!stop) {
        work(thread);
        ++done;
      }
      calls += done;
    });
  }
  while (ready < threads) {
    std::this_thread::yield();
  }
  Clock::time_point begin = Clock::now();
  started = true;
  std::this_thread::sleep_for(std::chrono::duration<double>(secondsPerMeasurement));
  stop = true;
  double elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
  for (std::thread &member : crew) {
    member.join();
  }
  return calls / elapsed;
}

double MachineLimits::attainableSeconds(double bytes, double floatMacs, double integerMacs) const {
  return std::max(bytes / readBytesPerSecond,
                  floatMacs / floatMacsPerSecond + integerMacs / integerMacsPerSecond);
}

Expected<MachineLimits> measureMachine(const Target &target, uint64_t bufferBytes,
                                       unsigned threads) {
  Expected<Kernels> kernels = Kernels::compile(target);
  if (!kernels) {
    return kernels.takeError();
  }
  uint64_t vectorBytes = target.vectorBits / 8, stepBytes = vectorBytes * accumulators;
  std::vector<std::vector<uint8_t>> outputs(threads, std::vector<uint8_t>(stepBytes, 0));
  MachineLimits limits;

  uint64_t steps = std::max<uint64_t>(1, std::max(pageBytes, bufferBytes / threads) / stepBytes);
  std::vector<std::vector<uint8_t>> parts(threads, std::vector<uint8_t>(steps * stepBytes, 1));
  limits.readBytesPerSecond =
      steps * stepBytes * threads *
      (callsPerSecond(threads,
                      [&](unsigned thread) {
                        kernels->read(parts[thread].data(), steps * accumulators,
                                      outputs[thread].data());
                      }) /
       threads);

  // Enough iterations that a call lasts some microseconds.
  constexpr uint64_t iterations = 4096;
  double lanes = target.lanes() * double(accumulators) * iterations;
  auto rate = [&](Kernels::Function *function) {
    for (std::vector<uint8_t> &output : outputs) {
      std::fill(output.begin(), output.end(), 0);
    }
    return lanes * callsPerSecond(threads, [&](unsigned thread) {
             function(nullptr, iterations, outputs[thread].data());
           });
  };
  limits.floatMacsPerSecond = rate(kernels->floats);
  const NativeProduct *product = target.shortDotProduct();
  bool hasShortFloats = product && !productIntrinsic(*product).empty();
  limits.shortMacsPerSecond =
      hasShortFloats ? product->shape[2] * rate(kernels->shortFloats) : limits.floatMacsPerSecond;
  limits.integerMacsPerSecond = productsPerLane(target) * rate(kernels->integers);
  return limits;
}

} // namespace quench::driver
