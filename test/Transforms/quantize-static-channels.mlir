// One static scale for each channel: the scales are a row, found on observers. Codes times these scales vary along the
// axis that is summed over, so that the product stays one of floats.
// RUN: rm -rf %t && mkdir %t
// RUN: printf 'name: r\nsummary: s\nweights: {type: i8, group: channel}\nactivations: {type: i8, scale: static, per: channel}\nlayers:\n  - {match: shifted, activations: {type: ui8, zero_point: true, scale: static, per: channel}}\n  - {match: whole, activations: {type: i8, scale: static, per: tensor}}\npasses: []\n' > %t/channel.yaml
// RUN: quench-opt %s --quench-quantize=recipe=%t/channel.yaml --mlir-print-local-scope | FileCheck %s
// RUN: quench-opt %s --quench-quantize=recipe=%t/channel.yaml --quench-strip-observers --quench-evaluate=entry=value | FileCheck %s --check-prefix=VALUE
// RUN: quench-opt %s --quench-quantize=recipe=%t/channel.yaml --quench-strip-observers --quench-attach-target=target=x86-avx512vnni --quench-legalize -o /dev/null --remark-format=emitRemark --remarks-filter=quench-legalize 2>&1 | FileCheck %s --check-prefix=REMARK
// REMARK: remark: {{.*}}[Missed] legalize | {{.*}}Remark="computed on f32 activations: the scales of the activations change along K"

// CHECK-LABEL: func.func @static_scales(
// CHECK-SAME:    %[[X:[^:]+]]: tensor<?x2xf32>, %[[Y:[^:]+]]: tensor<?x2xf32>)
func.func @static_scales(%x: tensor<?x2xf32>, %y: tensor<?x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>) {
  // Where only one scale is wanted, it comes from the ranges of all channels.
  // CHECK-DAG:  %[[SY:.+]] = arith.constant dense<{{\[\[}}0.0156862754, 1.000000e+00]]> : tensor<1x2xf32>
  // CHECK-DAG:  %[[ZY:.+]] = arith.constant dense<{{\[\[}}64, 0]]> : tensor<1x2xi32>
  // CHECK-DAG:  quench.quantize %[[Y]] scale(%[[SY]]) zero_point(%[[ZY]]) : {{.*}} to !quench.qtensor<?x2xf32, #quench.scheme<ui8, block = [*, 1], scale = f32, zero_point>>
  // CHECK-DAG:  %[[SX:.+]] = arith.constant dense<{{\[\[}}5.000000e-01, 2.500000e-01]]> : tensor<1x2xf32>
  // CHECK-DAG:  quench.quantize %[[X]] scale(%[[SX]]) : {{.*}} to !quench.qtensor<?x2xf32, #quench.scheme<i8, block = [*, 1], scale = f32>>
  // CHECK-DAG:  %[[ST:.+]] = arith.constant dense<5.000000e-01> : tensor<1x1xf32>
  // CHECK-DAG:  quench.quantize %[[X]] scale(%[[ST]]) : {{.*}} to !quench.qtensor<?x2xf32, #quench.scheme<i8, block = [*, *], scale = f32>>
  quench.observe %x as "x" range [-63.5, 12.0, 0.0, 31.75] : tensor<?x2xf32>
  quench.observe %y as "y" range [-1.0, 2.0, 0.0, 255.0] : tensor<?x2xf32>
  // Observers of one value count together.
  quench.observe %y as "y again" range [1.0, 3.0, 0.0, 1.0] : tensor<?x2xf32>
  %w = arith.constant dense<[[1.27, 0.02], [-2.0, 1.0]]> : tensor<2x2xf32>
  %a = nn.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("plain")
  %b = nn.linear %y, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("shifted")
  %c = nn.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("whole")
  return %a, %b, %c : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>
}

// 3.6 is 7 halves, 3.6 is 14 quarters.
// VALUE: value.0: 1x1xf32 = [7]
func.func @value() -> tensor<1x1xf32> {
  %x = arith.constant dense<3.6> : tensor<1x2xf32>
  quench.observe %x as "x" range [-63.5, 12.0, 0.0, 31.75] : tensor<1x2xf32>
  %w = arith.constant dense<1.0> : tensor<1x2xf32>
  %a = nn.linear %x, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32> loc("value")
  return %a : tensor<1x1xf32>
}
