//===- Target.cpp - What a chip can do -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Target/Target.h"

#include "BuiltinTargets.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Target/TargetSpec.h"

#include "mlir/Dialect/DLTI/DLTI.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#if defined(__linux__) && defined(__aarch64__)
#include <sys/prctl.h>
#endif
#include <unistd.h>

using namespace llvm;
using namespace quench;

static constexpr std::pair<NumberType, StringLiteral> numberNames[] = {
    {NumberType::I8, "i8"},
    {NumberType::UI8, "ui8"},
    {NumberType::I16, "i16"},
    {NumberType::I32, "i32"},
    {NumberType::F16, "f16"},
    {NumberType::BF16, "bf16"},
    {NumberType::F32, "f32"},
    {NumberType::F8E4M3FN, "f8E4M3FN"},
    {NumberType::F8E5M2, "f8E5M2"},
    {NumberType::F8E4M3FNUZ, "f8E4M3FNUZ"},
    {NumberType::F8E5M2FNUZ, "f8E5M2FNUZ"}};

StringRef quench::stringify(NumberType type) {
  return find_if(numberNames, [&](const auto &entry) { return entry.first == type; })->second;
}

std::optional<NumberType> quench::symbolizeNumberType(StringRef name) {
  const auto *entry = find_if(numberNames, [&](const auto &each) { return each.second == name; });
  return entry == std::end(numberNames) ? std::nullopt : std::optional(entry->first);
}

const NativeProduct *Target::findProduct(NumberType weights, NumberType activations) const {
  const NativeProduct *best = nullptr;
  for (const NativeProduct &product : products) {
    if (product.weights == weights && product.activations == activations &&
        (!best || product.macsPerCycle() > best->macsPerCycle())) {
      best = &product;
    }
  }
  return best;
}

/// The fastest product with sums of 32-bit integers and at most so many rows of activations.
static const NativeProduct *fastestProduct(ArrayRef<NativeProduct> products, int64_t rows) {
  const NativeProduct *best = nullptr;
  for (const NativeProduct &product : products) {
    if (product.sums == NumberType::I32 && product.shape[0] <= rows &&
        (!best || product.macsPerCycle() > best->macsPerCycle())) {
      best = &product;
    }
  }
  return best;
}

std::vector<std::string> Target::deviceFeatures() const {
  std::vector<std::string> features = required;
  if (subgroupSize > 0) {
    features.push_back("subgroupSize " + std::to_string(subgroupSize));
  }
  for (const NativeProduct &product : products) {
    if (product.isCooperative()) {
      const auto &[rows, columns, depth] = product.shape;
      features.push_back(formatv("cooperativeMatrix {0} {1}x{2}x{3}",
                                 stringify(product.activations), rows, columns, depth));
    }
  }
  return features;
}

const NativeProduct *Target::findProduct(StringRef instruction) const {
  auto found = find_if(
      products, [&](const NativeProduct &product) { return product.instruction == instruction; });
  return found == products.end() ? nullptr : &*found;
}

const NativeProduct *Target::integerProduct() const {
  return fastestProduct(products, std::numeric_limits<int64_t>::max());
}

const NativeProduct *Target::dotProduct() const { return fastestProduct(products, 1); }

const NativeProduct *Target::matrixProduct() const {
  const NativeProduct *product = integerProduct(), *dot = dotProduct();
  bool isMatrix = product && dot && product->shape[0] > 1 && product->weights == dot->weights &&
                  product->activations == dot->activations;
  return isMatrix ? product : nullptr;
}

const NativeProduct *Target::outerProduct() const {
  const NativeProduct *product = matrixProduct();
  // Four panels of 128 bits are a register in streaming mode.
  constexpr std::array<int64_t, 3> shape = {16, 16, 4};
  bool isOuter = product && product->instruction == "smopa" && product->shape == shape;
  return isOuter && vectorBits == 128 ? product : nullptr;
}

const NativeProduct *Target::shortDotProduct() const {
  const NativeProduct *best = nullptr;
  for (const NativeProduct &product : products) {
    bool isShort = product.weights == NumberType::BF16 && product.activations == NumberType::BF16;
    if (isShort && product.shape[0] == 1 &&
        (!best || product.macsPerCycle() > best->macsPerCycle())) {
      best = &product;
    }
  }
  return best;
}

const NativeProduct *Target::narrowProduct() const {
  auto found = find_if(products, [](const NativeProduct &product) {
    return product.sums == NumberType::I16 && product.activations == NumberType::I8;
  });
  return found == products.end() ? nullptr : &*found;
}

