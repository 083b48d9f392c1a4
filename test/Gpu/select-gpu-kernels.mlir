// RUN: quench-opt %s --quench-attach-target=target=vulkan --quench-legalize --quench-select-gpu-kernels --split-input-file --mlir-print-local-scope | FileCheck %s
// RUN: quench-opt %s --quench-attach-target=target=vulkan --quench-legalize --quench-select-gpu-kernels --split-input-file -o /dev/null --remark-format=emitRemark --remarks-filter=quench-select-gpu-kernels 2>&1 | FileCheck %s --check-prefix=REMARK

// An operation becomes a call of a function of the host, which launches as many groups of threads as there are rows.
// The kernel sees flat buffers, and what sizes it needs.
// CHECK-LABEL: func.func @norm(
// CHECK-SAME:    %[[X:.+]]: tensor<?x96xf32>, %[[G:.+]]: tensor<96xf32>
// CHECK:         %[[E:.+]] = tensor.empty
// CHECK:         quench.kernel_call @[[NORM:rms_norm_96_gain_3727c5ac]](%[[X]], %[[G]] : {{.*}}) into(%[[E]] : tensor<?x96xf32>)
// CHECK:       func.func private @[[NORM]](%[[INPUT:.+]]: memref<?x96xf32, strided<[96, 1], offset: ?>>, {{.*}}) attributes {quench.launches}
// CHECK:         %[[ROWS:.+]] = memref.dim %[[INPUT]]
// CHECK:         gpu.launch_func @quench_kernels::@[[NORM]] blocks in (%[[ROWS]], {{.*}}) threads in ({{.*}}) args({{.*}} : memref<?xf32, strided<[1], offset: ?>>, {{.*}} : memref<?xf32, strided<[1], offset: ?>>, {{.*}} : memref<?xf32, strided<[1], offset: ?>>)
// Each thread sums some squares, all of them combine the sums in memory of the group, between two barriers.
// CHECK:       gpu.module @quench_kernels
// CHECK:         gpu.func @[[NORM]]({{.*}}) kernel attributes {known_block_size = array<i32: 64, 1, 1>}
// CHECK:           math.fma
// CHECK:           %[[SHARED:.+]] = memref.alloc() : memref<64xf32, #gpu.address_space<workgroup>>
// CHECK:           memref.store {{.*}}, %[[SHARED]]
// CHECK:           gpu.barrier
// CHECK:           memref.load %[[SHARED]]
// CHECK:           gpu.barrier
// CHECK-NOT:       gpu.barrier
// CHECK:           math.sqrt
// CHECK-NOT:       gpu.barrier
// CHECK:           gpu.return
func.func @norm(%x: tensor<?x96xf32>, %g: tensor<96xf32>) -> tensor<?x96xf32> {
  %y = nn.rms_norm %x gain(%g : tensor<96xf32>) epsilon 1.0e-5 : tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// -----

// Activations become codes, four in a word, their scales and the sums that correct for unsigned weights. Weights are in
// panels of 16 rows, whatever the group of threads.
// CHECK-LABEL: func.func @integers(
// CHECK-SAME:    %[[X:.+]]: tensor<?x64xf32>, %[[B:.+]]: tensor<20xf32>
// CHECK:         %[[Q:.+]]:3 = quench.kernel_call @[[QUANTIZE:quantize_row_64_g32_m128_127]](%[[X]] : tensor<?x64xf32>)
// CHECK-SAME:      -> tensor<?x16xi32>, tensor<?x1xf32>, tensor<?x2xi32>
// CHECK:         %[[C:.+]] = quench.packed_weight codes @up.weight {{.*}} in <lanes = 16, container = i4> -> tensor<256xi32>
// CHECK:         %[[S:.+]] = quench.packed_weight scales @up.weight {{.*}} -> tensor<64xf32>
// CHECK:         %[[Z:.+]] = quench.packed_weight zero_points @up.weight {{.*}} -> tensor<64xi32>
// CHECK:         quench.kernel_call @[[PRODUCT:product_i8row_i4g32_zp_bias_20x64]](%[[Q]]#0, %[[Q]]#1, %[[Q]]#2, %[[C]], %[[S]], %[[Z]], %[[B]]
// Eight codes of a word are two products of packed bytes, with nothing unpacked but a shift and a mask.
// CHECK:       gpu.func @[[PRODUCT]]_rows1(
// CHECK:         %[[MASK:.+]] = arith.constant 252645135 : i32
// CHECK:         %[[LOW:.+]] = arith.andi %[[WORD:.+]], %[[MASK]] : i32
// CHECK:         spirv.SUDot %{{.+}}, %[[LOW]], <PackedVectorFormat4x8Bit> : i32 -> i32
// CHECK:         %[[HIGH:.+]] = arith.shrui %[[WORD]]
// CHECK:         spirv.SUDot
// CHECK-NOT:     spirv.SUDot
// CHECK:         math.fma
// CHECK:         gpu.return
// One row has a kernel of its own; many share what they read of the weights.
// CHECK:       func.func private @[[PRODUCT]](
// CHECK:         scf.if
// CHECK:           call @[[PRODUCT]]_rows1
// CHECK:         else
// CHECK:           call @[[PRODUCT]]_rows8
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<ui4, block = [1, 32], scale = f16, zero_point>
func.func @integers(%x: tensor<?x64xf32>, %b: tensor<20xf32>) -> tensor<?x20xf32> {
  %q = quench.quantize %x : tensor<?x64xf32> to !quench.qtensor<?x64xf32, #a8>
  %w = quench.weight @up.weight : !quench.qtensor<20x64xf32, #w4>
  %y = quench.contract %q, %w bias(%b : tensor<20xf32>) accumulator i32 : !quench.qtensor<?x64xf32, #a8>, !quench.qtensor<20x64xf32, #w4> -> tensor<?x20xf32>
  return %y : tensor<?x20xf32>
}

// -----

// Float activations meet codes that become floats in registers.
// CHECK-LABEL: func.func @mixed(
// CHECK:         quench.kernel_call @product_f32_i8_6x64(
// CHECK:       gpu.func @product_f32_i8_6x64_rows1(
// CHECK:         arith.sitofp
// CHECK:         math.fma
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @mixed(%x: tensor<?x64xf32>) -> tensor<?x6xf32> {
  %w = quench.weight @up.weight : !quench.qtensor<6x64xf32, #w8>
  %y = quench.contract %x, %w accumulator f32 : tensor<?x64xf32>, !quench.qtensor<6x64xf32, #w8> -> tensor<?x6xf32>
  return %y : tensor<?x6xf32>
}

// -----

// New keys go into their rows of the cache, in place. The position is a size of the kernel.
// CHECK-LABEL: func.func @cache(
// CHECK-SAME:    %[[K:.+]]: tensor<?x2x8xf32>, %[[CACHE:.+]]: tensor<16x2x8xf32>, %[[AT:.+]]: index
// CHECK:         quench.kernel_call @cache_update_16x2x8(%[[K]], %[[AT]] : {{.*}}) into(%[[CACHE]] : tensor<16x2x8xf32>)
// CHECK:       gpu.func @cache_update_16x2x8({{.*}}, %[[POSITION:.+]]: i32) kernel
// CHECK:         arith.index_cast %[[POSITION]] : i32 to index
func.func @cache(%k: tensor<?x2x8xf32>, %cache: tensor<16x2x8xf32>, %at: index) -> tensor<16x2x8xf32> {
  %c = nn.cache_update %k into %cache at %at : tensor<?x2x8xf32> into tensor<16x2x8xf32>
  return %c : tensor<16x2x8xf32>
}

// -----

// What has no kernel stays, for the host.
// CHECK-LABEL: func.func @rotated(
// CHECK:         quench.change_basis
// CHECK-NOT:   gpu.module
// REMARK:      quench.change_basis has no kernel for these types on the device and is computed by the host
func.func @rotated(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %y = quench.change_basis %x by #quench.hadamard<64> axes [1] : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
