// Block rotations with a permutation between them, on the input of a layer of linalg. The edge has the name of its
// observer, or that of the layer that reads it.
// RUN: %python %src/test/Transforms/Inputs/make_archive.py %t.archive width=4 mixed=8,1,-0.5,0.25
// RUN: quench-opt %s --quench-verify-equivalence='passes=quench-permute{block=2} archive=%t.archive' | FileCheck %s
// RUN: quench-opt %s --quench-permute='archive=%t.archive block=2' -o /dev/null --remark-format=emitRemark --remarks-filter=quench-permute 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: quench-opt %s --quench-permute='archive=%t.archive block=2' --quench-fold-weights --convert-quench-to-linalg -o %t.permuted.mlir
// RUN: %python %S/Inputs/same_function.py %s %t.permuted.mlir

// REMARK: [Passed] Permuted | {{.*}}Function=mixed | Absorbed=1, {{.*}}, Online=1, PeakAfter=4.625, PeakBefore=8
// CHECK-LABEL: @mixed
func.func @mixed(%x: tensor<3x4xf32>) -> tensor<3x2xf32> {
  %w = arith.constant dense<[[-1.0, -2.0], [0.0, -2.0], [-2.0, 0.0], [0.0, 1.0]]> : tensor<4x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  // CHECK: %[[A:.+]] = math.absf
  %a = math.absf %x : tensor<3x4xf32>
  // CHECK: %[[B:.+]] = quench.change_basis %[[A]] by #quench.composed<{{.+}}> axes [1] : tensor<3x4xf32>
  // CHECK: %[[W:.+]] = quench.change_basis %{{.+}} by #quench.composed<{{.+}}> axes [0] : tensor<4x2xf32>
  // CHECK: linalg.matmul ins(%[[B]], %[[W]]
  %y = linalg.matmul ins(%a, %w : tensor<3x4xf32>, tensor<4x2xf32>) outs(%z : tensor<3x2xf32>) -> tensor<3x2xf32> loc("mixed")
  return %y : tensor<3x2xf32>
}

// REMARK: [Missed] NotPermuted | {{.*}}Function=negative_unseen | {{.*}}Reason="calibration has no channels of edge 'linalg.matmul#1'"
// CHECK-LABEL: @negative_unseen
// CHECK-NOT: change_basis
func.func @negative_unseen(%x: tensor<3x4xf32>) -> tensor<3x2xf32> {
  %w = arith.constant dense<1.0> : tensor<4x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  %a = math.absf %x : tensor<3x4xf32>
  %y = linalg.matmul ins(%a, %w : tensor<3x4xf32>, tensor<4x2xf32>) outs(%z : tensor<3x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}
