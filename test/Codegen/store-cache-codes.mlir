// RUN: quench-opt %s --quench-attach-target=target=x86-avx512vnni --quench-store-cache-codes --split-input-file --mlir-print-local-scope --remark-format=emitRemark --remarks-filter=quench-store-cache-codes 2> %t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks
// RUN: quench-opt %s --quench-attach-target=target=x86-avx512vnni --quench-store-cache-codes --split-input-file --quench-select-kernels | FileCheck %s --check-prefix=KERNEL

// Keys and values are rounded before they enter their caches: these hold the codes, 32 bytes for 64 of them, a scale and a zero
// point, and attention dequantizes what it reads. Caches that are handed on have the same type.
// CHECK-LABEL: func.func @codes(
// CHECK-SAME:    %[[KC:[^:]+]]: tensor<512x2x40xi8>, %[[VC:[^:]+]]: tensor<512x2x40xi8>) -> (tensor<?x256xf32>, tensor<512x2x40xi8>, tensor<512x2x40xi8>)
// CHECK:         %[[P:.+]]:3 = call @project
// CHECK:         %[[K:.+]] = quench.quantize %[[P]]#1
// CHECK:         %[[V:.+]] = quench.quantize %[[P]]#2
// CHECK-NOT:     quench.dequantize
// CHECK:         %[[KB:.+]] = quench.pack_rows %[[K]] lanes 16 : !quench.qtensor<?x2x64xf32, {{.+}}> -> tensor<?x2x40xi8>
// CHECK:         %[[KEYS:.+]] = tensor.insert_slice %[[KB]] into %[[KC]][%{{.+}}, 0, 0] [%{{.+}}, 2, 40] [1, 1, 1]
// CHECK-NEXT:    %[[KU:.+]] = quench.unpack_rows %[[KEYS]] lanes 16
// CHECK-NEXT:    %[[KD:.+]] = quench.dequantize %[[KU]] : {{.+}} to tensor<512x2x64xf32>
// CHECK:         %[[VB:.+]] = quench.pack_rows %[[V]] lanes 16
// CHECK:         %[[VALUES:.+]] = tensor.insert_slice %[[VB]] into %[[VC]]
// CHECK-NEXT:    %[[VU:.+]] = quench.unpack_rows %[[VALUES]] lanes 16
// CHECK-NEXT:    %[[VD:.+]] = quench.dequantize %[[VU]]
// CHECK:         nn.attention %[[P]]#0, %[[KD]], %[[VD]]
// CHECK:         return %{{.+}}, %[[KEYS]], %[[VALUES]]

// One kernel packs both, another one reads them.
// KERNEL-LABEL:  func.func @codes(
// KERNEL:        quench.kernel_call @pack_rows_2x64_z_0_15(
// KERNEL-NOT:    quench.pack_rows
// KERNEL:        quench.kernel_call @pack_rows_2x64_z_0_15(
// KERNEL-NOT:    quench.unpack_rows
// KERNEL:        quench.kernel_call @attention_4x2x64_512_3e000000_b4_g64_z0(%{{.+}} : tensor<?x4x64xf32>, tensor<512x2x40xi8>, tensor<512x2x40xi8>, index)
#kv4 = #quench.scheme<ui4, block = [1, 1, *], scale = f32, zero_point>
func.func @codes(%tokens: tensor<?xi32>, %at: index, %first: index, %kc: tensor<512x2x64xf32>, %vc: tensor<512x2x64xf32>)
    -> (tensor<?x256xf32>, tensor<512x2x64xf32>, tensor<512x2x64xf32>) attributes {nn.causal_lm} {
  %q, %k, %v = func.call @project(%tokens) : (tensor<?xi32>) -> (tensor<?x4x64xf32>, tensor<?x2x64xf32>, tensor<?x2x64xf32>)
  %kq = quench.quantize %k : tensor<?x2x64xf32> to !quench.qtensor<?x2x64xf32, #kv4>
  %kd = quench.dequantize %kq : !quench.qtensor<?x2x64xf32, #kv4> to tensor<?x2x64xf32>
  %vq = quench.quantize %v : tensor<?x2x64xf32> to !quench.qtensor<?x2x64xf32, #kv4>
  %vd = quench.dequantize %vq : !quench.qtensor<?x2x64xf32, #kv4> to tensor<?x2x64xf32>
  // REMARK: store-cache-codes.mlir:[[#@LINE+1]]:11: remark: [Passed] StoredAsCodes | {{.*}}BytesInFloat=256, BytesPerHead=40
  %keys = nn.cache_update %kd into %kc at %at : tensor<?x2x64xf32> into tensor<512x2x64xf32>
  // REMARK: store-cache-codes.mlir:[[#@LINE+1]]:13: remark: [Passed] StoredAsCodes
  %values = nn.cache_update %vd into %vc at %at : tensor<?x2x64xf32> into tensor<512x2x64xf32>
  %o = nn.attention %q, %keys, %values at %at scale 1.25e-1 : tensor<?x4x64xf32>, tensor<512x2x64xf32>
  %logits = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x4x64xf32> into tensor<?x256xf32>
  return %logits, %keys, %values : tensor<?x256xf32>, tensor<512x2x64xf32>, tensor<512x2x64xf32>
}
func.func private @project(tensor<?xi32>) -> (tensor<?x4x64xf32>, tensor<?x2x64xf32>, tensor<?x2x64xf32>)

