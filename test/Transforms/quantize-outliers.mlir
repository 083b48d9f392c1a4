// RUN: quench-opt %s --quench-quantize=recipe=%S/Inputs/outliers.yaml --remark-format=emitRemark --remarks-filter=quench-quantize 2> %t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARKS < %t.remarks
// RUN: quench-opt %s --quench-quantize=recipe=%S/Inputs/outliers.yaml --quench-quantize=recipe=%S/Inputs/outliers.yaml --remark-format=emitRemark --remarks-filter=quench-quantize 2>&1 | FileCheck %s --check-prefixes=CHECK,AGAIN

// With outliers, activations are quantized without the channels that have large values, which join them again as floats: once
// for all layers that read them.
// AGAIN-COUNT-2: remark: [Missed] LeftInFloat | {{.*}}Reason="its activation is quantized already"
// CHECK-LABEL: func.func @outliers_stay_float(
// CHECK-SAME:    %[[X:.+]]: tensor<?x4xf32>
func.func @outliers_stay_float(%x: tensor<?x4xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  // CHECK:      %[[D:.+]], %[[O:.+]] = quench.split_outliers %[[X]] threshold 6.000000e+00 : tensor<?x4xf32>
  // CHECK-NEXT: %[[Q:.+]] = quench.quantize %[[D]]
  // CHECK-NEXT: %[[E:.+]] = quench.dequantize %[[Q]]
  // CHECK-NEXT: %[[Z:.+]] = arith.addf %[[E]], %[[O]]
  // CHECK-NOT:  quench.split_outliers
  // CHECK:      nn.linear %[[Z]], %{{.+}}
  // CHECK:      nn.linear %[[Z]], %{{.+}}
  // CHECK-NOT:  quench.split_outliers
  %w = arith.constant dense<[[7.0, 1.0, -3.0, 0.3], [0.0, 0.0, 0.0, 1.0]]> : tensor<2x4xf32>
  %y = nn.linear %x, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32> loc("up"("up.mlir":1:2))
  %z = nn.linear %x, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32> loc("gate"("gate.mlir":3:4))
  return %y, %z : tensor<?x2xf32>, tensor<?x2xf32>
}

// REMARKS: up.mlir:1:2: remark: [Passed] Quantized | {{.*}}Activations="i8, one dynamic scale per token, channels that reach 6 in float"
