//===- CommandBench.cpp - quench bench -------------------------------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/FunctionBench.h"
#include "quench/Driver/KernelProfile.h"
#include "quench/Driver/MachineFlags.h"
#include "quench/Driver/MachineLimits.h"
#include "quench/Driver/RepeatedPasses.h"
#include "quench/Driver/TextTable.h"
#include "quench/Workflow/LoadedModel.h"
#include "quench/Workflow/ModelSize.h"

#include <algorithm>
#include <chrono>

using namespace llvm;
using namespace quench::workflow;

namespace quench::driver {

namespace {

/// Medians of one pass, in seconds.
struct Timings {
  double prefill = 0;
  /// One token.
  double decode = 0;
};

/// The two halves of a pass.
class ModelPass {
public:
  ModelPass(Session &session, int64_t prompt, int64_t decode);

  /// Runs a made-up prompt at once.
  Error prefill() {
    state.rewind(0);
    return session.run(state, tokens, static_cast<int64_t>(tokens.size()) - 1, logits);
  }
  /// Runs tokens behind it one by one.
  Error decode();

private:
  Session &session;
  SessionState state;
  std::vector<int32_t> tokens;
  std::vector<float> logits;
  int64_t decoded;
};

/// Of a device with a clock.
struct PhaseProfiles {
  std::optional<KernelProfile> prefill, decode;
};

class BenchCommand : public Command {
public:
  StringRef name() const override { return "bench"; }
  StringRef summary() const override { return "measure speed, and how much of the machine it is"; }
  StringRef description() const override {
    return "Prefill runs the whole prompt at once and asks for the logits of its last token,\n"
           "decode runs one token after the other behind it; medians of repetitions are shown.\n"
           "The roofline is the time that the same work would take at the speed with which this\n"
           "process, with as many threads, reads a buffer of the size of the packed weights and\n"
           "makes products on registers; both are measured in this run. gbytes_per_s counts the\n"
           "packed weights once for each decoded token, gmacs_per_s the linear layers of the\n"
           "prompt.\n"
           "A device has no roofline: what it could do is not measured here. Its kernels are\n"
           "measured in a few more passes, which do not count for the rates.\n"
           "Any other function is called with made-up tensors, again and again; the median of the\n"
           "calls is shown.\n";
  }
  void declare(OptionTable &options) override {
    options.positional("MODEL", model, "a model folder");
    options.integer("prompt", "N", prompt, 1, INT32_MAX,
                    "tokens of the prompt (default 256, or half of the positions)");
    options.integer("decode", "N", decode, 1, INT32_MAX,
                    "tokens to decode (default 64, or what is left)");
    options.integer("batch", "N", batch, 1, INT32_MAX,
                    "open sizes of the arguments of a function (default 1)");
    declareMachine(options, machine);
  }
  Error run(const Console &console) override;

private:
  Error chooseLengths(int64_t positions);
  Expected<Timings> measure(const Console &console, ModelPass &pass) const;
  Expected<PhaseProfiles> profile(const Console &console, Device &device, ModelPass &pass) const;
  void print(const Console &console, const Timings &timings, const ModelSize &size,
             uint64_t packedBytes, const MachineLimits &limits, unsigned threads) const;
  void printDevice(const Console &console, const Timings &timings, const PhaseProfiles &profiles,
                   const ModelSize &size, const Session &session) const;

