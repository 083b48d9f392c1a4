// Upstream ops have rules for the types of their operands: a weight is decoded to the type that it had.
// RUN: quench-opt %s --quench-quantize=recipe=w4a16 | FileCheck %s
// RUN: quench-opt %s --quench-quantize=recipe=w4a16 -o /dev/null --remark-format=emitRemark --remarks-filter=quench-quantize 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK-LABEL: @halves
func.func @halves(%x: tensor<4x8xf16>, %i: tensor<4x3xf16>) -> tensor<4x3xf16> {
  %w = arith.constant dense<0.5> : tensor<8x3xf16>
  // CHECK: %[[W:.+]] = quench.dequantize %{{.+}} to tensor<8x3xf16>
  // CHECK: linalg.matmul ins(%{{.+}}, %[[W]] : tensor<4x8xf16>, tensor<8x3xf16>)
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf16>, tensor<8x3xf16>) outs(%i : tensor<4x3xf16>) -> tensor<4x3xf16>
  return %y : tensor<4x3xf16>
}

// CHECK-LABEL: @tosa
func.func @tosa(%x: tensor<1x4x8xbf16>) -> tensor<1x4x3xf32> {
  %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xbf16>}> : () -> tensor<1xbf16>
  %w = "tosa.const"() <{values = dense<0.5> : tensor<1x8x3xbf16>}> : () -> tensor<1x8x3xbf16>
  // CHECK: %[[W:.+]] = quench.dequantize %{{.+}} to tensor<1x8x3xbf16>
  // CHECK: tosa.matmul %{{.+}}, %[[W]]
  %y = tosa.matmul %x, %w, %zp, %zp : (tensor<1x4x8xbf16>, tensor<1x8x3xbf16>, tensor<1xbf16>, tensor<1xbf16>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}

// REMARK: [Missed] LeftInFloat | {{.*}}Reason="its weight is not of f32, f16 or bf16"
// CHECK-LABEL: @negative_doubles
func.func @negative_doubles(%x: tensor<4x8xf64>, %i: tensor<4x3xf64>) -> tensor<4x3xf64> {
  // CHECK: %[[W:.+]] = arith.constant
  // CHECK: linalg.matmul ins(%{{.+}}, %[[W]]
  %w = arith.constant dense<0.5> : tensor<8x3xf64>
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf64>, tensor<8x3xf64>) outs(%i : tensor<4x3xf64>) -> tensor<4x3xf64>
  return %y : tensor<4x3xf64>
}
