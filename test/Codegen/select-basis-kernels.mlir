// RUN: quench-opt %s --quench-attach-target=target=x86-avx512vnni --quench-select-kernels --split-input-file --mlir-print-local-scope | FileCheck %s
// RUN: quench-opt %s --quench-attach-target=target=x86-avx512vnni --quench-select-kernels --split-input-file -o /dev/null --remark-format=emitRemark --remarks-filter=quench-select-kernels 2>&1 | FileCheck %s --check-prefix=REMARK

// A change of basis that stayed online is a kernel on rows. Transforms of one shape share it.
// CHECK-LABEL: func.func @down_input(
// CHECK-SAME:    %[[X:.+]]: tensor<?x768xf32>
// CHECK:         %[[Y:.+]] = quench.kernel_call @hadamard_12x64_768(%[[X]] : tensor<?x768xf32>)
// CHECK:         %[[Z:.+]] = quench.kernel_call @hadamard_12x64_768(%[[Y]] : tensor<?x768xf32>)
// CHECK:         %[[U:.+]] = quench.kernel_call @hadamard_12x64_transposed_768(%[[Z]] : tensor<?x768xf32>)
// CHECK:         %[[V:.+]] = quench.kernel_call @hartley_3x256_768(%[[U]] : tensor<?x768xf32>)
// CHECK:         return %[[V]]
// CHECK:       func.func private @hadamard_12x64_768(%{{.+}}: memref<?x768xf32, strided<[768, 1], offset: ?>>, %{{.+}}: memref<?x768xf32, strided<[768, 1], offset: ?>>)
// CHECK-NOT:   func.func private @hadamard_12x64_768(
// CHECK:       func.func private @hadamard_12x64_transposed_768(
func.func @down_input(%x: tensor<?x768xf32>) -> tensor<?x768xf32> {
  %y = quench.change_basis %x by #quench.hadamard<768> axes [1] : tensor<?x768xf32>
  %z = quench.change_basis %y by #quench.hadamard<768> axes [1] : tensor<?x768xf32>
  %u = quench.change_basis %z by #quench.hadamard<768> axes [1] inverse : tensor<?x768xf32>
  %v = quench.change_basis %u by #quench.hartley<768> axes [1] : tensor<?x768xf32>
  return %v : tensor<?x768xf32>
}

// -----

// Along the channels of each head; across heads; along the rows of a constant.
// CHECK-LABEL: func.func @heads(
// CHECK:         quench.kernel_call @hadamard_1x64_4x64(
// CHECK:         quench.kernel_call @hadamard_1x4_4x64_by_64(
// CHECK:         quench.kernel_call @hadamard_1x8_8x16_by_16(
// CHECK:       func.func private @hadamard_1x64_4x64(%{{.+}}: memref<?x4x64xf32, {{.+}}>, %{{.+}}: memref<?x4x64xf32, {{.+}}>)
// CHECK:       func.func private @hadamard_1x8_8x16_by_16(%{{.+}}: memref<8x16xf32, {{.+}}>, %{{.+}}: memref<8x16xf32, {{.+}}>)
func.func @heads(%x: tensor<?x4x64xf32>, %w: tensor<8x16xf32>) -> (tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<8x16xf32>) {
  %y = quench.change_basis %x by #quench.hadamard<64> axes [2] : tensor<?x4x64xf32>
  %z = quench.change_basis %x by #quench.hadamard<4> axes [1] : tensor<?x4x64xf32>
  %u = quench.change_basis %w by #quench.hadamard<8> axes [0] : tensor<8x16xf32>
  return %y, %z, %u : tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<8x16xf32>
}

// -----

// Other maps and compositions are one kernel, too, named by their contents: its steps stay in the cache.
// CHECK-LABEL: func.func @composed(
// CHECK:         %[[Y:.+]] = quench.kernel_call @[[FIRST:change_basis_16_[0-9a-f]+]](
// CHECK:         quench.kernel_call @[[SECOND:change_basis_16_[0-9a-f]+]](%[[Y]]
// CHECK:       func.func private @[[FIRST]](
// CHECK:       func.func private @[[SECOND]](
func.func @composed(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %y = quench.change_basis %x by #quench.composed<[#quench.block_diagonal<#quench.permutation<[1, 2, 3, 0]>, copies = 4>, #quench.hadamard<16, seed = 7>]> axes [1] : tensor<?x16xf32>
  %z = quench.change_basis %y by #quench.hadamard<16, seed = 8> axes [1] : tensor<?x16xf32>
  return %z : tensor<?x16xf32>
}

// -----

// No kernel for other element types, sizes that are not known, and inverses that do not exist.
// CHECK-LABEL: func.func @negative_types(
// CHECK-COUNT-3: quench.change_basis
// CHECK-NOT:     quench.kernel_call
func.func @negative_types(%x: tensor<?x16xf16>, %y: tensor<?x16x?xf32>, %z: tensor<?x2xf32>) -> (tensor<?x16xf16>, tensor<?x16x?xf32>, tensor<?x2xf32>) {
  // REMARK: select-basis-kernels.mlir:[[#@LINE+1]]:8: remark: [Missed] no-kernel | {{.*}}quench.change_basis has no kernel for these types and is lowered to linalg
  %a = quench.change_basis %x by #quench.hadamard<16> axes [1] : tensor<?x16xf16>
  %b = quench.change_basis %y by #quench.hadamard<16> axes [1] : tensor<?x16x?xf32>
  %c = quench.change_basis %z by #quench.diagonal<dense<[0.0, 1.0]> : tensor<2xf32>> axes [1] inverse : tensor<?x2xf32>
  return %a, %b, %c : tensor<?x16xf16>, tensor<?x16x?xf32>, tensor<?x2xf32>
}
