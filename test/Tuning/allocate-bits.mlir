// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/x 0=2x2x3:1,1,1,-2,2,2,3,-3,-3,1,1,-1
// RUN: quench-opt %s --quench-insert-observers -o %t/observed.mlir
// RUN: quench-opt %t/observed.mlir --quench-calibrate='samples=%t/x collect=gram output=%t/archive' -o /dev/null
// DEFINE: %{inputs} = archive=%t/archive recipe=%S/Inputs/w4.yaml
// RUN: quench-opt %s --quench-allocate-bits='widths=3,5 %{inputs}' -o %t/same.mlir --remark-format=emitRemark --remarks-filter=quench-allocate-bits 2>&1 | FileCheck %s
// RUN: quench-opt %s | diff - %t/same.mlir

// One layer has weights that three bits hold exactly, the other needs what that leaves of four bits for each weight.
// CHECK-DAG: [Passed] Allocated | Category:quench-allocate-bits | Function=f | {{.*}}Layer=whole, Loss=0, Weights="i3 per channel, f32 scales"
// CHECK-DAG: [Passed] Allocated | Category:quench-allocate-bits | Function=f | {{.*}}Layer=broken, Loss={{[0-9.e-]*[1-9]}}, Weights="i5 per channel, f32 scales"
func.func @f(%x: tensor<2x3xf32>) -> (tensor<2x1xf32>, tensor<2x1xf32>) {
  %w = arith.constant dense<[[3.0, 1.0, -2.0]]> : tensor<1x3xf32>
  %y = nn.linear %x, %w : tensor<2x3xf32>, tensor<1x3xf32> -> tensor<2x1xf32> loc("whole")
  %v = arith.constant dense<[[3.0, 0.45, 1.7]]> : tensor<1x3xf32>
  %z = nn.linear %x, %v : tensor<2x3xf32>, tensor<1x3xf32> -> tensor<2x1xf32> loc("broken")
  return %y, %z : tensor<2x1xf32>, tensor<2x1xf32>
}

// Both as they are: 32 bits of a scale and three codes are 13 2/3 bits for each weight with three bits, 15 2/3 with five.
// RUN: quench-opt %s --quench-allocate-bits='bits=16 widths=3,5 %{inputs}' -o /dev/null --remark-format=emitRemark --remarks-filter=quench-allocate-bits 2>&1 | FileCheck %s --check-prefix=ENOUGH
// ENOUGH-DAG: Layer=whole, Loss=0, Weights="i3 per channel
// ENOUGH-DAG: Layer=broken, {{.*}}Weights="i5 per channel

// RUN: not quench-opt %s --quench-allocate-bits='bits=12.5 %{inputs}' 2>&1 | FileCheck %s --check-prefix=LITTLE
// LITTLE: error: expected a budget that the smallest formats fit into, found 1.250000e+01 bits for each weight
// RUN: not quench-opt %s --quench-allocate-bits='widths=3,9 %{inputs}' 2>&1 | FileCheck %s --check-prefix=WIDTH
// WIDTH: error: expected different numbers of bits from 2 to 8 as option 'widths', found 9
// RUN: sed -e 's/type: i4/type: nf4/' %S/Inputs/w4.yaml > %t/nf4.yaml
// RUN: not quench-opt %s --quench-allocate-bits='archive=%t/archive recipe=%t/nf4.yaml' 2>&1 | FileCheck %s --check-prefix=FLOATS
// FLOATS: error: {{.*}}expected a recipe that stores integers, found codebook<NF4> per channel, f32 scales
