/* A program that knows a compiled model by its name alone opens the library and continues a sequence: docs/compiled-model.md. */
// RUN: rm -rf %t && mkdir %t
// RUN: %python %src/test/Import/Inputs/make_model.py %t/hf
// RUN: quench import %t/hf -o %t/model
// RUN: quench compile %t/model --threads 1 -o %t/libtiny.so
// RUN: %clang -std=c99 -pedantic -Wall -Wextra -Werror %s -ldl -o %t/program
// RUN: %t/program %t/libtiny.so tiny > %t/output && FileCheck %s < %t/output
// RUN: quench generate %t/model --prompt-ids 1,2,3 --tokens 5 > %t/tool.txt
// RUN: %python %S/Inputs/same_lines.py %t/tool.txt %t/output "next:"
// RUN: not %t/program %t/libtiny.so other | FileCheck %s --check-prefix=OTHER
// OTHER: no other_interface_version
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int32_t (*RunFunction)(const int32_t *tokens, int64_t count, int64_t position, int64_t first, void *state,
                               float *logits);

static void *library;
static const char *name;

static void *find(const char *suffix) {
  char symbol[256];
  void *place;
  snprintf(symbol, sizeof(symbol), "%s%s", name, suffix);
  place = dlsym(library, symbol);
  if (!place) {
    printf("no %s\n", symbol);
    exit(1);
  }
  return place;
}

static int64_t constant(const char *suffix) {
  int64_t value;
  memcpy(&value, find(suffix), sizeof(value));
  return value;
}

int main(int argc, char **argv) {
  int32_t tokens[3] = {1, 2, 3}, next = 0;
  int64_t vocab, count = 3, position = 0, i, step;
  char *memory;
  float *logits;
  RunFunction run;
  void *place;
  if (argc != 3 || !(library = dlopen(argv[1], RTLD_NOW))) {
    return 2;
  }
  name = argv[2];
  // CHECK: version 1, 7 tokens, 16 positions
  printf("version %d, ", (int)constant("_interface_version"));
  vocab = constant("_vocab_size");
  printf("%d tokens, %d positions\n", (int)vocab, (int)constant("_max_positions"));
  place = find("_run");
  memcpy(&run, &place, sizeof(run));
  memory = malloc((size_t)constant("_state_bytes") + 64);
  logits = malloc((size_t)vocab * sizeof(*logits));
  if (!memory || !logits) {
    return 2;
  }
  // CHECK-NEXT: next:
  printf("next:");
  for (step = 0; step < 5; ++step) {
    int32_t status = run(tokens, count, position, count - 1, memory + (64 - (uintptr_t)memory % 64) % 64, logits);
    if (status != 0) {
      printf("status %d\n", (int)status);
      return 1;
    }
    for (next = 0, i = 1; i < vocab; ++i) {
      next = logits[i] > logits[next] ? (int32_t)i : next;
    }
    printf(" %d", (int)next);
    position += count;
    count = 1;
    tokens[0] = next;
  }
  printf("\n");
  free(logits);
  free(memory);
  return dlclose(library);
}
