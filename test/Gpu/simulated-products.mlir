// What kernels with instructions for matrices compute, thread by thread, with the registers of lanes where the manuals of
// the machines have them.
// REQUIRES: numpy
// DEFINE: %{target} = nvptx-sm80
// DEFINE: %{run} = quench-opt %s --quench-attach-target=target=%{target} --quench-legalize --quench-select-gpu-kernels --mlir-print-op-generic | %numpy_python %S/Inputs/simulate.py

// Groups of 32, a row that no stage ends with; three rows of activations, 70 of them for the other kernel.
// RUN: %{run} mma matrix_product_i8row_i4g32_40x160_rows8 4 40 160 32 3 | FileCheck %s
// RUN: %{run} mma matrix_product_i8row_i4g32_40x160_rows64 4 40 160 32 70 | FileCheck %s
// One scale for a row, of bytes, whose number is no multiple of anything.
// RUN: %{run} mma matrix_product_i8row_i8_40x150_rows8 8 40 150 150 3 | FileCheck %s
// RUN: %{run} mma matrix_product_i8row_i8_40x150_rows64 8 40 150 150 3 | FileCheck %s
// Zero points and a bias.
// RUN: %{run} mma matrix_product_i8row_i4g32_zp_bias_24x96_rows8 4 24 96 32 5 | FileCheck %s
// RUN: %{run} mma matrix_product_i8row_i4g32_zp_bias_24x96_rows64 4 24 96 32 5 | FileCheck %s
// More stages than memories for them.
// RUN: %{run} mma matrix_product_i8row_i4g32_24x800_rows64 4 24 800 32 9 | FileCheck %s
// REDEFINE: %{target} = amdgpu-gfx942
// RUN: %{run} mfma32 matrix_product_i8row_i8_zp_70x64_rows16 8 70 64 64 20 | FileCheck %s
// RUN: %{run} mfma32 matrix_product_i8row_i4g32_40x160_rows16 4 40 160 32 3 | FileCheck %s
// RUN: %{run} mfma32 matrix_product_i8row_i8_40x150_rows64 8 40 150 150 3 | FileCheck %s
// REDEFINE: %{target} = amdgpu-gfx90a
// RUN: %{run} mfma16 matrix_product_i8row_i4g32_40x160_rows16 4 40 160 32 3 | FileCheck %s
// RUN: %{run} mfma16 matrix_product_i8row_i8_40x150_rows64 8 40 150 150 3 | FileCheck %s
// REDEFINE: %{target} = amdgpu-gfx1100
// RUN: %{run} wmma matrix_product_i8row_i4g32_40x160_rows16 4 40 160 32 3 | FileCheck %s
// RUN: %{run} wmma matrix_product_i8row_i8_40x150_rows64 8 40 150 150 3 | FileCheck %s
// CHECK: results, worst

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
#z4 = #quench.scheme<ui4, block = [1, 32], scale = f16, zero_point>
#z8 = #quench.scheme<ui8, block = [1, *], scale = f32, zero_point>

func.func @groups(%x: tensor<?x160xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x160xf32> to !quench.qtensor<?x160xf32, #a8>
  %w = quench.weight @groups.weight : !quench.qtensor<40x160xf32, #w4>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x160xf32, #a8>, !quench.qtensor<40x160xf32, #w4> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

func.func @rows(%x: tensor<?x150xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x150xf32> to !quench.qtensor<?x150xf32, #a8>
  %w = quench.weight @rows.weight : !quench.qtensor<40x150xf32, #w8>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x150xf32, #a8>, !quench.qtensor<40x150xf32, #w8> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

func.func @zero_points(%x: tensor<?x96xf32>, %b: tensor<24xf32>) -> tensor<?x24xf32> {
  %q = quench.quantize %x : tensor<?x96xf32> to !quench.qtensor<?x96xf32, #a8>
  %w = quench.weight @zero_points.weight : !quench.qtensor<24x96xf32, #z4>
  %y = quench.contract %q, %w bias(%b : tensor<24xf32>) accumulator i32 : !quench.qtensor<?x96xf32, #a8>, !quench.qtensor<24x96xf32, #z4> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

func.func @bytes(%x: tensor<?x64xf32>) -> tensor<?x70xf32> {
  %q = quench.quantize %x : tensor<?x64xf32> to !quench.qtensor<?x64xf32, #a8>
  %w = quench.weight @bytes.weight : !quench.qtensor<70x64xf32, #z8>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x64xf32, #a8>, !quench.qtensor<70x64xf32, #z8> -> tensor<?x70xf32>
  return %y : tensor<?x70xf32>
}

func.func @long_rows(%x: tensor<?x800xf32>) -> tensor<?x24xf32> {
  %q = quench.quantize %x : tensor<?x800xf32> to !quench.qtensor<?x800xf32, #a8>
  %w = quench.weight @long_rows.weight : !quench.qtensor<24x800xf32, #w4>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x800xf32, #a8>, !quench.qtensor<24x800xf32, #w4> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}
