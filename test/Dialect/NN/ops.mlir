// RUN: quench-opt %s | quench-opt | FileCheck %s --strict-whitespace
// RUN: quench-opt %s --verify-roundtrip

// CHECK-LABEL: func.func @embedding
// CHECK-SAME: %[[TABLE:.+]]: tensor<256x64xbf16>, %[[TOKENS:.+]]: tensor<?xi32>)
func.func @embedding(%table: tensor<256x64xbf16>, %tokens: tensor<?xi32>) {
  // CHECK: = nn.embedding %[[TABLE]][%[[TOKENS]]] : tensor<256x64xbf16>, tensor<?xi32> -> tensor<?x64xbf16>
  %x = nn.embedding %table[%tokens] : tensor<256x64xbf16>, tensor<?xi32> -> tensor<?x64xbf16>
  return
}

// CHECK-LABEL: func.func @embedding_of_codes
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @embedding_of_codes(%table: !quench.qtensor<256x64xf32, #w8>, %tokens: tensor<?xi32>) {
  // CHECK: = nn.embedding %{{.+}}[%{{.+}}] : !quench.qtensor<256x64xf32, #{{.+}}>, tensor<?xi32> -> !quench.qtensor<?x64xf32, #{{.+}}>
  %x = nn.embedding %table[%tokens] : !quench.qtensor<256x64xf32, #w8>, tensor<?xi32> -> !quench.qtensor<?x64xf32, #w8>
  return
}

// CHECK-LABEL: func.func @linear
// CHECK-SAME: %[[X:.+]]: tensor<?x64xf32>, %[[W:.+]]: tensor<96x64xf16>, %[[B:.+]]: tensor<96xf32>)
func.func @linear(%x: tensor<?x64xf32>, %w: tensor<96x64xf16>, %b: tensor<96xf32>) {
  // CHECK: = nn.linear %[[X]], %[[W]] : tensor<?x64xf32>, tensor<96x64xf16> -> tensor<?x96xf32>
  %y = nn.linear %x, %w : tensor<?x64xf32>, tensor<96x64xf16> -> tensor<?x96xf32>
  // CHECK: = nn.linear %[[X]], %[[W]] bias(%[[B]]) : tensor<?x64xf32>, tensor<96x64xf16>, tensor<96xf32> -> tensor<?x96xf32>
  %z = nn.linear %x, %w bias(%b) : tensor<?x64xf32>, tensor<96x64xf16>, tensor<96xf32> -> tensor<?x96xf32>
  return
}

// CHECK-LABEL: func.func @pointwise
// CHECK-SAME: %[[X:.+]]: tensor<?x64xf32>, %[[G:.+]]: tensor<64xf32>)
func.func @pointwise(%x: tensor<?x64xf32>, %g: tensor<64xf32>) {
  // CHECK: = nn.rms_norm %[[X]] gain(%[[G]] : tensor<64xf32>) epsilon 9.99999974E-6 : tensor<?x64xf32>
  %a = nn.rms_norm %x gain(%g : tensor<64xf32>) epsilon 1.0e-5 : tensor<?x64xf32>
  // CHECK: = nn.rms_norm %[[X]] epsilon 0.000000e+00 : tensor<?x64xf32>
  %b = nn.rms_norm %x epsilon 0.0 : tensor<?x64xf32>
  // Bits in hexadecimal are those of an f32.
  // CHECK: = nn.rms_norm %[[X]] epsilon 1.500000e+00 : tensor<?x64xf32>
  %c = nn.rms_norm %x epsilon 0x3FC00000 : tensor<?x64xf32>
  // CHECK: = nn.layer_norm %[[X]] gain(%[[G]] : tensor<64xf32>) bias(%[[G]] : tensor<64xf32>) epsilon 9.99999974E-6 : tensor<?x64xf32>
  %e = nn.layer_norm %x gain(%g : tensor<64xf32>) bias(%g : tensor<64xf32>) epsilon 1.0e-5 : tensor<?x64xf32>
  // CHECK: = nn.layer_norm %[[X]] bias(%[[G]] : tensor<64xf32>) epsilon 0.000000e+00 : tensor<?x64xf32>
  %f = nn.layer_norm %x bias(%g : tensor<64xf32>) epsilon 0.0 : tensor<?x64xf32>
  // CHECK: = nn.silu %[[X]] : tensor<?x64xf32>
  %d = nn.silu %x : tensor<?x64xf32>
  return
}

// CHECK-LABEL: func.func @rotary
// CHECK-SAME: %[[Q:.+]]: tensor<?x4x64xf32>, %[[F:.+]]: tensor<32xf32>, %[[P:.+]]: index, %[[N:.+]]: index)
func.func @rotary(%q: tensor<?x4x64xf32>, %f: tensor<32xf32>, %p: index, %n: index) {
  // CHECK: %[[COS:.+]], %[[SIN:.+]] = nn.rotary_table %[[F]] from %[[P]] length %[[N]] : tensor<32xf32> -> tensor<?x32xf32>
  %cos, %sin = nn.rotary_table %f from %p length %n : tensor<32xf32> -> tensor<?x32xf32>
  // CHECK: = nn.rotary_embedding %[[Q]], %[[COS]], %[[SIN]] : tensor<?x4x64xf32>, tensor<?x32xf32>
  %r = nn.rotary_embedding %q, %cos, %sin : tensor<?x4x64xf32>, tensor<?x32xf32>
  return
}

