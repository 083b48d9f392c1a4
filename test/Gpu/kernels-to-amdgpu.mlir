// RUN: quench-opt %s --quench-attach-target=target=amdgpu-gfx942 --quench-legalize --quench-select-gpu-kernels --quench-kernels-to-amdgpu --split-input-file | FileCheck %s --check-prefix=GFX9
// RUN: quench-opt %s --quench-attach-target=target=amdgpu-gfx1100 --quench-legalize --quench-select-gpu-kernels --quench-kernels-to-amdgpu --split-input-file | FileCheck %s --check-prefix=GFX11
// REQUIRES: amdgpu-registered

// Codes of four bits are signed bytes after a mask. Groups of 16 are less than a step of one machine, and one of the other.
// GFX9:      gpu.binary @quench_kernels {quench.kernels = {product_i8row_i4g16_20x64_rows1 = array<i64: 6, 1>
// GFX9-SAME: amdgcn-amd-amdhsa--gfx942
// GFX9-SAME: product_i8row_i4g16_20x64_rows1:
// GFX9-SAME: v_dot4{{c?}}_i32_i8
// GFX9-NOT:  0x80808080
// GFX9:      // -----
// GFX11:      amdgcn-amd-amdhsa--gfx1100
// GFX11-SAME: matrix_product_i8row_i4g16_20x64_rows16:
// GFX11-SAME: v_wmma_i32_16x16x16_iu8
// GFX11:      // -----
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<i4, block = [1, 16], scale = f16>
func.func @nibbles(%x: tensor<?x64xf32>) -> tensor<?x20xf32> {
  %q = quench.quantize %x : tensor<?x64xf32> to !quench.qtensor<?x64xf32, #a8>
  %w = quench.weight @up.weight : !quench.qtensor<20x64xf32, #w4>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x64xf32, #a8>, !quench.qtensor<20x64xf32, #w4> -> tensor<?x20xf32>
  return %y : tensor<?x20xf32>
}

// -----

// Those of eight bits, stored unsigned, become signed, where no instruction takes both.
// GFX9:      matrix_product_i8row_i8_20x64_rows16:
// GFX9-SAME: 0x80808080
// GFX9-SAME: v_mfma_i32_16x16x32_i8
// GFX11:      matrix_product_i8row_i8_20x64_rows16:
// GFX11-NOT:  0x80808080
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @bytes(%x: tensor<?x64xf32>) -> tensor<?x20xf32> {
  %q = quench.quantize %x : tensor<?x64xf32> to !quench.qtensor<?x64xf32, #a8>
  %w = quench.weight @up.weight : !quench.qtensor<20x64xf32, #w8>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x64xf32, #a8>, !quench.qtensor<20x64xf32, #w8> -> tensor<?x20xf32>
  return %y : tensor<?x20xf32>
}
