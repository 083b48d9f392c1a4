// IR of others: types that carry scales become schemes with constants beside them.
// RUN: quench-opt %s --convert-quant-to-quench | FileCheck %s

// CHECK-DAG: #[[$A8:.+]] = #quench.scheme<i8, block = [*, *], scale = f32, zero_point>
// CHECK-DAG: #[[$W8:.+]] = #quench.scheme<i8, range = [-127, 127], block = [*, 1], scale = f32>

// CHECK-LABEL: func.func @activation(
// CHECK-SAME: %[[X:.+]]: tensor<?x4xf32>
// CHECK-DAG: %[[S:.+]] = arith.constant dense<5.000000e-01> : tensor<1x1xf32>
// CHECK-DAG: %[[Z:.+]] = arith.constant dense<-3> : tensor<1x1xi32>
// CHECK: %[[Q:.+]] = quench.quantize %[[X]] scale(%[[S]]) zero_point(%[[Z]]) : {{.*}} to !quench.qtensor<?x4xf32, #[[$A8]]>
// CHECK: %[[Y:.+]] = quench.dequantize %[[Q]] : !quench.qtensor<?x4xf32, #[[$A8]]> to tensor<?x4xf32>
// CHECK: return %[[Y]]
func.func @activation(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %q = quant.qcast %x : tensor<?x4xf32> to tensor<?x4x!quant.uniform<i8:f32, 0.5:-3>>
  %y = quant.dcast %q : tensor<?x4x!quant.uniform<i8:f32, 0.5:-3>> to tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @weight_of_columns(
// CHECK-SAME: %[[CODES:.+]]: tensor<3x2xi8>
// CHECK: %[[S:.+]] = arith.constant dense<{{\[\[5.000000e-01, 2.500000e-01\]\]}}> : tensor<1x2xf32>
// CHECK: quench.assemble %[[CODES]], %[[S]] : tensor<3x2xi8>, tensor<1x2xf32> to !quench.qtensor<3x2xf32, #[[$W8]]>
func.func @weight_of_columns(%codes: tensor<3x2xi8>) -> tensor<3x2xf32> {
  %q = quant.scast %codes : tensor<3x2xi8> to tensor<3x2x!quant.uniform<i8<-127:127>:f32:1, {0.5,0.25}>>
  %w = quant.dcast %q : tensor<3x2x!quant.uniform<i8<-127:127>:f32:1, {0.5,0.25}>> to tensor<3x2xf32>
  return %w : tensor<3x2xf32>
}
