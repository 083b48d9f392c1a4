/*===- Context.h - Who calls, and how errors come back ------------*- C -*-===*
 *
 * Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * The conventions of all headers of quench-c except MLIR.h:
 *
 * Errors.     Functions that can fail return a QuenchStatus. What went wrong is said, one line
 *             for each error, to the diagnostic function of the context, and kept for
 *             quenchContextLastError. Outputs are as they were then, pointers to results are
 *             set to NULL. No function ends the process or throws, but for a limit of
 *             pipelines that is at quenchTransform. NULL for a handle is an invalid argument
 *             about which nothing can be said.
 * Ownership.  What a function hands out through a pointer to a pointer belongs to the caller,
 *             who gives it back by the function that its documentation names. Arguments belong
 *             to the caller and are not kept after the call, unless it is said.
 * Lifetimes.  A context outlives whatever was made from it, a model its sequences.
 * Threads.    A context, and all that was made from it, is used by one thread at a time.
 *             Contexts are independent of each other.
 * Texts.      UTF-8, ending in 0. Paths are those of the system.
 * Versions.   "Since N" at a function is the first quenchApiVersion that has it. Within a
 *             major version of the library (libQuenchC.so.1) functions are added, and members
 *             at the end of structures; nothing is removed or changes its meaning. Structures
 *             begin with their size for that; their _INIT macros set it and the defaults. A
 *             size below that of the first version of a structure, or no multiple of its
 *             alignment, is an invalid argument. NULL for a structure of options takes the
 *             defaults.
 *
 *===----------------------------------------------------------------------===*/

#ifndef QUENCH_C_CONTEXT_H
#define QUENCH_C_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define QUENCH_C_EXPORT __attribute__((visibility("default")))
#else
#define QUENCH_C_EXPORT
#endif

/* The version of these headers; see quenchApiVersion for that of the library. */
#define QUENCH_C_API_VERSION 3

#ifdef __cplusplus
extern "C" {
#endif

typedef struct QuenchContext QuenchContext;

typedef enum QuenchStatus {
  QUENCH_STATUS_OK = 0,
  /* An argument is not what is expected; nothing was done. */
  QUENCH_STATUS_INVALID_ARGUMENT = 1,
  /* It could not be done: bad input, a full disk, a recipe that does not fit the model. */
  QUENCH_STATUS_FAILED = 2
} QuenchStatus;

typedef enum QuenchSeverity {
  QUENCH_SEVERITY_NOTE = 0,
  /* What a pass decided about a layer, and why; see quenchContextSetRemarks. */
  QUENCH_SEVERITY_REMARK = 1,
  QUENCH_SEVERITY_WARNING = 2,
  QUENCH_SEVERITY_ERROR = 3
} QuenchSeverity;

/* Takes one message, which is gone after the call. May be called from a thread of the
 * library, from one at a time, while the context is in a function. Must not call into the
 * context. */
typedef void (*QuenchDiagnosticFunction)(void *userData, QuenchSeverity severity,
                                         const char *message);

/* How far a step has come: `done` of `total` units, `total` 0 when it is not known.
 * `finished` is 1 in the last call for a step. Called from the thread that called the step. */
typedef void (*QuenchProgressFunction)(void *userData, const char *step, const char *unit,
                                       uint64_t done, uint64_t total, int32_t finished);

/* The version of the interface that the library has. Since 1. */
QUENCH_C_EXPORT int32_t quenchApiVersion(void);

/* The version of Quench, "0.1.0"; not to be freed. Since 1. */
QUENCH_C_EXPORT const char *quenchVersion(void);

/* Makes a context; NULL when there is no memory. Ends with quenchContextDestroy. Since 1. */
QUENCH_C_EXPORT QuenchContext *quenchContextCreate(void);

/* NULL is allowed. Since 1. */
QUENCH_C_EXPORT void quenchContextDestroy(QuenchContext *context);

/* Who takes messages; NULL for nobody, which is the default. `userData` is handed on. Since
 * 1. */
QUENCH_C_EXPORT void quenchContextSetDiagnosticFunction(QuenchContext *context,
                                                        QuenchDiagnosticFunction function,
                                                        void *userData);

/* Who sees progress; NULL for nobody, which is the default. Since 1. */
QUENCH_C_EXPORT void quenchContextSetProgressFunction(QuenchContext *context,
                                                      QuenchProgressFunction function,
                                                      void *userData);

/* Ends the step that runs in the context: after the unit of progress that it works on it
 * fails with the error "cancelled", and leaves no output behind. Without a step that runs
 * this does nothing. May be called from any thread, from the functions above and from the
 * handler of a signal. Since 3. */
QUENCH_C_EXPORT void quenchContextCancel(QuenchContext *context);

/* Whether remarks of passes are messages too: 0, which is the default, or 1. Since 1. */
QUENCH_C_EXPORT void quenchContextSetRemarks(QuenchContext *context, int32_t enabled);

/* Threads of steps and of models loaded from now on; 0, the default, takes one for each
 * core. No result depends on it. Negative ones, and more than 1024, are invalid. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchContextSetThreads(QuenchContext *context, int32_t threads);

/* The errors of the last function that failed, one a line, "" before. Valid until the next
 * call. Since 1. */
QUENCH_C_EXPORT const char *quenchContextLastError(const QuenchContext *context);

/* Gives a text back that a function handed out. NULL is allowed. Since 1. */
QUENCH_C_EXPORT void quenchStringDestroy(char *string);

#ifdef __cplusplus
}
#endif

#endif /* QUENCH_C_CONTEXT_H */
