// RUN: quench-opt %s --quench-attach-target=target=x86-avx512vnni --quench-legalize --split-input-file --mlir-print-local-scope | FileCheck %s
// RUN: quench-opt %s --quench-attach-target=target=x86-avx512vnni --quench-legalize --split-input-file -o /dev/null --remark-format=emitRemark --remarks-filter=quench-legalize 2>&1 | FileCheck %s --check-prefix=REMARK

// Codes are multiplied as they are when both sides are integers; the dequantizations go.
// CHECK-LABEL: func.func @integers(
// CHECK-SAME:    %[[X:.+]]: tensor<?x64xf32>, %[[B:.+]]: tensor<96xf32>
// CHECK-NEXT:    %[[Q:.+]] = quench.quantize %[[X]]
// CHECK-NEXT:    %[[W:.+]] = quench.weight @up.weight
// CHECK-NEXT:    %[[Y:.+]] = quench.contract %[[Q]], %[[W]] bias(%[[B]] : tensor<96xf32>) accumulator i32 by <codes, container = i4, product = "vpdpbusd">
// CHECK-NEXT:    return %[[Y]]
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<ui4, block = [1, 32], scale = f16, zero_point>
func.func @integers(%x: tensor<?x64xf32>, %b: tensor<96xf32>) -> tensor<?x96xf32> {
  %q = quench.quantize %x : tensor<?x64xf32> to !quench.qtensor<?x64xf32, #a8>
  %d = quench.dequantize %q : !quench.qtensor<?x64xf32, #a8> to tensor<?x64xf32>
  %w = quench.weight @up.weight : !quench.qtensor<96x64xf32, #w4>
  %v = quench.dequantize %w : !quench.qtensor<96x64xf32, #w4> to tensor<96x64xf32>
  // REMARK: legalize.mlir:[[#@LINE+2]]:8: remark: [Passed] legalize | Category:quench-legalize | Remark="codes are multiplied as they are, block sums proved to fit i32: vpdpbusd, weights in i4, {{[0-9.e-]+}} us for 1 row, {{[0-9.e-]+}} us for 64"
  // REMARK: [Analysis] legalize | {{.*}}Remark="rejected: fixed point: {{[1-9].*}} times the cost; weights decoded in registers: {{[1-9].*}} times the cost; weights decoded when packed: {{[1-9].*}} times the cost"
  %y = nn.linear %d, %v bias(%b) : tensor<?x64xf32>, tensor<96x64xf32>, tensor<96xf32> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// -----

// A float left side: the weight is decoded inside of the product, whatever its encoding.
// CHECK-LABEL: func.func @mixed(
// CHECK-SAME:    %[[X:.+]]: tensor<?x64xf32>
// CHECK-NEXT:    %[[W:.+]] = quench.weight @up.weight
// CHECK-NEXT:    quench.contract %[[X]], %[[W]] accumulator f32 by <decoded_when_packed, container = f32, product = "fma">
// CHECK-NEXT:    return
#f8 = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
func.func @mixed(%x: tensor<?x64xf32>) -> tensor<?x96xf32> {
  %w = quench.weight @up.weight : !quench.qtensor<96x64xf32, #f8>
  %v = quench.dequantize %w : !quench.qtensor<96x64xf32, #f8> to tensor<96x64xf32>
  // REMARK: [Passed] legalize | {{.*}}Remark="weights are decoded to f32 when they are packed: fma, weights in f32, {{.*}}"
  // REMARK: [Analysis] legalize | {{.*}}Remark="rejected: products of codes: the activations are floats; fixed point: no kernel reads these codes; weights decoded in registers: no kernel decodes these codes"
  %y = nn.linear %x, %v : tensor<?x64xf32>, tensor<96x64xf32> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// -----

// One quantized activation serves several layers; it stays while something still uses it.
// CHECK-LABEL: func.func @shared(
// CHECK:         %[[Q:.+]] = quench.quantize
// CHECK-NEXT:    %[[D:.+]] = quench.dequantize %[[Q]]
// CHECK:         quench.contract %[[Q]]
// CHECK:         quench.contract %[[Q]]
// CHECK:         return {{.*}}%[[D]]
#s8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @shared(%x: tensor<?x8xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x8xf32>) {
  %q = quench.quantize %x : tensor<?x8xf32> to !quench.qtensor<?x8xf32, #s8>
  %d = quench.dequantize %q : !quench.qtensor<?x8xf32, #s8> to tensor<?x8xf32>
  %w = quench.weight @w : !quench.qtensor<4x8xf32, #s8>
  %v = quench.dequantize %w : !quench.qtensor<4x8xf32, #s8> to tensor<4x8xf32>
  // REMARK-COUNT-2: [Passed] legalize
  %y = nn.linear %d, %v : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  %z = nn.linear %d, %v : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  return %y, %z, %d : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x8xf32>
}

// -----

// The largest K whose sum of -128 * -128 fits i32 is 131071.
// CHECK-LABEL: func.func @fits(
// CHECK:         accumulator i32
#e8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @fits(%x: tensor<?x131071xf32>) -> tensor<?x1xf32> {
  %q = quench.quantize %x : tensor<?x131071xf32> to !quench.qtensor<?x131071xf32, #e8>
  %d = quench.dequantize %q : !quench.qtensor<?x131071xf32, #e8> to tensor<?x131071xf32>
  %w = quench.weight @w : !quench.qtensor<1x131071xf32, #e8>
  %v = quench.dequantize %w : !quench.qtensor<1x131071xf32, #e8> to tensor<1x131071xf32>
  // REMARK: [Passed] legalize | {{.*}}codes are multiplied
  %y = nn.linear %d, %v : tensor<?x131071xf32>, tensor<1x131071xf32> -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

// -----

// One more is refused with the sum that does not fit. The weight is decoded instead.
// CHECK-LABEL: func.func @negative_overflow(
// CHECK:         %[[D:.+]] = quench.dequantize
// CHECK:         quench.contract %[[D]], %{{.+}} accumulator f32
#e8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @negative_overflow(%x: tensor<?x131072xf32>) -> tensor<?x1xf32> {
  %q = quench.quantize %x : tensor<?x131072xf32> to !quench.qtensor<?x131072xf32, #e8>
  %d = quench.dequantize %q : !quench.qtensor<?x131072xf32, #e8> to tensor<?x131072xf32>
  %w = quench.weight @w : !quench.qtensor<1x131072xf32, #e8>
  %v = quench.dequantize %w : !quench.qtensor<1x131072xf32, #e8> to tensor<1x131072xf32>
  // REMARK:      [Missed] legalize | {{.*}}Remark="computed on f32 activations: a block sum of 131072 products can reach 2147483648, more than i32 holds"
  // REMARK:      [Passed] legalize | {{.*}}weights are decoded
  %y = nn.linear %d, %v : tensor<?x131072xf32>, tensor<1x131072xf32> -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

// -----

// Zero points of activations that change from row to row would need products of them and of the sums of weights.
// CHECK-LABEL: func.func @negative_activation_zero_points(
// CHECK:         accumulator f32
#z8 = #quench.scheme<ui8, block = [1, *], scale = f32, zero_point>
#e8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @negative_activation_zero_points(%x: tensor<?x8xf32>) -> tensor<?x4xf32> {
  %q = quench.quantize %x : tensor<?x8xf32> to !quench.qtensor<?x8xf32, #z8>
  %d = quench.dequantize %q : !quench.qtensor<?x8xf32, #z8> to tensor<?x8xf32>
  %w = quench.weight @w : !quench.qtensor<4x8xf32, #e8>
  %v = quench.dequantize %w : !quench.qtensor<4x8xf32, #e8> to tensor<4x8xf32>
  // REMARK: [Missed] legalize | {{.*}}Remark="computed on f32 activations: the activations have zero points that change or are real numbers"
  %y = nn.linear %d, %v : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Scales of activations that change along K cannot leave the sum.
// CHECK-LABEL: func.func @negative_activation_groups(
// CHECK:         accumulator f32
#g8 = #quench.scheme<i8, block = [1, 4], scale = f32>
func.func @negative_activation_groups(%x: tensor<?x8xf32>) -> tensor<?x4xf32> {
  %q = quench.quantize %x : tensor<?x8xf32> to !quench.qtensor<?x8xf32, #g8>
  %d = quench.dequantize %q : !quench.qtensor<?x8xf32, #g8> to tensor<?x8xf32>
  %w = quench.weight @w : !quench.qtensor<4x8xf32, #g8>
  %v = quench.dequantize %w : !quench.qtensor<4x8xf32, #g8> to tensor<4x8xf32>
  // REMARK: [Missed] legalize | {{.*}}Remark="computed on f32 activations: the scales of the activations change along K"
  %y = nn.linear %d, %v : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Four bits that stand for multiples of one unit are as good as integers: f4E2M1FN has halves.
// CHECK-LABEL: func.func @codes_of_a_table(
// CHECK:         quench.contract %{{.+}}, %{{.+}} accumulator i32
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#f4 = #quench.scheme<f4E2M1FN, block = [1, 4], scale = f8E8M0FNU>
func.func @codes_of_a_table(%x: tensor<?x8xf32>) -> tensor<?x4xf32> {
  %q = quench.quantize %x : tensor<?x8xf32> to !quench.qtensor<?x8xf32, #a8>
  %d = quench.dequantize %q : !quench.qtensor<?x8xf32, #a8> to tensor<?x8xf32>
  %w = quench.weight @w : !quench.qtensor<4x8xf32, #f4>
  %v = quench.dequantize %w : !quench.qtensor<4x8xf32, #f4> to tensor<4x8xf32>
  // REMARK: [Passed] legalize | {{.*}}Remark="codes are multiplied as they are, block sums proved to fit i32: vpdpbusd
  %y = nn.linear %d, %v : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Float codes of more bits are not multiplied with integers.
// CHECK-LABEL: func.func @negative_float_codes(
// CHECK:         accumulator f32
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#f8 = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
func.func @negative_float_codes(%x: tensor<?x8xf32>) -> tensor<?x4xf32> {
  %q = quench.quantize %x : tensor<?x8xf32> to !quench.qtensor<?x8xf32, #a8>
  %d = quench.dequantize %q : !quench.qtensor<?x8xf32, #a8> to tensor<?x8xf32>
  %w = quench.weight @w : !quench.qtensor<4x8xf32, #f8>
  %v = quench.dequantize %w : !quench.qtensor<4x8xf32, #f8> to tensor<4x8xf32>
  // REMARK: [Missed] legalize | {{.*}}Remark="computed on f32 activations: the weights are neither integers nor four bits that stand for multiples of one unit"
  %y = nn.linear %d, %v : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// A float weight stays a float product.
// CHECK-LABEL: func.func @negative_float_weight(
// CHECK:         nn.linear
func.func @negative_float_weight(%x: tensor<?x8xf32>) -> tensor<?x4xf32> {
  %w = quench.weight @w : tensor<4x8xf32>
  // REMARK: legalize.mlir:[[#@LINE+1]]:8: remark: [Missed] legalize | {{.*}}Remark="computed in f32: the weight is not quantized"
  %y = nn.linear %x, %w : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// So does one whose blocks are patches of several rows, and activations in such blocks are decoded.
// CHECK-LABEL: func.func @negative_row_blocks(
// CHECK:         nn.linear
// CHECK:         quench.contract %{{.+}}, %{{.+}} accumulator f32
#p8 = #quench.scheme<i8, block = [2, 4], scale = f32>
#r8 = #quench.scheme<i8, block = [2, *], scale = f32>
#e8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @negative_row_blocks(%x: tensor<4x8xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %w = quench.weight @w : !quench.qtensor<4x8xf32, #p8>
  %v = quench.dequantize %w : !quench.qtensor<4x8xf32, #p8> to tensor<4x8xf32>
  %q = quench.quantize %x : tensor<4x8xf32> to !quench.qtensor<4x8xf32, #r8>
  %d = quench.dequantize %q : !quench.qtensor<4x8xf32, #r8> to tensor<4x8xf32>
  %e = quench.weight @e : !quench.qtensor<4x8xf32, #e8>
  %f = quench.dequantize %e : !quench.qtensor<4x8xf32, #e8> to tensor<4x8xf32>
  // REMARK: [Missed] legalize | {{.*}}Remark="computed in f32: blocks of the weight span several rows"
  %y = nn.linear %x, %v : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x4xf32>
  // REMARK: [Missed] legalize | {{.*}}Remark="computed on f32 activations: blocks of the activations span several rows"
  %z = nn.linear %d, %f : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x4xf32>
  return %y, %z : tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

// Rows of a quantized table are picked as codes, so that only they are decoded.
// CHECK-LABEL: func.func @table(
// CHECK-SAME:    %[[T:.+]]: tensor<?xi32>
// CHECK-NEXT:    %[[W:.+]] = quench.weight @embed.weight
// CHECK-NEXT:    %[[Q:.+]] = nn.embedding %[[W]][%[[T]]] : {{.*}} -> !quench.qtensor<?x64xf32
// CHECK-NEXT:    %[[X:.+]] = quench.dequantize %[[Q]]
// CHECK-NEXT:    return %[[X]]
#e8 = #quench.scheme<i8, block = [1, 32], scale = f16>
func.func @table(%t: tensor<?xi32>) -> tensor<?x64xf32> {
  %w = quench.weight @embed.weight : !quench.qtensor<256x64xf32, #e8>
  %v = quench.dequantize %w : !quench.qtensor<256x64xf32, #e8> to tensor<256x64xf32>
  // REMARK: [Passed] legalize | {{.*}}Remark="rows are picked as codes and decoded then"
  %x = nn.embedding %v[%t] : tensor<256x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  return %x : tensor<?x64xf32>
}

// -----

// A row does not have its scales for itself.
// CHECK-LABEL: func.func @negative_table_with_blocks_of_two_rows(
// CHECK:         %[[W:.+]] = quench.dequantize
// CHECK-NEXT:    nn.embedding %[[W]]
#e8 = #quench.scheme<i8, block = [2, 32], scale = f16>
func.func @negative_table_with_blocks_of_two_rows(%t: tensor<?xi32>) -> tensor<?x64xf32> {
  %w = quench.weight @embed.weight : !quench.qtensor<256x64xf32, #e8>
  %v = quench.dequantize %w : !quench.qtensor<256x64xf32, #e8> to tensor<256x64xf32>
  // REMARK: [Missed] legalize | {{.*}}Remark="the whole table is decoded: its blocks span several rows"
  %x = nn.embedding %v[%t] : tensor<256x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  return %x : tensor<?x64xf32>
}

// -----

// A weight that keeps some elements beside its codes is a float weight to the product.
// CHECK-LABEL: func.func @negative_kept_elements(
// CHECK:         quench.overlay
// CHECK-NEXT:    nn.linear
#w3 = #quench.scheme<i3, block = [1, 32], scale = f16>
func.func @negative_kept_elements(%x: tensor<?x64xf32>) -> tensor<?x96xf32> {
  %w = quench.weight @up.weight : !quench.qtensor<96x64xf32, #w3>
  %v = quench.dequantize %w : !quench.qtensor<96x64xf32, #w3> to tensor<96x64xf32>
  %i = quench.weight @up.weight.kept.indices : tensor<61xi32>
  %k = quench.weight @up.weight.kept.values : tensor<61xf32>
  %o = quench.overlay %v at %i with %k : tensor<96x64xf32>, tensor<61xi32>, tensor<61xf32>
  // REMARK: legalize.mlir:[[#@LINE+1]]:8: remark: [Missed] legalize | {{.*}}Remark="computed in f32: some elements of the weight are kept beside its codes"
  %y = nn.linear %x, %o : tensor<?x64xf32>, tensor<96x64xf32> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// -----

// Outliers that were split off the activations have a product of their own, by the same codes of the weight.
// CHECK-LABEL: func.func @outliers(
// CHECK-SAME:    %[[X:.+]]: tensor<?x64xf32>, %[[B:.+]]: tensor<96xf32>
// CHECK-NEXT:    %[[D:.+]], %[[O:.+]] = quench.split_outliers %[[X]]
// CHECK-NEXT:    %[[Q:.+]] = quench.quantize %[[D]]
// CHECK-NEXT:    %[[W:.+]] = quench.weight @up.weight
// CHECK-NEXT:    %[[I:.+]] = quench.contract %[[Q]], %[[W]] bias(%[[B]] : tensor<96xf32>) accumulator i32
// CHECK-NEXT:    %[[F:.+]] = quench.contract %[[O]], %[[W]] accumulator f32
// CHECK-NEXT:    %[[Y:.+]] = arith.addf %[[I]], %[[F]]
// CHECK-NEXT:    return %[[Y]]
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @outliers(%x: tensor<?x64xf32>, %b: tensor<96xf32>) -> tensor<?x96xf32> {
  %d, %o = quench.split_outliers %x threshold 6.0 : tensor<?x64xf32>
  %q = quench.quantize %d : tensor<?x64xf32> to !quench.qtensor<?x64xf32, #a8>
  %e = quench.dequantize %q : !quench.qtensor<?x64xf32, #a8> to tensor<?x64xf32>
  %z = arith.addf %e, %o : tensor<?x64xf32>
  %w = quench.weight @up.weight : !quench.qtensor<96x64xf32, #w8>
  %v = quench.dequantize %w : !quench.qtensor<96x64xf32, #w8> to tensor<96x64xf32>
  // REMARK: legalize.mlir:[[#@LINE+2]]:8: remark: [Passed] legalize | {{.*}}Remark="codes are multiplied as they are, block sums proved to fit i32: vpdpbusd
  // REMARK: legalize.mlir:[[#@LINE+1]]:8: remark: [Passed] legalize | {{.*}}Remark="outliers have a product of their own"
  %y = nn.linear %z, %v bias(%b) : tensor<?x64xf32>, tensor<96x64xf32>, tensor<96xf32> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// -----

// What others wrote as a contraction is realized in the same way.
// CHECK-LABEL: func.func @contraction(
// CHECK:         quench.contract %{{.+}}, %{{.+}} accumulator i32 by <codes, container = i8, product = "vpdpbusd">
// CHECK:         quench.contract %{{.+}}, %{{.+}} accumulator f32 by <fixed_point, container = i8, product = "vpdpbusd">
#s8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @contraction(%q: !quench.qtensor<?x8xf32, #s8>, %x: tensor<?x8xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %w = quench.weight @w : !quench.qtensor<4x8xf32, #s8>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x8xf32, #s8>, !quench.qtensor<4x8xf32, #s8> -> tensor<?x4xf32>
  %z = quench.contract %x, %w accumulator f32 : tensor<?x8xf32>, !quench.qtensor<4x8xf32, #s8> -> tensor<?x4xf32>
  return %y, %z : tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// NF4 has no unit that all of its values are multiples of. Beside 8-bit activations they are rounded to such multiples, and
// bytes are looked up; beside floats they stay what they are.
// CHECK-LABEL: func.func @normal_float(
// CHECK:         %[[R:.+]] = quench.weight @w : !quench.qtensor<4x8xf32, #quench.scheme<#quench.codebook<[-1.000000e+00, -0.692913413
// CHECK:         quench.contract %{{.+}}, %[[R]] accumulator i32 by <codes, container = i4, product = "vpdpbusd">
// CHECK:         quench.contract %{{.+}}, %{{.+}} accumulator f32 by <decoded_when_packed
#s8 = #quench.scheme<i8, block = [1, *], scale = f32>
#nf4 = #quench.scheme<#quench.codebook<[
  -1.0, -0.69619280, -0.52507305, -0.39491749, -0.28444138, -0.18477343, -0.09105004, 0.0,
  0.07958030, 0.16093020, 0.24611230, 0.33791524, 0.44070983, 0.56261700, 0.72295684, 1.0]>, block = [1, 8], scale = f32>
func.func @normal_float(%x: tensor<?x8xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %q = quench.quantize %x : tensor<?x8xf32> to !quench.qtensor<?x8xf32, #s8>
  %d = quench.dequantize %q : !quench.qtensor<?x8xf32, #s8> to tensor<?x8xf32>
  %c = quench.weight @w : !quench.qtensor<4x8xf32, #nf4>
  %w = quench.dequantize %c : !quench.qtensor<4x8xf32, #nf4> to tensor<4x8xf32>
  // REMARK: [Passed] legalize | {{.*}}Remark="the codebook of the weight is rounded to 127ths of its largest value, which adds less than a percent to the variance of its quantization"
  %y = nn.linear %d, %w : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  %z = nn.linear %x, %w : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  return %y, %z : tensor<?x4xf32>, tensor<?x4xf32>
}
