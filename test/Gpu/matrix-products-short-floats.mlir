// Products of 16-bit activations with codes by instructions for matrices: codes become floats in registers.
// DEFINE: %{target} = nvptx-sm80
// DEFINE: %{legalize} = quench-opt %s --quench-attach-target=target=%{target} --quench-legalize
// DEFINE: %{select} = %{legalize} --quench-select-gpu-kernels
// RUN: %{legalize} --remark-format=emitRemark --remarks-filter=quench-legalize -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: %{legalize} --mlir-print-local-scope | FileCheck %s --check-prefix=LEGAL
// RUN: %{select} -o %t.nvidia && FileCheck %s --check-prefixes=CHECK,MMA --input-file=%t.nvidia && FileCheck %s --check-prefixes=KERNEL,KERNEL-MMA --input-file=%t.nvidia
// REDEFINE: %{target} = amdgpu-gfx942
// RUN: %{select} -o %t.amd && FileCheck %s --check-prefixes=CHECK,MFMA --input-file=%t.amd && FileCheck %s --check-prefixes=KERNEL,KERNEL-MFMA --input-file=%t.amd
// REDEFINE: %{target} = amdgpu-gfx1100
// RUN: %{select} | FileCheck %s --check-prefix=WMMA

#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>
#nf4 = #quench.scheme<#quench.codebook<[-1.0, -0.6961928, -0.52507305, -0.3949175, -0.28444138, -0.18477343, -0.09105004, 0.0, 0.0795803, 0.1609302, 0.2461123, 0.33791524, 0.44070983, 0.562617, 0.72295684, 1.0]>, block = [1, 32], scale = f16>
#fp8 = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
#w4g256 = #quench.scheme<i4, block = [1, 256], scale = f16>

// REMARK: [Passed] legalize | {{.*}}weights become 16-bit floats on the way, exactly: mma.m16n8k16.bf16, weights in i4
// LEGAL-LABEL: func.func @groups
// LEGAL:         quench.contract {{.*}} accumulator f32 by <short_floats, container = i4, product = "mma.m16n8k16.bf16"> : tensor<?x128xbf16>

