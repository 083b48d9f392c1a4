// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive model=none tokens=4:0,1,2,3,0,1,2,3
// DEFINE: %{inputs} = recipe=%S/Inputs/w4.yaml archive=%t/archive
// DEFINE: %{keep} = quench-opt %s --quench-keep-outliers='fraction=0.2 %{inputs}' --remark-format=emitRemark --remarks-filter=quench-keep-outliers
// RUN: %{keep} 2> %t/remarks | FileCheck %s --check-prefixes=CHECK,KEEP
// RUN: FileCheck %s --check-prefix=REMARKS < %t/remarks
// RUN: %{keep} --quench-quantize=recipe=%S/Inputs/w4.yaml 2> /dev/null | FileCheck %s --check-prefixes=CHECK,RTN
// RUN: %{keep} --quench-gptq='%{inputs}' 2> /dev/null | FileCheck %s --check-prefixes=CHECK,GPTQ
// RUN: %{keep} --quench-gptq='%{inputs} refine=true' 2> /dev/null | FileCheck %s --check-prefixes=CHECK,RTN

// The mean of x xᵀ is [1, 0.25] on the diagonal for the first two channels; the other two have 2 and 1.25, and 0.5 between
// them. Scales are 1, and 2 in the last row.
// CHECK-LABEL: func.func @forward(
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<4x1xf32>)
    -> (tensor<?x4xf32>, tensor<4x1xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<[[2.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, -1.0]]> : tensor<4x4xf32>
  %x = nn.embedding %table[%tokens] : tensor<4x4xf32>, tensor<?xi32> -> tensor<?x4xf32>

  // Of 16 weights 3 are kept: the 1 in the last row, which is rounded to 0 or 2 and loses 1² x 0.25; the 0.45, which loses
  // 0.45² of what 1.25 leaves when the channel before it adapts; and the 0.4 in the second row, 0.4² x 1. The other 0.4 meets
  // a small input and is rounded. The weight itself stays as it is.
  // KEEP:       %[[W:.+]] = arith.constant dense<{{\[\[}}7.000000e+00, 4.000000e-01, 1.000000e+00, 2.000000e+00], {{.*}}> : tensor<4x4xf32>
  // KEEP-NEXT:  %[[I:.+]] = arith.constant dense<[4, 11, 13]> : tensor<3xi32>
  // KEEP-NEXT:  %[[V:.+]] = arith.constant dense<[4.000000e-01, 4.500000e-01, 1.000000e+00]> : tensor<3xf32>
  // KEEP-NEXT:  %[[O:.+]] = quench.overlay %[[W]] at %[[I]] with %[[V]] : tensor<4x4xf32>, tensor<3xi32>, tensor<3xf32>

  // Codes at their places do not matter and are 0. Rounded to nearest, the others do not know of them. GPTQ lets the 0.45 make
  // up for the 0.2 before it, which has become 0. When codes are refined afterwards, it is to be as it was.
  // RTN:        arith.constant dense<{{\[\[}}7, 0, 1, 2], [0, 7, 1, 2], [7, 2, 0, 0], [1, 0, 0, 7]]> : tensor<4x4xi4>
  // GPTQ:       arith.constant dense<{{\[\[}}7, 0, 1, 2], [0, 7, 1, 2], [7, 2, 0, 0], [1, 0, 0, 7]]> : tensor<4x4xi4>
  // RTN:        %[[D:.+]] = quench.dequantize
  // GPTQ:       %[[D:.+]] = quench.dequantize
  // RTN-NEXT:   %[[I:.+]] = arith.constant dense<[4, 11, 13]> : tensor<3xi32>
  // GPTQ-NEXT:  %[[I:.+]] = arith.constant dense<[4, 11, 13]> : tensor<3xi32>
  // RTN-NEXT:   %[[V:.+]] = arith.constant dense<[4.000000e-01, 4.500000e-01, 1.000000e+00]> : tensor<3xf32>
  // GPTQ-NEXT:  %[[V:.+]] = arith.constant dense<[4.000000e-01, 0.529{{[0-9]*}}, 1.000000e+00]> : tensor<3xf32>
  // RTN-NEXT:   %[[O:.+]] = quench.overlay %[[D]] at %[[I]] with %[[V]]
  // GPTQ-NEXT:  %[[O:.+]] = quench.overlay %[[D]] at %[[I]] with %[[V]]

  // CHECK:      nn.linear %{{.+}}, %[[O]] : tensor<?x4xf32>, tensor<4x4xf32>
  // CHECK-NOT:  quench.overlay
  %w = arith.constant dense<[[7.0, 0.4, 1.0, 2.0], [0.4, 7.0, 1.0, 2.0], [7.0, 2.0, 0.2, 0.45], [2.0, 1.0, 0.0, 14.0]]> : tensor<4x4xf32>
  %y = nn.linear %x, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("up"("up.mlir":1:2))
  %zero = arith.constant 0 : index
  %n = tensor.dim %tokens, %zero : tensor<?xi32>
  %rest = arith.subi %n, %first : index
  %last = tensor.extract_slice %y[%first, 0] [%rest, 4] [1, 1] : tensor<?x4xf32> to tensor<?x4xf32>
  // What the recipe leaves in float needs no kept elements, and what codes meet exactly has none.
  %h = arith.constant dense<0.5> : tensor<4x4xf32>
  %e = arith.constant dense<7.0> : tensor<4x4xf32>
  %z = nn.linear %last, %h : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("head"("head.mlir":3:4))
  %logits = nn.linear %z, %e : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("exact"("exact.mlir":5:6))
  return %logits, %cache : tensor<?x4xf32>, tensor<4x1xf32>
}

