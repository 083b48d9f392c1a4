// RUN: quench-opt %s --quench-quantize=recipe=%S/Inputs/static.yaml --mlir-print-local-scope | FileCheck %s

// Static scales come from observers: absmax / 127 without, (hi - lo) / 255 with a zero point.
// CHECK-LABEL: func.func @static_scales(
// CHECK-SAME:    %[[X:[^:]+]]: tensor<?x2xf32>, %[[Y:[^:]+]]: tensor<?x2xf32>, %[[Z:[^:]+]]: tensor<?x2xf32>)
func.func @static_scales(%x: tensor<?x2xf32>, %y: tensor<?x2xf32>, %z: tensor<?x2xf32>)
    -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>) {
  // Nothing was seen but zeros.
  // CHECK:      %[[SZ:.+]] = arith.constant dense<1.000000e+00> : tensor<1x1xf32>
  // CHECK-NEXT: quench.quantize %[[Z]] scale(%[[SZ]])
  // CHECK:      %[[SY:.+]] = arith.constant dense<0.0156862754> : tensor<1x1xf32>
  // CHECK-NEXT: %[[ZY:.+]] = arith.constant dense<64> : tensor<1x1xi32>
  // CHECK-NEXT: quench.quantize %[[Y]] scale(%[[SY]]) zero_point(%[[ZY]]) : {{.*}} to !quench.qtensor<?x2xf32, #quench.scheme<ui8, block = [*, *], scale = f32, zero_point>>
  // CHECK:      %[[SX:.+]] = arith.constant dense<5.000000e-01> : tensor<1x1xf32>
  // CHECK-NEXT: quench.quantize %[[X]] scale(%[[SX]]) : {{.*}} to !quench.qtensor<?x2xf32, #quench.scheme<i8, block = [*, *], scale = f32>>
  quench.observe %x as "x" range [-63.5, 12.0] : tensor<?x2xf32>
  quench.observe %y as "y" range [-1.0, 2.0] : tensor<?x2xf32>
  // Observers of one value count together.
  quench.observe %y as "y again" range [1.0, 3.0] : tensor<?x2xf32>
  quench.observe %z as "z" range [0.0, 0.0] : tensor<?x2xf32>
  %w = arith.constant dense<[[1.27, 0.02], [-2.0, 1.0]]> : tensor<2x2xf32>
  %a = nn.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("plain")
  %b = nn.linear %y, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("shifted")
  %c = nn.linear %z, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("zeros")
  return %a, %b, %c : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>
}
