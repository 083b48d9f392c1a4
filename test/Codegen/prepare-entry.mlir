// RUN: quench-opt %s --quench-prepare-entry | FileCheck %s

// The model works on buffers of its caller: the logits are a new last argument, caches are read and written in place.
// CHECK-LABEL: func.func private @forward(
// CHECK-SAME:    %[[TOKENS:.+]]: memref<?xi32>, %{{.+}}: index, %{{.+}}: index,
// CHECK-SAME:    %[[A:.+]]: memref<5x1x3xf32>, %[[B:.+]]: memref<5x1x2xf32>, %[[LOGITS:.+]]: memref<?x7xf32>)
// CHECK-SAME:    nn.causal_lm
// CHECK-DAG:     %[[KEYS:.+]] = bufferization.to_tensor %[[A]] restrict writable
// CHECK-DAG:     %[[VALUES:.+]] = bufferization.to_tensor %[[B]] restrict writable
// CHECK-DAG:     bufferization.materialize_in_destination %{{.+}} in restrict writable %[[LOGITS]]
// CHECK-DAG:     bufferization.materialize_in_destination %[[KEYS]] in restrict writable %[[A]]
// CHECK-DAG:     bufferization.materialize_in_destination %[[VALUES]] in restrict writable %[[B]]
// CHECK:         return{{$}}

// The entry checks first and touches nothing when a check fails. Caches begin at multiples of 64 bytes.
// CHECK-LABEL: func.func @quench_run(
// CHECK-SAME:    %[[TOKENS:.+]]: memref<?xi32>, %[[POSITION:.+]]: index, %[[FIRST:.+]]: index, %[[STATE:.+]]: memref<?xi8>, %[[LOGITS:.+]]: memref<?x7xf32>) -> i32
// CHECK-SAME:    attributes {quench.state_bytes = 128 : i64}
// CHECK:         %[[VOCABULARY:.+]] = arith.constant 7 : i32
// CHECK:         scf.for
// CHECK:           %[[TOKEN:.+]] = memref.load %[[TOKENS]]
// CHECK:           arith.cmpi uge, %[[TOKEN]], %[[VOCABULARY]]
// CHECK:         arith.constant 5 : index
// CHECK:         %[[STATUS:.+]] = arith.select
// CHECK:         %[[GOOD:.+]] = arith.cmpi eq
// CHECK:         scf.if %[[GOOD]] {
// CHECK:           %[[AT0:.+]] = arith.constant 0 : index
// CHECK:           %[[A:.+]] = memref.view %[[STATE]][%[[AT0]]][] : memref<?xi8> to memref<5x1x3xf32>
// CHECK:           %[[AT1:.+]] = arith.constant 64 : index
// CHECK:           %[[B:.+]] = memref.view %[[STATE]][%[[AT1]]][] : memref<?xi8> to memref<5x1x2xf32>
// CHECK:           func.call @forward(%[[TOKENS]], %[[POSITION]], %[[FIRST]], %[[A]], %[[B]], %[[LOGITS]])
// CHECK:         }
// CHECK:         return %{{.+}} : i32
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %kc: tensor<5x1x3xf32>, %vc: tensor<5x1x2xf32>)
    -> (tensor<?x7xf32>, tensor<5x1x3xf32>, tensor<5x1x2xf32>) attributes {nn.causal_lm} {
  %0 = arith.constant dense<0.0> : tensor<4x7xf32>
  %1 = tensor.cast %0 : tensor<4x7xf32> to tensor<?x7xf32>
  return %1, %kc, %vc : tensor<?x7xf32>, tensor<5x1x3xf32>, tensor<5x1x2xf32>
}
