// More products of bytes than their ranges prove to fit 32 bits. The codes of a weight may prove it all the same.
// DEFINE: %{legalize} = quench-opt %s --quench-attach-target=target=x86-avx512vnni --remark-format=emitRemark --remarks-filter=quench-legalize
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t.safetensors \
// RUN:   small.codes=2x131072:u8 small.scale=2x1 large.codes=2x131072:u8 large.scale=2x1 large.zero_point=2x1:u8
// RUN: %{legalize} --quench-legalize=weights=%t.safetensors --quench-verify-legal=weights=%t.safetensors 2>&1 | FileCheck %s
// RUN: %{legalize} --quench-legalize -o /dev/null 2>&1 | FileCheck %s --check-prefix=RANGES
// RUN: not %{legalize} --quench-legalize=weights=%t.safetensors --quench-verify-legal -o /dev/null 2>&1 | FileCheck %s --check-prefix=VERIFY
// RUN: not %{legalize} --quench-legalize=weights=%t.missing -o /dev/null 2>&1 | FileCheck %s --check-prefix=FILE

// RANGES-NOT: codes are multiplied
// VERIFY: error: products of codes: a block sum of 131072 products can reach 2147483648, more than i32 holds
// FILE: error: {{.*}}.missing: cannot open: No such file or directory

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#z8 = #quench.scheme<ui8, block = [1, *], scale = f32, zero_point>

// Codes of -1, 0 and 1.
// CHECK: the weight's own proved to give block sums that fit i32
// CHECK: [Missed] legalize | {{.*}}computed on f32 activations: a block sum of 131072 products can reach 3286991232, more than i32 holds

// CHECK-LABEL: func.func @small(
// CHECK:         quench.contract %{{.+}} accumulator i32
func.func @small(%x: tensor<?x131072xf32>) -> tensor<?x2xf32> {
  %q = quench.quantize %x : tensor<?x131072xf32> to !quench.qtensor<?x131072xf32, #a8>
  %d = quench.dequantize %q : !quench.qtensor<?x131072xf32, #a8> to tensor<?x131072xf32>
  %w = quench.weight @small : !quench.qtensor<2x131072xf32, #a8>
  %v = quench.dequantize %w : !quench.qtensor<2x131072xf32, #a8> to tensor<2x131072xf32>
  %y = nn.linear %d, %v : tensor<?x131072xf32>, tensor<2x131072xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// The same bytes, less a zero point of 255.
// CHECK-LABEL: func.func @large(
// CHECK:         quench.contract %{{.+}} accumulator f32
func.func @large(%x: tensor<?x131072xf32>) -> tensor<?x2xf32> {
  %q = quench.quantize %x : tensor<?x131072xf32> to !quench.qtensor<?x131072xf32, #a8>
  %d = quench.dequantize %q : !quench.qtensor<?x131072xf32, #a8> to tensor<?x131072xf32>
  %w = quench.weight @large : !quench.qtensor<2x131072xf32, #z8>
  %v = quench.dequantize %w : !quench.qtensor<2x131072xf32, #z8> to tensor<2x131072xf32>
  %y = nn.linear %d, %v : tensor<?x131072xf32>, tensor<2x131072xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
