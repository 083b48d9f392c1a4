// RUN: quench-opt %s --verify-roundtrip | quench-opt --mlir-print-op-generic | quench-opt | FileCheck %s

// Ops that code generation works with.

#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>
#kv4 = #quench.scheme<ui4, block = [1, 1, *], scale = f32, zero_point>

// CHECK-LABEL: func.func @packed_weight(
func.func @packed_weight() -> (tensor<98304xi8>, tensor<6144xf32>) {
  // CHECK: quench.packed_weight codes @up_proj.weight of !quench.qtensor<768x256xf32, #[[W4:.+]]> in <lanes = 16, container = i4> -> tensor<98304xi8>
  %codes = quench.packed_weight codes @up_proj.weight of !quench.qtensor<768x256xf32, #w4>
           in <lanes = 16, container = i4> -> tensor<98304xi8>
  // CHECK: quench.packed_weight scales @up_proj.weight of !quench.qtensor<768x256xf32, #[[W4]]> in <lanes = 16, container = i4> -> tensor<6144xf32>
  %scales = quench.packed_weight scales @up_proj.weight of !quench.qtensor<768x256xf32, #w4>
            in <lanes = 16, container = i4> -> tensor<6144xf32>
  return %codes, %scales : tensor<98304xi8>, tensor<6144xf32>
}

// CHECK-LABEL: func.func @packed_weight_with_kept_elements(
func.func @packed_weight_with_kept_elements() -> tensor<196608xf32> {
  // CHECK: quench.packed_weight codes @w of !quench.qtensor<768x256xf32, #{{.+}}> overlay "w.values" at "w.indices" in <lanes = 16, container = f32> -> tensor<196608xf32>
  %values = quench.packed_weight codes @w of !quench.qtensor<768x256xf32, #w4> overlay "w.values" at "w.indices"
            in <lanes = 16, container = f32> -> tensor<196608xf32>
  return %values : tensor<196608xf32>
}

// CHECK-LABEL: func.func @rows_of_bytes(
// CHECK-SAME:    %[[Q:.+]]: !quench.qtensor<?x2x64xf32, #[[KV4:.+]]>)
func.func @rows_of_bytes(%q: !quench.qtensor<?x2x64xf32, #kv4>) -> !quench.qtensor<?x2x64xf32, #kv4> {
  // CHECK: %[[B:.+]] = quench.pack_rows %[[Q]] lanes 16 : !quench.qtensor<?x2x64xf32, #[[KV4]]> -> tensor<?x2x40xi8>
  %b = quench.pack_rows %q lanes 16 : !quench.qtensor<?x2x64xf32, #kv4> -> tensor<?x2x40xi8>
  // CHECK: quench.unpack_rows %[[B]] lanes 16 : tensor<?x2x40xi8> -> !quench.qtensor<?x2x64xf32, #[[KV4]]>
  %k = quench.unpack_rows %b lanes 16 : tensor<?x2x40xi8> -> !quench.qtensor<?x2x64xf32, #kv4>
  return %k : !quench.qtensor<?x2x64xf32, #kv4>
}

func.func private @double(memref<?x4xf32>, memref<?x4xf32>)

// CHECK-LABEL: func.func @kernel_call(
// CHECK-SAME:    %[[X:.+]]: tensor<?x4xf32>, %[[E:.+]]: tensor<?x4xf32>)
func.func @kernel_call(%x: tensor<?x4xf32>, %e: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: quench.kernel_call @double(%[[X]] : tensor<?x4xf32>) into(%[[E]] : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = quench.kernel_call @double(%x : tensor<?x4xf32>) into(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @kernel_call_on_buffers(
// CHECK-SAME:    %[[X:.+]]: memref<?x4xf32>, %[[E:.+]]: memref<?x4xf32>)
func.func @kernel_call_on_buffers(%x: memref<?x4xf32>, %e: memref<?x4xf32>) {
  // CHECK: quench.kernel_call @double(%[[X]] : memref<?x4xf32>) into(%[[E]] : memref<?x4xf32>){{$}}
  quench.kernel_call @double(%x : memref<?x4xf32>) into(%e : memref<?x4xf32>)
  return
}

// CHECK-LABEL: func.func @byte_matmul(
// CHECK-SAME:    %[[ACC:.+]]: vector<4xi32>, %[[W:.+]]: vector<16xi8>, %[[X:.+]]: vector<16xi8>)
func.func @byte_matmul(%acc: vector<4xi32>, %w: vector<16xi8>, %x: vector<16xi8>) -> vector<4xi32> {
  // CHECK: quench.byte_matmul %[[ACC]], %[[W]], %[[X]] : vector<4xi32>, vector<16xi8>
  %r = quench.byte_matmul %acc, %w, %x : vector<4xi32>, vector<16xi8>
  return %r : vector<4xi32>
}

// CHECK-LABEL: func.func private @panels_of_eights()
// CHECK-SAME:    #quench.panels<lanes = 4, container = i8, depth = 8>
func.func private @panels_of_eights() attributes {p = #quench.panels<lanes = 4, container = i8, depth = 8>}

// CHECK-LABEL: func.func private @panels_of_pairs()
// CHECK-SAME:    #quench.panels<lanes = 16, container = bf16, depth = 2>
func.func private @panels_of_pairs() attributes {p = #quench.panels<lanes = 16, container = bf16, depth = 2>}

// CHECK-LABEL: func.func @byte_lookup(
func.func @byte_lookup(%c: vector<16xi8>) -> vector<16xi8> {
  // CHECK: quench.byte_lookup [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12] at %{{.+}} : vector<16xi8>
  %v = quench.byte_lookup [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12] at %c : vector<16xi8>
  return %v : vector<16xi8>
}

// CHECK-LABEL: func.func @byte_dot(
// CHECK-SAME:    %[[ACC:.+]]: vector<16xi32>, %[[W:.+]]: vector<64xi8>, %[[X:.+]]: vector<64xi8>)
func.func @byte_dot(%acc: vector<16xi32>, %w: vector<64xi8>, %x: vector<64xi8>) -> vector<16xi32> {
  // CHECK: %[[U:.+]] = quench.byte_dot %[[ACC]], %[[W]], %[[X]] : vector<16xi32>, vector<64xi8>
  %u = quench.byte_dot %acc, %w, %x : vector<16xi32>, vector<64xi8>
  // CHECK: quench.byte_dot %[[U]], %[[W]], %[[X]] signed : vector<16xi32>, vector<64xi8>
  %s = quench.byte_dot %u, %w, %x signed : vector<16xi32>, vector<64xi8>
  return %s : vector<16xi32>
}

// CHECK-LABEL: func.func @fork_if(
// CHECK-SAME:    %[[C:.+]]: i1)
func.func @fork_if(%c: i1) {
  // CHECK: quench.fork_if %[[C]]
  quench.fork_if %c
  return
}
