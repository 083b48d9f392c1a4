// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/weights \
// RUN:   up.weight=2x2:1.25,0.5,1.75,1.25 up.weight.codes=2x1:u8:1,18, up.weight.scale=2x1:1,1
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive weights=%t/weights tokens=4:0,1,1,1
// RUN: quench-opt %s --quench-correct-bias='weights=%t/weights archive=%t/archive' --remark-format=emitRemark --remarks-filter=quench-correct-bias 2>&1 | FileCheck %s

#w4 = #quench.scheme<i4, block = [1, *], scale = f32>
#a4 = #quench.scheme<i4, block = [*, *], scale = f32>

// Outliers that stay float, of inputs and of weights, have no part in what is made up for. The second channel reaches 10, which
// is beyond the threshold; the first becomes [3, 0, 0, 0] with the mean 0.75 instead of 1. Weights are [[1, 0.5], [2, 1]], the
// 0.5 as it was. With the mean 3.4375 of the second channel the bias is [1.25 * 1 - 1 * 0.75,
// 1.75 * 1 - 2 * 0.75 + 0.25 * 3.4375].
// CHECK:      up.mlir:1:1: remark: [Passed] Corrected | {{.*}}LargestShift=1.109, Layer=up, TypicalShift=0.8604
// CHECK-LABEL: func.func @forward(
// CHECK:      %[[BIAS:.+]] = quench.weight @up.bias : tensor<2xf32>
// CHECK-NEXT: nn.linear %{{.+}}, %{{.+}} bias(%[[BIAS]])
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<4x1xf32>)
    -> (tensor<?x2xf32>, tensor<4x1xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<[[4.0, 10.0], [0.0, 1.25]]> : tensor<2x2xf32>
  %x = nn.embedding %table[%tokens] : tensor<2x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  %d, %o = quench.split_outliers %x threshold 6.0 : tensor<?x2xf32>
  %three = arith.constant dense<3.0> : tensor<1x1xf32>
  %q = quench.quantize %d scale(%three) : tensor<?x2xf32>, tensor<1x1xf32> to !quench.qtensor<?x2xf32, #a4>
  %e = quench.dequantize %q : !quench.qtensor<?x2xf32, #a4> to tensor<?x2xf32>
  %z = arith.addf %e, %o : tensor<?x2xf32>
  %uq = quench.weight @up.weight : !quench.qtensor<2x2xf32, #w4>
  %ud = quench.dequantize %uq : !quench.qtensor<2x2xf32, #w4> to tensor<2x2xf32>
  %at = arith.constant dense<1> : tensor<1xi32>
  %half = arith.constant dense<0.5> : tensor<1xf32>
  %u = quench.overlay %ud at %at with %half : tensor<2x2xf32>, tensor<1xi32>, tensor<1xf32>
  %y = nn.linear %z, %u : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("up"("up.mlir":1:1))
  %zero = arith.constant 0 : index
  %n = tensor.dim %tokens, %zero : tensor<?xi32>
  %rest = arith.subi %n, %first : index
  %logits = tensor.extract_slice %y[%first, 0] [%rest, 2] [1, 1] : tensor<?x2xf32> to tensor<?x2xf32>
  return %logits, %cache : tensor<?x2xf32>, tensor<4x1xf32>
}
