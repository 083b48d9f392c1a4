//===- Target.cpp - What a chip can do -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Target/Target.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <vector>

using namespace llvm;
using namespace quench;

// Best first within an architecture: `host` takes the first that runs.
static const std::vector<Target> &builtInTargets() {
  static const std::vector<Target> targets = {
      {"x86-avx512vnni", "x86-64 with AVX-512 VNNI (vpdpbusd on 512 bits)",
       "x86_64-unknown-linux-gnu", "x86-64-v4", "+avx512vnni,-prefer-256-bit",
       /*vectorBits=*/512, /*vectorRegisters=*/32, IntegerDot::UnsignedSigned},
      {"x86-avx2", "x86-64 with AVX2 and FMA (vpmaddwd on 256 bits)", "x86_64-unknown-linux-gnu",
       "x86-64-v3", "", /*vectorBits=*/256, /*vectorRegisters=*/16, IntegerDot::Widen},
      {"arm-dotprod", "AArch64 with NEON dot products (sdot on 128 bits)",
       "aarch64-unknown-linux-gnu", "generic", "+v8.2a,+dotprod", /*vectorBits=*/128,
       /*vectorRegisters=*/32, IntegerDot::SignedSigned},
  };
  return targets;
}

ArrayRef<Target> Target::all() { return builtInTargets(); }

/// The features that tell whether a machine runs the code: what a CPU name implies is spelled out.
static ArrayRef<StringRef> requiredFeatures(StringRef name) {
  static const StringRef avx512[] = {"avx512f", "avx512bw",   "avx512dq", "avx512vl", "avx512cd",
                                     "avx2",    "avx512vnni", "fma",      "bmi2",     "f16c"};
  static const StringRef avx2[] = {"avx2", "fma", "bmi", "bmi2", "f16c", "lzcnt", "movbe"};
  static const StringRef dotprod[] = {"dotprod"};
  if (name == "x86-avx512vnni") {
    return avx512;
  }
  return name == "x86-avx2" ? ArrayRef<StringRef>(avx2) : ArrayRef<StringRef>(dotprod);
}

bool Target::runsHere() const {
  Triple host(sys::getProcessTriple());
  if (host.getArch() != Triple(triple).getArch()) {
    return false;
  }
  StringMap<bool> features = sys::getHostCPUFeatures();
  return all_of(requiredFeatures(name),
                [&](StringRef feature) { return features.lookup(feature); });
}

Target Target::host() {
  for (const Target &target : all()) {
    if (target.runsHere()) {
      return target;
    }
  }
  return all().back();
}

Expected<Target> Target::find(StringRef name) {
  if (name == "host") {
    for (const Target &target : all()) {
      if (target.runsHere()) {
        return target;
      }
    }
    return createStringError("no built-in target runs on this machine");
  }
  for (const Target &target : all()) {
    if (target.name == name) {
      return target;
    }
  }
  std::string names =
      join(map_range(all(), [](const Target &target) { return target.name; }), ", ");
  return createStringError("unknown target '" + name + "', expected host, " + names);
}
