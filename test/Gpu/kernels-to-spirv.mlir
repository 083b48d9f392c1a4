// RUN: quench-opt %s --quench-attach-target=target=vulkan --quench-legalize --quench-select-gpu-kernels --quench-kernels-to-spirv=text | FileCheck %s
// RUN: quench-opt %s --quench-attach-target=target=vulkan-1.1 --quench-legalize --quench-select-gpu-kernels --quench-kernels-to-spirv=text | FileCheck %s --check-prefix=BYTES

// Kernels become entry points of one SPIR-V module, and its binary.
// CHECK:       spirv.module @{{.+}} Logical GLSL450 requires #spirv.vce<v1.6, {{.*}}>
// Buffers are bindings of set 0; sizes, then the elements at which buffers begin, are push constants, which are no binding.
// CHECK-DAG:     spirv.GlobalVariable @cache_update_16x2x8_arg_0 bind(0, 0) : !spirv.ptr<!spirv.struct<(!spirv.rtarray<f32, stride=4> [0])>, StorageBuffer>
// CHECK-DAG:     spirv.GlobalVariable @cache_update_16x2x8_arg_1 bind(0, 1)
// CHECK-DAG:     spirv.GlobalVariable @[[CONSTANTS:.+]] : !spirv.ptr<!spirv.struct<(!spirv.array<3 x i32, stride=4> [0])>, PushConstant>
// CHECK:         spirv.func @cache_update_16x2x8()
// CHECK:           %[[ADDRESS:.+]] = spirv.mlir.addressof @[[CONSTANTS]]
// CHECK:           %[[AT:.+]] = spirv.AccessChain %[[ADDRESS]]
// CHECK:           %[[POSITION:.+]] = spirv.Load "PushConstant" %[[AT]] : i32
// CHECK:         spirv.EntryPoint "GLCompute" @cache_update_16x2x8, {{.*}}@[[CONSTANTS]]
// CHECK:         spirv.ExecutionMode @cache_update_16x2x8 "LocalSize", 64, 1, 1
// The table says how many buffers and sizes a kernel has.
// CHECK:       gpu.binary @quench_kernels {quench.kernels = {cache_update_16x2x8 = array<i64: 2, 1>
// CHECK-NOT:   gpu.module
func.func @cache(%k: tensor<?x2x8xf32>, %cache: tensor<16x2x8xf32>, %at: index) -> tensor<16x2x8xf32> {
  %c = nn.cache_update %k into %cache at %at : tensor<?x2x8xf32> into tensor<16x2x8xf32>
  return %c : tensor<16x2x8xf32>
}

// Without dot products bytes are multiplied one by one, signed ones of activations with unsigned ones of weights, by what Vulkan
// 1.1 has.
// BYTES:         spirv.module @{{.+}} Logical GLSL450 requires #spirv.vce<v1.3, [Shader{{(, Matrix)?}}], [SPV_KHR_storage_buffer_storage_class]>
// BYTES-LABEL:     spirv.func @product_i8row_i8_4x16_rows1()
// BYTES-NOT:         spirv.SUDot
// BYTES-DAG:         %[[BYTE:.+]] = spirv.Constant 8 : i32
// BYTES-DAG:         %[[LAST:.+]] = spirv.Constant 24 : i32
// BYTES:             spirv.BitFieldSExtract %{{.+}}, %[[LAST]], %[[BYTE]]
// BYTES-NEXT:        spirv.BitFieldUExtract %{{.+}}, %[[LAST]], %[[BYTE]]
// BYTES-NEXT:        spirv.IMul
// BYTES:           spirv.EntryPoint "GLCompute" @product_i8row_i8_4x16_rows1, {{.*}}
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @product(%x: tensor<?x16xf32>) -> tensor<?x4xf32> {
  %q = quench.quantize %x : tensor<?x16xf32> to !quench.qtensor<?x16xf32, #a8>
  %w = quench.weight @product.weight : !quench.qtensor<4x16xf32, #a8>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x16xf32, #a8>, !quench.qtensor<4x16xf32, #a8> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
