// RUN: quench-opt %s --convert-nn-to-linalg | FileCheck %s
// RUN: quench-opt %s --quench-verify-equivalence=passes=convert-nn-to-linalg -o /dev/null
// RUN: quench-opt %s --convert-nn-to-linalg --one-shot-bufferize="bufferize-function-boundaries" | FileCheck %s --check-prefix=BUFFERS

// A slice at a dynamic offset, written into the buffer of the cache.
// CHECK-LABEL: func.func @cache_update_inserts_rows(
// CHECK-SAME: %[[K:.+]]: tensor<?x2x64xf32>, %[[CACHE:.+]]: tensor<512x2x64xf32>, %[[POSITION:.+]]: index)
// CHECK: %[[N:.+]] = tensor.dim %[[K]]
// CHECK: %[[R:.+]] = tensor.insert_slice %[[K]] into %[[CACHE]][%[[POSITION]], 0, 0] [%[[N]], 2, 64] [1, 1, 1]
// CHECK: return %[[R]]
// BUFFERS-LABEL: func.func @cache_update_inserts_rows(
// BUFFERS-SAME: %[[CACHE:[a-z0-9]+]]: memref<512x2x64xf32, {{[^)]*}}, %{{.+}}: index)
// BUFFERS-NOT: memref.alloc
// BUFFERS: return %[[CACHE]]
func.func @cache_update_inserts_rows(%k: tensor<?x2x64xf32>, %cache: tensor<512x2x64xf32>, %position: index) -> tensor<512x2x64xf32> {
  %c = nn.cache_update %k into %cache at %position : tensor<?x2x64xf32> into tensor<512x2x64xf32>
  return %c : tensor<512x2x64xf32>
}

// Four query heads are split among two key heads; only rows that hold tokens are read; the future is minus
// infinity for the maximum and left out of the weighted sum.
// CHECK-LABEL: func.func @attention_reads_filled_rows(
// CHECK-SAME: %[[Q:.+]]: tensor<?x4x64xf32>, %[[KEYS:.+]]: tensor<512x2x64xf32>, %[[VALUES:.+]]: tensor<512x2x64xf32>, %[[POSITION:.+]]: index)
// CHECK: %[[TOKENS:.+]] = tensor.dim %[[Q]]
// CHECK: %[[LENGTH:.+]] = arith.addi %[[POSITION]], %[[TOKENS]] : index
// CHECK: %[[SPLIT:.+]] = tensor.expand_shape %[[Q]] {{\[\[}}0], [1, 2], [3]] output_shape [%[[TOKENS]], 2, 2, 64]
// CHECK: %[[FILLED:.+]] = tensor.extract_slice %[[KEYS]][0, 0, 0] [%[[LENGTH]], 2, 64] [1, 1, 1]
// CHECK: %[[PRODUCTS:.+]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%[[SPLIT]], %[[FILLED]]
// CHECK: linalg.generic {{.*}} outs(%[[PRODUCTS]] : tensor<?x2x2x?xf32>)
// CHECK: %[[T:.+]] = linalg.index 0
// CHECK: %[[LAST:.+]] = arith.addi %[[POSITION]], %[[T]] : index
// CHECK: %[[J:.+]] = linalg.index 3
// CHECK: %[[VISIBLE:.+]] = arith.cmpi sle, %[[J]], %[[LAST]] : index
// CHECK: arith.select %[[VISIBLE]]
// CHECK: arith.maximumf
// CHECK: arith.subf
// CHECK: math.exp
// CHECK: tensor.extract_slice %[[VALUES]][0, 0, 0] [%[[LENGTH]], 2, 64]
// CHECK: arith.select
// CHECK: arith.divf
// CHECK: tensor.collapse_shape %{{.+}} {{\[\[}}0], [1, 2], [3]] : tensor<?x2x2x64xf32> into tensor<?x4x64xf32>
func.func @attention_reads_filled_rows(%q: tensor<?x4x64xf32>, %keys: tensor<512x2x64xf32>, %values: tensor<512x2x64xf32>,
                                       %position: index) -> tensor<?x4x64xf32> {
  %o = nn.attention %q, %keys, %values at %position scale 1.25e-1 : tensor<?x4x64xf32>, tensor<512x2x64xf32>
  return %o : tensor<?x4x64xf32>
}

// Angles are products in f64.
// CHECK-LABEL: func.func @rotary_table_counts_from_the_position(
// CHECK-SAME: %[[F:.+]]: tensor<32xf32>, %[[POSITION:.+]]: index, %[[N:.+]]: index)
// CHECK: tensor.empty(%[[N]]) : tensor<?x32xf32>
// CHECK: linalg.generic {{.*}} ins(%[[F]] : tensor<32xf32>)
// CHECK: %[[T:.+]] = linalg.index 0
// CHECK: arith.addi %[[POSITION]], %[[T]] : index
// CHECK: %[[ANGLE:.+]] = arith.mulf %{{.+}}, %{{.+}} : f64
// CHECK-DAG: math.cos %[[ANGLE]] : f64
// CHECK-DAG: math.sin %[[ANGLE]] : f64
func.func @rotary_table_counts_from_the_position(%f: tensor<32xf32>, %position: index, %n: index) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %cos, %sin = nn.rotary_table %f from %position length %n : tensor<32xf32> -> tensor<?x32xf32>
  return %cos, %sin : tensor<?x32xf32>, tensor<?x32xf32>
}

// Both halves of a head are read together and written one after the other.
// CHECK-LABEL: func.func @rotary_embedding_turns_halves(
// CHECK-SAME: %[[X:.+]]: tensor<?x4x64xf32>,
// CHECK: %[[LOW:.+]] = tensor.extract_slice %[[X]][0, 0, 0]
// CHECK: %[[HIGH:.+]] = tensor.extract_slice %[[X]][0, 0, 32]
// CHECK: %[[ROTATED:.+]]:2 = linalg.generic {{.*}} ins(%[[LOW]], %[[HIGH]],
// CHECK: arith.subf
// CHECK: arith.addf
// CHECK: %[[HALF:.+]] = tensor.insert_slice %[[ROTATED]]#0 into %{{.+}}[0, 0, 0]
// CHECK: tensor.insert_slice %[[ROTATED]]#1 into %[[HALF]][0, 0, 32]
func.func @rotary_embedding_turns_halves(%x: tensor<?x4x64xf32>, %cos: tensor<?x32xf32>, %sin: tensor<?x32xf32>) -> tensor<?x4x64xf32> {
  %r = nn.rotary_embedding %x, %cos, %sin : tensor<?x4x64xf32>, tensor<?x32xf32>
  return %r : tensor<?x4x64xf32>
}
