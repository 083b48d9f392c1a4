// What kernels on eight-bit floats compute, thread by thread: codes of activations, and products by instructions for matrices. The
// machines decode bytes themselves here, so codes of a kind that counts half would show.
// REQUIRES: numpy
// DEFINE: %{target} = nvptx-sm89
// DEFINE: %{run} = quench-opt %s --quench-attach-target=target=%{target} --quench-legalize --quench-select-gpu-kernels --mlir-print-op-generic | %numpy_python %S/Inputs/simulate.py
// RUN: %{run} mma quantize_row_150_e4m3 e4m3 150 3 | FileCheck %s --check-prefix=CODES
// RUN: %{run} mma quantize_row_160_g32_e5m2 e5m2 160 3 | FileCheck %s --check-prefix=CODES
// RUN: %{run} mma matrix_product_e4m3row_e4m3_40x150_rows8 e4m3 40 150 150 3 | FileCheck %s
// RUN: %{run} mma matrix_product_e4m3row_e4m3_40x150_rows64 e4m3 40 150 150 70 | FileCheck %s
// RUN: %{run} mma matrix_product_e5m2row_e5m2g32_bias_24x160_rows8 e5m2 24 160 32 5 | FileCheck %s
// Scales of groups on both sides, powers of two.
// RUN: %{run} mma quantize_row_160_g32_e4m3_rceil e4m3 160 32 3 | FileCheck %s --check-prefix=CODES
// RUN: %{run} mma quantize_row_80_g32_e4m3_even e4m3 80 32 3 | FileCheck %s --check-prefix=CODES
// RUN: %{run} mma quantize_row_80_g32_m127_127_floor i8 80 32 3 | FileCheck %s --check-prefix=CODES
// RUN: %{run} mma quantize_row_96_g32_m127_127_ceil i8 96 32 3 | FileCheck %s --check-prefix=CODES
// RUN: %{run} mma matrix_product_e4m3group_e4m3g32_40x160_rows8 e4m3 40 160 32 3 | FileCheck %s
// RUN: %{run} mma matrix_product_e4m3group_e4m3g32_40x160_rows64 e4m3 40 160 32 70 | FileCheck %s
// RUN: %{run} mma matrix_product_i8group_i8g32_bias_24x80_rows8 8 24 80 32 3 | FileCheck %s
// REDEFINE: %{target} = amdgpu-gfx942
// RUN: %{run} mfma32 matrix_product_e4m3group_e4m3g32_40x160_rows16 e4m3 40 160 32 3 | FileCheck %s
// RUN: %{run} mfma32 matrix_product_i8group_i8g32_bias_24x80_rows16 8 24 80 32 3 | FileCheck %s
// RUN: %{run} mfma32 quantize_row_150_e4m3_halved e4m3 150 3 | FileCheck %s --check-prefix=CODES
// RUN: %{run} mfma32 quantize_row_160_g32_e5m2_halved e5m2 160 3 | FileCheck %s --check-prefix=CODES
// RUN: %{run} mfma32 matrix_product_e4m3row_e4m3_40x150_rows16 e4m3 40 150 150 3 | FileCheck %s
// RUN: %{run} mfma32 matrix_product_e5m2row_e5m2g32_bias_24x160_rows64 e5m2 24 160 32 5 | FileCheck %s
// CHECK: results, worst
// CODES: codes as expected

#a8 = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
#a5 = #quench.scheme<f8E5M2, block = [1, *], scale = f32>
#mx8 = #quench.scheme<f8E4M3FN, block = [1, 32], scale = f8E8M0FNU>
#mxi8 = #quench.scheme<i8, range = [-127, 127], block = [1, 32], scale = f8E8M0FNU>
#w5 = #quench.scheme<f8E5M2, block = [1, 32], scale = f16>

func.func @rows(%x: tensor<?x150xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x150xf32> to !quench.qtensor<?x150xf32, #a8>
  %w = quench.weight @rows.weight : !quench.qtensor<40x150xf32, #a8>
  %y = quench.contract %q, %w accumulator f32 : !quench.qtensor<?x150xf32, #a8>, !quench.qtensor<40x150xf32, #a8> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

func.func @groups(%x: tensor<?x160xf32>, %b: tensor<24xf32>) -> tensor<?x24xf32> {
  %q = quench.quantize %x : tensor<?x160xf32> to !quench.qtensor<?x160xf32, #a5>
  %w = quench.weight @groups.weight : !quench.qtensor<24x160xf32, #w5>
  %y = quench.contract %q, %w bias(%b : tensor<24xf32>) accumulator f32 : !quench.qtensor<?x160xf32, #a5>, !quench.qtensor<24x160xf32, #w5> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

func.func @mx(%x: tensor<?x160xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x rule rceil : tensor<?x160xf32> to !quench.qtensor<?x160xf32, #mx8>
  %w = quench.weight @mx.weight : !quench.qtensor<40x160xf32, #mx8>
  %y = quench.contract %q, %w accumulator f32 : !quench.qtensor<?x160xf32, #mx8>, !quench.qtensor<40x160xf32, #mx8> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

func.func @mx_even(%x: tensor<?x80xf32>) -> tensor<?x24xf32> {
  %q = quench.quantize %x rule even : tensor<?x80xf32> to !quench.qtensor<?x80xf32, #mx8>
  %w = quench.weight @mx_even.weight : !quench.qtensor<24x80xf32, #mx8>
  %y = quench.contract %q, %w accumulator f32 : !quench.qtensor<?x80xf32, #mx8>, !quench.qtensor<24x80xf32, #mx8> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

func.func @mx_integers(%x: tensor<?x80xf32>, %b: tensor<24xf32>) -> tensor<?x24xf32> {
  %q = quench.quantize %x : tensor<?x80xf32> to !quench.qtensor<?x80xf32, #mxi8>
  %w = quench.weight @mx_integers.weight : !quench.qtensor<24x80xf32, #mxi8>
  %y = quench.contract %q, %w bias(%b : tensor<24xf32>) accumulator i32 : !quench.qtensor<?x80xf32, #mxi8>, !quench.qtensor<24x80xf32, #mxi8> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

func.func @mx_integers_ceil(%x: tensor<?x96xf32>) -> tensor<?x24xf32> {
  %q = quench.quantize %x rule ceil : tensor<?x96xf32> to !quench.qtensor<?x96xf32, #mxi8>
  %w = quench.weight @mx_integers_ceil.weight : !quench.qtensor<24x96xf32, #mxi8>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x96xf32, #mxi8>, !quench.qtensor<24x96xf32, #mxi8> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}