IntegerDot Target::integerDot() const {
  const NativeProduct *product = dotProduct();
  if (!product || product->weights == NumberType::I16) {
    return IntegerDot::Widen;
  }
  return product->weights == NumberType::UI8 ? IntegerDot::UnsignedSigned
                                             : IntegerDot::SignedSigned;
}

bool Target::multipliesByLane() const {
  const NativeProduct *product = dotProduct();
  bool takesLanes = product && (product->instruction == "sdot" || product->instruction == "usdot");
  // In a larger register, a lane is one of each 128 bits.
  return takesLanes && vectorBits == 128;
}

bool Target::convertsHalf() const {
  return Triple(triple).isAArch64() || is_contained(required, "f16c");
}

static Expected<Target> readModule(mlir::ModuleOp module, StringRef where) {
  mlir::DLTIQueryInterface spec = findDevice(module);
  if (!spec) {
    return createStringError(where + ": expected a module with the device \"CPU\" in its "
                                     "dlti.target_system_spec");
  }
  Expected<Target> target = readTarget(spec);
  if (!target) {
    return createStringError(where + ": " + toString(target.takeError()));
  }
  return target;
}

/// A context that can hold specifications.
static std::unique_ptr<mlir::MLIRContext> createContext() {
  auto context = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
  context->loadDialect<mlir::DLTIDialect>();
  return context;
}

ArrayRef<Target> Target::all() {
  static const std::vector<Target> targets = [] {
    std::unique_ptr<mlir::MLIRContext> context = createContext();
    std::vector<Target> parsed;
    for (const BuiltinTarget &target : builtinTargets()) {
      auto module = cantFail(parseModuleText(target.text, target.file, *context));
      parsed.push_back(cantFail(readModule(*module, target.file)));
    }
    auto rank = [](const Target &target) {
      const NativeProduct *product = target.integerProduct();
      return std::tuple(!target.isDevice(), product ? product->macsPerCycle() : 0.0,
                        target.required.size(), StringRef(target.name));
    };
    sort(parsed, [&](const Target &a, const Target &b) { return rank(a) > rank(b); });
    return parsed;
  }();
  return targets;
}

/// Whether scalable registers, also those of streaming mode, are as large as code for `target`
/// takes them to be.
static bool hasScalableSizes(const Target &target) {
#if defined(__linux__) && defined(__aarch64__)
  // PR_SVE_GET_VL and PR_SME_GET_VL give bytes, beside flags.
  auto hasSize = [](int request, int64_t bits) { return (prctl(request) & 0xFFFF) == bits / 8; };
  const NativeProduct *outer = target.outerProduct();
  return (target.vectorBits == 128 || hasSize(51, target.vectorBits)) &&
         (!outer || hasSize(64, 32 * outer->shape[1]));
#else
  (void)target;
  return true;
#endif
}

bool Target::runsHere() const {
  Triple host(sys::getProcessTriple());
  if (isDevice() || host.getArch() != Triple(triple).getArch()) {
    return false;
  }
  static const StringMap<bool> features = sys::getHostCPUFeatures();
  return all_of(required, [&](StringRef feature) { return features.lookup(feature); }) &&
         hasScalableSizes(*this);
}

/// The caches of this machine, where the system tells.
static void detectCaches(Target &target) {
  std::pair<int, int64_t *> caches[] = {{_SC_LEVEL1_DCACHE_SIZE, &target.l1Bytes},
                                        {_SC_LEVEL2_CACHE_SIZE, &target.l2Bytes},
                                        {_SC_LEVEL3_CACHE_SIZE, &target.l3Bytes}};
  for (auto [name, bytes] : caches) {
    int64_t found = sysconf(name);
    *bytes = found > 0 ? found : *bytes;
  }
}

Target Target::host() {
  const Target *found = find_if(all(), [](const Target &target) { return target.runsHere(); });
  if (found == all().end()) {
    return *find_if(reverse(all()), [](const Target &target) { return !target.isDevice(); });
  }
  Target host = *found;
  detectCaches(host);
  return host;
}

Expected<Target> Target::find(StringRef name) {
  if (name == "host") {
    Target target = host();
    return target.runsHere() ? Expected<Target>(std::move(target))
                             : createStringError("no built-in target runs on this machine");
  }
  for (const Target &target : all()) {
    if (target.name == name) {
      return target;
    }
  }
  if (name.ends_with(".mlir")) {
    std::unique_ptr<mlir::MLIRContext> context = createContext();
    auto module = parseModuleFile(name, *context);
    return module ? readModule(**module, name) : module.takeError();
  }
  std::string names =
      join(map_range(all(), [](const Target &target) { return target.name; }), ", ");
  return createStringError("unknown target '" + name + "', expected host, " + names +
                           " or a file that ends in .mlir");
}
