// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive model=none width=2 'up.in=4,-1,3,16' '{gate,up}=4,-16' head=4,16 behind=4,16 gated=4,16
// DEFINE: %{smooth} = quench-opt %s --quench-smooth='archive=%t/archive
// RUN: %{smooth}' --remark-format=emitRemark --remarks-filter=quench-smooth 2> %t/remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t/remarks
// RUN: %{smooth}' --quench-fold-weights | FileCheck %s --check-prefix=FOLD
// RUN: %{smooth} recipe=%S/Inputs/w8a8.yaml' | FileCheck %s --check-prefix=RECIPE
// RUN: %{smooth} alpha=1' --quench-fold-weights | FileCheck %s --check-prefix=ONE

// CHECK: #[[$S:.+]] = #quench.diagonal<dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32>>

// Channels reach 4 and 16, the columns that read them 1: they are divided by sqrt(4 / 1) and sqrt(16 / 1). The gain of the
// norm takes that in, and the weights of both layers that read it are multiplied.
// REMARK-DAG: [Passed] Smoothed | Category:quench-smooth | Function=gain_and_all_readers | Alpha=0.5, Input="{gate,up}", LargestAfter=4, LargestBefore=16
// CHECK-LABEL: func.func @gain_and_all_readers
// FOLD-LABEL: func.func @gain_and_all_readers
// ONE-LABEL: func.func @gain_and_all_readers
func.func @gain_and_all_readers(%x: tensor<?x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  // FOLD-DAG: %[[G:.+]] = arith.constant dense<[1.500000e+00, 2.000000e+00]>
  // With alpha = 1 the weights do not matter, and all channels reach 1.
  // ONE-DAG: arith.constant dense<[7.500000e-01, 5.000000e-01]>
  %g = arith.constant dense<[3.0, 8.0]> : tensor<2xf32>
  // FOLD-DAG: %[[W:.+]] = arith.constant dense<{{\[\[}}2.000000e+00, 1.000000e+00], [0.000000e+00, 1.000000e+00]]>
  %w = arith.constant dense<[[1.0, 0.25], [0.0, 0.25]]> : tensor<2x2xf32>
  // FOLD-DAG: %[[V:.+]] = arith.constant dense<{{\[\[}}1.000000e+00, 4.000000e+00], [-1.000000e+00, -2.000000e+00]]>
  %v = arith.constant dense<[[0.5, 1.0], [-0.5, -0.5]]> : tensor<2x2xf32>
  // CHECK: %[[GAIN:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [0] inverse : tensor<2xf32>
  // CHECK: %[[N:.+]] = nn.rms_norm %{{.+}} gain(%[[GAIN]]
  // FOLD: %[[N:.+]] = nn.rms_norm %{{.+}} gain(%[[G]]
  %n = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<?x2xf32>
  // CHECK: %[[W:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [1] : tensor<2x2xf32>
  // CHECK: nn.linear %[[N]], %[[W]]
  // FOLD: nn.linear %[[N]], %[[W]]
  %a = nn.linear %n, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("up")
  // CHECK: %[[V:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [1] : tensor<2x2xf32>
  // CHECK: nn.linear %[[N]], %[[V]]
  // FOLD: nn.linear %[[N]], %[[V]]
  %b = nn.linear %n, %v : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("gate")
  return %a, %b : tensor<?x2xf32>, tensor<?x2xf32>
}

// Where a recipe leaves the activations of a layer float, there is no difficulty.
// CHECK-LABEL: func.func @float_layers_are_left_alone
// CHECK: quench.change_basis
// RECIPE-LABEL: func.func @gain_and_all_readers
// RECIPE: quench.change_basis
// RECIPE-LABEL: func.func @float_layers_are_left_alone
// RECIPE-NOT: quench.change_basis
func.func @float_layers_are_left_alone(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %g = arith.constant dense<1.0> : tensor<2xf32>
  %w = arith.constant dense<1.0> : tensor<1x2xf32>
  %n = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<?x2xf32>
  %y = nn.linear %n, %w : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32> loc("head")
  return %y : tensor<?x1xf32>
}

// An input that a layer makes is left alone unless `inputs=all` asks for it, see smooth-all.mlir.
// CHECK-LABEL: func.func @negative_made_by_a_layer
// CHECK-NOT: quench.change_basis
func.func @negative_made_by_a_layer(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %w = arith.constant dense<1.0> : tensor<2x2xf32>
  %v = arith.constant dense<1.0> : tensor<1x2xf32>
  %h = nn.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("before")
  %y = nn.linear %h, %v : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32> loc("behind")
  return %y : tensor<?x1xf32>
}

// A second reader that is not homogeneous would see scaled values.
// REMARK-DAG: [Missed] NotSmoothed | Category:quench-smooth | Function=negative_second_reader | Input=gated, Reason="'nn.silu' refuses: only permutations pass an activation that is not homogeneous
// CHECK-LABEL: func.func @negative_second_reader
// CHECK-NOT: quench.change_basis
func.func @negative_second_reader(%x: tensor<?x2xf32>) -> (tensor<?x1xf32>, tensor<?x2xf32>) {
  %g = arith.constant dense<1.0> : tensor<2xf32>
  %w = arith.constant dense<1.0> : tensor<1x2xf32>
  %n = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<?x2xf32>
  %y = nn.linear %n, %w : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32> loc("gated")
  %s = nn.silu %n : tensor<?x2xf32>
  return %y, %s : tensor<?x1xf32>, tensor<?x2xf32>
}

// REMARK-DAG: [Missed] NotSmoothed | Category:quench-smooth | Function=negative_not_calibrated | Input=unseen, Reason="calibration has no channels of it"
// CHECK-LABEL: func.func @negative_not_calibrated
// CHECK-NOT: quench.change_basis
func.func @negative_not_calibrated(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %g = arith.constant dense<1.0> : tensor<2xf32>
  %w = arith.constant dense<1.0> : tensor<1x2xf32>
  %n = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<?x2xf32>
  %y = nn.linear %n, %w : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32> loc("unseen")
  return %y : tensor<?x1xf32>
}

// The gain has no place for scales that the norm does not have.
// REMARK-DAG: [Missed] NotSmoothed | Category:quench-smooth | Function=negative_no_gain | Input=behind, Reason="'nn.rms_norm' refuses: only orthogonal maps pass a norm without gain
// CHECK-LABEL: func.func @negative_no_gain
// CHECK-NOT: quench.change_basis
func.func @negative_no_gain(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %w = arith.constant dense<1.0> : tensor<1x2xf32>
  %n = nn.rms_norm %x epsilon 1.0e-5 : tensor<?x2xf32>
  %y = nn.linear %n, %w : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32> loc("behind")
  return %y : tensor<?x1xf32>
}

// RUN: not %{smooth} inputs=some' -o /dev/null 2>&1 | FileCheck %s --check-prefix=INPUTS
// INPUTS: error: option 'inputs': expected norms or all, found 'some'
// RUN: not %{smooth} alpha=1.5' -o /dev/null 2>&1 | FileCheck %s --check-prefix=ALPHA
// ALPHA: error: option 'alpha': expected 0 to 1, found 1.5
// RUN: not %{smooth} search rows=0' -o /dev/null 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: error: option 'rows': expected at least 1, found 0
// RUN: not %{smooth} search recipe=%S/Inputs/w8a8.yaml' -o /dev/null 2>&1 | FileCheck %s --check-prefix=MODEL
// MODEL: error: {{.*}}expected
