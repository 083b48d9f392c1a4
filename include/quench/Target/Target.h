//===- Target.h - What a chip can do -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A chip is described by a DLTI specification, `targets/*.mlir` for those that are built in, which
// passes find on the module (see TargetSpec.h). This is the same as a C++ value.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TARGET_TARGET_H
#define QUENCH_TARGET_TARGET_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quench {

/// What an instruction multiplies or adds up.
enum class NumberType {
  I8,
  UI8,
  I16,
  I32,
  F16,
  BF16,
  F32,
  F8E4M3FN,
  F8E5M2,
  F8E4M3FNUZ,
  F8E5M2FNUZ
};

/// "i8", "ui8", … as in IR.
llvm::StringRef stringify(NumberType type);
std::optional<NumberType> symbolizeNumberType(llvm::StringRef name);

/// An instruction that multiplies a tile of weights by one of activations and adds to sums.
struct NativeProduct {
  /// "vpdpbusd". The code generator knows what it emits by this name.
  std::string instruction;
  NumberType weights;
  NumberType activations;
  NumberType sums;
  /// Rows of activations, rows of weights, and products that enter a sum: `vpdpbusd` on 512 bits
  /// has 1, 16 and 4, `smmla` 2, 2 and 8.
  std::array<int64_t, 3> shape;
  /// How many of them a core starts in a cycle.
  double perCycle;

  double macsPerCycle() const {
    return static_cast<double>(shape[0] * shape[1] * shape[2]) * perCycle;
  }
  /// Whether it is a product of cooperative matrices of Vulkan, whose sizes are `shape`.
  bool isCooperative() const {
    return llvm::StringRef(instruction).starts_with("OpCooperativeMatrixMulAddKHR.");
  }
};

/// How sums of products of bytes are had.
enum class IntegerDot {
  /// Widen both sides to 16 bits and multiply-add pairs (`vpmaddwd`).
  Widen,
  /// Four products of unsigned weights and signed activations a lane (`vpdpbusd`).
  UnsignedSigned,
  /// Four products of signed bytes a lane (`sdot`).
  SignedSigned,
};

/// A CPU, or a device beside one, that code is generated for. A value type.
struct Target {
  /// "x86-avx512vnni", "x86-avx2", "arm-dotprod".
  std::string name;
  /// One line for `quench targets`.
  std::string summary;
  /// How kernels are brought to a device: "vulkan", "cuda", "hip"; "tosa" for code that others
  /// compile. Empty for a CPU, which runs everything itself.
  std::string api;
  /// What kernels are compiled for, where they are compiled to instructions: "sm_80".
  std::string chip;
  /// LLVM triple, CPU and features ("+avx2,+fma"); empty for a device.
  std::string triple;
  std::string cpu;
  std::string features;
  /// LLVM's names of the features without which the code does not run, those that `cpu` implies
  /// included. For devices of Vulkan, what is not in version 1.1, by Vulkan's names:
  /// "shaderIntegerDotProduct".
  std::vector<std::string> required;
  /// Threads of a subgroup that multiplies cooperative matrices; 0 where there are no such
  /// products.
  int64_t subgroupSize = 0;
  /// Bits of a vector register and number of vector registers. For a device: the bits that
  /// neighbouring threads read at once, and the registers of a thread.
  int64_t vectorBits = 128;
  int64_t vectorRegisters = 16;
  /// Bytes of the caches: first level data and second level of a core, last level of all.
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 256 << 10;
  int64_t l3Bytes = 4 << 20;
  /// Cycles of a core in a second, and bytes that it reads from memory in one, both in 10^9.
  double clock = 1.0;
  double readBandwidth = 1.0;
  /// Vector additions, shifts or bitwise operations that a core starts in a cycle.
  double vectorOpsPerCycle = 1.0;
  /// Lookups of all bytes of a register in a table of 16; 0 where there is no such instruction.
  double byteLookupsPerCycle = 0.0;
  std::vector<NativeProduct> products;

  bool isDevice() const { return !api.empty(); }
  /// What code that calls kernels is compiled for: the host of a device, a CPU itself.
  Target caller() const { return isDevice() ? host() : *this; }
  /// 32-bit lanes of a vector register.
  int64_t lanes() const { return vectorBits / 32; }
  /// All that a device must have beyond Vulkan 1.1: `required`, the size of subgroups, and the
  /// matrices that they multiply: "subgroupSize 32", "cooperativeMatrix i8 16x16x32".
  std::vector<std::string> deviceFeatures() const;
  /// The product of this name, or null.
  const NativeProduct *findProduct(llvm::StringRef instruction) const;
  /// The fastest product of these operands, or null.
  const NativeProduct *findProduct(NumberType weights, NumberType activations) const;
  /// The fastest product of bytes, or of 16-bit integers where there is none, or null.
  const NativeProduct *integerProduct() const;
  /// The fastest of these with one row of activations, or null.
  const NativeProduct *dotProduct() const;
  /// The fastest product of bytes if it takes several rows of activations, and the operands of
  /// `dotProduct`; otherwise null.
  const NativeProduct *matrixProduct() const;
  /// The matrix product if it is one of a column by a row that is added to a tile (`smopa` in
  /// SME's ZA), as large as streaming mode's registers: its columns are their 32-bit lanes.
  /// Otherwise null.
  const NativeProduct *outerProduct() const;
  /// The fastest product of bf16 with one row of activations, or null.
  const NativeProduct *shortDotProduct() const;
  IntegerDot integerDot() const;
  /// A product of bytes into sums of 16 bits, which may not hold them, or null (`vpmaddubsw`,
  /// `smlal`).
  const NativeProduct *narrowProduct() const;
  /// Whether its products of bytes take one lane of a register for all lanes (`sdot`, `usdot`).
  bool multipliesByLane() const;
  /// Whether f16 becomes f32 in an instruction; bf16 does everywhere, it is a shift.
  bool convertsHalf() const;

  /// The best built-in CPU that this machine is, with the caches that are found here.
  static Target host();
  /// The built-in targets, CPUs before devices, the one with most products of bytes in a cycle
  /// first.
  static llvm::ArrayRef<Target> all();
  /// "host", the name of a built-in target, or a file of IR with a specification, which ends in
  /// ".mlir". The error lists the names, or says where the file is wrong.
  static llvm::Expected<Target> find(llvm::StringRef name);
  /// Whether the CPU of this machine can execute code for the target: never for a device. Whether
  /// there is one shows when a session is made.
  bool runsHere() const;
};

} // namespace quench

#endif // QUENCH_TARGET_TARGET_H
