// RUN: quench-opt %s --quench-attach-target=target=vulkan --quench-legalize --quench-select-gpu-kernels --quench-kernels-to-spirv=text | FileCheck %s

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
// CHECK:       gpu.binary @quench_kernels {quench.kernels = {cache_update_16x2x8 = array<i64: 2, 1>}}
// CHECK-NOT:   gpu.module
func.func @cache(%k: tensor<?x2x8xf32>, %cache: tensor<16x2x8xf32>, %at: index) -> tensor<16x2x8xf32> {
  %c = nn.cache_update %k into %cache at %at : tensor<?x2x8xf32> into tensor<16x2x8xf32>
  return %c : tensor<16x2x8xf32>
}
