// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive model=none tokens=2:0,1,1,0
// DEFINE: %{gptq} = quench-opt %s --quench-gptq='recipe=%S/Inputs/w4.yaml archive=%t/archive
// RUN: %{gptq}' --remark-format=emitRemark --remarks-filter=quench-gptq 2>&1 | FileCheck %s

// Layers whose weights cannot be fitted to inputs stay as they are, with a reason each.
// CHECK-DAG: shared.mlir:1:1: remark: [Missed] LeftInFloat | {{.*}}Layer=shared, Reason="layers with other inputs share its weight"
// CHECK-DAG: again.mlir:1:1: remark: [Missed] LeftInFloat | {{.*}}Layer=again, Reason="layers with other inputs share its weight"
// CHECK-DAG: dead.mlir:1:1: remark: [Missed] LeftInFloat | {{.*}}Layer=dead, Reason="the logits do not depend on it"
// CHECK-DAG: argument.mlir:1:1: remark: [Missed] LeftInFloat | {{.*}}Layer=argument, Reason="its weight is neither a stored weight nor a dense constant"
// CHECK-LABEL: func.func @forward(
// CHECK-NOT:     quench.assemble
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<2x2xf32>)
    -> (tensor<?x2xf32>, tensor<2x2xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<[[2.0, 1.0], [1.0, -3.0]]> : tensor<2x2xf32>
  %x = nn.embedding %table[%tokens] : tensor<2x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  %w = arith.constant dense<[[0.5, 0.25], [1.0, -1.0]]> : tensor<2x2xf32>
  %a = nn.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("shared"("shared.mlir":1:1))
  %b = nn.linear %a, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("again"("again.mlir":1:1))
  %v = arith.constant dense<[[1.5, 0.25], [1.0, -1.0]]> : tensor<2x2xf32>
  %c = nn.linear %b, %v : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("dead"("dead.mlir":1:1))
  %d = nn.linear %b, %cache : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("argument"("argument.mlir":1:1))
  %zero = arith.constant 0 : index
  %n = tensor.dim %tokens, %zero : tensor<?xi32>
  %rest = arith.subi %n, %first : index
  %last = tensor.extract_slice %b[%first, 0] [%rest, 2] [1, 1] : tensor<?x2xf32> to tensor<?x2xf32>
  return %last, %cache : tensor<?x2xf32>, tensor<2x2xf32>
}

// Options and inputs that make no sense are errors.
// RUN: not %{gptq} damping=-1' -o /dev/null 2>&1 | FileCheck %s --check-prefix=DAMPING
// DAMPING: error: option 'damping': expected a number that is not negative, found -1
// RUN: not %{gptq} damping=nan' -o /dev/null 2>&1 | FileCheck %s --check-prefix=NAN
// NAN: error: option 'damping': expected a number that is not negative, found nan
// RUN: not %{gptq} sequential=model' -o /dev/null 2>&1 | FileCheck %s --check-prefix=SEQUENTIAL
// SEQUENTIAL: error: option 'sequential': expected block or layer, found 'model'
// RUN: not quench-opt %s --quench-gptq=recipe=%S/Inputs/w4.yaml -o /dev/null 2>&1 | FileCheck %s --check-prefix=ARCHIVE
// ARCHIVE: error: expected a calibration archive, found no option 'archive'
// RUN: not quench-opt %s --quench-gptq=archive=%t/archive -o /dev/null 2>&1 | FileCheck %s --check-prefix=RECIPE
// RECIPE: error: expected a recipe, found no option 'recipe'
// RUN: echo 'module {}' > %t/empty.mlir
// RUN: not quench-opt %t/empty.mlir --quench-gptq='recipe=%S/Inputs/w4.yaml archive=%t/archive' -o /dev/null 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: module: expected a function with nn.causal_lm, found none

// Samples of another model.
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/wide model=none tokens=2:0,1,1,2
// RUN: not quench-opt %s --quench-gptq='recipe=%S/Inputs/w4.yaml archive=%t/wide' -o /dev/null 2>&1 | FileCheck %s --check-prefix=SAMPLES
// SAMPLES: error: {{.*}}wide: sample 1, token 1: expected an id below 2, found 2
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/long model=none tokens=3:0,1,1
// RUN: not quench-opt %s --quench-gptq='recipe=%S/Inputs/w4.yaml archive=%t/long' -o /dev/null 2>&1 | FileCheck %s --check-prefix=POSITIONS
// POSITIONS: error: {{.*}}long: expected {{.*}}2 {{.*}}3
