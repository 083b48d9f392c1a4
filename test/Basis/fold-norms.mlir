// RUN: quench-opt %s --quench-fold-norms | FileCheck %s
// RUN: quench-opt %s --quench-fold-norms -o /dev/null --remark-format=emitRemark --remarks-filter=quench-fold-norms 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK-DAG: #[[$GAIN:.+]] = #quench.diagonal<dense<[2.000000e+00, 0.000000e+00]> : tensor<2xf32>>
// CHECK-DAG: #[[$MORE:.+]] = #quench.diagonal<dense<[3.000000e+00, 1.000000e+00]> : tensor<2xf32>>

// The gain moves into all readers, also where it is 0: nothing is divided by it. What is watched is the new value.
// CHECK-LABEL: @gain_moves_into_all_readers
// CHECK-SAME: %[[X:.+]]: tensor<?x2xf32>
// REMARK: remark: [Passed] GainFolded | Category:quench-fold-norms | Function=gain_moves_into_all_readers | {{.*}}Absorbed=2,{{.*}} Map="inverse diagonal of 2", Online=0
func.func @gain_moves_into_all_readers(%x: tensor<?x2xf32>) -> (tensor<?x3xf32>, tensor<?x1xf32>) {
  // CHECK-DAG: %[[W:.+]] = arith.constant dense<{{\[\[}}1.0
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  // CHECK-DAG: %[[V:.+]] = arith.constant dense<7.0
  %v = arith.constant dense<7.0> : tensor<1x2xf32>
  %g = arith.constant dense<[2.0, 0.0]> : tensor<2xf32>
  // CHECK: %[[N:.+]] = nn.rms_norm %[[X]] epsilon
  %n = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<?x2xf32>
  // CHECK-NEXT: quench.observe %[[N]]
  quench.observe %n as "n" : tensor<?x2xf32>
  // CHECK-NEXT: %[[W2:.+]] = quench.change_basis %[[W]] by #[[$GAIN]] axes [1]
  // CHECK-NEXT: nn.linear %[[N]], %[[W2]]
  %y = nn.linear %n, %w : tensor<?x2xf32>, tensor<3x2xf32> -> tensor<?x3xf32>
  // CHECK-NEXT: %[[V2:.+]] = quench.change_basis %[[V]] by #[[$GAIN]] axes [1]
  // CHECK-NEXT: nn.linear %[[N]], %[[V2]]
  %z = nn.linear %n, %v : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32>
  return %y, %z : tensor<?x3xf32>, tensor<?x1xf32>
}

// Through a slice of rows, and on a weight that is stored in bf16.
// CHECK-LABEL: @last_norm
func.func @last_norm(%x: tensor<?x2xf32>, %first: index, %count: index) -> tensor<?x3xf32> {
  %w = quench.weight @lm_head.weight : tensor<3x2xbf16>
  %c = arith.constant dense<[3.0, 1.0]> : tensor<2xbf16>
  %g = arith.extf %c : tensor<2xbf16> to tensor<2xf32>
  // CHECK: nn.rms_norm %{{.+}} epsilon
  %n = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<?x2xf32>
  %s = tensor.extract_slice %n[%first, 0] [%count, 2] [1, 1] : tensor<?x2xf32> to tensor<?x2xf32>
  // CHECK: %[[E:.+]] = arith.extf %{{.+}} : tensor<3x2xbf16> to tensor<3x2xf32>
  // CHECK-NEXT: %[[W:.+]] = quench.change_basis %[[E]] by #[[$MORE]] axes [1]
  // CHECK-NEXT: nn.linear %{{.+}}, %[[W]]
  %y = nn.linear %s, %w : tensor<?x2xf32>, tensor<3x2xbf16> -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// A gain of ones needs nobody to take it in.
// CHECK-LABEL: @ones_vanish
func.func @ones_vanish(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %g = arith.constant dense<1.0> : tensor<2xf32>
  // CHECK: nn.rms_norm %{{.+}} epsilon
  %n = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<?x2xf32>
  return %n : tensor<?x2xf32>
}

// The second reader is not homogeneous.
// CHECK-LABEL: @negative_activation
// REMARK: remark: [Missed] GainStays | Category:quench-fold-norms | Function=negative_activation | {{.*}} Reason="'nn.silu' refuses: only permutations pass an activation that is not homogeneous (asked for inverse diagonal of 2) at nn.silu"
func.func @negative_activation(%x: tensor<?x2xf32>) -> (tensor<?x1xf32>, tensor<?x2xf32>) {
  %g = arith.constant dense<2.0> : tensor<2xf32>
  %w = arith.constant dense<7.0> : tensor<1x2xf32>
  // CHECK: nn.rms_norm %{{.+}} gain
  %n = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<?x2xf32>
  // CHECK-NOT: quench.change_basis
  %y = nn.linear %n, %w : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32>
  %z = nn.silu %n : tensor<?x2xf32>
  return %y, %z : tensor<?x1xf32>, tensor<?x2xf32>
}

// CHECK-LABEL: @negative_result
// REMARK: remark: [Missed] GainStays | {{.*}}Function=negative_result | {{.*}} Reason="'func.return' refuses: the value leaves its function at func.return"
func.func @negative_result(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %g = arith.constant dense<2.0> : tensor<2xf32>
  // CHECK: nn.rms_norm %{{.+}} gain
  %n = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<?x2xf32>
  return %n : tensor<?x2xf32>
}

// CHECK-LABEL: @negative_gain_of_the_caller
// REMARK: remark: [Missed] GainStays | {{.*}}Function=negative_gain_of_the_caller | {{.*}} Reason="its gain is not a weight or a constant"
func.func @negative_gain_of_the_caller(%x: tensor<?x2xf32>, %g: tensor<2xf32>, %w: tensor<1x2xf32>) -> tensor<?x1xf32> {
  // CHECK: nn.rms_norm %{{.+}} gain
  %n = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<?x2xf32>
  %y = nn.linear %n, %w : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

// The weight comes from outside.
// CHECK-LABEL: @negative_weight_of_the_caller
// REMARK: remark: [Missed] GainStays | {{.*}}Function=negative_weight_of_the_caller | {{.*}} Reason="the value is an argument of its function"
func.func @negative_weight_of_the_caller(%x: tensor<?x2xf32>, %w: tensor<1x2xf32>) -> tensor<?x1xf32> {
  %g = arith.constant dense<2.0> : tensor<2xf32>
  // CHECK: nn.rms_norm %{{.+}} gain
  %n = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<?x2xf32>
  %y = nn.linear %n, %w : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}
