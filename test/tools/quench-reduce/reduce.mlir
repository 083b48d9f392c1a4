// What is not needed to keep the input interesting goes away.
// RUN: quench-reduce %s --opt-reduction-pass='opt-pass=symbol-dce test=%S/Inputs/keeps-quantize.sh' | FileCheck %s
// RUN: quench-reduce %s --reduction-tree='traversal-mode=0 test=%S/Inputs/keeps-quantize.sh' | FileCheck %s --check-prefix=TREE

// CHECK-NOT: @unused
// CHECK: @interesting
// TREE-NOT: @unused
// TREE: @interesting
func.func private @unused(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

func.func @interesting(%x: tensor<2x4xf32>) -> !quench.qtensor<2x4xf32, #quench.scheme<i8, block = [1, *], scale = f32>> {
  %q = quench.quantize %x : tensor<2x4xf32> to !quench.qtensor<2x4xf32, #quench.scheme<i8, block = [1, *], scale = f32>>
  return %q : !quench.qtensor<2x4xf32, #quench.scheme<i8, block = [1, *], scale = f32>>
}