// CHECK-LABEL: func.func @attention_over_a_cache
// CHECK-SAME: %[[Q:.+]]: tensor<?x4x64xf32>, %[[K:.+]]: tensor<?x2x64xf32>, %[[CACHE:.+]]: tensor<512x2x64xf32>, %[[P:.+]]: index)
func.func @attention_over_a_cache(%q: tensor<?x4x64xf32>, %k: tensor<?x2x64xf32>, %cache: tensor<512x2x64xf32>,
                                  %p: index) {
  // CHECK: %[[KEYS:.+]] = nn.cache_update %[[K]] into %[[CACHE]] at %[[P]] : tensor<?x2x64xf32> into tensor<512x2x64xf32>
  %keys = nn.cache_update %k into %cache at %p : tensor<?x2x64xf32> into tensor<512x2x64xf32>
  // CHECK: = nn.attention %[[Q]], %[[KEYS]], %[[CACHE]] at %[[P]] scale 1.250000e-01 : tensor<?x4x64xf32>, tensor<512x2x64xf32>
  %o = nn.attention %q, %keys, %cache at %p scale 1.25e-1 : tensor<?x4x64xf32>, tensor<512x2x64xf32>
  return
}

// Types that say nothing about a dimension fit every other.
// CHECK-LABEL: func.func @dynamic_everywhere
func.func @dynamic_everywhere(%t: tensor<?x?xf32>, %i: tensor<?xi32>, %x: tensor<?x?x?xf32>, %b: tensor<?xf32>,
                              %c: tensor<3x2x4xf32>, %p: index) {
  // CHECK: = nn.embedding
  %e = nn.embedding %t[%i] : tensor<?x?xf32>, tensor<?xi32> -> tensor<?x?xf32>
  // CHECK: = nn.linear
  %l = nn.linear %t, %t bias(%b) : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32> -> tensor<?x?xf32>
  // CHECK: = nn.rms_norm
  %n = nn.rms_norm %t gain(%b : tensor<?xf32>) epsilon 1.0 : tensor<?x?xf32>
  // CHECK: = nn.rotary_embedding
  %r = nn.rotary_embedding %x, %t, %t : tensor<?x?x?xf32>, tensor<?x?xf32>
  // CHECK: = nn.cache_update
  %u = nn.cache_update %x into %c at %p : tensor<?x?x?xf32> into tensor<3x2x4xf32>
  // CHECK: = nn.attention
  %a = nn.attention %x, %x, %x at %p scale 1.0 : tensor<?x?x?xf32>, tensor<?x?x?xf32>
  return
}

// CHECK-LABEL: func.func @unfold
// CHECK-SAME: %[[X:.+]]: tensor<?x33x33x8xf32>
#a8 = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#r8 = #quench.scheme<i8, block = [*, *], scale = f32>
func.func @unfold(%x: tensor<?x33x33x8xf32>, %q: !quench.qtensor<?x16x16x8xf32, #a8>) {
  // CHECK: = nn.unfold %[[X]] kernel [3, 3] strides [2, 2] : tensor<?x33x33x8xf32> -> tensor<?x72xf32>
  %rows = nn.unfold %x kernel [3, 3] strides [2, 2] : tensor<?x33x33x8xf32> -> tensor<?x72xf32>
  // CHECK: = nn.unfold %[[X]] kernel [3, 1] dilations [2, 1] : tensor<?x33x33x8xf32> -> tensor<?x24xf32>
  %dilated = nn.unfold %x kernel [3, 1] dilations [2, 1] : tensor<?x33x33x8xf32> -> tensor<?x24xf32>
  // CHECK: = nn.unfold %{{.+}} kernel [3, 3] : !quench.qtensor<?x16x16x8xf32, #{{.+}}> -> !quench.qtensor<?x72xf32, #{{.+}}>
  %codes = nn.unfold %q kernel [3, 3] : !quench.qtensor<?x16x16x8xf32, #a8> -> !quench.qtensor<?x72xf32, #r8>
  return
}

// CHECK-LABEL: func.func @depthwise_conv
// CHECK-SAME: %[[X:.+]]: tensor<?x33x33x8xf32>
#taps = #quench.scheme<i8, block = [*, 1], scale = f32>
func.func @depthwise_conv(%x: tensor<?x33x33x8xf32>, %q: !quench.qtensor<?x16x16x8xf32, #a8>, %w: tensor<9x8xf32>, %wq: !quench.qtensor<9x8xf32, #taps>, %b: tensor<8xf32>) {
  // CHECK: = nn.depthwise_conv %[[X]], %{{.+}} bias(%{{.+}}) kernel [3, 3] strides [2, 2] : tensor<?x33x33x8xf32>, tensor<9x8xf32>, tensor<8xf32> -> tensor<?x8xf32>
  %y = nn.depthwise_conv %x, %w bias(%b) kernel [3, 3] strides [2, 2]
     : tensor<?x33x33x8xf32>, tensor<9x8xf32>, tensor<8xf32> -> tensor<?x8xf32>
  // CHECK: = nn.depthwise_conv %{{.+}}, %{{.+}} kernel [3, 3] dilations [1, 2] : !quench.qtensor<?x16x16x8xf32, #{{.+}}>, !quench.qtensor<9x8xf32, #{{.+}}> -> tensor<?x8xf32>
  %z = nn.depthwise_conv %q, %wq kernel [3, 3] dilations [1, 2]
     : !quench.qtensor<?x16x16x8xf32, #a8>, !quench.qtensor<9x8xf32, #taps> -> tensor<?x8xf32>
  return
}