  std::string model;
  MachineChoice machine;
  int64_t prompt = 0;
  int64_t decode = 0;
  int64_t batch = 1;
};

} // namespace

Error BenchCommand::chooseLengths(int64_t positions) {
  if (prompt == 0) {
    prompt = std::max<int64_t>(1, std::min<int64_t>(256, positions / 2));
  }
  if (decode == 0) {
    decode = std::max<int64_t>(1, std::min<int64_t>(64, positions - prompt));
  }
  if (prompt + decode > positions) {
    return createStringError("expected at most " + Twine(positions) +
                             " tokens, which is what the model has positions for, found " +
                             Twine(prompt) + " of the prompt and " + Twine(decode) + " to decode");
  }
  return Error::success();
}

ModelPass::ModelPass(Session &session, int64_t prompt, int64_t decode)
    : session(session), state(session.newState()), tokens(prompt), logits(session.vocabSize()),
      decoded(decode) {
  for (int64_t i = 0; i < prompt; ++i) {
    tokens[i] = static_cast<int32_t>((i * 7919 + 13) % session.vocabSize());
  }
}

Error ModelPass::decode() {
  state.rewind(static_cast<int64_t>(tokens.size()));
  for (int64_t t = 0; t < decoded; ++t) {
    if (Error failed = session.run(state, tokens[t % tokens.size()], 0, logits)) {
      return failed;
    }
  }
  return Error::success();
}

Expected<Timings> BenchCommand::measure(const Console &console, ModelPass &pass) const {
  using Clock = std::chrono::steady_clock;
  std::vector<double> prefills, decodes;
  if (Error failure = repeatPasses(console, "passes", [&]() -> Error {
        Clock::time_point begin = Clock::now();
        if (Error failed = pass.prefill()) {
          return failed;
        }
        Clock::time_point between = Clock::now();
        if (Error failed = pass.decode()) {
          return failed;
        }
        prefills.push_back(std::chrono::duration<double>(between - begin).count());
        decodes.push_back(std::chrono::duration<double>(Clock::now() - between).count() / decode);
        return Error::success();
      })) {
    return inContext(model, std::move(failure));
  }
  return Timings{medianOfPasses(std::move(prefills)), medianOfPasses(std::move(decodes))};
}

Expected<PhaseProfiles> BenchCommand::profile(const Console &console, Device &device,
                                              ModelPass &pass) const {
  PhaseProfiles result;
  if (Error failure = profileKernels(console, device, 1, [&] {
                        return pass.prefill();
                      }).moveInto(result.prefill)) {
    return inContext(model, std::move(failure));
  }
  if (!result.prefill) {
    return result;
  }
  if (Error failure = profileKernels(console, device, decode, [&] {
                        return pass.decode();
                      }).moveInto(result.decode)) {
    return inContext(model, std::move(failure));
  }
  return result;
}

void BenchCommand::print(const Console &console, const Timings &timings, const ModelSize &size,
                         uint64_t packedBytes, const MachineLimits &limits,
                         unsigned threads) const {
  double floatMacs = size.floatMacs, integerMacs = size.integerMacs, lastMacs = size.lastMacs;
  double prefillMacs = prompt * (floatMacs + integerMacs) + lastMacs;
  double prefillBound =
      limits.attainableSeconds(packedBytes, prompt * floatMacs + lastMacs, prompt * integerMacs);
  double decodeBound = limits.attainableSeconds(packedBytes, floatMacs + lastMacs, integerMacs);
  double gigabytes = packedBytes / timings.decode * 1e-9;
  double gigamacs = prefillMacs / timings.prefill * 1e-9;
  if (console.json) {
    console.printJson(
        json::Object{{"prompt", prompt},
                     {"decode", decode},
                     {"threads", threads},
                     {"prefill_tokens_per_s", prompt / timings.prefill},
                     {"decode_tokens_per_s", 1 / timings.decode},
                     {"gmacs_per_s", gigamacs},
                     {"gbytes_per_s", gigabytes},
                     {"roofline_fraction", decodeBound / timings.decode},
                     {"prefill_roofline_fraction", prefillBound / timings.prefill},
                     {"packed_bytes", packedBytes},
                     {"peak_gbytes_per_s", limits.readBytesPerSecond * 1e-9},
                     {"peak_float_gmacs_per_s", limits.floatMacsPerSecond * 1e-9},
                     {"peak_integer_gmacs_per_s", limits.integerMacsPerSecond * 1e-9}});
    return;
  }
  TextTable table({"", "tokens/s", "of roofline", ""});
  table.addRow({"prefill, " + std::to_string(prompt) + " tokens",
                fixed(prompt / timings.prefill, 0), fixed(prefillBound / timings.prefill, 2),
                fixed(gigamacs, 1) + " GMAC/s"});
  table.addRow({"decode, " + std::to_string(decode) + " tokens", fixed(1 / timings.decode, 0),
                fixed(decodeBound / timings.decode, 2), fixed(gigabytes, 1) + " GB/s"});
  table.print(console.out);
  console.out << threads << (threads == 1 ? " thread" : " threads") << " can read "
              << fixed(limits.readBytesPerSecond * 1e-9, 1) << " GB/s and make "
              << fixed(limits.floatMacsPerSecond * 1e-9, 0) << " GMAC/s in f32, "
              << fixed(limits.integerMacsPerSecond * 1e-9, 0) << " GMAC/s in 8-bit integers\n";
}

/// Without a roofline.
void BenchCommand::printDevice(const Console &console, const Timings &timings,
                               const PhaseProfiles &profiles, const ModelSize &size,
                               const Session &session) const {
  double prefillMacs = prompt * (size.floatMacs + size.integerMacs) + size.lastMacs;
  double gigamacs = prefillMacs / timings.prefill * 1e-9;
  double gigabytes = session.packedWeightBytes() / timings.decode * 1e-9;
  if (console.json) {
    json::Object object{{"prompt", prompt},
                        {"decode", decode},
                        {"target", machine.target},
                        {"device", session.device()->name()},
                        {"prefill_tokens_per_s", prompt / timings.prefill},
                        {"decode_tokens_per_s", 1 / timings.decode},
                        {"gmacs_per_s", gigamacs},
                        {"gbytes_per_s", gigabytes},
                        {"packed_bytes", session.packedWeightBytes()}};
    if (profiles.prefill) {
      profiles.prefill->addTo(object, "prefill_");
      profiles.decode->addTo(object, "decode_");
    }
    console.printJson(std::move(object));
    return;
  }
  TextTable table({machine.target, "tokens/s", ""});
  table.addRow({"prefill, " + std::to_string(prompt) + " tokens",
                fixed(prompt / timings.prefill, 0), fixed(gigamacs, 1) + " GMAC/s"});
  table.addRow({"decode, " + std::to_string(decode) + " tokens", fixed(1 / timings.decode, 0),
                fixed(gigabytes, 1) + " GB/s"});
  table.print(console.out);
  if (profiles.prefill) {
    profiles.prefill->print(console.out, "prefill", "prompt");
    profiles.decode->print(console.out, "decode", "token");
  }
}

Error BenchCommand::run(const Console &console) {
  if (isFunctionModel(model, console.host())) {
    return benchFunction(console, model, machine, batch);
  }
  Expected<LoadedModel> loaded = LoadedModel::load(model, console.host(), machine);
  if (!loaded) {
    return loaded.takeError();
  }
  Session &session = *loaded->session;
  if (Error failure = chooseLengths(session.maxPositions())) {
    return failure;
  }
  ModelPass pass(session, prompt, decode);
  Expected<Timings> timings = measure(console, pass);
  if (!timings) {
    return timings.takeError();
  }
  if (Device *device = session.device()) {
    Expected<PhaseProfiles> profiles = profile(console, *device, pass);
    if (!profiles) {
      return profiles.takeError();
    }
    printDevice(console, *timings, *profiles, measureModel(*loaded->folder), session);
    return Error::success();
  }
  Expected<Target> target = Target::find(machine.target);
  if (!target) {
    return target.takeError();
  }
  unsigned threads = numThreads(console);
  uint64_t packedBytes = session.packedWeightBytes();
  Expected<MachineLimits> limits = measureMachine(*target, packedBytes, threads);
  if (!limits) {
    return limits.takeError();
  }
  print(console, *timings, measureModel(*loaded->folder), packedBytes, *limits, threads);
  return Error::success();
}

std::unique_ptr<Command> createBenchCommand() { return std::make_unique<BenchCommand>(); }

} // namespace quench::driver
