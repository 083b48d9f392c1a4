// Products of eight-bit floats by instructions for matrices: which product a target has decides about the codes and where scales go.
// DEFINE: %{target} = nvptx-sm89
// DEFINE: %{legalize} = quench-opt %s --quench-attach-target=target=%{target} --quench-legalize
// DEFINE: %{select} = %{legalize} --quench-select-gpu-kernels
// RUN: %{legalize} --remark-format=emitRemark --remarks-filter=quench-legalize -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: %{legalize} --mlir-print-local-scope | FileCheck %s --check-prefix=LEGAL
// RUN: %{select} -o %t.nvidia && FileCheck %s --check-prefixes=CHECK,MMA --input-file=%t.nvidia && FileCheck %s --check-prefixes=KERNEL,KERNEL-MMA --input-file=%t.nvidia
// REDEFINE: %{target} = amdgpu-gfx942
// RUN: %{legalize} --mlir-print-local-scope | FileCheck %s --check-prefix=HALVED
// RUN: %{select} -o %t.amd && FileCheck %s --check-prefixes=CHECK,MFMA --input-file=%t.amd && FileCheck %s --check-prefixes=KERNEL,KERNEL-MFMA --input-file=%t.amd
// REDEFINE: %{target} = nvptx-sm80
// RUN: %{legalize} --remark-format=emitRemark --remarks-filter=quench-legalize -o /dev/null 2>&1 | FileCheck %s --check-prefix=WITHOUT
// WITHOUT: [Missed] legalize | {{.*}}computed on f32 activations: the target has no products of these floats

#a = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
#w = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
#g = #quench.scheme<f8E4M3FN, block = [1, 32], scale = f8E8M0FNU>
#g48 = #quench.scheme<f8E4M3FN, block = [1, 48], scale = f16>
#a32 = #quench.scheme<f8E4M3FN, block = [1, 32], scale = f32>
#e5 = #quench.scheme<f8E5M2, block = [1, *], scale = f32>

// Codes are multiplied as they are. gfx942 counts the same bits half on both sides: weights are packed for that.
// REMARK: [Passed] legalize | {{.*}}codes are floats and multiplied as they are, block sums in f32: mma.m16n8k32.e4m3, weights in f8
// LEGAL-LABEL: func.func @rows
// LEGAL:         quench.contract {{.*}} accumulator f32 by <float_codes, container = f8E4M3FN, product = "mma.m16n8k32.e4m3">
// HALVED-LABEL: func.func @rows
// HALVED:         quench.contract {{.*}} accumulator f32 by <float_codes, container = f8E4M3FNUZ, product = "v_mfma_f32_16x16x32_fp8_fp8">

