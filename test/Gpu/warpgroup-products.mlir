// Many rows of activations are multiplied by instructions of warpgroups: weights are decoded in registers, activations are read
// from memory of the group by the instruction itself.
// REQUIRES: nvptx-registered
// DEFINE: %{select} = quench-opt %s --quench-attach-target=target=nvptx-sm90a --quench-legalize --quench-select-gpu-kernels
// RUN: %{select} | FileCheck %s
// RUN: %{select} --quench-kernels-to-ptx | FileCheck %s --check-prefix=PTX

#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>

// Rows of activations are copied to matrices of eight rows of sixteen bytes, which are 32 words: four words of row r and column
// of four words c begin at word 8 * 64 (r / 8) + 32 c + 4 (r mod 8) for 64 words of a row.
// CHECK-LABEL: gpu.func @matrix_product_bf16_i4g32_40x256_rows64(
// CHECK-SAME:    known_block_size = array<i32: 128, 1, 1>
// CHECK:         nvgpu.device_async_copy
// CHECK:         scf.for
// What was copied is made visible before all threads know it.
// CHECK:           nvvm.cp.async.wait.group
// CHECK-NEXT:      nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
// CHECK-NEXT:      gpu.barrier
// Eight rows further is 8 * 64 words, 128 units of sixteen bytes, in bits 32 to 45; the next matrix along K 8 units, in bits 16 to 29.
// CHECK:           arith.constant 524288 : i32
// CHECK:           arith.constant 549755813888 : i64
// Groups of 32 are two instructions, the first of which begins with zeros. Sums are there for the scales.
// CHECK:           llvm.inline_asm has_side_effects "{{.*}}wgmma.fence.sync.aligned; wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{[^;]*}}, from, 1, 1, 0; wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{[^;]*}}, plus, 1, 1, 0; wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0; }"
// CHECK-NOT:       nvgpu.ldmatrix
// CHECK:           math.fma
// CHECK:         gpu.return

// Few rows have the instruction of a wave.
// PTX:      .target sm_90a
// PTX-SAME: .entry matrix_product_bf16_i4g32_40x256_rows8(
// PTX-SAME: mma.sync.aligned.m16n8k16
// PTX-SAME: .entry matrix_product_bf16_i4g32_40x256_rows64(
// PTX-SAME: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16
// PTX-SAME: fence.proxy.async.shared::cta
func.func @groups(%x: tensor<?x256xf32>) -> tensor<?x40xf32> {
  %h = arith.truncf %x : tensor<?x256xf32> to tensor<?x256xbf16>
  %w = quench.weight @groups.weight : !quench.qtensor<40x256xf32, #w4>
  %y = quench.contract %h, %w accumulator f32 : tensor<?x256xbf16>, !quench.qtensor<40x256xf32, #w4> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}
