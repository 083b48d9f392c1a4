// RUN: quench-opt %s --quench-rotate="r2=false r3=false r4=false" | FileCheck %s --check-prefix=R1
// RUN: quench-opt %s --quench-rotate="r1=false r3=false r4=false kind=random-hadamard seed=5" | FileCheck %s --check-prefix=R2
// RUN: quench-opt %s --quench-rotate="r1=false r2=false r4=false" | FileCheck %s --check-prefix=R3
// RUN: quench-opt %s --quench-rotate="r1=false r2=false r3=false" | FileCheck %s --check-prefix=R4
// RUN: quench-opt %s --quench-rotate -o /dev/null --remark-format=emitRemark --remarks-filter=quench-rotate 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK: remark: [Passed] r1 | {{.*}} Absorbed=9,{{.*}} Map="hadamard of 8", Online=0
// REMARK: remark: [Passed] r2 | {{.*}} Absorbed=2,{{.*}} Map="hadamard of 4", Online=0
// REMARK: remark: [Passed] r3 | {{.*}} Absorbed=0,{{.*}} Map="hadamard of 4", Online=2
// REMARK: remark: [Passed] r4 | {{.*}} Absorbed=1,{{.*}} Map="hadamard of 12", Online=1

// One decoder block: r1 is in all that reads and writes the residual stream, and nowhere online.
// R1-LABEL: @forward
// R2-LABEL: @forward
// R3-LABEL: @forward
// R4-LABEL: @forward
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %kc: tensor<16x1x4xf32>, %vc: tensor<16x1x4xf32>)
    -> (tensor<?x8xf32>, tensor<16x1x4xf32>, tensor<16x1x4xf32>) attributes {nn.causal_lm} {
  %frequencies = arith.constant dense<[1.0, 0.1]> : tensor<2xf32>
  %zero = arith.constant 0 : index
  %length = tensor.dim %tokens, %zero : tensor<?xi32>
  %cos, %sin = nn.rotary_table %frequencies from %position length %length : tensor<2xf32> -> tensor<?x2xf32>

  // The table is stored in bf16; what it becomes is not.
  // R1: %[[E:.+]] = quench.weight @embed.weight
  // R1: %[[EX:.+]] = arith.extf %[[E]]
  // R1-NEXT: %[[E1:.+]] = quench.change_basis %[[EX]] by #quench.hadamard<8> axes [1] : tensor<8x8xf32>
  // R1-NEXT: nn.embedding %[[E1]]{{.*}} -> tensor<?x8xf32>
  // R1-NOT: arith.extf
  %table = quench.weight @embed.weight : tensor<8x8xbf16>
  %embedded = nn.embedding %table[%tokens] : tensor<8x8xbf16>, tensor<?xi32> -> tensor<?x8xbf16>
  %x = arith.extf %embedded : tensor<?x8xbf16> to tensor<?x8xf32>

  %n = nn.rms_norm %x epsilon 1.0e-5 : tensor<?x8xf32>
  %wq = quench.weight @q.weight : tensor<8x8xf32>
  %wk = quench.weight @k.weight : tensor<4x8xf32>
  %wv = quench.weight @v.weight : tensor<4x8xf32>
  // R1: %[[Q:.+]] = quench.change_basis %{{.+}} by #quench.hadamard<8> axes [1] : tensor<8x8xf32>
  // R1-NEXT: nn.linear %{{.+}}, %[[Q]]
  %q2 = nn.linear %n, %wq : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  // R1: %[[K:.+]] = quench.change_basis %{{.+}} by #quench.hadamard<8> axes [1] : tensor<4x8xf32>
  // R1-NEXT: nn.linear %{{.+}}, %[[K]]
  %k2 = nn.linear %n, %wk : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  // R1: %[[V:.+]] = quench.change_basis %{{.+}} by #quench.hadamard<8> axes [1] : tensor<4x8xf32>
  // R1-NEXT: nn.linear %{{.+}}, %[[V]]
  // The signs of r2 come behind those of r1, drawn or not.
  // R2: %[[V:.+]] = quench.change_basis %{{.+}} by #quench.hadamard<4, seed = 5, skip = 8> axes [0] : tensor<4x8xf32>
  // R2-NEXT: nn.linear %{{.+}}, %[[V]]
  %v2 = nn.linear %n, %wv : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  %q3 = tensor.expand_shape %q2 [[0], [1, 2]] output_shape [%length, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
  %k3 = tensor.expand_shape %k2 [[0], [1, 2]] output_shape [%length, 1, 4] : tensor<?x4xf32> into tensor<?x1x4xf32>
  %v3 = tensor.expand_shape %v2 [[0], [1, 2]] output_shape [%length, 1, 4] : tensor<?x4xf32> into tensor<?x1x4xf32>
  // R3: %[[QR:.+]] = nn.rotary_embedding
  // R3-NEXT: %[[QH:.+]] = quench.change_basis %[[QR]] by #quench.hadamard<4> axes [2] : tensor<?x2x4xf32>
  %qr = nn.rotary_embedding %q3, %cos, %sin : tensor<?x2x4xf32>, tensor<?x2xf32>
  // R3-NEXT: %[[KR:.+]] = nn.rotary_embedding
  // R3-NEXT: %[[KH:.+]] = quench.change_basis %[[KR]] by #quench.hadamard<4> axes [2] : tensor<?x1x4xf32>
  %kr = nn.rotary_embedding %k3, %cos, %sin : tensor<?x1x4xf32>, tensor<?x2xf32>
  // The cache holds rotated keys.
  // R3-NEXT: %[[KC:.+]] = nn.cache_update %[[KH]]
  %keys = nn.cache_update %kr into %kc at %position : tensor<?x1x4xf32> into tensor<16x1x4xf32>
  %values = nn.cache_update %v3 into %vc at %position : tensor<?x1x4xf32> into tensor<16x1x4xf32>
  // R3: nn.attention %[[QH]], %[[KC]]
  %o3 = nn.attention %qr, %keys, %values at %position scale 5.0e-1 : tensor<?x2x4xf32>, tensor<16x1x4xf32>
  // R3-NOT: change_basis
  %o2 = tensor.collapse_shape %o3 [[0], [1, 2]] : tensor<?x2x4xf32> into tensor<?x8xf32>
  %wo = quench.weight @o.weight : tensor<8x8xf32>
  // R1: %[[O:.+]] = quench.change_basis %{{.+}} by #quench.hadamard<8> axes [0] : tensor<8x8xf32>
  // R1-NEXT: nn.linear %{{.+}}, %[[O]]
  // R2: %[[O:.+]] = quench.change_basis %{{.+}} by #quench.block_diagonal<#quench.hadamard<4, seed = 5, skip = 8>, copies = 2> axes [1] : tensor<8x8xf32>
  // R2-NEXT: nn.linear %{{.+}}, %[[O]]
  // R2-NOT: change_basis
  %mixed = nn.linear %o2, %wo : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %h = arith.addf %x, %mixed : tensor<?x8xf32>

  %m = nn.rms_norm %h epsilon 1.0e-5 : tensor<?x8xf32>
  %wg = quench.weight @gate.weight : tensor<12x8xf32>
  %wu = quench.weight @up.weight : tensor<12x8xf32>
  %wd = quench.weight @down.weight : tensor<8x12xf32>
  %g = nn.linear %m, %wg : tensor<?x8xf32>, tensor<12x8xf32> -> tensor<?x12xf32>
  %u = nn.linear %m, %wu : tensor<?x8xf32>, tensor<12x8xf32> -> tensor<?x12xf32>
  %a = nn.silu %g : tensor<?x12xf32>
  // R4: %[[P:.+]] = arith.mulf
  // R4-NEXT: %[[PH:.+]] = quench.change_basis %[[P]] by #quench.hadamard<12> axes [1] : tensor<?x12xf32>
  %p = arith.mulf %a, %u : tensor<?x12xf32>
  // R4-NEXT: %[[D:.+]] = quench.change_basis %{{.+}} by #quench.hadamard<12> axes [1] : tensor<8x12xf32>
  // R4-NEXT: nn.linear %[[PH]], %[[D]]
  // R4-NOT: change_basis
  %d = nn.linear %p, %wd : tensor<?x12xf32>, tensor<8x12xf32> -> tensor<?x8xf32>
  %y = arith.addf %h, %d : tensor<?x8xf32>

  %last = nn.rms_norm %y epsilon 1.0e-5 : tensor<?x8xf32>
  %wl = quench.weight @lm_head.weight : tensor<8x8xf32>
  // R1: %[[L:.+]] = quench.change_basis %{{.+}} by #quench.hadamard<8> axes [1] : tensor<8x8xf32>
  // R1-NEXT: nn.linear %{{.+}}, %[[L]]
  // R1-NOT: change_basis
  %logits = nn.linear %last, %wl : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  return %logits, %keys, %values : tensor<?x8xf32>, tensor<16x1x4xf32>, tensor<16x1x4xf32>
}