// REMARKS-DAG: head.mlir:3:4: remark: [Missed] LeftInFloat | Category:quench-keep-outliers | {{.*}}Layer=head, Reason="pattern 'head' of the recipe leaves it in float"
// REMARKS-DAG: exact.mlir:5:6: remark: [Missed] NothingKept | Category:quench-keep-outliers | {{.*}}Layer=exact, Reason="rounding costs nothing, or the share is less than one"
// REMARKS-DAG: up.mlir:1:2: remark: [Passed] Kept | Category:quench-keep-outliers | Function=forward | Elements=3, Layer=up, Percent=18.75

// Columns that are rounded in another order take their kept elements along: with groups of two, the last two channels come
// first. Kept are the 1 and the 0.4 in the first row and the 0.4 in the second.
// DEFINE: %{groups} = recipe=%S/Inputs/w4-groups.yaml archive=%t/archive
// RUN: quench-opt %s --quench-keep-outliers='fraction=0.2 %{groups}' --quench-gptq='%{groups} activation-order=true' --mlir-print-local-scope | FileCheck %s --check-prefix=ORDER
// ORDER:      %[[X:.+]] = quench.change_basis %{{.+}} by #quench.permutation<[2, 3, 0, 1]>
// ORDER:      arith.constant dense<{{\[\[}}0, 7, 7, 0], [3, 7, 0, 7], [3, 7, 7, 2], [0, 7, 7, 3]]> : tensor<4x4xi4>
// ORDER:      %[[D:.+]] = quench.dequantize
// ORDER-NEXT: %[[I:.+]] = arith.constant dense<[0, 3, 6]> : tensor<3xi32>
// ORDER-NEXT: %[[V:.+]] = arith.constant dense<[1.000000e+00, 4.000000e-01, 4.000000e-01]> : tensor<3xf32>
// ORDER-NEXT: %[[O:.+]] = quench.overlay %[[D]] at %[[I]] with %[[V]]
// ORDER-NEXT: nn.linear %[[X]], %[[O]]

// Passes that would move or clamp kept elements leave their weights alone.
// RUN: quench-opt %s --quench-keep-outliers='fraction=0.2 %{inputs}' --quench-clip-weights='%{inputs}' --quench-keep-outliers='%{inputs}' --quench-scale-salient='%{inputs}' -o /dev/null --remark-format=emitRemark --remarks-filter='quench-(clip|scale|keep).*' 2>&1 | FileCheck %s --check-prefix=REFUSE
// REFUSE:      up.mlir:1:2: remark: [Missed] LeftInFloat | Category:quench-clip-weights | {{.*}}Layer=up, Reason="some elements of its weight are kept as floats"
// REFUSE:      up.mlir:1:2: remark: [Missed] LeftInFloat | Category:quench-keep-outliers | {{.*}}Layer=up, Reason="some elements of its weight are kept as floats"
// REFUSE:      up.mlir:1:2: remark: [Missed] LeftInFloat | Category:quench-scale-salient | {{.*}}Layer=up, Reason="some elements of its weight are kept as floats"

// RUN: not quench-opt %s --quench-keep-outliers='fraction=1.5 %{inputs}' -o /dev/null 2>&1 | FileCheck %s --check-prefix=FRACTION
// FRACTION: error: option 'fraction': expected a number from 0 to 1, found 1.5
// RUN: not quench-opt %s --quench-keep-outliers=recipe=%S/Inputs/w4.yaml -o /dev/null 2>&1 | FileCheck %s --check-prefix=ARCHIVE
// ARCHIVE: error: expected a calibration archive, found no option 'archive'
