//===- SanitizerOptions.cpp - How sanitized programs run -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linked into every tool and unit test of a build with -fsanitize=address, so that none depends on
// the environment. ASAN_OPTIONS and UBSAN_OPTIONS still override what is here.
//
//===----------------------------------------------------------------------===//

extern "C" {
/// The packaged libLLVM and libMLIR are not instrumented. Their allocators are partly inlined into
/// our code, which would poison memory that the libraries then hand out without unpoisoning it.
const char *__asan_default_options() { return "allow_user_poisoning=0"; }
const char *__ubsan_default_options() { return "print_stacktrace=1"; }
}
