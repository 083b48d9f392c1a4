// Floats that are multiplied with integers become two codes of 8 bits: their own, and those of what these leave.
// RUN: quench-opt %s --quench-split-activations | FileCheck %s
// The error of a product is what the second codes leave, and no more.
// RUN: quench-opt %s --quench-split-activations --convert-quench-to-tosa=rows=1 --quench-evaluate=entry=known | FileCheck %s --check-prefix=VALUES
// RUN: quench-opt %s --quench-evaluate=entry=known | FileCheck %s --check-prefix=EXACT

#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
#a8 = #quench.scheme<i8, block = [*, *], scale = f32>

// Both products have the same weight, one of them the bias. The codes are made once for all that read the floats.
// CHECK-LABEL: func.func @floats
// CHECK-SAME:    %[[X:.+]]: tensor<?x2xf32>, %[[W:.+]]: !quench.qtensor<3x2xf32
// CHECK-SAME:    %[[B:.+]]: tensor<3xf32>
// CHECK-NEXT:    %[[Q:.+]] = quench.quantize %[[X]] : tensor<?x2xf32> to !quench.qtensor<?x2xf32, #[[SCHEME:.+]]>
// CHECK-NEXT:    %[[FIRST:.+]] = quench.dequantize %[[Q]]
// CHECK-NEXT:    %[[REST:.+]] = arith.subf %[[X]], %[[FIRST]]
// CHECK-NEXT:    %[[R:.+]] = quench.quantize %[[REST]]
// CHECK-NEXT:    %[[SECOND:.+]] = quench.dequantize %[[R]]
// CHECK-NEXT:    %[[V:.+]] = quench.dequantize %[[W]]
// CHECK-NEXT:    %[[Y1:.+]] = nn.linear %[[FIRST]], %[[V]] bias(%[[B]])
// CHECK-NEXT:    %[[Y2:.+]] = nn.linear %[[SECOND]], %[[V]] :
// CHECK-NEXT:    %[[Y:.+]] = arith.addf %[[Y1]], %[[Y2]]
// CHECK-NEXT:    %[[Z1:.+]] = nn.linear %[[FIRST]], %[[V]] :
// CHECK-NEXT:    %[[Z2:.+]] = nn.linear %[[SECOND]], %[[V]] :
// CHECK-NEXT:    %[[Z:.+]] = arith.addf %[[Z1]], %[[Z2]]
// CHECK-NEXT:    return %[[Y]], %[[Z]]
func.func @floats(%x: tensor<?x2xf32>, %w: !quench.qtensor<3x2xf32, #w8>, %b: tensor<3xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>) {
  %v = quench.dequantize %w : !quench.qtensor<3x2xf32, #w8> to tensor<3x2xf32>
  %y = nn.linear %x, %v bias(%b) : tensor<?x2xf32>, tensor<3x2xf32>, tensor<3xf32> -> tensor<?x3xf32>
  %z = nn.linear %x, %v : tensor<?x2xf32>, tensor<3x2xf32> -> tensor<?x3xf32>
  return %y, %z : tensor<?x3xf32>, tensor<?x3xf32>
}

// Codes stay what they are, and so do weights that are floats.
// CHECK-LABEL: func.func @others
// CHECK-NOT:     arith.subf
// CHECK:         return
func.func @others(%x: tensor<2x2xf32>, %c: !quench.qtensor<2x2xf32, #a8>, %w: !quench.qtensor<3x2xf32, #w8>, %f: tensor<3x2xf32>)
    -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %v = quench.dequantize %w : !quench.qtensor<3x2xf32, #w8> to tensor<3x2xf32>
  %d = quench.dequantize %c : !quench.qtensor<2x2xf32, #a8> to tensor<2x2xf32>
  %y = nn.linear %d, %v : tensor<2x2xf32>, tensor<3x2xf32> -> tensor<2x3xf32>
  %z = nn.linear %x, %f : tensor<2x2xf32>, tensor<3x2xf32> -> tensor<2x3xf32>
  return %y, %z : tensor<2x3xf32>, tensor<2x3xf32>
}

// A row up to 127: first codes have a step of 1, second ones of 0.49 / 127 or so.
// EXACT:  [94.25, -252.983994]
// VALUES: [94.25{{[0-9]*}}, -252.98{{[34][0-9]*}}]
func.func @known() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[127.0, -32.75]]> : tensor<1x2xf32>
  %c = arith.constant dense<[[1, 1], [-2, 0]]> : tensor<2x2xi8>
  %s = arith.constant dense<[[1.0], [0.996]]> : tensor<2x1xf32>
  %wq = quench.assemble %c, %s : tensor<2x2xi8>, tensor<2x1xf32> to !quench.qtensor<2x2xf32, #w8>
  %w = quench.dequantize %wq : !quench.qtensor<2x2xf32, #w8> to tensor<2x2xf32>
  %y = nn.linear %x, %w : tensor<1x2xf32>, tensor<2x2xf32> -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
