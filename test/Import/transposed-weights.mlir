// A linear layer as torch-mlir writes it: its weight, a resource, is transposed in the IR. In the model it is a weight.
// RUN: rm -rf %t && quench import %s -o %t 2> %t.log | FileCheck %s --check-prefix=WROTE
// RUN: FileCheck %s --implicit-check-not=linalg.transpose --implicit-check-not=dense_resource < %t/model.mlir
// WROTE: the function @forward with 1 linear layer
// CHECK: %[[W:.+]] = quench.weight @{{.+}} : tensor<8x4xf32>
// CHECK: linalg.matmul ins(%{{.+}}, %[[W]] : tensor<?x8xf32>, tensor<8x4xf32>)
func.func @forward(%x: tensor<?x8xf32>) -> tensor<?x4xf32> {
  %w = arith.constant dense_resource<linear> : tensor<4x8xf32>
  %e = tensor.empty() : tensor<8x4xf32>
  %t = linalg.transpose ins(%w : tensor<4x8xf32>) outs(%e : tensor<8x4xf32>) permutation = [1, 0]
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x8xf32>
  %r = tensor.empty(%rows) : tensor<?x4xf32>
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%r : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = linalg.matmul ins(%x, %t : tensor<?x8xf32>, tensor<8x4xf32>) outs(%z : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
{-#
  dialect_resources: { builtin: {
    linear: "0x040000000000803F0000004000004040000080400000A0400000C0400000E0400000004100001041000020410000304100004041000050410000604100007041000080410000884100009041000098410000A0410000A8410000B0410000B8410000C0410000C8410000D0410000D8410000E0410000E8410000F0410000F84100000042"
  } }
#-}
