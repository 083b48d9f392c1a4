// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/weights lost.weight.codes=2x1:u8:1,18, lost.weight.scale=2x1:1,1 \
// RUN:   sorted.weight=2x2 sorted.weight.codes=2x1:u8:1,18, sorted.weight.scale=2x1:1,1
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive weights=%t/weights tokens=2:0,1,1,0
// DEFINE: %{correct} = quench-opt %s --quench-correct-bias='weights=%t/weights archive=%t/archive'
// RUN: %{correct} --remark-format=emitRemark --remarks-filter=quench-correct-bias 2>&1 | FileCheck %s

#w4 = #quench.scheme<i4, block = [1, *], scale = f32>
#a4 = #quench.scheme<i4, block = [*, *], scale = f32>

// Layers that cannot be corrected stay as they are, with a reason each.
// CHECK-DAG: constant.mlir:1:1: remark: [Missed] Uncorrected | Category:quench-correct-bias | Function=forward | Layer=constant, Reason="its float weights are not in a store"
// CHECK-DAG: lost.mlir:1:1: remark: [Missed] Uncorrected | {{.*}}Layer=lost, Reason="its float weights are not in the workspace any more"
// CHECK-DAG: sorted.mlir:1:1: remark: [Missed] Uncorrected | {{.*}}Layer=sorted, Reason="its input is permuted, maybe to the order of its codes"
// CHECK-DAG: argument.mlir:1:1: remark: [Missed] Uncorrected | {{.*}}Layer=argument, Reason="its weight is neither a stored weight nor a dense constant"
// CHECK-DAG: bias.mlir:1:1: remark: [Missed] Uncorrected | {{.*}}Layer=bias, Reason="cannot read its bias: expected a stored weight, found one that 'tensor.extract_slice' makes; run quench-fold-weights first"
// CHECK-DAG: dead.mlir:1:1: remark: [Missed] Uncorrected | {{.*}}Layer=dead, Reason="the logits do not depend on it"
// CHECK-NOT: [Passed]
// CHECK-LABEL: func.func @forward(
// CHECK-COUNT-1: bias(
// CHECK-NOT: bias(
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<2x2xf32>)
    -> (tensor<?x2xf32>, tensor<2x2xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<[[2.0, 1.0], [1.0, -3.0]]> : tensor<2x2xf32>
  %x = nn.embedding %table[%tokens] : tensor<2x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  %codes = arith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi4>
  %scales = arith.constant dense<1.0> : tensor<2x1xf32>
  %aq = quench.assemble %codes, %scales : tensor<2x2xi4>, tensor<2x1xf32> to !quench.qtensor<2x2xf32, #w4>
  %a = quench.dequantize %aq : !quench.qtensor<2x2xf32, #w4> to tensor<2x2xf32>
  %0 = nn.linear %x, %a : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("constant"("constant.mlir":1:1))
  %bq = quench.weight @lost.weight : !quench.qtensor<2x2xf32, #w4>
  %b = quench.dequantize %bq : !quench.qtensor<2x2xf32, #w4> to tensor<2x2xf32>
  %1 = nn.linear %0, %b : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("lost"("lost.mlir":1:1))
  %p = quench.change_basis %1 by #quench.permutation<[1, 0]> axes [1] : tensor<?x2xf32>
  %cq = quench.weight @sorted.weight : !quench.qtensor<2x2xf32, #w4>
  %c = quench.dequantize %cq : !quench.qtensor<2x2xf32, #w4> to tensor<2x2xf32>
  %2 = nn.linear %p, %c : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("sorted"("sorted.mlir":1:1))
  %one = arith.constant dense<1.0> : tensor<1x1xf32>
  %q = quench.quantize %2 scale(%one) : tensor<?x2xf32>, tensor<1x1xf32> to !quench.qtensor<?x2xf32, #a4>
  %z = quench.dequantize %q : !quench.qtensor<?x2xf32, #a4> to tensor<?x2xf32>
  %3 = nn.linear %z, %cache : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("argument"("argument.mlir":1:1))
  %row = tensor.extract_slice %cache[0, 0] [1, 2] [1, 1] : tensor<2x2xf32> to tensor<2xf32>
  %d = arith.constant dense<[[2.0, 0.0], [0.0, 4.0]]> : tensor<2x2xf32>
  %4 = nn.linear %z, %d bias(%row) : tensor<?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x2xf32> loc("bias"("bias.mlir":1:1))
  %5 = nn.linear %z, %d : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("dead"("dead.mlir":1:1))
  %6 = arith.addf %3, %4 : tensor<?x2xf32>
  %zero = arith.constant 0 : index
  %n = tensor.dim %tokens, %zero : tensor<?xi32>
  %rest = arith.subi %n, %first : index
  %last = tensor.extract_slice %6[%first, 0] [%rest, 2] [1, 1] : tensor<?x2xf32> to tensor<?x2xf32>
  return %last, %cache : tensor<?x2xf32>, tensor<2x2xf32>
}

// Options and samples that make no sense are errors.
// RUN: not quench-opt %s --quench-correct-bias=weights=%t/weights -o /dev/null 2>&1 | FileCheck %s --check-prefix=ARCHIVE
// ARCHIVE: error: expected a calibration archive, found no option 'archive'
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/other model=none tokens=2:0,1,1,0
// RUN: not quench-opt %s --quench-correct-bias='weights=%t/weights archive=%t/other' -o /dev/null 2>&1 | FileCheck %s --check-prefix=MODEL
// MODEL: error: {{.*}}other: expected statistics of the model with digest {{.*}}, found those of none; calibrate again
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/wide weights=%t/weights tokens=2:0,1,1,2
// RUN: not quench-opt %s --quench-correct-bias='weights=%t/weights archive=%t/wide' -o /dev/null 2>&1 | FileCheck %s --check-prefix=SAMPLES
// SAMPLES: error: {{.*}}wide: sample 1, token 1: expected an id below 2, found 2
// RUN: echo 'module {}' > %t/empty.mlir
// RUN: not quench-opt %t/empty.mlir --quench-correct-bias='weights=%t/weights archive=%t/archive' -o /dev/null 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: module: expected a function with nn.causal_lm, found none
