/*===- Model.h - Models and functions in memory -------------------*- C -*-===*
 *
 * Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * A model folder is compiled for the machine at hand and run in the process, and so is any
 * function of IR.
 *
 *===----------------------------------------------------------------------===*/

#ifndef QUENCH_C_MODEL_H
#define QUENCH_C_MODEL_H

#include "quench-c/Context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A compiled model. */
typedef struct QuenchModel QuenchModel;
/* Tokens that a model has seen, in its caches. */
typedef struct QuenchSequence QuenchSequence;
/* A compiled function. */
typedef struct QuenchFunction QuenchFunction;

typedef enum QuenchElementType {
  QUENCH_ELEMENT_TYPE_F32 = 0,
  QUENCH_ELEMENT_TYPE_I32 = 1,
  /* int64_t; scalars alone. */
  QUENCH_ELEMENT_TYPE_INDEX = 2
} QuenchElementType;

/* A tensor in memory of the caller, row-major. */
typedef struct QuenchTensor {
  void *data;
  QuenchElementType elementType;
  /* Entries of `shape`; -1 for a scalar, which is at `data`. */
  int32_t rank;
  const int64_t *shape;
} QuenchTensor;

/* Opens a model folder and compiles it. Ends with quenchModelDestroy. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchModelLoad(QuenchContext *context, const char *path,
                                             QuenchModel **model);

/* NULL is allowed. Since 1. */
QUENCH_C_EXPORT void quenchModelDestroy(QuenchModel *model);

/* Tokens are 0 to this number - 1. Since 1. */
QUENCH_C_EXPORT int64_t quenchModelVocabSize(const QuenchModel *model);

/* Tokens that a sequence can have. Since 1. */
QUENCH_C_EXPORT int64_t quenchModelMaxPositions(const QuenchModel *model);

/* An empty sequence. Ends with quenchSequenceDestroy. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchSequenceCreate(QuenchModel *model, QuenchSequence **sequence);

/* A sequence of its own that begins with the same tokens. Ends with quenchSequenceDestroy.
 * Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchSequenceCopy(const QuenchSequence *sequence,
                                                QuenchSequence **copy);

/* NULL is allowed. Since 1. */
QUENCH_C_EXPORT void quenchSequenceDestroy(QuenchSequence *sequence);

/* Tokens so far. Since 1. */
QUENCH_C_EXPORT int64_t quenchSequencePosition(const QuenchSequence *sequence);

/* Forgets the tokens after the first `position`, which has to be 0 to the tokens so far.
 * Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchSequenceRewind(QuenchSequence *sequence, int64_t position);

/* Continues a sequence with `tokens`, i32 [n] with n > 0, and writes the logits of the last
 * m of them to `logits`, f32 [m, vocabulary] with 0 < m <= n. When it fails the sequence is
 * as it was. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchModelRun(QuenchModel *model, QuenchSequence *sequence,
                                            const QuenchTensor *tokens, const QuenchTensor *logits);

typedef struct QuenchGenerateOptions {
  size_t structSize;
  /* 0 takes the likeliest token, the lowest of equals; otherwise tokens are drawn from
   * softmax(logits / temperature), the same for the same seed. */
  double temperature;
  uint64_t seed;
} QuenchGenerateOptions;
#define QUENCH_GENERATE_OPTIONS_INIT {sizeof(QuenchGenerateOptions), 0.0, 0}

/* Continues a sequence with `prompt`, i32 [n] with n > 0, and then with tokens of the model,
 * which are written to `tokens`, i32 [m] with m > 0. The last one is not in the sequence.
 * Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchModelGenerate(QuenchModel *model, QuenchSequence *sequence,
                                                 const QuenchTensor *prompt,
                                                 const QuenchTensor *tokens,
                                                 const QuenchGenerateOptions *options);

/* Runs passes on a module, which is the text of IR, and hands out the text of what it became.
 * `pipeline` is what mlir-opt takes: "builtin.module(quench-quantize-functions)"; passes and
 * dialects of upstream are there too. Ends with quenchStringDestroy.
 * Two limits are those of MLIR, and of passes that recipes name too: a pipeline of upstream
 * on an op that its passes are not for, as in "builtin.module(func.func(sparsifier))", ends
 * the process; an option with a bad value is named in the error, but what is wrong with it
 * is said on stderr, as is all that is wrong with options of pipelines of upstream. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchTransform(QuenchContext *context, const char *ir,
                                             const char *pipeline, char **result);

/* Compiles a function of a module, which is the text of IR in upstream dialects or those of
 * Quench. Arguments are scalars and tensors of i32 and f32, and indices; results are
 * tensors. `weights` is what quench.weight ops refer to, a safetensors file or a folder, or
 * NULL. Ends with quenchFunctionDestroy. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchFunctionCompile(QuenchContext *context, const char *ir,
                                                   const char *name, const char *weights,
                                                   QuenchFunction **function);

/* NULL is allowed. Since 1. */
QUENCH_C_EXPORT void quenchFunctionDestroy(QuenchFunction *function);

/* Calls it. `results` say where results are written and which shapes they have to have; they
 * overlap neither arguments nor each other. When it fails no result is written. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchFunctionCall(QuenchFunction *function,
                                                const QuenchTensor *arguments, size_t argumentCount,
                                                const QuenchTensor *results, size_t resultCount);

#ifdef __cplusplus
}
#endif

#endif /* QUENCH_C_MODEL_H */
