//===- CpuClones.h - One loop for several instruction sets ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quench is built for the oldest CPU of an architecture. The few loops that most of the time of a
// quantizer goes into are compiled for newer ones as well; the loader picks. Loops marked so are
// written in independent lanes and without sums that could be contracted, and therefore give the
// same bits in every version. Header-only.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_NUMERICS_CPUCLONES_H
#define QUENCH_LIB_NUMERICS_CPUCLONES_H

// Sanitizers cannot instrument what runs while symbols are being resolved.
#if defined(__x86_64__) && defined(__ELF__) && !defined(__SANITIZE_ADDRESS__) &&                   \
    !defined(__SANITIZE_THREAD__)
#define QUENCH_CPU_CLONES                                                                          \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define QUENCH_CPU_CLONES
#endif

#endif // QUENCH_LIB_NUMERICS_CPUCLONES_H