// -----

// Values that are rounded to nothing keep the keys in float, too: attention reads one layout.
// CHECK-LABEL: func.func @negative_one_of_two(
// CHECK-SAME:    %{{.+}}: tensor<8x1x16xf32>, %{{.+}}: tensor<8x1x16xf32>)
// CHECK-NOT:     quench.pack_rows
#kv4 = #quench.scheme<ui4, block = [1, 1, *], scale = f32, zero_point>
func.func @negative_one_of_two(%tokens: tensor<?xi32>, %at: index, %first: index, %kc: tensor<8x1x16xf32>, %vc: tensor<8x1x16xf32>)
    -> (tensor<?x16xf32>, tensor<8x1x16xf32>, tensor<8x1x16xf32>) attributes {nn.causal_lm} {
  %k = func.call @project(%tokens) : (tensor<?xi32>) -> tensor<?x1x16xf32>
  %kq = quench.quantize %k : tensor<?x1x16xf32> to !quench.qtensor<?x1x16xf32, #kv4>
  %kd = quench.dequantize %kq : !quench.qtensor<?x1x16xf32, #kv4> to tensor<?x1x16xf32>
  // REMARK: store-cache-codes.mlir:[[#@LINE+1]]:11: remark: [Missed] HeldInFloat | {{.*}}Reason="attention reads it with a cache of another format"
  %keys = nn.cache_update %kd into %kc at %at : tensor<?x1x16xf32> into tensor<8x1x16xf32>
  %values = nn.cache_update %k into %vc at %at : tensor<?x1x16xf32> into tensor<8x1x16xf32>
  %o = nn.attention %k, %keys, %values at %at scale 0.25 : tensor<?x1x16xf32>, tensor<8x1x16xf32>
  %logits = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x1x16xf32> into tensor<?x16xf32>
  return %logits, %keys, %values : tensor<?x16xf32>, tensor<8x1x16xf32>, tensor<8x1x16xf32>
}
func.func private @project(tensor<?xi32>) -> tensor<?x1x16xf32>

// -----

// CHECK-LABEL: func.func @negative_other_readers(
// CHECK-NOT:     quench.pack_rows
#kv4 = #quench.scheme<ui4, block = [1, 1, *], scale = f32, zero_point>
#kv4h = #quench.scheme<ui4, block = [1, 1, *], scale = f16, zero_point>
func.func @negative_other_readers(%tokens: tensor<?xi32>, %at: index, %first: index, %a: tensor<8x1x16xf32>, %b: tensor<8x1x16xf32>,
                                  %c: tensor<8x1x16xf32>, %d: tensor<8x1x16xf32>)
    -> (tensor<?x16xf32>, tensor<8x1x16xf32>, tensor<8x1x16xf32>, tensor<8x1x16xf32>, tensor<8x1x16xf32>) attributes {nn.causal_lm} {
  %k = func.call @project(%tokens) : (tensor<?xi32>) -> tensor<?x1x16xf32>
  %kq = quench.quantize %k : tensor<?x1x16xf32> to !quench.qtensor<?x1x16xf32, #kv4>
  %kd = quench.dequantize %kq : !quench.qtensor<?x1x16xf32, #kv4> to tensor<?x1x16xf32>
  // REMARK: store-cache-codes.mlir:[[#@LINE+1]]:9: remark: [Missed] HeldInFloat | {{.*}}Reason="something but attention reads it"
  %ra = nn.cache_update %kd into %a at %at : tensor<?x1x16xf32> into tensor<8x1x16xf32>
  %sum = arith.addf %ra, %ra : tensor<8x1x16xf32>
  // REMARK: store-cache-codes.mlir:[[#@LINE+1]]:9: remark: [Missed] HeldInFloat | {{.*}}Reason="the old cache has other uses"
  %rb = nn.cache_update %kd into %b at %at : tensor<?x1x16xf32> into tensor<8x1x16xf32>
  %old = arith.addf %b, %sum : tensor<8x1x16xf32>
  // REMARK: store-cache-codes.mlir:[[#@LINE+1]]:9: remark: [Missed] HeldInFloat | {{.*}}Reason="it is not handed on"
  %rc = nn.cache_update %kd into %c at %at : tensor<?x1x16xf32> into tensor<8x1x16xf32>
  %hq = quench.quantize %k : tensor<?x1x16xf32> to !quench.qtensor<?x1x16xf32, #kv4h>
  %hd = quench.dequantize %hq : !quench.qtensor<?x1x16xf32, #kv4h> to tensor<?x1x16xf32>
  // REMARK: store-cache-codes.mlir:[[#@LINE+1]]:9: remark: [Missed] HeldInFloat | {{.*}}Reason="no kernel packs codes of this format"
  %rd = nn.cache_update %hd into %d at %at : tensor<?x1x16xf32> into tensor<8x1x16xf32>
  %o = nn.attention %k, %rc, %rc at %at scale 0.25 : tensor<?x1x16xf32>, tensor<8x1x16xf32>
  %logits = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x1x16xf32> into tensor<?x16xf32>
  return %logits, %ra, %rb, %old, %rd : tensor<?x16xf32>, tensor<8x1x16xf32>, tensor<8x1x16xf32>, tensor<8x1x16xf32>, tensor<8x1x16xf32>
}
func.func private @project(tensor<?xi32>) -> tensor<?x1x16xf32>
