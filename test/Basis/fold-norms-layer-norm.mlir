// The layer norm of `nn`: its gain goes into the weights of all readers as that of an RMS norm does, its bias b into
// their biases as W b. The function stays the same: it is evaluated before and after.
// RUN: quench-opt %s --quench-verify-equivalence=passes=quench-fold-norms | FileCheck %s
// RUN: quench-opt %s --quench-fold-norms -o /dev/null --remark-format=emitRemark --remarks-filter=quench-fold-norms 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK-DAG: #[[$GAIN:.+]] = #quench.diagonal<dense<[2.000000e+00, -4.000000e+00]> : tensor<2xf32>>

// One reader has a bias, the other one gets one, behind a slice of rows.
// REMARK: [Passed] GainFolded | {{.*}}Function=gain_and_bias | Absorbed=2, At=nn.layer_norm, Biases=2, Map="inverse diagonal of 2", Online=0
// CHECK-LABEL: @gain_and_bias
func.func @gain_and_bias(%x: tensor<4x2xf32>) -> (tensor<4x3xf32>, tensor<1x1xf32>) {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %c = arith.constant dense<[100.0, 200.0, 300.0]> : tensor<3xf32>
  %v = arith.constant dense<[[7.0, 8.0]]> : tensor<1x2xf32>
  %g = arith.constant dense<[2.0, -4.0]> : tensor<2xf32>
  %b = arith.constant dense<[1.0, 3.0]> : tensor<2xf32>
  // CHECK: %[[N:.+]] = nn.layer_norm %{{.+}} epsilon
  %n = nn.layer_norm %x gain(%g : tensor<2xf32>) bias(%b : tensor<2xf32>) epsilon 1.0e-5 : tensor<4x2xf32>
  // CHECK: %[[W:.+]] = quench.change_basis %{{.+}} by #[[$GAIN]] axes [1] : tensor<3x2xf32>
  // CHECK: %[[C:.+]] = arith.constant dense<[1.070000e+02, 2.150000e+02, 3.230000e+02]>
  // CHECK: nn.linear %[[N]], %[[W]] bias(%[[C]])
  %y = nn.linear %n, %w bias(%c) : tensor<4x2xf32>, tensor<3x2xf32>, tensor<3xf32> -> tensor<4x3xf32>
  %s = tensor.extract_slice %n[3, 0] [1, 2] [1, 1] : tensor<4x2xf32> to tensor<1x2xf32>
  // CHECK: %[[V:.+]] = quench.change_basis %{{.+}} by #[[$GAIN]] axes [1] : tensor<1x2xf32>
  // CHECK: %[[D:.+]] = arith.constant dense<3.100000e+01> : tensor<1xf32>
  // CHECK: nn.linear %{{.+}}, %[[V]] bias(%[[D]])
  %z = nn.linear %s, %v : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  return %y, %z : tensor<4x3xf32>, tensor<1x1xf32>
}

// A bias alone.
// REMARK: [Passed] GainFolded | {{.*}}Function=bias_alone | Absorbed=0, At=nn.layer_norm, Biases=1, Map=identity
// CHECK-LABEL: @bias_alone
func.func @bias_alone(%x: tensor<4x2xf32>) -> tensor<4x1xf32> {
  %v = arith.constant dense<[[7.0, 8.0]]> : tensor<1x2xf32>
  %b = arith.constant dense<[1.0, 3.0]> : tensor<2xf32>
  // CHECK: nn.layer_norm %{{.+}} epsilon
  %n = nn.layer_norm %x bias(%b : tensor<2xf32>) epsilon 1.0e-5 : tensor<4x2xf32>
  // CHECK: %[[D:.+]] = arith.constant dense<3.100000e+01> : tensor<1xf32>
  // CHECK: nn.linear %{{.+}}, %{{.+}} bias(%[[D]])
  %z = nn.linear %n, %v : tensor<4x2xf32>, tensor<1x2xf32> -> tensor<4x1xf32>
  return %z : tensor<4x1xf32>
}

// A product with another activation takes a scale in, but no shift: nothing is folded then, also not the gain.
// REMARK: [Missed] GainStays | {{.*}}Function=negative_gate | {{.*}}Reason="'arith.mulf' refuses: only a layer that sums over the channels takes a shift of its input into its bias at arith.mulf"
// CHECK-LABEL: @negative_gate
func.func @negative_gate(%x: tensor<4x2xf32>) -> tensor<4x1xf32> {
  %v = arith.constant dense<[[7.0, 8.0]]> : tensor<1x2xf32>
  %g = arith.constant dense<[2.0, -4.0]> : tensor<2xf32>
  %b = arith.constant dense<[1.0, 3.0]> : tensor<2xf32>
  // CHECK: nn.layer_norm %{{.+}} gain(%{{.+}}) bias(
  %n = nn.layer_norm %x gain(%g : tensor<2xf32>) bias(%b : tensor<2xf32>) epsilon 1.0e-5 : tensor<4x2xf32>
  %m = arith.mulf %n, %x : tensor<4x2xf32>
  %z = nn.linear %m, %v : tensor<4x2xf32>, tensor<1x2xf32> -> tensor<4x1xf32>
  return %z : tensor<4x1xf32>
}

// REMARK: [Missed] GainStays | {{.*}}Function=negative_bias_of_the_caller | {{.*}}Reason="its bias is not a weight or a constant"
// CHECK-LABEL: @negative_bias_of_the_caller
func.func @negative_bias_of_the_caller(%x: tensor<4x2xf32>, %b: tensor<2xf32>) -> tensor<4x1xf32> {
  %v = arith.constant dense<[[7.0, 8.0]]> : tensor<1x2xf32>
  // CHECK: nn.layer_norm %{{.+}} bias(
  %n = nn.layer_norm %x bias(%b : tensor<2xf32>) epsilon 1.0e-5 : tensor<4x2xf32>
  %z = nn.linear %n, %v : tensor<4x2xf32>, tensor<1x2xf32> -> tensor<4x1xf32>
  return %z : tensor<4x1xf32>
}
