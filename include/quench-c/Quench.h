/*===- Quench.h - The C interface of Quench -----------------------*- C -*-===*
 *
 * Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Quantize, compile and run language models from C, or from whatever calls C. Context.h has
 * the rules of errors, ownership, threads and versions. docs/c-api.md is a tour;
 * test/CAPI/compile-and-run.c a program.
 *
 *===----------------------------------------------------------------------===*/

#ifndef QUENCH_C_QUENCH_H
#define QUENCH_C_QUENCH_H

#include "quench-c/Context.h"
#include "quench-c/Model.h"
#include "quench-c/Steps.h"

#endif /* QUENCH_C_QUENCH_H */
