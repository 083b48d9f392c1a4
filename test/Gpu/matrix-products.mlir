// Products of codes by instructions for matrices: one kernel, in the order of lanes of each machine.
// DEFINE: %{target} = nvptx-sm80
// DEFINE: %{select} = quench-opt %s --quench-attach-target=target=%{target} --quench-legalize --quench-select-gpu-kernels
// RUN: %{select} --remark-format=emitRemark --remarks-filter=quench-select-gpu-kernels >%t.ir 2>%t.remarks
// RUN: FileCheck %s --check-prefixes=CHECK,MMA --input-file=%t.ir
// RUN: FileCheck %s --check-prefix=BYTES --input-file=%t.ir
// RUN: FileCheck %s --check-prefix=LONG --input-file=%t.ir
// RUN: FileCheck %s --check-prefix=REMARK --input-file=%t.remarks
// REDEFINE: %{target} = amdgpu-gfx942
// RUN: %{select} | FileCheck %s --check-prefixes=CHECK,MFMA
// REDEFINE: %{target} = amdgpu-gfx1100
// RUN: %{select} | FileCheck %s --check-prefixes=CHECK,WMMA

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>
#w4g48 = #quench.scheme<i4, block = [1, 48], scale = f16>

// Few rows of activations and many have kernels of their own; the words of weights lie in the order of lanes.
// CHECK-LABEL: func.func @groups
// MMA:           quench.packed_weight codes {{.*}}fragment = [2, 4, 2, 1]
// MFMA:          quench.packed_weight codes {{.*}}fragment = [1, 4, 2, 16]
// WMMA:          quench.packed_weight codes {{.*}}fragment = [1, 1, 4, 16]
// CHECK:         quench.kernel_call @matrix_product_i8row_i4g32_40x128(

// A group of four waves. Memory of the group has several stages of eight rows where copies need no registers, and one elsewhere.
// CHECK:       gpu.func @matrix_product_i8row_i4g32_40x128_rows[[FEW:8|16]](
// MMA-SAME:      known_block_size = array<i32: 128, 1, 1>
// MFMA-SAME:     known_block_size = array<i32: 256, 1, 1>
// MMA:           nvgpu.device_async_copy
// MMA:           nvvm.cp.async.commit.group
// CHECK:         scf.for
// MFMA-NOT:        nvgpu
// MFMA:            vector.store
// Sixteen bytes of weights for each lane.
// CHECK:           vector.load %{{.+}} {alignment = 16 : i64} : memref<?xi32, {{.*}}>, vector<4xi32>
// A barrier in each stage, where memory is filled by the copies behind it; else two. One more before the sums of the waves are added.
// MMA:             nvvm.cp.async.wait.group 0
// CHECK:           gpu.barrier
// MMA:             nvgpu.device_async_copy
// MMA:             nvvm.cp.async.commit.group
// Activations of two instructions are loaded at once.
// MMA:             nvgpu.ldmatrix
// MMA-COUNT-4:     llvm.call_intrinsic "llvm.nvvm.mma.m16n8k32.row.col.u8.s8"(
// MFMA-COUNT-4:    llvm.call_intrinsic "llvm.amdgcn.mfma.i32.16x16x32.i8"(
// WMMA-COUNT-8:    llvm.call_intrinsic "llvm.amdgcn.wmma.i32.16x16x16.iu8"(
// CHECK-NOT:       llvm.call_intrinsic
// MFMA:            gpu.barrier
// WMMA:            gpu.barrier
// CHECK-NOT:     scf.for
// CHECK:         gpu.barrier
// CHECK-NOT:     gpu.barrier
// CHECK:       gpu.func @matrix_product_i8row_i4g32_40x128_rows64(
// CHECK:         gpu.barrier
// MMA-COUNT-32:  llvm.call_intrinsic "llvm.nvvm.mma
// MFMA-COUNT-16: llvm.call_intrinsic "llvm.amdgcn.mfma
// WMMA-COUNT-32: llvm.call_intrinsic "llvm.amdgcn.wmma
// CHECK-NOT:     llvm.call_intrinsic
// MFMA:          gpu.barrier
// WMMA:          gpu.barrier
// CHECK-NOT:     gpu.barrier
// CHECK:         gpu.return
func.func @groups(%x: tensor<?x128xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x128xf32> to !quench.qtensor<?x128xf32, #a8>
  %w = quench.weight @groups.weight : !quench.qtensor<40x128xf32, #w4>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x128xf32, #a8>, !quench.qtensor<40x128xf32, #w4> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// Long rows: four stages where they fit into memory of the group, so that three are on their way.
// LONG-LABEL: gpu.func @matrix_product_i8row_i4g32_40x4096_rows64(
// LONG:          memref.alloc() : memref<9216xi32, #gpu.address_space<workgroup>>
// LONG-COUNT-3:  nvvm.cp.async.commit.group
// LONG:          scf.for
// LONG:            nvvm.cp.async.wait.group 2
func.func @long_rows(%x: tensor<?x4096xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x4096xf32> to !quench.qtensor<?x4096xf32, #a8>
  %w = quench.weight @long_rows.weight : !quench.qtensor<40x4096xf32, #w4>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x4096xf32, #a8>, !quench.qtensor<40x4096xf32, #w4> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// Groups of 48 are no whole number of steps of 32: four bytes are multiplied at a time.
// REMARK: [Missed] no-matrix-instruction | {{.*}}multiplied by bytes, not by matrices: groups do not begin and end with steps of mma.m16n8k32
// BYTES-LABEL: func.func @groups_of_48
// BYTES-NOT:     fragment =
// BYTES:         quench.kernel_call @product_i8row_i4g48_40x96(
func.func @groups_of_48(%x: tensor<?x96xf32>) -> tensor<?x40xf32> {
  %q = quench.quantize %x : tensor<?x96xf32> to !quench.qtensor<?x96xf32, #a8>
  %w = quench.weight @groups_of_48.weight : !quench.qtensor<40x96xf32, #w4g48>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x96xf32, #a8>, !quench.qtensor<40x96xf32, #w4g48> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}
