/* Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions. */
/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Runs a model that was compiled under the name `m` on the tokens given as arguments, all at once, and prints the logits,
   one token a line. Then it checks what the header promises: the same bits token by token, and the statuses. */
#include "m.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *memory;

/* In the memory of the state before it. */
static void *new_state(void) {
  if (!memory && !(memory = malloc((size_t)m_state_bytes + 64))) {
    exit(100);
  }
  /* Contents need no initialization. */
  memset(memory, 0xff, (size_t)m_state_bytes + 64);
  return memory + (64 - (size_t)memory % 64) % 64;
}

static void expect(const char *what, int32_t expected, int32_t found) {
  if (expected != found) {
    fprintf(stderr, "%s: expected status %d, found %d\n", what, (int)expected, (int)found);
    exit(1);
  }
}

int main(int argc, char **argv) {
  int64_t count = argc - 1, i, j;
  int32_t *tokens = malloc((size_t)argc * sizeof(*tokens));
  float *all = malloc((size_t)(count * m_vocab_size) * sizeof(*all));
  float *one = malloc((size_t)m_vocab_size * sizeof(*one));
  void *state = new_state();
  int32_t bad;
  if (!tokens || !all || !one) {
    return 100;
  }
  for (i = 0; i < count; ++i) {
    tokens[i] = (int32_t)strtol(argv[i + 1], NULL, 10);
  }
  expect("prefill", 0, m_run(tokens, count, 0, 0, state, all));
  for (i = 0; i < count; ++i) {
    for (j = 0; j < m_vocab_size; ++j) {
      printf("%s%.9g", j ? " " : "", (double)all[i * m_vocab_size + j]);
    }
    printf("\n");
  }

  state = new_state();
  for (i = 0; i < count; ++i) {
    expect("decode", 0, m_run(tokens + i, 1, i, 0, state, one));
    if (memcmp(one, all + i * m_vocab_size, (size_t)m_vocab_size * sizeof(*one)) != 0) {
      fprintf(stderr, "token %d: other bits than in prefill\n", (int)i);
      return 1;
    }
    bad = (int32_t)m_vocab_size;
    expect("token too large", 1, m_run(&bad, 1, i + 1, 0, state, one));
    bad = -1;
    expect("token too small", 1, m_run(&bad, 1, i + 1, 0, state, one));
    expect("first too late", 3, m_run(tokens, 1, i + 1 < m_max_positions ? i + 1 : i, 2, state, one));
  }
  expect("full", 2, m_run(tokens, 1, m_max_positions, 0, state, one));
  expect("beyond", 2, m_run(tokens, 1, m_max_positions + 1, 0, state, one));
  expect("negative", 2, m_run(tokens, 1, -1, 0, state, one));
  free(memory);
  free(one);
  free(all);
  free(tokens);
  return 0;
}
