/*===- MLIR.h - Quench for users of the C interface of MLIR -------*- C -*-===*
 *
 * Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Apart from the rest, because it is as stable as mlir-c is: not across versions of LLVM.
 * Needs the headers of LLVM 22 and the shared libMLIR, which libQuenchC.so links.
 *
 *===----------------------------------------------------------------------===*/

#ifndef QUENCH_C_MLIR_H
#define QUENCH_C_MLIR_H

#include "quench-c/Context.h"

#include "mlir-c/IR.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds the dialects of Quench, and the models by which upstream dialects join its passes. */
QUENCH_C_EXPORT void quenchMlirRegisterDialects(MlirDialectRegistry registry);

/* Registers all passes and pipelines of Quench with the parser of pass pipelines. Once is
 * enough; more does no harm. */
QUENCH_C_EXPORT void quenchMlirRegisterPasses(void);

#ifdef __cplusplus
}
#endif

#endif /* QUENCH_C_MLIR_H */
