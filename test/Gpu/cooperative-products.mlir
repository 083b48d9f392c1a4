// RUN: quench-opt %s --quench-attach-target=target=vulkan-coopmat32 --quench-legalize --quench-select-gpu-kernels --canonicalize --cse --mlir-print-local-scope -o %t.mlir
// RUN: FileCheck %s --input-file=%t.mlir
// RUN: quench-opt %s --quench-attach-target=target=vulkan-coopmat32 --quench-legalize --quench-select-gpu-kernels --quench-kernels-to-spirv=text | FileCheck %s --check-prefix=SPIRV
// A target may have matrices that no kernel has: bytes are multiplied one by one then.
// RUN: quench targets --show vulkan-coopmat32 | sed -e 's/array<i64: 16, 16, 32>/array<i64: 12, 16, 32>/' > %t.target.mlir
// RUN: quench-opt %s --quench-attach-target=target=%t.target.mlir --quench-legalize --quench-select-gpu-kernels --remark-format=emitRemark --remarks-filter=quench-select-gpu-kernels -o %t.bytes.mlir 2> %t.remarks
// RUN: FileCheck %s --check-prefix=REMARK --input-file=%t.remarks
// RUN: FileCheck %s --check-prefix=BYTES --input-file=%t.bytes.mlir

// Products of codes by cooperative matrices. Which thread has which of their elements is not told, so bytes are unpacked to memory
// of the group, loaded as matrices from there, and the sums of a group of the weight are stored there before they are scaled.

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<i4, block = [1, 64], scale = f16>

// Four subgroups of 32 threads have 16 KiB: rows of 64 bytes of 32 tokens and of 64 rows of the weight, each followed by sixteen
// bytes that keep rows in different banks, and sums.
// CHECK:       gpu.func @product_i8row_i4g64_64x128_matrices({{.*}}) kernel attributes {known_block_size = array<i32: 128, 1, 1>}
// CHECK:         %[[MEMORY:.+]] = memref.alloc() : memref<4096xi32, #gpu.address_space<workgroup>>
// CHECK:         scf.for
// CHECK:           %[[NONE:.+]] = gpu.subgroup_mma_constant_matrix {{.+}} : !gpu.mma_matrix<16x16xi32, "COp">
// Words of activations are copied; words of the weight have low and high halves of bytes apart.
// CHECK:           memref.load %{{.+}} : memref<?xi32,
// CHECK:           memref.store %{{.+}}, %[[MEMORY]]
// CHECK:           arith.andi %[[WORD:.+]], %c252645135_i32
// CHECK:           %[[HIGH:.+]] = arith.shrui %[[WORD]], %c4_i32
// CHECK:           arith.andi %[[HIGH]], %c252645135_i32
// CHECK:           gpu.barrier
// A panel for each subgroup, and two tiles of activations, of 32 codes and of the next 32.
// CHECK:           %[[W:.+]] = gpu.subgroup_mma_load_matrix %[[MEMORY]][%{{.+}}] {leadDimension = 20 : index, transpose} : {{.*}} -> !gpu.mma_matrix<32x16xsi8, "BOp">
// CHECK:           %[[X0:.+]] = gpu.subgroup_mma_load_matrix %[[MEMORY]][%c0] {leadDimension = 20 : index} : {{.*}} -> !gpu.mma_matrix<16x32xsi8, "AOp">
// CHECK:           %[[S0:.+]] = gpu.subgroup_mma_compute %[[X0]], %[[W]], %[[NONE]]
// CHECK:           %[[X1:.+]] = gpu.subgroup_mma_load_matrix %[[MEMORY]][%c320]
// CHECK:           %[[S1:.+]] = gpu.subgroup_mma_compute %[[X1]], %[[W]], %[[NONE]]
// CHECK:           %[[LAST0:.+]] = gpu.subgroup_mma_compute %{{.+}}, %{{.+}}, %[[S0]]
// CHECK:           %[[LAST1:.+]] = gpu.subgroup_mma_compute %{{.+}}, %{{.+}}, %[[S1]]
// CHECK-NOT:       gpu.barrier
// CHECK:           gpu.subgroup_mma_store_matrix %[[LAST0]], %[[MEMORY]]
// CHECK:           gpu.subgroup_mma_store_matrix %[[LAST1]], %[[MEMORY]]
// CHECK:           gpu.barrier
// Then each thread scales sixteen sums less what codes stored with an offset add to them.
// CHECK:           %[[SUM:.+]] = memref.load %[[MEMORY]]
// CHECK:           %[[LESS:.+]] = arith.subi %[[SUM]], %{{.+}} : i32
// CHECK:           %[[FLOAT:.+]] = arith.sitofp %[[LESS]] : i32 to f32
// CHECK:           math.fma %[[FLOAT]], %{{.+}}, %{{.+}} : f32

