// Of a function that has to have floats, each value that products of codes give becomes a function of integers; the host
// calls it, and is told what stays with it.
// RUN: quench-opt %s --split-input-file --convert-quench-to-tosa=rows=2 | FileCheck %s
// RUN: quench-opt %s --split-input-file --convert-quench-to-tosa=rows=2 -o /dev/null --remark-format=emitRemark \
// RUN:   --remarks-filter=convert-quench-to-tosa 2>&1 | FileCheck %s --check-prefix=REMARK

#a8 = #quench.scheme<i8, block = [*, *], scale = f32>
#z8 = #quench.scheme<i8, block = [*, *], scale = f32, zero_point>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>

// The host rounds, calls, and multiplies by the scale of what it is given; rows are what the pass is told.
// CHECK-LABEL: func.func @block
// CHECK-SAME:    %[[X:.+]]: tensor<?x2xf32>
// CHECK:         %[[N:.+]] = nn.rms_norm %[[X]]
// CHECK:         %[[Q:.+]] = quench.quantize %[[N]]
// CHECK:         %[[CODES:.+]], %{{.+}} = quench.disassemble %[[Q]]
// CHECK:         %[[ROWS:.+]] = tensor.cast %[[CODES]] : tensor<?x2xi8> to tensor<2x2xi8>
// CHECK:         %[[SUMS:.+]] = call @block.integers(%[[ROWS]]) : (tensor<2x2xi8>) -> tensor<2x2xi8>
// CHECK:         %[[WIDE:.+]] = arith.extsi %[[SUMS]]
// CHECK:         %[[ZP:.+]] = arith.constant dense<5> : tensor<2x2xi32>
// CHECK:         %[[D:.+]] = arith.subi %[[WIDE]], %[[ZP]]
// CHECK:         %[[F:.+]] = arith.sitofp %[[D]] : tensor<2x2xi32> to tensor<2x2xf32>
// CHECK:         %[[S:.+]] = arith.constant dense<2.000000e+00>
// CHECK:         %[[Y:.+]] = arith.mulf %[[F]], %[[S]]
// CHECK:         %[[OPEN:.+]] = tensor.cast %[[Y]] : tensor<2x2xf32> to tensor<?x2xf32>
// CHECK-NOT:     quench.weight
// CHECK:         %[[R:.+]] = nn.rms_norm %[[OPEN]]
// CHECK:         return %[[R]]

// CHECK:       func.func private @block.integers(%{{.+}}: tensor<2x2xi8> {quench.scale = 5.000000e-01 : f64, quench.zero_point = 0 : i64})
// CHECK-SAME:    -> (tensor<2x2xi8> {quench.scale = 2.000000e+00 : f64, quench.zero_point = 5 : i64})
// CHECK-NOT:     f32
// CHECK:         tosa.matmul
// CHECK:         tosa.rescale

// REMARK: [Missed] on-host | {{.*}}Op=nn.rms_norm, Reason="its operands are floats, not codes"
// REMARK: [Missed] on-host | {{.*}}Op=nn.rms_norm
// REMARK: [Passed] Integers | {{.*}}Function=block.integers
func.func @block(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %n = nn.rms_norm %x epsilon 1.0e-5 : tensor<?x2xf32>
  %sx = arith.constant dense<0.5> : tensor<1x1xf32>
  %xq = quench.quantize %n scale(%sx) : tensor<?x2xf32>, tensor<1x1xf32> to !quench.qtensor<?x2xf32, #a8>
  %xd = quench.dequantize %xq : !quench.qtensor<?x2xf32, #a8> to tensor<?x2xf32>
  %c = arith.constant dense<[[1, -2], [5, 6]]> : tensor<2x2xi8>
  %s = arith.constant dense<[[0.25], [0.5]]> : tensor<2x1xf32>
  %wq = quench.assemble %c, %s : tensor<2x2xi8>, tensor<2x1xf32> to !quench.qtensor<2x2xf32, #w8>
  %w = quench.dequantize %wq : !quench.qtensor<2x2xf32, #w8> to tensor<2x2xf32>
  %y = nn.linear %xd, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  %sy = arith.constant dense<2.0> : tensor<1x1xf32>
  %zy = arith.constant dense<5> : tensor<1x1xi32>
  %yq = quench.quantize %y scale(%sy) zero_point(%zy) : tensor<?x2xf32>, tensor<1x1xf32>, tensor<1x1xi32> to !quench.qtensor<?x2xf32, #z8>
  %yd = quench.dequantize %yq : !quench.qtensor<?x2xf32, #z8> to tensor<?x2xf32>
  %r = nn.rms_norm %yd epsilon 1.0e-5 : tensor<?x2xf32>
  return %r : tensor<?x2xf32>
}

