// What kernels with cooperative matrices compute, subgroup by subgroup: bit for bit what `quench.contract` is, with no access to
// memory of a group that a barrier is missing before.
// REQUIRES: numpy
// DEFINE: %{target} = vulkan-coopmat32
// DEFINE: %{run} = quench-opt %s --quench-attach-target=target=%{target} --quench-legalize --quench-select-gpu-kernels --mlir-print-op-generic | %numpy_python %S/Inputs/simulate.py

// Groups of 32, 70 rows of activations; zero points and a bias, in rows of weights that are no whole tile.
// RUN: %{run} subgroup32 product_i8row_i4g32_72x160_matrices 4 72 160 32 70 | FileCheck %s
// RUN: %{run} subgroup32 product_i8row_i4g32_zp_bias_24x96_matrices 4 24 96 32 9 | FileCheck %s
// One scale for a row of bytes, whose number is no multiple of anything.
// RUN: %{run} subgroup32 product_i8row_i8_40x150_matrices 8 40 150 150 33 | FileCheck %s
// Groups that end within a matrix, and a last one that is shorter; groups of both sides.
// RUN: %{run} subgroup32 product_i8row_i2g48_40x112_matrices 2 40 112 48 12 | FileCheck %s
// RUN: %{run} subgroup32 product_i8group_i8g32_40x80_matrices 8 40 80 32 12 | FileCheck %s
// Floats that f16 holds, in rows of 150 that are no whole groups, and beside bytes with zero points.
// RUN: %{run} subgroup32 product_f16_i4g32_72x150_matrices f16x4 72 150 32 12 | FileCheck %s
// RUN: %{run} subgroup32 product_f16_i8_zp_bias_24x96_matrices f16x8 24 96 96 33 | FileCheck %s
// RUN: %{run} subgroup32 nearest_half_150 f16 150 3 | FileCheck %s --check-prefix=NEAREST
// NEAREST: codes as expected
// Smaller matrices.
// REDEFINE: %{target} = vulkan-coopmat16
// RUN: %{run} subgroup32 product_i8row_i4g32_72x160_matrices 4 72 160 32 70 | FileCheck %s
// RUN: %{run} subgroup32 product_i8row_i2g48_40x112_matrices 2 40 112 48 12 | FileCheck %s
// Those of a device in software, with subgroups of eight threads.
// RUN: quench targets --show vulkan-coopmat16 | sed -e 's/array<i64: 16, 16, 16>/array<i64: 8, 8, 8>/g' -e 's/"subgroup_size" = 32/"subgroup_size" = 8/' -e 's/"per_cycle" = [12].0/"per_cycle" = 16.0/g' > %t.mlir
// REDEFINE: %{target} = %t.mlir
// RUN: %{run} subgroup8 product_i8row_i4g32_72x160_matrices 4 72 160 32 70 | FileCheck %s
// RUN: %{run} subgroup8 product_i8row_i8_40x150_matrices 8 40 150 150 33 | FileCheck %s
// RUN: %{run} subgroup8 product_f16_i4g32_72x150_matrices f16x4 72 150 32 12 | FileCheck %s
// CHECK: results, worst

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#a8g = #quench.scheme<i8, block = [1, 32], scale = f32>
#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w8g = #quench.scheme<i8, block = [1, 32], scale = f32>
#w2 = #quench.scheme<i2, block = [1, 48], scale = f32>
#z8 = #quench.scheme<ui8, block = [1, *], scale = f32, zero_point>
#z4 = #quench.scheme<ui4, block = [1, 32], scale = f16, zero_point>

func.func @groups(%x: tensor<?x160xf32>) -> tensor<?x72xf32> {
  %q = quench.quantize %x : tensor<?x160xf32> to !quench.qtensor<?x160xf32, #a8>
  %w = quench.weight @groups.weight : !quench.qtensor<72x160xf32, #w4>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x160xf32, #a8>, !quench.qtensor<72x160xf32, #w4> -> tensor<?x72xf32>
  return %y : tensor<?x72xf32>
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

func.func @odd_groups(%x: tensor<?x112xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x112xf32> to !quench.qtensor<?x112xf32, #a8>
  %w = quench.weight @odd_groups.weight : !quench.qtensor<40x112xf32, #w2>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x112xf32, #a8>, !quench.qtensor<40x112xf32, #w2> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

func.func @groups_of_both(%x: tensor<?x80xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x80xf32> to !quench.qtensor<?x80xf32, #a8g>
  %w = quench.weight @groups_of_both.weight : !quench.qtensor<40x80xf32, #w8g>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x80xf32, #a8g>, !quench.qtensor<40x80xf32, #w8g> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

func.func @halves(%x: tensor<?x150xf32>) -> tensor<?x72xf32> {
  %h = arith.truncf %x : tensor<?x150xf32> to tensor<?x150xf16>
  %f = arith.extf %h : tensor<?x150xf16> to tensor<?x150xf32>
  %s = quench.weight @halves.weight : !quench.qtensor<72x150xf32, #w4>
  %w = quench.dequantize %s : !quench.qtensor<72x150xf32, #w4> to tensor<72x150xf32>
  %y = nn.linear %f, %w : tensor<?x150xf32>, tensor<72x150xf32> -> tensor<?x72xf32>
  return %y : tensor<?x72xf32>
}

func.func @halves_and_zero_points(%x: tensor<?x96xf32>, %b: tensor<24xf32>) -> tensor<?x24xf32> {
  %h = arith.truncf %x : tensor<?x96xf32> to tensor<?x96xf16>
  %f = arith.extf %h : tensor<?x96xf16> to tensor<?x96xf32>
  %s = quench.weight @halves_and_zero_points.weight : !quench.qtensor<24x96xf32, #z8>
  %w = quench.dequantize %s : !quench.qtensor<24x96xf32, #z8> to tensor<24x96xf32>
  %y = nn.linear %f, %w bias(%b) : tensor<?x96xf32>, tensor<24x96xf32>, tensor<24xf32> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}