// Floats that a recipe rounds to f16 stay in 32 bits for kernels of few rows, and become pairs of f16 in memory of the group.
// CHECK:       gpu.func @nearest_half_128(
// CHECK:       gpu.func @product_f16_i4g64_64x128_rows8(
// CHECK-NOT:     gpu.subgroup_mma
// CHECK:       gpu.func @product_f16_i4g64_64x128_matrices({{.*}}) kernel attributes {known_block_size = array<i32: 128, 1, 1>}
// CHECK:         %[[PAIR:.+]] = spirv.CompositeConstruct %{{.+}}, %{{.+}} : (f32, f32) -> vector<2xf32>
// CHECK:         spirv.GL.PackHalf2x16 %[[PAIR]] : vector<2xf32> -> i32
// So do codes less their zero points, exactly.
// CHECK:         %[[CODE:.+]] = arith.subi %{{.+}}, %c8_i32 : i32
// CHECK:         %[[VALUE:.+]] = arith.sitofp %[[CODE]] : i32 to f32
// CHECK:         %[[VALUES:.+]] = spirv.CompositeConstruct %[[VALUE]], %{{.+}} : (f32, f32) -> vector<2xf32>
// CHECK:         spirv.GL.PackHalf2x16 %[[VALUES]] : vector<2xf32> -> i32
// CHECK:         gpu.subgroup_mma_compute %{{.+}} : !gpu.mma_matrix<16x16xf16, "AOp">, !gpu.mma_matrix<16x16xf16, "BOp"> -> !gpu.mma_matrix<16x16xf32, "COp">
// CHECK:         gpu.subgroup_mma_store_matrix %{{.+}} : !gpu.mma_matrix<16x16xf32, "COp">, memref<4096xi32
// CHECK:         %[[REAL:.+]] = arith.bitcast %{{.+}} : i32 to f32
// CHECK:         math.fma %[[REAL]],

// One row, and a few, are multiplied by dot products of bytes. All kernels read the same words of the weight.
// CHECK-LABEL: func.func private @product_i8row_i4g64_64x128(
// CHECK:         %[[ONE:.+]] = arith.cmpi ule, %[[ROWS:.+]], %c1
// CHECK:         scf.if %[[ONE]] {
// CHECK-NEXT:      func.call @product_i8row_i4g64_64x128_rows1(
// CHECK:         %[[FEW:.+]] = arith.cmpi ule, %[[ROWS]], %c8
// CHECK:           scf.if %[[FEW]] {
// CHECK-NEXT:        func.call @product_i8row_i4g64_64x128_rows8(
// CHECK:             func.call @product_i8row_i4g64_64x128_matrices(

// In SPIR-V matrices need the memory model of Vulkan, in which accesses to memory that threads share, and barriers, say so. Bytes
// are signed.
// SPIRV:       spirv.module @{{.+}} Logical Vulkan requires #spirv.vce<v1.6, [{{.*}}CooperativeMatrixKHR, Int8, {{.*}}GroupNonUniform, VulkanMemoryModel], [{{.*}}SPV_KHR_cooperative_matrix]>
// SPIRV-LABEL:   spirv.func @product_i8row_i4g64_64x128_matrices()
// SPIRV:           spirv.Store "Workgroup" %{{.+}}, %{{.+}} ["NonPrivatePointer"] : i32
// SPIRV:           spirv.ControlBarrier <Workgroup>, <Workgroup>, <AcquireRelease|WorkgroupMemory|MakeAvailable|MakeVisible>
// SPIRV:           spirv.KHR.CooperativeMatrixLoad %{{.+}}, %{{.+}}, <ColumnMajor>, <NonPrivatePointer> : !spirv.ptr<i32, Workgroup>, i32 -> !spirv.coopmatrix<32x16xsi8, Subgroup, MatrixB>
// SPIRV:           spirv.KHR.CooperativeMatrixLoad %{{.+}}, %{{.+}}, <RowMajor>, <NonPrivatePointer> : !spirv.ptr<i32, Workgroup>, i32 -> !spirv.coopmatrix<16x32xsi8, Subgroup, MatrixA>
// SPIRV:           spirv.KHR.CooperativeMatrixMulAdd %{{.+}}, %{{.+}}, %{{.+}}, <ASigned|BSigned|CSigned|ResultSigned> : {{.+}} -> !spirv.coopmatrix<16x16xi32, Subgroup, MatrixAcc>
// SPIRV:           spirv.KHR.CooperativeMatrixStore %{{.+}}, %{{.+}}, %{{.+}}, <RowMajor>, <NonPrivatePointer>
// SPIRV:           spirv.Load "Workgroup" %{{.+}} ["NonPrivatePointer"] : i32
// SPIRV-LABEL:   spirv.func @product_f16_i4g64_64x128_matrices()
// SPIRV:           spirv.KHR.CooperativeMatrixMulAdd %{{[^<]+}} : !spirv.coopmatrix<16x16xf16, Subgroup, MatrixA>
// SPIRV:           spirv.EntryPoint "GLCompute" @product_i8row_i4g64_64x128_matrices,
// SPIRV:           spirv.ExecutionMode @product_i8row_i4g64_64x128_matrices "LocalSize", 128, 1, 1

// REMARK: multiplied by bytes, not by matrices: no kernel has matrices of 12x16x32
// BYTES-NOT: @product_i8{{.*}}_matrices
// BYTES: gpu.func @product_i8row_i4g64_64x128_rows8(
// BYTES-NOT: @product_i8{{.*}}_matrices
func.func @codes(%x: tensor<?x128xf32>) -> tensor<?x64xf32> {
  %q = quench.quantize %x : tensor<?x128xf32> to !quench.qtensor<?x128xf32, #a8>
  %w = quench.weight @codes.weight : !quench.qtensor<64x128xf32, #w4>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x128xf32, #a8>, !quench.qtensor<64x128xf32, #w4> -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

func.func @halves(%x: tensor<?x128xf32>) -> tensor<?x64xf32> {
  %h = arith.truncf %x : tensor<?x128xf32> to tensor<?x128xf16>
  %f = arith.extf %h : tensor<?x128xf16> to tensor<?x128xf32>
  %s = quench.weight @halves.weight : !quench.qtensor<64x128xf32, #w4>
  %w = quench.dequantize %s : !quench.qtensor<64x128xf32, #w4> to tensor<64x128xf32>
  %y = nn.linear %f, %w : tensor<?x128xf32>, tensor<64x128xf32> -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
