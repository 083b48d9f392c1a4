/* Reads as many rows of 12 floats as the argument says and writes what mlp_run computes. */
#include "mlp.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  int64_t rows = argc > 1 ? atol(argv[1]) : 0;
  float *x = malloc(rows * 12 * sizeof(float)), *y = malloc(rows * 5 * sizeof(float));
  if (fread(x, sizeof(float), rows * 12, stdin) != (size_t)rows * 12 || mlp_interface_version != 1) {
    return 1;
  }
  /* A result with another number of rows is refused. */
  if (mlp_run(x, rows, y, rows - 1) != 1 || mlp_run(x, rows, y, rows) != 0) {
    return 2;
  }
  fwrite(y, sizeof(float), rows * 5, stdout);
  free(x);
  free(y);
  return 0;
}
