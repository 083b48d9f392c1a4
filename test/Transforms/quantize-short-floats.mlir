// RUN: quench-opt %s --quench-quantize=recipe=%S/Inputs/short-floats.yaml --mlir-print-local-scope | FileCheck %s
// RUN: quench-opt %s --quench-quantize=recipe=%S/Inputs/short-floats.yaml --quench-quantize=recipe=%S/Inputs/short-floats.yaml --mlir-print-local-scope | FileCheck %s

// Activations without scales are rounded by upstream's ops, once for all layers that read them in one type; what is rounded
// already stays as it is.
// CHECK-LABEL: func.func @rounded(
// CHECK-SAME:    %[[X:.+]]: tensor<?x4xf32>
// CHECK-DAG:     %[[H:.+]] = arith.truncf %[[X]] : tensor<?x4xf32> to tensor<?x4xf16>
// CHECK-DAG:     %[[F:.+]] = arith.extf %[[H]] : tensor<?x4xf16> to tensor<?x4xf32>
// CHECK-DAG:     %[[B:.+]] = arith.truncf %[[X]] : tensor<?x4xf32> to tensor<?x4xbf16>
// CHECK-DAG:     %[[E:.+]] = arith.extf %[[B]] : tensor<?x4xbf16> to tensor<?x4xf32>
// CHECK:         nn.linear %[[E]], %{{.+}} : tensor<?x4xf32>, tensor<1x4xf32>
// CHECK:         nn.linear %[[E]], %{{.+}} : tensor<?x4xf32>, tensor<1x4xf32>
// CHECK:         nn.linear %[[F]], %{{.+}} : tensor<?x4xf32>, tensor<1x4xf32>
// CHECK-NOT:     arith.truncf
func.func @rounded(%x: tensor<?x4xf32>) -> (tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>) {
  %w0 = arith.constant dense<[[-1.0, 1.0, 6.0, 2.0]]> : tensor<1x4xf32>
  %y0 = nn.linear %x, %w0 : tensor<?x4xf32>, tensor<1x4xf32> -> tensor<?x1xf32> loc("up")
  %w1 = arith.constant dense<[[-1.0, 1.0, 7.0, 2.0]]> : tensor<1x4xf32>
  %y1 = nn.linear %x, %w1 : tensor<?x4xf32>, tensor<1x4xf32> -> tensor<?x1xf32> loc("gate")
  %w2 = arith.constant dense<[[-1.0, 1.0, 8.0, 2.0]]> : tensor<1x4xf32>
  %y2 = nn.linear %x, %w2 : tensor<?x4xf32>, tensor<1x4xf32> -> tensor<?x1xf32> loc("half")
  return %y0, %y1, %y2 : tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>
}
