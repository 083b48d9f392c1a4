// What kernels on 16-bit floats compute, thread by thread: activations are rounded and put in order, codes of weights become floats
// without rounding, and instructions for matrices have their operands where the manuals say.
// REQUIRES: numpy
// DEFINE: %{target} = nvptx-sm80
// DEFINE: %{run} = quench-opt %s --quench-attach-target=target=%{target} --quench-legalize --quench-select-gpu-kernels --mlir-print-op-generic | %numpy_python %S/Inputs/simulate.py
// RUN: %{run} mma16 round_160_g32_bf16_matrices bf16 160 3 | FileCheck %s --check-prefix=CODES
// RUN: %{run} mma16 matrix_product_bf16_i4g32_40x160_rows8 bf16x4 40 160 32 3 | FileCheck %s
// RUN: %{run} mma16 matrix_product_bf16_i4g32_40x160_rows64 bf16x4 40 160 32 70 | FileCheck %s
// RUN: %{run} mma16 matrix_product_f16_i8_40x150_rows8 f16x8 40 150 150 3 | FileCheck %s
// RUN: %{run} mma16 matrix_product_bf16_i4g32_zp_bias_24x96_rows8 bf16x4 24 96 32 5 | FileCheck %s
// RUN: %{run} mma16 matrix_product_bf16_i8_70x64_rows8 bf16x8 70 64 64 3 | FileCheck %s
// RUN: %{run} mma16 matrix_product_bf16_i8_zp_70x80_rows64 bf16x8 70 80 80 3 | FileCheck %s
// REDEFINE: %{target} = amdgpu-gfx942
// RUN: %{run} mfma16 round_150_f16 f16 150 3 | FileCheck %s --check-prefix=CODES
// RUN: %{run} mfma16 matrix_product_bf16_i4g32_40x160_rows16 bf16x4 40 160 32 3 | FileCheck %s
// RUN: %{run} mfma16 matrix_product_f16_i8_40x150_rows64 f16x8 40 150 150 3 | FileCheck %s
// REDEFINE: %{target} = amdgpu-gfx1100
// RUN: %{run} wmma matrix_product_bf16_i4g32_zp_bias_24x96_rows16 bf16x4 24 96 32 5 | FileCheck %s
// RUN: %{run} wmma matrix_product_f16_i8_40x150_rows16 f16x8 40 150 150 3 | FileCheck %s
// CHECK: results, worst
// CODES: codes as expected

#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
#z4 = #quench.scheme<ui4, block = [1, 32], scale = f16, zero_point>
#z8 = #quench.scheme<ui8, block = [1, *], scale = f32, zero_point>

func.func @groups(%x: tensor<?x160xf32>) -> tensor<?x40xf32> {
  %h = arith.truncf %x : tensor<?x160xf32> to tensor<?x160xbf16>
  %w = quench.weight @groups.weight : !quench.qtensor<40x160xf32, #w4>
  %y = quench.contract %h, %w accumulator f32 : tensor<?x160xbf16>, !quench.qtensor<40x160xf32, #w4> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

func.func @halves(%x: tensor<?x150xf32>) -> tensor<?x40xf32> {
  %h = arith.truncf %x : tensor<?x150xf32> to tensor<?x150xf16>
  %w = quench.weight @halves.weight : !quench.qtensor<40x150xf32, #w8>
  %y = quench.contract %h, %w accumulator f32 : tensor<?x150xf16>, !quench.qtensor<40x150xf32, #w8> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

func.func @zero_points(%x: tensor<?x96xf32>, %b: tensor<24xf32>) -> tensor<?x24xf32> {
  %h = arith.truncf %x : tensor<?x96xf32> to tensor<?x96xbf16>
  %w = quench.weight @zero_points.weight : !quench.qtensor<24x96xf32, #z4>
  %y = quench.contract %h, %w bias(%b : tensor<24xf32>) accumulator f32 : tensor<?x96xbf16>, !quench.qtensor<24x96xf32, #z4> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

func.func @bytes(%x: tensor<?x64xf32>) -> tensor<?x70xf32> {
  %h = arith.truncf %x : tensor<?x64xf32> to tensor<?x64xbf16>
  %w = quench.weight @bytes.weight : !quench.qtensor<70x64xf32, #w8>
  %y = quench.contract %h, %w accumulator f32 : tensor<?x64xbf16>, !quench.qtensor<70x64xf32, #w8> -> tensor<?x70xf32>
  return %y : tensor<?x70xf32>
}

func.func @bytes_with_zero_points(%x: tensor<?x80xf32>) -> tensor<?x70xf32> {
  %h = arith.truncf %x : tensor<?x80xf32> to tensor<?x80xbf16>
  %w = quench.weight @bytes_with_zero_points.weight : !quench.qtensor<70x80xf32, #z8>
  %y = quench.contract %h, %w accumulator f32 : tensor<?x80xbf16>, !quench.qtensor<70x80xf32, #z8> -> tensor<?x70xf32>
  return %y : tensor<?x70xf32>
}
