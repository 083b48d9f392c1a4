// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/weights \
// RUN:   up.weight=2x2:1.25,0.5,1.75,1.25 up.weight.codes=2x1:u8:1,18, up.weight.scale=2x1:1,1 \
// RUN:   head.weight=2x2:1.5,0,0,1 head.weight.codes=2x1:u8:2,16, head.weight.scale=2x1:1,1 head.bias=2:f16:0.5,0.5
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive weights=%t/weights tokens=4:0,1,1,1
// RUN: quench-opt %s --quench-correct-bias='weights=%t/weights archive=%t/archive' --mlir-print-local-scope --remark-format=emitRemark --remarks-filter=quench-correct-bias 2> %t/remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARKS < %t/remarks

#w4 = #quench.scheme<i4, block = [1, *], scale = f32>
#a4 = #quench.scheme<i4, block = [*, *], scale = f32>

// Tokens are 0, 1, 1, 1, so that the mean of what the embedding gives is [1, 3].
// CHECK-LABEL: func.func @forward(
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<4x1xf32>)
    -> (tensor<?x2xf32>, tensor<4x1xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<[[4.0, 0.0], [0.0, 4.0]]> : tensor<2x2xf32>
  %x = nn.embedding %table[%tokens] : tensor<2x2xf32>, tensor<?xi32> -> tensor<?x2xf32>

  // Codes [[1, 0], [2, 1]] are what is left of [[1.25, 0.5], [1.75, 1.25]]: the means are [1, 5] instead of [2.75, 5.5], and
  // a layer without bias gets the bias [1.75, 0.5].
  // CHECK:      %[[UP:.+]] = quench.weight @up.bias : tensor<2xf32>
  // CHECK-NEXT: nn.linear %{{.+}}, %{{.+}} bias(%[[UP]])
  // REMARKS:      up.mlir:1:1: remark: [Passed] Corrected | Category:quench-correct-bias | Function=forward | LargestShift=1.75, Layer=up, TypicalShift=1.287
  %uq = quench.weight @up.weight : !quench.qtensor<2x2xf32, #w4>
  %u = quench.dequantize %uq : !quench.qtensor<2x2xf32, #w4> to tensor<2x2xf32>
  %y = nn.linear %x, %u : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("up"("up.mlir":1:1))

  // So the next layer reads [5.75, 8.5] and three times [1.75, 4.5], which become the codes [6, 7] and [2, 4] with the mean
  // [3, 4.75] instead of [2.75, 5.5]. Weights are float here; the bias makes up for inputs that were rounded and clipped, by
  // [2 * -0.25, 4 * 0.75].
  // CHECK:      %[[DOWN:.+]] = arith.constant dense<[5.000000e-01, 2.000000e+00]> : tensor<2xf32>
  // CHECK-NEXT: nn.linear %{{.+}}, %{{.+}} bias(%[[DOWN]])
  // REMARKS-NEXT: down.mlir:1:1: remark: [Passed] Corrected | {{.*}}LargestShift=3, Layer=down, TypicalShift=2.151
  %one = arith.constant dense<1.0> : tensor<1x1xf32>
  %yq = quench.quantize %y scale(%one) : tensor<?x2xf32>, tensor<1x1xf32> to !quench.qtensor<?x2xf32, #a4>
  %z = quench.dequantize %yq : !quench.qtensor<?x2xf32, #a4> to tensor<?x2xf32>
  %d = arith.constant dense<[[2.0, 0.0], [0.0, 4.0]]> : tensor<2x2xf32>
  %b = arith.constant dense<[1.0, -1.0]> : tensor<2xf32>
  %v = nn.linear %z, %d bias(%b) : tensor<?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x2xf32> loc("down"("down.mlir":1:1))

  // A layer in float stays.
  // CHECK-NEXT: %[[ONES:.+]] = arith.constant dense<1.000000e+00> : tensor<2x2xf32>
  // CHECK-NEXT: nn.linear %{{.+}}, %[[ONES]] : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  %ones = arith.constant dense<1.0> : tensor<2x2xf32>
  %s = nn.linear %v, %ones : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  %e = arith.addf %s, %v : tensor<?x2xf32>

  // An old bias, here one of f16, is replaced under its name. The mean of the output of the layer above was [6.5, 21], as it is
  // again, so that the input of this one has the mean [34, 48.5] and its first weight, 2 instead of 1.5, adds 17.
  // CHECK-NOT:  quench.weight @head.bias : tensor<2xf16>
  // CHECK:      %[[HEAD:.+]] = quench.weight @head.bias : tensor<2xf32>
  // CHECK-NEXT: nn.linear %{{.+}}, %{{.+}} bias(%[[HEAD]])
  // REMARKS-NEXT: head.mlir:1:1: remark: [Passed] Corrected | {{.*}}LargestShift=17, Layer=head, TypicalShift=12.02
  // REMARKS-NOT:  remark:
  %hq = quench.weight @head.weight : !quench.qtensor<2x2xf32, #w4>
  %h = quench.dequantize %hq : !quench.qtensor<2x2xf32, #w4> to tensor<2x2xf32>
  %c16 = quench.weight @head.bias : tensor<2xf16>
  %c = arith.extf %c16 : tensor<2xf16> to tensor<2xf32>
  %t = nn.linear %e, %h bias(%c) : tensor<?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x2xf32> loc("head"("head.mlir":1:1))
  %zero = arith.constant 0 : index
  %n = tensor.dim %tokens, %zero : tensor<?xi32>
  %rest = arith.subi %n, %first : index
  %logits = tensor.extract_slice %t[%first, 0] [%rest, 2] [1, 1] : tensor<?x2xf32> to tensor<?x2xf32>
  return %logits, %cache : tensor<?x2xf32>, tensor<4x1xf32>
}

// A mean that is not finite is an error at the layer, and nothing changes.
// RUN: sed 's/4.0, 0.0/0x7F800000, 0.0/' %s > %t/infinite.mlir
// RUN: not quench-opt %t/infinite.mlir --quench-correct-bias='weights=%t/weights archive=%t/archive' --mlir-print-ir-after-failure 2>&1 | FileCheck %s --check-prefix=INFINITE
// INFINITE:      up.mlir:1:1: error: cannot correct the bias of 'up': the corrected bias of output 0 is not finite
// INFINITE-COUNT-2: bias(
// INFINITE-NOT:  bias(
