// Scales that are computed at run time are the host's: a product of codes is a function of integers, and the host multiplies what that
// returns by the scale of each row and adds the bias.
// RUN: quench-opt %s --split-input-file --convert-quench-to-tosa=rows=3 | FileCheck %s
// RUN: quench-opt %s --split-input-file --convert-quench-to-tosa=rows=3 -o /dev/null --remark-format=emitRemark \
// RUN:   --remarks-filter=convert-quench-to-tosa 2>&1 | FileCheck %s --check-prefix=REMARK

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>

// CHECK-DAG:   #[[$ROWS:.+]] = affine_map<(d0, d1) -> (d0, 0)>
// CHECK-DAG:   #[[$COLUMNS:.+]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: func.func @rows
// CHECK-SAME:    %[[X:.+]]: tensor<?x2xf32>, %[[B:.+]]: tensor<2xf32>
// CHECK:         %[[Q:.+]] = quench.quantize %[[X]] : tensor<?x2xf32>
// CHECK:         %[[CODES:.+]], %[[SCALES:.+]] = quench.disassemble %[[Q]]
// CHECK:         %[[THREE:.+]] = tensor.cast %[[CODES]] : tensor<?x2xi8> to tensor<3x2xi8>
// CHECK:         %[[SUMS:.+]] = call @rows.integers(%[[THREE]]) : (tensor<3x2xi8>) -> tensor<3x2xi32>
// CHECK:         %[[FLOATS:.+]] = arith.mulf
// CHECK:         %[[OWN:.+]] = tensor.cast %[[SCALES]] : tensor<?x1xf32> to tensor<3x1xf32>
// CHECK:         linalg.generic {indexing_maps = [#{{.+}}, #[[$ROWS]], #[[$COLUMNS]], #{{.+}}]
// CHECK-SAME:      ins(%[[FLOATS]], %[[OWN]], %[[B]]
// CHECK:           arith.mulf
// CHECK:           arith.addf
// A rectifier of that is floats.
// CHECK:         arith.maximumf

// CHECK:       func.func private @rows.integers(%{{.+}}: tensor<3x2xi8> {quench.scale = 1.000000e+00 : f64, quench.scaled_at_run_time, quench.zero_point = 0 : i64})
// CHECK-SAME:    -> (tensor<3x2xi32> {quench.scale = {{.+}} : f64, quench.scaled_at_run_time, quench.zero_point = 0 : i64})
// CHECK:         tosa.matmul
// REMARK: [Missed] on-host | {{.*}}Op=arith.maximumf, Reason="scales of activations are computed at run time; expected static ones"
// REMARK: [Passed] Integers | {{.*}}Function=rows.integers
func.func @rows(%x: tensor<?x2xf32>, %b: tensor<2xf32>) -> tensor<?x2xf32> {
  %xq = quench.quantize %x : tensor<?x2xf32> to !quench.qtensor<?x2xf32, #a8>
  %xd = quench.dequantize %xq : !quench.qtensor<?x2xf32, #a8> to tensor<?x2xf32>
  %c = arith.constant dense<[[1, -2], [5, 6]]> : tensor<2x2xi8>
  %s = arith.constant dense<[[0.25], [0.5]]> : tensor<2x1xf32>
  %wq = quench.assemble %c, %s : tensor<2x2xi8>, tensor<2x1xf32> to !quench.qtensor<2x2xf32, #w8>
  %w = quench.dequantize %wq : !quench.qtensor<2x2xf32, #w8> to tensor<2x2xf32>
  %y = nn.linear %xd, %w bias(%b) : tensor<?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x2xf32>
  %zero = arith.constant dense<0.0> : tensor<3x2xf32>
  %z = tensor.cast %zero : tensor<3x2xf32> to tensor<?x2xf32>
  %r = arith.maximumf %y, %z : tensor<?x2xf32>
  return %r : tensor<?x2xf32>
}

// -----

#t8 = #quench.scheme<i8, block = [*, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>

// One scale of all. What rounds the result begins with floats, not with sums.
// CHECK:       #[[$ALL:.+]] = affine_map<(d0, d1) -> (0, 0)>
// CHECK-LABEL: func.func @whole
// CHECK:         %[[SUMS:.+]] = call @whole.integers
// CHECK:         %[[Y:.+]] = linalg.generic {indexing_maps = [#{{.+}}, #[[$ALL]], #{{.+}}]
// CHECK:         quench.quantize %[[Y]]
// CHECK:         call @whole.integers_0
func.func @whole(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %xq = quench.quantize %x : tensor<2x2xf32> to !quench.qtensor<2x2xf32, #t8>
  %xd = quench.dequantize %xq : !quench.qtensor<2x2xf32, #t8> to tensor<2x2xf32>
  %c = arith.constant dense<[[1, -2], [5, 6]]> : tensor<2x2xi8>
  %s = arith.constant dense<[[0.25], [0.5]]> : tensor<2x1xf32>
  %wq = quench.assemble %c, %s : tensor<2x2xi8>, tensor<2x1xf32> to !quench.qtensor<2x2xf32, #w8>
  %w = quench.dequantize %wq : !quench.qtensor<2x2xf32, #w8> to tensor<2x2xf32>
  %y = nn.linear %xd, %w : tensor<2x2xf32>, tensor<2x2xf32> -> tensor<2x2xf32>
  %half = arith.constant dense<0.5> : tensor<1x1xf32>
  %yq = quench.quantize %y scale(%half) : tensor<2x2xf32>, tensor<1x1xf32> to !quench.qtensor<2x2xf32, #t8>
  %yd = quench.dequantize %yq : !quench.qtensor<2x2xf32, #t8> to tensor<2x2xf32>
  %z = nn.linear %yd, %w : tensor<2x2xf32>, tensor<2x2xf32> -> tensor<2x2xf32>
  return %z : tensor<2x2xf32>
}