// No sums of codes, since there are no zero points.
// CHECK-LABEL: func.func @rows
// MMA:           quench.kernel_call @quantize_row_256_e4m3(%{{[^,]+}} : tensor<?x256xf32>) into(%{{[^,]+}}, %{{[^,]+}} : tensor<?x64xi32>, tensor<?x1xf32>)
// MFMA:          quench.kernel_call @quantize_row_256_e4m3_halved(
// MMA:           quench.packed_weight codes {{.*}}container = f8E4M3FN, fragment = [2, 4, 2, 1]
// MFMA:          quench.packed_weight codes {{.*}}container = f8E4M3FNUZ, fragment = [1, 4, 2, 16]
// CHECK-NOT:     zero_points
// CHECK:         quench.kernel_call @matrix_product_e4m3row_e4m3_40x256(
// An instruction may keep fewer bits than f32 has: what it adds up in 128 steps along K is added in f32.
// KERNEL-LABEL: gpu.func @matrix_product_e4m3row_e4m3_40x256_rows{{8|16}}(
// KERNEL:         scf.for
// KERNEL-MMA-COUNT-4:     llvm.call_intrinsic "llvm.nvvm.mma.m16n8k32.row.col.f32.e4m3.e4m3.f32"(
// KERNEL-MFMA-COUNT-4:    llvm.call_intrinsic "llvm.amdgcn.mfma.f32.16x16x32.fp8.fp8"(
// KERNEL-NOT:       llvm.call_intrinsic
// KERNEL-COUNT-4:   arith.addf
// KERNEL-NOT:       arith.addf
// KERNEL:           gpu.barrier
func.func @rows(%x: tensor<?x256xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x256xf32> to !quench.qtensor<?x256xf32, #a>
  %d = quench.dequantize %q : !quench.qtensor<?x256xf32, #a> to tensor<?x256xf32>
  %w = quench.weight @rows.weight : !quench.qtensor<40x256xf32, #w>
  %v = quench.dequantize %w : !quench.qtensor<40x256xf32, #w> to tensor<40x256xf32>
  %y = nn.linear %d, %v : tensor<?x256xf32>, tensor<40x256xf32> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// Scales of groups are applied to the sum of each.
// CHECK-LABEL: func.func @groups
// KERNEL-LABEL: gpu.func @matrix_product_e4m3row_e4m3g32_40x128_rows{{8|16}}(
// KERNEL-MMA:           llvm.call_intrinsic "llvm.nvvm.mma
// KERNEL-MFMA:          llvm.call_intrinsic "llvm.amdgcn.mfma
// KERNEL-COUNT-4: math.fma
func.func @groups(%x: tensor<?x128xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x128xf32> to !quench.qtensor<?x128xf32, #a>
  %d = quench.dequantize %q : !quench.qtensor<?x128xf32, #a> to tensor<?x128xf32>
  %w = quench.weight @groups.weight : !quench.qtensor<40x128xf32, #g>
  %v = quench.dequantize %w : !quench.qtensor<40x128xf32, #g> to tensor<40x128xf32>
  %y = nn.linear %d, %v : tensor<?x128xf32>, tensor<40x128xf32> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// The other kind has an instruction of its own, and no product with this one.
// KERNEL-LABEL: gpu.func @matrix_product_e5m2row_e5m2_40x128_rows{{8|16}}(
// KERNEL-MMA: llvm.call_intrinsic "llvm.nvvm.mma.m16n8k32.row.col.f32.e5m2.e5m2.f32"(
// KERNEL-MFMA: llvm.call_intrinsic "llvm.amdgcn.mfma.f32.16x16x32.bf8.bf8"(
func.func @e5m2(%x: tensor<?x128xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x128xf32> to !quench.qtensor<?x128xf32, #e5>
  %d = quench.dequantize %q : !quench.qtensor<?x128xf32, #e5> to tensor<?x128xf32>
  %w = quench.weight @e5m2.weight : !quench.qtensor<40x128xf32, #e5>
  %v = quench.dequantize %w : !quench.qtensor<40x128xf32, #e5> to tensor<40x128xf32>
  %y = nn.linear %d, %v : tensor<?x128xf32>, tensor<40x128xf32> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// Groups of activations, as long as those of the weight, have scales of their own: powers of two here, by which the scale of the
// weight is multiplied before it is a factor of the sum of a group.
// REMARK: [Passed] legalize | {{.*}}codes are floats and multiplied as they are, block sums in f32: mma.m16n8k32.e4m3, weights in f8
// CHECK-LABEL: func.func @groups_of_both
// MMA:           quench.kernel_call @quantize_row_128_g32_e4m3_rceil(%{{[^,]+}} : tensor<?x128xf32>) into(%{{[^,]+}}, %{{[^,]+}} : tensor<?x32xi32>, tensor<?x4xf32>)
// CHECK:         quench.kernel_call @matrix_product_e4m3group_e4m3g32_40x128({{[^:]+}} : tensor<?x32xi32>, tensor<?x4xf32>, tensor<{{.+}}xi32>, tensor<192xf32>)
// A power of two is the exponent of the largest magnitude less that of 448, and one more if there is more than 1.75 before it.
// KERNEL-LABEL: gpu.func @quantize_row_128_g32_e4m3{{(_halved)?}}_rceil(
// KERNEL:         scf.for
// KERNEL:           scf.for
// KERNEL:           %[[BITS:.+]] = arith.bitcast %{{.+}} : f32 to i32
// KERNEL:           %[[REST:.+]] = arith.constant 2097151 : i32
// KERNEL:           %[[NEXT:.+]] = arith.addi %[[BITS]], %[[REST]]
// KERNEL:           %[[EXPONENT:.+]] = arith.shrui %[[NEXT]]
// KERNEL:           %[[LARGEST:.+]] = arith.constant 8 : i32
// KERNEL:           arith.subi %[[EXPONENT]], %[[LARGEST]]
// KERNEL-LABEL: gpu.func @matrix_product_e4m3group_e4m3g32_40x128_rows{{8|16}}(
// KERNEL:         %[[FACTOR:.+]] = arith.mulf
// KERNEL-NEXT:    math.fma %{{.+}}, %[[FACTOR]], %{{.+}} : f32
func.func @groups_of_both(%x: tensor<?x128xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x rule rceil : tensor<?x128xf32> to !quench.qtensor<?x128xf32, #g>
  %d = quench.dequantize %q : !quench.qtensor<?x128xf32, #g> to tensor<?x128xf32>
  %w = quench.weight @groups_of_both.weight : !quench.qtensor<40x128xf32, #g>
  %v = quench.dequantize %w : !quench.qtensor<40x128xf32, #g> to tensor<40x128xf32>
  %y = nn.linear %d, %v : tensor<?x128xf32>, tensor<40x128xf32> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// REMARK: [Missed] legalize | {{.*}}computed on f32 activations: the target has no products of these floats
func.func @negative_two_kinds(%x: tensor<?x128xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x128xf32> to !quench.qtensor<?x128xf32, #e5>
  %d = quench.dequantize %q : !quench.qtensor<?x128xf32, #e5> to tensor<?x128xf32>
  %w = quench.weight @two_kinds.weight : !quench.qtensor<40x128xf32, #w>
  %v = quench.dequantize %w : !quench.qtensor<40x128xf32, #w> to tensor<40x128xf32>
  %y = nn.linear %d, %v : tensor<?x128xf32>, tensor<40x128xf32> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// REMARK: [Missed] legalize | {{.*}}computed on f32 activations: groups of 48 are no whole number of steps of mma.m16n8k32.e4m3
func.func @negative_groups_of_48(%x: tensor<?x96xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x96xf32> to !quench.qtensor<?x96xf32, #a>
  %d = quench.dequantize %q : !quench.qtensor<?x96xf32, #a> to tensor<?x96xf32>
  %w = quench.weight @groups_of_48.weight : !quench.qtensor<40x96xf32, #g48>
  %v = quench.dequantize %w : !quench.qtensor<40x96xf32, #g48> to tensor<40x96xf32>
  %y = nn.linear %d, %v : tensor<?x96xf32>, tensor<40x96xf32> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// REMARK: [Missed] legalize | {{.*}}computed on f32 activations: groups of the activations are not those of the weights
func.func @negative_groups_of_activations(%x: tensor<?x128xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x128xf32> to !quench.qtensor<?x128xf32, #a32>
  %d = quench.dequantize %q : !quench.qtensor<?x128xf32, #a32> to tensor<?x128xf32>
  %w = quench.weight @groups_of_activations.weight : !quench.qtensor<40x128xf32, #w>
  %v = quench.dequantize %w : !quench.qtensor<40x128xf32, #w> to tensor<40x128xf32>
  %y = nn.linear %d, %v : tensor<?x128xf32>, tensor<40x128xf32> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}
