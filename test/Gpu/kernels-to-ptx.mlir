// RUN: quench-opt %s --quench-attach-target=target=nvptx-sm80 --quench-legalize --quench-select-gpu-kernels --quench-kernels-to-ptx | FileCheck %s --check-prefixes=CHECK,SM80
// RUN: quench-opt %s --quench-attach-target=target=nvptx-sm90 --quench-legalize --quench-select-gpu-kernels --quench-kernels-to-ptx | FileCheck %s --check-prefixes=CHECK,SM90
// REQUIRES: nvptx-registered

// Kernels become the text of one PTX module; a table says how many buffers and sizes each has.
// CHECK:       gpu.binary @quench_kernels {quench.kernels = {
// CHECK-SAME:    product_i8row_i4g16_20x64_rows1 = array<i64: 6, 1>
// CHECK-SAME:    quantize_row_64_g16_m128_127 = array<i64: 4, 0>
// SM80-SAME:   .target sm_80
// SM90-SAME:   .target sm_90
// Codes are rounded to nearest even; what threads of a group find is exchanged in shared memory.
// CHECK-SAME:  .entry quantize_row_64_g16_m128_127(
// CHECK-SAME:  .shared
// CHECK-SAME:  bar.sync
// CHECK-SAME:  bar.sync
// CHECK-SAME:  cvt.rni
// Six pointers to global memory and a size of 32 bits.
// CHECK-SAME:  .entry product_i8row_i4g16_20x64_rows1(
// CHECK-SAME:  .param .u64 .ptr .global
// CHECK-SAME:  .param .u32 product_i8row_i4g16_20x64_rows1_param_6
// CHECK-SAME:  .maxntid 64, 1, 1
// Products of packed bytes add to the sum; scales are applied with one fused multiply-add.
// CHECK-SAME:  dp4a.s32.u32
// CHECK-SAME:  fma.rn.f32
// CHECK-SAME:  ret;
// CHECK-NOT:   gpu.module
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<i4, block = [1, 16], scale = f16>
func.func @integers(%x: tensor<?x64xf32>) -> tensor<?x20xf32> {
  %q = quench.quantize %x : tensor<?x64xf32> to !quench.qtensor<?x64xf32, #a8>
  %w = quench.weight @up.weight : !quench.qtensor<20x64xf32, #w4>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x64xf32, #a8>, !quench.qtensor<20x64xf32, #w4> -> tensor<?x20xf32>
  return %y : tensor<?x20xf32>
}
