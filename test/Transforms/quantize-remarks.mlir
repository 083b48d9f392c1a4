// RUN: quench-opt %s --quench-quantize=recipe=%S/Inputs/w4a8.yaml -o /dev/null --remark-format=emitRemark --remarks-filter=quench-quantize 2>&1 | FileCheck %s
// RUN: quench-opt %s --quench-quantize=recipe=fp32 -o /dev/null --remark-format=emitRemark --remarks-filter=quench-quantize 2>&1 | FileCheck %s --check-prefix=FP32

// Every op that can be quantized has one remark, with its place: what was done, or why nothing was.
// FP32-COUNT-6: remark: [Missed] LeftInFloat | Category:quench-quantize | Function=remarks | {{.*}}Reason="the recipe leaves weights in float"
// FP32:         remark: [Passed] Quantized | {{.*}} Activations=float, Layer=old, Weights="quantized before"
// FP32-NOT:     remark:
// CHECK:      head.mlir:1:2: remark: [Missed] LeftInFloat | Category:quench-quantize | Function=remarks | Layer=head, Reason="pattern 'head' of the recipe leaves it in float"
// CHECK-NEXT: d.mlir:7:8: remark: [Missed] {{.*}} Layer=dynamic, Reason="its weight is neither a stored weight nor a dense constant"
// CHECK-NEXT: e.mlir:9:10: remark: [Missed] {{.*}} Layer=empty, Reason="its weight is empty"
// CHECK-NEXT: remarks.mlir:[[#@LINE+7]]:9: remark: [Passed] Quantized | Category:quench-quantize | Function=remarks | Activations="i8, one dynamic scale per token", BitsPerWeight=12.000, Layer=nn.linear#0, SignalToNoiseDb=28.17, Weights="i4 in groups of 4, f32 scales"
// CHECK:      in.mlir:3:4: remark: [Passed] {{.*}} Activations=float, BitsPerWeight=12.000, Layer=a.float_in, SignalToNoiseDb=28.17, Weights="i4 in groups of 4, f32 scales"
// CHECK-NEXT: w.mlir:5:6: remark: [Passed] {{.*}} Activations="i8, one dynamic scale per token", Layer=a.float_weight, Weights="float, pattern '*.float_weight' of the recipe leaves it in float"
// CHECK-NEXT: o.mlir:11:12: remark: [Passed] {{.*}} Activations="i8, one dynamic scale per token", Layer=old, Weights="quantized before"
// CHECK-NOT:  remark:
func.func @remarks(%x: tensor<?x4xf32>, %v: tensor<2x4xf32>) {
  %w = arith.constant dense<[[7.0, 1.0, -3.0, 0.3], [0.0, 0.0, 0.0, 0.0]]> : tensor<2x4xf32>
  %y0 = nn.linear %x, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  %y1 = nn.linear %x, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32> loc("head"("head.mlir":1:2))
  %y2 = nn.linear %x, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32> loc("a.float_in"("in.mlir":3:4))
  %y3 = nn.linear %x, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32> loc("a.float_weight"("w.mlir":5:6))
  %y4 = nn.linear %x, %v : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32> loc("dynamic"("d.mlir":7:8))
  %e = arith.constant dense<0.0> : tensor<0x4xf32>
  %y5 = nn.linear %x, %e : tensor<?x4xf32>, tensor<0x4xf32> -> tensor<?x0xf32> loc("empty"("e.mlir":9:10))
  %q = quench.weight @old.weight : !quench.qtensor<2x4xf32, #quench.scheme<i8, block = [1, *], scale = f32>>
  %d = quench.dequantize %q : !quench.qtensor<2x4xf32, #quench.scheme<i8, block = [1, *], scale = f32>> to tensor<2x4xf32>
  %y6 = nn.linear %x, %d : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32> loc("ignored"("o.mlir":11:12))
  return
}
