// The cross toolchain links a program for aarch64 and qemu runs it with the dot product instructions of Armv8.4.
// REQUIRES: qemu-aarch64
// RUN: %aarch64_clang -O2 -march=armv8.4-a+dotprod %s -o %t
// RUN: %aarch64_run %t | FileCheck %s

#include <arm_neon.h>
#include <stdio.h>

// CHECK: dot product: -256 30
int main(void) {
  int8_t a[16] = {-128, 0, 0, 0, 1, 2, 3, 4};
  int8_t b[16] = {2, 0, 0, 0, 1, 2, 3, 4};
  int32x4_t sum = vdotq_s32(vdupq_n_s32(0), vld1q_s8(a), vld1q_s8(b));
  printf("dot product: %d %d\n", vgetq_lane_s32(sum, 0), vgetq_lane_s32(sum, 1));
  return 0;
}
