// What instructions of warpgroups compute, thread by thread: weights are in the registers of four waves, activations in memory
// of the group where the descriptor of the instruction says, behind a fence.
// REQUIRES: numpy
// DEFINE: %{target} = nvptx-sm90a
// DEFINE: %{run} = quench-opt %s --quench-attach-target=target=%{target} --quench-legalize --quench-select-gpu-kernels --mlir-print-op-generic | %numpy_python %S/Inputs/simulate.py
// RUN: %{run} mma matrix_product_i8row_i8_70x150_rows64 8 70 150 150 3 | FileCheck %s
// RUN: %{run} mma matrix_product_i8row_i4g32_zp_bias_70x800_rows64 4 70 800 32 70 | FileCheck %s
// RUN: %{run} mma matrix_product_e4m3row_e4m3_40x150_rows64 e4m3 40 150 150 66 | FileCheck %s
// RUN: %{run} mma matrix_product_e4m3group_e4m3g32_40x160_rows64 e4m3 40 160 32 3 | FileCheck %s
// RUN: %{run} mma16 matrix_product_bf16_i4g32_40x160_rows64 bf16x4 40 160 32 70 | FileCheck %s
// RUN: %{run} mma16 matrix_product_f16_i8_zp_24x150_rows64 f16x8 24 150 150 3 | FileCheck %s
// RUN: %{run} mma16 matrix_product_f16_e5m2g32_24x160_rows64 f16xe5m2 24 160 32 5 | FileCheck %s
// Few rows are multiplied by single waves.
// RUN: %{run} mma16 matrix_product_bf16_i4g32_40x160_rows8 bf16x4 40 160 32 3 | FileCheck %s
// CHECK: results, worst

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>
#z4 = #quench.scheme<ui4, block = [1, 32], scale = f16, zero_point>
#z8 = #quench.scheme<ui8, block = [1, *], scale = f32, zero_point>
#fp8 = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
#mx8 = #quench.scheme<f8E4M3FN, block = [1, 32], scale = f8E8M0FNU>
#mx5 = #quench.scheme<f8E5M2, block = [1, 32], scale = f8E8M0FNU>

func.func @rows(%x: tensor<?x150xf32>) -> tensor<?x70xf32> {
  %q = quench.quantize %x : tensor<?x150xf32> to !quench.qtensor<?x150xf32, #a8>
  %w = quench.weight @rows.weight : !quench.qtensor<70x150xf32, #w8>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x150xf32, #a8>, !quench.qtensor<70x150xf32, #w8> -> tensor<?x70xf32>
  return %y : tensor<?x70xf32>
}

func.func @groups(%x: tensor<?x800xf32>, %b: tensor<70xf32>) -> tensor<?x70xf32> {
  %q = quench.quantize %x : tensor<?x800xf32> to !quench.qtensor<?x800xf32, #a8>
  %w = quench.weight @groups.weight : !quench.qtensor<70x800xf32, #z4>
  %y = quench.contract %q, %w bias(%b : tensor<70xf32>) accumulator i32 : !quench.qtensor<?x800xf32, #a8>, !quench.qtensor<70x800xf32, #z4> -> tensor<?x70xf32>
  return %y : tensor<?x70xf32>
}

func.func @byte_floats(%x: tensor<?x150xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x150xf32> to !quench.qtensor<?x150xf32, #fp8>
  %w = quench.weight @byte_floats.weight : !quench.qtensor<40x150xf32, #fp8>
  %y = quench.contract %q, %w accumulator f32 : !quench.qtensor<?x150xf32, #fp8>, !quench.qtensor<40x150xf32, #fp8> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

func.func @mx(%x: tensor<?x160xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x160xf32> to !quench.qtensor<?x160xf32, #mx8>
  %w = quench.weight @mx.weight : !quench.qtensor<40x160xf32, #mx8>
  %y = quench.contract %q, %w accumulator f32 : !quench.qtensor<?x160xf32, #mx8>, !quench.qtensor<40x160xf32, #mx8> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

func.func @short_floats(%x: tensor<?x160xf32>) -> tensor<?x40xf32> {
  %q = arith.truncf %x : tensor<?x160xf32> to tensor<?x160xbf16>
  %w = quench.weight @short_floats.weight : !quench.qtensor<40x160xf32, #w4>
  %y = quench.contract %q, %w accumulator f32 : tensor<?x160xbf16>, !quench.qtensor<40x160xf32, #w4> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

func.func @halves(%x: tensor<?x150xf32>) -> tensor<?x24xf32> {
  %q = arith.truncf %x : tensor<?x150xf32> to tensor<?x150xf16>
  %w = quench.weight @halves.weight : !quench.qtensor<24x150xf32, #z8>
  %y = quench.contract %q, %w accumulator f32 : tensor<?x150xf16>, !quench.qtensor<24x150xf32, #z8> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

func.func @wide_byte_floats(%x: tensor<?x160xf32>) -> tensor<?x24xf32> {
  %q = arith.truncf %x : tensor<?x160xf32> to tensor<?x160xf16>
  %w = quench.weight @wide_byte_floats.weight : !quench.qtensor<24x160xf32, #mx5>
  %y = quench.contract %q, %w accumulator f32 : tensor<?x160xf16>, !quench.qtensor<24x160xf32, #mx5> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}