// -----

#a8 = #quench.scheme<i8, block = [*, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>

// A product that integers cannot have stays, with the reason; one beside it does not suffer.
// CHECK-LABEL: func.func @beside
// CHECK:         call @beside.integers
// CHECK:         %[[W:.+]] = quench.dequantize
// CHECK:         nn.linear %{{.+}}, %[[W]]
// REMARK: [Missed] on-host | {{.*}}Op=nn.linear, Reason="blocks of its weight span several rows"
// REMARK: [Passed] Integers | {{.*}}Function=beside.integers
func.func @beside(%x: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %sx = arith.constant dense<0.5> : tensor<1x1xf32>
  %q = quench.quantize %x scale(%sx) : tensor<2x2xf32>, tensor<1x1xf32> to !quench.qtensor<2x2xf32, #a8>
  %d = quench.dequantize %q : !quench.qtensor<2x2xf32, #a8> to tensor<2x2xf32>
  %c = arith.constant dense<[[1, -2], [5, 6]]> : tensor<2x2xi8>
  %s = arith.constant dense<[[0.25], [0.5]]> : tensor<2x1xf32>
  %wq = quench.assemble %c, %s : tensor<2x2xi8>, tensor<2x1xf32> to !quench.qtensor<2x2xf32, #w8>
  %w = quench.dequantize %wq : !quench.qtensor<2x2xf32, #w8> to tensor<2x2xf32>
  %y = nn.linear %d, %w : tensor<2x2xf32>, tensor<2x2xf32> -> tensor<2x2xf32>
  %t = arith.constant dense<[[0.25, 0.5]]> : tensor<1x2xf32>
  %vq = quench.assemble %c, %t : tensor<2x2xi8>, tensor<1x2xf32> to !quench.qtensor<2x2xf32, #quench.scheme<i8, block = [2, 1], scale = f32>>
  %v = quench.dequantize %vq : !quench.qtensor<2x2xf32, #quench.scheme<i8, block = [2, 1], scale = f32>> to tensor<2x2xf32>
  %z = nn.linear %d, %v : tensor<2x2xf32>, tensor<2x2xf32> -> tensor<2x2xf32>
  return %y, %z : tensor<2x2xf32>, tensor<2x2xf32>
}

// -----

#a8 = #quench.scheme<i8, block = [*, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>

