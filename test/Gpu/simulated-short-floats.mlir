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
// Codes that are looked up, and eight-bit floats.
// RUN: %{run} mma16 matrix_product_bf16_t4_a1f11d67_g32_40x160_rows8 bf16xnf4 40 160 32 3 | FileCheck %s
// RUN: %{run} mma16 matrix_product_f16_t4_3a9ade18_g32_24x160_rows64 f16xnf4 24 160 32 3 | FileCheck %s
// RUN: %{run} mma16 matrix_product_bf16_t4_8aae1685_g32_24x96_rows8 bf16xe2m1 24 96 32 3 | FileCheck %s
// RUN: %{run} mma16 matrix_product_bf16_e4m3_40x150_rows8 bf16xe4m3 40 150 150 3 | FileCheck %s
// RUN: %{run} mma16 matrix_product_f16_e4m3_24x150_rows64 f16xe4m3 24 150 150 3 | FileCheck %s
// RUN: %{run} mma16 matrix_product_bf16_e5m2g32_24x160_rows64 bf16xe5m2 24 160 32 3 | FileCheck %s
// RUN: %{run} mma16 matrix_product_f16_e5m2g32_40x96_rows8 f16xe5m2 40 96 32 3 | FileCheck %s
// REDEFINE: %{target} = amdgpu-gfx942
// RUN: %{run} mfma16 round_150_f16 f16 150 3 | FileCheck %s --check-prefix=CODES
// RUN: %{run} mfma16 matrix_product_bf16_i4g32_40x160_rows16 bf16x4 40 160 32 3 | FileCheck %s
// RUN: %{run} mfma16 matrix_product_f16_i8_40x150_rows64 f16x8 40 150 150 3 | FileCheck %s
// RUN: %{run} mfma16 matrix_product_bf16_t4_a1f11d67_g32_40x160_rows16 bf16xnf4 40 160 32 3 | FileCheck %s
// RUN: %{run} mfma16 matrix_product_f16_t4_3a9ade18_g32_24x160_rows16 f16xnf4 24 160 32 3 | FileCheck %s
// RUN: %{run} mfma16 matrix_product_bf16_e4m3_40x150_rows16 bf16xe4m3 40 150 150 3 | FileCheck %s
// RUN: %{run} mfma16 matrix_product_f16_e4m3_24x150_rows16 f16xe4m3 24 150 150 3 | FileCheck %s
// RUN: %{run} mfma16 matrix_product_bf16_e5m2g32_24x160_rows64 bf16xe5m2 24 160 32 3 | FileCheck %s
// REDEFINE: %{target} = amdgpu-gfx1100
// RUN: %{run} wmma matrix_product_bf16_t4_8aae1685_g32_24x96_rows16 bf16xe2m1 24 96 32 5 | FileCheck %s
// RUN: %{run} wmma matrix_product_f16_e5m2g32_40x96_rows16 f16xe5m2 40 96 32 3 | FileCheck %s
// RUN: %{run} wmma matrix_product_bf16_i4g32_zp_bias_24x96_rows16 bf16x4 24 96 32 5 | FileCheck %s
// RUN: %{run} wmma matrix_product_f16_i8_40x150_rows16 f16x8 40 150 150 3 | FileCheck %s
// CHECK: results, worst
// CODES: codes as expected

#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
#z4 = #quench.scheme<ui4, block = [1, 32], scale = f16, zero_point>
#nf4 = #quench.scheme<#quench.codebook<[-1.0, -0.6961928, -0.52507305, -0.3949175, -0.28444138, -0.18477343, -0.09105004, 0.0, 0.0795803, 0.1609302, 0.2461123, 0.33791524, 0.44070983, 0.562617, 0.72295684, 1.0]>, block = [1, 32], scale = f16>
#mxfp4 = #quench.scheme<f4E2M1FN, block = [1, 32], scale = f8E8M0FNU>
#e4m3 = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
#mxe5m2 = #quench.scheme<f8E5M2, block = [1, 32], scale = f8E8M0FNU>
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

