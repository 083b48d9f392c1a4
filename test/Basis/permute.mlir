// RUN: %python %src/test/Transforms/Inputs/make_archive.py %t.archive width=4 mixed=8,1,-0.5,0.25 narrow=1,2,3,4 odd=1,1,1,1 activation=1,2,3,4
// DEFINE: %{permute} = quench-opt %s --quench-permute='archive=%t.archive block=2'
// RUN: %{permute} | FileCheck %s
// RUN: quench-opt %s --quench-evaluate=entry=mixed | FileCheck %s --check-prefix=VALUES
// RUN: %{permute} --quench-evaluate=entry=mixed | FileCheck %s --check-prefix=VALUES
// RUN: %{permute} --quench-fold-weights --quench-evaluate=entry=mixed | FileCheck %s --check-prefix=VALUES
// RUN: %{permute} -o /dev/null --remark-format=emitRemark --remarks-filter=quench-permute 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not quench-opt %s --quench-permute='archive=%t.archive block=0' 2>&1 | FileCheck %s --check-prefix=BLOCK
// RUN: not quench-opt %s --quench-permute 2>&1 | FileCheck %s --check-prefix=ARCHIVE
// RUN: quench-opt %s --quench-permute='archive=%t.archive block=2 recipe=%S/../Transforms/Inputs/w4a8.yaml' | FileCheck %s

// BLOCK: error: option 'block': expected at least 1, found 0
// ARCHIVE: error: expected a calibration archive

// CHECK-DAG: #[[$P:.+]] = #quench.permutation<

// The channel of 8 is spread over its block, and what is large is dealt to both: no value is above 8 / 2 any more. The
// matrices are online on the input, and in the weight.
// REMARK: [Passed] Permuted | {{.*}}Function=mixed | Absorbed=1, {{.*}}, Online=1, PeakAfter=4.625, PeakBefore=8
// VALUES: mixed.0: 1x2xf32 = [{{7|6.99999|7.00000}}{{[0-9]*}}, {{18|17.9999|18.0000}}{{[0-9]*}}]
// CHECK-LABEL: @mixed
func.func @mixed() -> tensor<1x2xf32> {
  %c = arith.constant dense<[[8.0, 1.0, -0.5, 0.25]]> : tensor<1x4xf32>
  %m = arith.constant dense<-1.0> : tensor<1x4xf32>
  // CHECK: %[[X:.+]] = arith.mulf
  %x = arith.mulf %c, %m : tensor<1x4xf32>
  %w = arith.constant dense<[[-1.0, 0.0, -2.0, 0.0], [-2.0, -2.0, 0.0, 0.0]]> : tensor<2x4xf32>
  // CHECK: %[[Y:.+]] = quench.change_basis %[[X]] by #quench.composed<[#quench.block_diagonal<#[[R1:orthogonal[0-9]*]], copies = 2>, #[[$P]], #quench.block_diagonal<#[[R2:orthogonal[0-9]*]], copies = 2>]> axes [1] : tensor<1x4xf32>
  // CHECK: %[[W:.+]] = quench.change_basis %{{.+}} by #quench.composed<[#quench.block_diagonal<#[[R1]], copies = 2>, #[[$P]], #quench.block_diagonal<#[[R2]], copies = 2>]> axes [1] : tensor<2x4xf32>
  // CHECK: nn.linear %[[Y]], %[[W]]
  %y = nn.linear %x, %w : tensor<1x4xf32>, tensor<2x4xf32> -> tensor<1x2xf32> loc("mixed")
  return %y : tensor<1x2xf32>
}

// REMARK: Function=negative | {{.*}}Reason="a block of 2 does not divide its 3 channels"
// REMARK: Function=negative | {{.*}}Reason="calibration has no channels of edge 'unseen'"
// REMARK: Function=negative | {{.*}}Reason="'nn.silu' refuses: {{.*}} at nn.silu"
// CHECK-LABEL: @negative
// CHECK-NOT: change_basis
func.func @negative(%x: tensor<?x3xf32>, %z: tensor<?x4xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x4xf32>) {
  %w3 = arith.constant dense<1.0> : tensor<2x3xf32>
  %w4 = arith.constant dense<1.0> : tensor<2x4xf32>
  %a = nn.linear %x, %w3 : tensor<?x3xf32>, tensor<2x3xf32> -> tensor<?x2xf32> loc("odd")
  %b = nn.linear %z, %w4 : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32> loc("unseen")
  %n = arith.negf %z : tensor<?x4xf32>
  %s = nn.silu %n : tensor<?x4xf32>
  %c = nn.linear %n, %w4 : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32> loc("activation")
  return %a, %b, %c, %s : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x4xf32>
}