// Rounded once, in the order in which matrices are loaded. There are no scales of activations.
// CHECK-LABEL: func.func @groups
// CHECK-NOT:     arith.truncf
// MMA:           quench.kernel_call @round_128_g32_bf16_matrices({{.*}} into(%{{.+}} : tensor<?x64xi32>)
// MFMA:          quench.kernel_call @round_128_g32_bf16({{.*}} into(%{{.+}} : tensor<?x64xi32>)
// MMA:           quench.packed_weight codes {{.*}}container = i4, fragment = [2, 4, 1, 1]
// MFMA:          quench.packed_weight codes {{.*}}container = i4, fragment = [1, 4, 1, 16]
// CHECK:         quench.kernel_call @matrix_product_bf16_i4g32_40x128({{[^:]+}} : tensor<?x64xi32>, tensor<{{.+}}xi32>, tensor<192xf32>)
// A code in the mantissa of 128 is 136 more than its value; two are had with one operation, or each through f32.
// KERNEL-LABEL: gpu.func @matrix_product_bf16_i4g32_40x128_rows{{8|16}}(
// KERNEL-MMA-DAG: %[[MASK:.+]] = arith.constant 983055 : i32
// KERNEL-MMA:     nvgpu.ldmatrix
// KERNEL-MMA:     %[[CODES:.+]] = arith.andi
// KERNEL-MMA:     %[[PLACED:.+]] = arith.ori %[[CODES]]
// KERNEL-MMA:     %[[PAIR:.+]] = llvm.bitcast %[[PLACED]] : i32 to vector<2xbf16>
// KERNEL-MMA:     llvm.intr.fma(%[[PAIR]], {{.*}} : (vector<2xbf16>, vector<2xbf16>, vector<2xbf16>) -> vector<2xbf16>
// KERNEL-MMA:     llvm.call_intrinsic "llvm.nvvm.mma.m16n8k16.row.col.bf16"(
// KERNEL-MFMA:    arith.sitofp
// KERNEL-MFMA:    llvm.call_intrinsic "llvm.amdgcn.mfma.f32.16x16x16bf16.1k"({{.*}} : (vector<4xi16>, vector<4xi16>, vector<4xf32>
// Scales are applied to the sum of a group.
// KERNEL-COUNT-4: math.fma
// KERNEL-MMA:   gpu.func
// WMMA:         llvm.call_intrinsic "llvm.amdgcn.wmma.f32.16x16x16.bf16"({{.*}} : (vector<16xi16>, vector<16xi16>, vector<8xf32>)
func.func @groups(%x: tensor<?x128xf32>) -> tensor<?x40xf32> {
  %h = arith.truncf %x : tensor<?x128xf32> to tensor<?x128xbf16>
  %f = arith.extf %h : tensor<?x128xbf16> to tensor<?x128xf32>
  %w = quench.weight @groups.weight : !quench.qtensor<40x128xf32, #w4>
  %v = quench.dequantize %w : !quench.qtensor<40x128xf32, #w4> to tensor<40x128xf32>
  %y = nn.linear %f, %v : tensor<?x128xf32>, tensor<40x128xf32> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// A codebook has values that bf16 holds. Bytes of them are picked from registers by four codes at a time.
// REMARK: [Passed] legalize | {{.*}}the values of the codebook of the weight are rounded to 16 bits
// REMARK: [Passed] legalize | {{.*}}weights become 16-bit floats on the way, exactly: mma.m16n8k16.bf16, weights in i4
// LEGAL-LABEL: func.func @codebook
// LEGAL:         quench.weight {{.*}}#quench.codebook<[-1.000000e+00, -0.6953125, -0.5234375,
// LEGAL:         quench.contract {{.*}} accumulator f32 by <short_floats, container = i4, product = "mma.m16n8k16.bf16"> : tensor<?x128xbf16>
// CHECK-LABEL: func.func @codebook
// CHECK:         quench.packed_weight codes {{.*}}container = i4
// CHECK:         quench.kernel_call @matrix_product_bf16_t4_{{.+}}_g32_24x128(
// KERNEL-LABEL: gpu.func @matrix_product_bf16_t4_{{.+}}_g32_24x128_rows{{8|16}}(
// KERNEL-MMA-COUNT-2: llvm.call_intrinsic "llvm.nvvm.prmt"(
// KERNEL-MFMA-COUNT-2: llvm.call_intrinsic "llvm.amdgcn.perm"(
// KERNEL-MMA:    llvm.call_intrinsic "llvm.nvvm.mma.m16n8k16.row.col.bf16"(
// KERNEL-MFMA:   llvm.call_intrinsic "llvm.amdgcn.mfma.f32.16x16x16bf16.1k"(
func.func @codebook(%x: tensor<?x128xf32>) -> tensor<?x24xf32> {
  %h = arith.truncf %x : tensor<?x128xf32> to tensor<?x128xbf16>
  %f = arith.extf %h : tensor<?x128xbf16> to tensor<?x128xf32>
  %w = quench.weight @codebook.weight : !quench.qtensor<24x128xf32, #nf4>
  %v = quench.dequantize %w : !quench.qtensor<24x128xf32, #nf4> to tensor<24x128xf32>
  %y = nn.linear %f, %v : tensor<?x128xf32>, tensor<24x128xf32> -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

// Eight-bit floats have their bits moved and are multiplied by 2^8, the distance of the exponents.
// REMARK: [Passed] legalize | {{.*}}weights become 16-bit floats on the way, exactly: mma.m16n8k16.f16, weights in f8
// LEGAL-LABEL: func.func @byte_floats
// LEGAL:         quench.contract {{.*}} by <short_floats, container = f8E4M3FN, product = "mma.m16n8k16.f16">
// KERNEL-LABEL: gpu.func @matrix_product_f16_e4m3_16x128_rows{{8|16}}(
// KERNEL:        %[[SIGNS:.+]] = arith.constant -2147450880 : i32
// KERNEL:        %[[SIGN:.+]] = arith.andi %{{.+}}, %[[SIGNS]]
// KERNEL:        arith.ori %[[SIGN]]
// KERNEL:        %[[FACTOR:.+]] = arith.constant 1543527424 : i32
// KERNEL:        %[[TIMES:.+]] = llvm.bitcast %[[FACTOR]] : i32 to vector<2xf16>
// KERNEL:        llvm.intr.fma(%{{.+}}, %[[TIMES]], {{.*}} : (vector<2xf16>, vector<2xf16>, vector<2xf16>) -> vector<2xf16>
func.func @byte_floats(%x: tensor<?x128xf32>) -> tensor<?x16xf32> {
  %h = arith.truncf %x : tensor<?x128xf32> to tensor<?x128xf16>
  %f = arith.extf %h : tensor<?x128xf16> to tensor<?x128xf32>
  %w = quench.weight @byte_floats.weight : !quench.qtensor<16x128xf32, #fp8>
  %v = quench.dequantize %w : !quench.qtensor<16x128xf32, #fp8> to tensor<16x128xf32>
  %y = nn.linear %f, %v : tensor<?x128xf32>, tensor<16x128xf32> -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// Groups as long as memory of a group of threads are too long.
// REMARK: [Analysis] legalize | {{.*}}products of 16-bit floats: groups of 256 are no whole number of steps of mma.m16n8k16.f16
func.func @negative_long_groups(%x: tensor<?x512xf32>) -> tensor<?x40xf32> {
  %h = arith.truncf %x : tensor<?x512xf32> to tensor<?x512xf16>
  %f = arith.extf %h : tensor<?x512xf16> to tensor<?x512xf32>
  %w = quench.weight @long_groups.weight : !quench.qtensor<40x512xf32, #w4g256>
  %v = quench.dequantize %w : !quench.qtensor<40x512xf32, #w4g256> to tensor<40x512xf32>
  %y = nn.linear %f, %v : tensor<?x512xf32>, tensor<40x512xf32> -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}