func.func @codebook(%x: tensor<?x160xf32>) -> tensor<?x40xf32> {
  %h = arith.truncf %x : tensor<?x160xf32> to tensor<?x160xbf16>
  %w = quench.weight @codebook.weight : !quench.qtensor<40x160xf32, #nf4>
  %f = arith.extf %h : tensor<?x160xbf16> to tensor<?x160xf32>
  %v = quench.dequantize %w : !quench.qtensor<40x160xf32, #nf4> to tensor<40x160xf32>
  %y = nn.linear %f, %v : tensor<?x160xf32>, tensor<40x160xf32> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

func.func @codebook_halves(%x: tensor<?x160xf32>) -> tensor<?x24xf32> {
  %h = arith.truncf %x : tensor<?x160xf32> to tensor<?x160xf16>
  %w = quench.weight @codebook_halves.weight : !quench.qtensor<24x160xf32, #nf4>
  %f = arith.extf %h : tensor<?x160xf16> to tensor<?x160xf32>
  %v = quench.dequantize %w : !quench.qtensor<24x160xf32, #nf4> to tensor<24x160xf32>
  %y = nn.linear %f, %v : tensor<?x160xf32>, tensor<24x160xf32> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

func.func @four_bits(%x: tensor<?x96xf32>) -> tensor<?x24xf32> {
  %h = arith.truncf %x : tensor<?x96xf32> to tensor<?x96xbf16>
  %w = quench.weight @four_bits.weight : !quench.qtensor<24x96xf32, #mxfp4>
  %f = arith.extf %h : tensor<?x96xbf16> to tensor<?x96xf32>
  %v = quench.dequantize %w : !quench.qtensor<24x96xf32, #mxfp4> to tensor<24x96xf32>
  %y = nn.linear %f, %v : tensor<?x96xf32>, tensor<24x96xf32> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

func.func @eight_bits(%x: tensor<?x150xf32>) -> tensor<?x40xf32> {
  %h = arith.truncf %x : tensor<?x150xf32> to tensor<?x150xbf16>
  %w = quench.weight @eight_bits.weight : !quench.qtensor<40x150xf32, #e4m3>
  %f = arith.extf %h : tensor<?x150xbf16> to tensor<?x150xf32>
  %v = quench.dequantize %w : !quench.qtensor<40x150xf32, #e4m3> to tensor<40x150xf32>
  %y = nn.linear %f, %v : tensor<?x150xf32>, tensor<40x150xf32> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

func.func @eight_bits_halves(%x: tensor<?x150xf32>) -> tensor<?x24xf32> {
  %h = arith.truncf %x : tensor<?x150xf32> to tensor<?x150xf16>
  %w = quench.weight @eight_bits_halves.weight : !quench.qtensor<24x150xf32, #e4m3>
  %f = arith.extf %h : tensor<?x150xf16> to tensor<?x150xf32>
  %v = quench.dequantize %w : !quench.qtensor<24x150xf32, #e4m3> to tensor<24x150xf32>
  %y = nn.linear %f, %v : tensor<?x150xf32>, tensor<24x150xf32> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

func.func @wide_eight_bits(%x: tensor<?x160xf32>) -> tensor<?x24xf32> {
  %h = arith.truncf %x : tensor<?x160xf32> to tensor<?x160xbf16>
  %w = quench.weight @wide_eight_bits.weight : !quench.qtensor<24x160xf32, #mxe5m2>
  %f = arith.extf %h : tensor<?x160xbf16> to tensor<?x160xf32>
  %v = quench.dequantize %w : !quench.qtensor<24x160xf32, #mxe5m2> to tensor<24x160xf32>
  %y = nn.linear %f, %v : tensor<?x160xf32>, tensor<24x160xf32> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

func.func @wide_eight_bits_halves(%x: tensor<?x96xf32>) -> tensor<?x40xf32> {
  %h = arith.truncf %x : tensor<?x96xf32> to tensor<?x96xf16>
  %w = quench.weight @wide_eight_bits_halves.weight : !quench.qtensor<40x96xf32, #mxe5m2>
  %f = arith.extf %h : tensor<?x96xf16> to tensor<?x96xf32>
  %v = quench.dequantize %w : !quench.qtensor<40x96xf32, #mxe5m2> to tensor<40x96xf32>
  %y = nn.linear %f, %v : tensor<?x96xf32>, tensor<40x96xf32> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}