// A bias is part of what a sum can be at most: with 2^28 of its units, a step to a scale four times as fine is none that TOSA has, and the
// host takes it.
// CHECK-LABEL: func.func @bias
// CHECK:         call @bias.integers(%{{.+}}) : (tensor<1x2xi8>) -> tensor<1x1xi32>
// CHECK:         quench.quantize
// REMARK: [Missed] on-host | {{.*}}Op=quench.quantize, Reason="no rescaling is proved to be legal: {{.*}}"
// REMARK: [Passed] Integers | {{.*}}Function=bias.integers
func.func @bias(%x: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %half = arith.constant dense<0.5> : tensor<1x1xf32>
  %q = quench.quantize %x scale(%half) : tensor<1x2xf32>, tensor<1x1xf32> to !quench.qtensor<1x2xf32, #a8>
  %d = quench.dequantize %q : !quench.qtensor<1x2xf32, #a8> to tensor<1x2xf32>
  %c = arith.constant dense<[[1, 2]]> : tensor<1x2xi8>
  %wq = quench.assemble %c, %half : tensor<1x2xi8>, tensor<1x1xf32> to !quench.qtensor<1x2xf32, #w8>
  %w = quench.dequantize %wq : !quench.qtensor<1x2xf32, #w8> to tensor<1x2xf32>
  %b = arith.constant dense<67108864.0> : tensor<1xf32>
  %y = nn.linear %d, %w bias(%b) : tensor<1x2xf32>, tensor<1x2xf32>, tensor<1xf32> -> tensor<1x1xf32>
  %fine = arith.constant dense<0.0625> : tensor<1x1xf32>
  %yq = quench.quantize %y scale(%fine) : tensor<1x1xf32>, tensor<1x1xf32> to !quench.qtensor<1x1xf32, #a8>
  %yd = quench.dequantize %yq : !quench.qtensor<1x1xf32, #a8> to tensor<1x1xf32>
  return %yd : tensor<1x1xf32>
}

// -----

#a8 = #quench.scheme<i8, block = [*, *], scale = f32>
#a1 = #quench.scheme<i8, block = [*], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>

// So is the number of elements that are added up: eight sums that have 28 bits each are brought to a scale in which all of them do.
// CHECK-LABEL: func.func @eight_sums
// CHECK:         call @eight_sums.integers(%{{.+}}) : (tensor<8x1xi8>) -> tensor<1xi32>
// CHECK:         quench.quantize
// CHECK:       func.func private @eight_sums.integers
// CHECK:         %[[SUM:.+]] = tosa.add
// CHECK:         %[[COARSE:.+]] = tosa.rescale %[[SUM]]
// CHECK:         tosa.reduce_sum %[[COARSE]]
// REMARK: [Missed] on-host | {{.*}}Op=quench.quantize, Reason="no rescaling is proved to be legal: {{.*}}"
// REMARK: [Passed] Integers | {{.*}}Function=eight_sums.integers
func.func @eight_sums(%x: tensor<8x1xf32>) -> tensor<1xf32> {
  %zero = arith.constant 0.0 : f32
  %half = arith.constant dense<0.5> : tensor<1x1xf32>
  %one = arith.constant dense<1.0> : tensor<1x1xf32>
  %q = quench.quantize %x scale(%half) : tensor<8x1xf32>, tensor<1x1xf32> to !quench.qtensor<8x1xf32, #a8>
  %d = quench.dequantize %q : !quench.qtensor<8x1xf32, #a8> to tensor<8x1xf32>
  %c = arith.constant dense<1> : tensor<1x1xi8>
  %wq = quench.assemble %c, %one : tensor<1x1xi8>, tensor<1x1xf32> to !quench.qtensor<1x1xf32, #w8>
  %w = quench.dequantize %wq : !quench.qtensor<1x1xf32, #w8> to tensor<1x1xf32>
  %y = nn.linear %d, %w : tensor<8x1xf32>, tensor<1x1xf32> -> tensor<8x1xf32>
  %t = arith.addf %y, %y : tensor<8x1xf32>
  %e = tensor.empty() : tensor<1xf32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<1xf32>) -> tensor<1xf32>
  %s = linalg.reduce ins(%t : tensor<8x1xf32>) outs(%i : tensor<1xf32>) dimensions = [0]
    (%in: f32, %init: f32) {
      %sum = arith.addf %in, %init : f32
      linalg.yield %sum : f32
    }
  // 2^-20: a quarter of what the sum is in.
  %fine = arith.constant dense<9.53674316e-7> : tensor<1xf32>
  %sq = quench.quantize %s scale(%fine) : tensor<1xf32>, tensor<1xf32> to !quench.qtensor<1xf32, #a1>
  %sd = quench.dequantize %sq : !quench.qtensor<1xf32, #a1> to tensor<1xf32>
  return %sd : tensor<1xf32>
}
