// RUN: quench-opt %s --quench-attach-target=target=x86-avx512bf16 --quench-legalize --quench-verify-legal --split-input-file --mlir-print-local-scope | FileCheck %s
// RUN: quench-opt %s --quench-attach-target=target=x86-avx512vnni --quench-legalize --quench-verify-legal --split-input-file --mlir-print-local-scope | FileCheck %s --check-prefix=VNNI
// RUN: quench-opt %s --quench-attach-target=target=x86-avx512bf16 --quench-legalize --quench-select-kernels --split-input-file --mlir-print-local-scope | FileCheck %s --check-prefix=KERNEL
// RUN: quench-opt %s --quench-attach-target=target=x86-avx512bf16 --quench-legalize --split-input-file -o /dev/null --remark-format=emitRemark --remarks-filter=quench-legalize 2>&1 | FileCheck %s --check-prefix=REMARK

// What is rounded to bf16 is multiplied as bf16 where the chip does that, elsewhere as the f32 that it is.
// CHECK-LABEL: func.func @codes(
// CHECK-SAME:    %[[X:.+]]: tensor<?x64xf32>, %[[B:.+]]: tensor<96xf32>
// CHECK-NEXT:    %[[T:.+]] = arith.truncf %[[X]]
// CHECK-NEXT:    %[[W:.+]] = quench.weight @up.weight
// CHECK-NEXT:    %[[Y:.+]] = quench.contract %[[T]], %[[W]] bias(%[[B]] : tensor<96xf32>) accumulator f32 by <short_floats, container = i4, product = "vdpbf16ps"> : tensor<?x64xbf16>,
// CHECK-NEXT:    return %[[Y]]
// VNNI-LABEL: func.func @codes(
// VNNI:         %[[E:.+]] = arith.extf
// VNNI:         quench.contract %[[E]], %{{.+}} accumulator f32 by <fixed_point,
// KERNEL-LABEL: func.func @codes(
// KERNEL-NOT:     arith.{{truncf|extf}}
// KERNEL:         quench.kernel_call @bf16_64_g32(
// KERNEL:         quench.kernel_call @contract_bf16_i4g32hz_bias_96x64(
#w4 = #quench.scheme<ui4, block = [1, 32], scale = f16, zero_point>
func.func @codes(%x: tensor<?x64xf32>, %b: tensor<96xf32>) -> tensor<?x96xf32> {
  %t = arith.truncf %x : tensor<?x64xf32> to tensor<?x64xbf16>
  %e = arith.extf %t : tensor<?x64xbf16> to tensor<?x64xf32>
  %w = quench.weight @up.weight : !quench.qtensor<96x64xf32, #w4>
  %v = quench.dequantize %w : !quench.qtensor<96x64xf32, #w4> to tensor<96x64xf32>
  // REMARK: [Passed] legalize | {{.*}}Remark="weights become 16-bit floats on the way, exactly: vdpbf16ps, weights in i4, {{.*}}"
  // REMARK: [Analysis] legalize | {{.*}}Remark="rejected: fixed point: {{[1-9].*}} times the cost; {{.*}}products of codes: the activations are floats"
  %y = nn.linear %e, %v bias(%b) : tensor<?x64xf32>, tensor<96x64xf32>, tensor<96xf32> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// -----

// Weights without a common unit are rounded to bf16 when they are packed.
// CHECK-LABEL: func.func @floats(
// CHECK:         quench.contract %{{.+}}, %{{.+}} accumulator f32 by <short_floats, container = bf16, product = "vdpbf16ps">
// KERNEL-LABEL: func.func @floats(
// KERNEL:         quench.packed_weight codes @w of {{.*}} in <lanes = 16, container = bf16, depth = 2> -> tensor<1024xi8>
// KERNEL:         quench.kernel_call @contract_bf16_bf16_4x20(
#f8 = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
func.func @floats(%x: tensor<?x20xf32>) -> tensor<?x4xf32> {
  %t = arith.truncf %x : tensor<?x20xf32> to tensor<?x20xbf16>
  %e = arith.extf %t : tensor<?x20xbf16> to tensor<?x20xf32>
  %w = quench.weight @w : !quench.qtensor<4x20xf32, #f8>
  %v = quench.dequantize %w : !quench.qtensor<4x20xf32, #f8> to tensor<4x20xf32>
  // REMARK: [Passed] legalize | {{.*}}Remark="weights are rounded to 16 bits when they are packed: vdpbf16ps, weights in f16, {{.*}}"
  %y = nn.linear %e, %v : tensor<?x20xf32>, tensor<4x20xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// A plain weight of bf16 is multiplied as it is; one of f32 is not rounded.
// KERNEL-LABEL: func.func @plain(
// KERNEL-NOT:     arith.{{truncf|extf}}
// KERNEL-DAG:     quench.kernel_call @round_bf16_20(
// KERNEL-DAG:     quench.kernel_call @bf16_20(
// KERNEL:         quench.kernel_call @contract_bf16_bf16_4x20(
// KERNEL:         quench.kernel_call @contract_f32_f32_4x20(
func.func @plain(%x: tensor<?x20xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %t = arith.truncf %x : tensor<?x20xf32> to tensor<?x20xbf16>
  %e = arith.extf %t : tensor<?x20xbf16> to tensor<?x20xf32>
  %w = quench.weight @w : tensor<4x20xbf16>
  %y = nn.linear %e, %w : tensor<?x20xf32>, tensor<4x20xbf16> -> tensor<?x4xf32>
  %v = quench.weight @v : tensor<4x20xf32>
  %z = nn.linear %e, %v : tensor<?x20xf32>, tensor<4x20xf32> -> tensor<?x4xf32>
  return %y, %z : tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// A contraction that somebody else wrote: floats of 16 bits are extended where nothing multiplies them.
// CHECK-LABEL: func.func @written(
// CHECK-SAME:    %[[X:.+]]: tensor<?x64xf16>
// CHECK:         %[[E:.+]] = arith.extf %[[X]]
// CHECK-NEXT:    quench.contract %[[E]], %{{.+}} accumulator f32 by <fixed_point,
#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>
func.func @written(%x: tensor<?x64xf16>) -> tensor<?x96xf32> {
  %w = quench.weight @up.weight : !quench.qtensor<96x64xf32, #w4>
  %y = quench.contract %x, %w accumulator f32 : tensor<?x64xf16>, !quench.qtensor<96x64xf32, #w4> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}
