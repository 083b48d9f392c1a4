// RUN: quench-opt %s --quench-quantize=recipe=%S/Inputs/cache.yaml --mlir-print-local-scope | FileCheck %s
// RUN: quench-opt %s --quench-quantize=recipe=%S/Inputs/cache-groups.yaml --mlir-print-local-scope | FileCheck %s --check-prefix=GROUPS
// RUN: quench-opt %s --quench-quantize=recipe=w4a8 | FileCheck %s --check-prefix=FLOAT
// RUN: quench-opt %s --quench-quantize=recipe=%S/Inputs/cache.yaml -o /dev/null --remark-format=emitRemark --remarks-filter=quench-quantize 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK:          remark: [Missed] CacheLeftAsItIs | Category:quench-quantize | Function=negative_again | Reason="what it keeps is quantized already"
// REMARK-COUNT-2:  remark: [Passed] QuantizedCache | Category:quench-quantize | Function=cache | Cache="ui4 with zero points, one dynamic scale per head, clipped at 0.75"
// REMARK-NOT:      remark:

// Keys and values pass through codes before they are kept, so attention sees what a cache of codes would give it, that of the
// newest token included. Every head of a token has its own scale and zero point.
// CHECK-LABEL: func.func @cache(
// CHECK-SAME:    %[[K:[^:]+]]: tensor<?x2x8xf32>
// CHECK:         %[[Q:.+]] = quench.quantize %[[K]] clip 7.5{{0*}}e-01 : tensor<?x2x8xf32> to !quench.qtensor<?x2x8xf32, #quench.scheme<ui4, block = [1, 1, *], scale = f32, zero_point>>
// CHECK-NEXT:    %[[D:.+]] = quench.dequantize %[[Q]]
// CHECK-NEXT:    nn.cache_update %[[D]] into
// GROUPS:        quench.quantize {{.*}} #quench.scheme<i8, block = [1, 1, 4], scale = f16>>
// FLOAT:         func.func @cache(
// FLOAT-NOT:     quench.quantize
// FLOAT:         func.func @negative_again(
func.func @cache(%k: tensor<?x2x8xf32>, %v: tensor<?x2x8xf32>, %keys: tensor<16x2x8xf32>, %values: tensor<16x2x8xf32>, %at: index)
    -> (tensor<16x2x8xf32>, tensor<16x2x8xf32>) {
  %nk = nn.cache_update %k into %keys at %at : tensor<?x2x8xf32> into tensor<16x2x8xf32>
  %nv = nn.cache_update %v into %values at %at : tensor<?x2x8xf32> into tensor<16x2x8xf32>
  return %nk, %nv : tensor<16x2x8xf32>, tensor<16x2x8xf32>
}

// What was quantized before is not quantized again.
// CHECK-LABEL: func.func @negative_again(
// CHECK-COUNT-1: quench.quantize
// CHECK-NOT:     quench.quantize
// CHECK:         return
#kv = #quench.scheme<i4, block = [1, 1, *], scale = f32>
func.func @negative_again(%k: tensor<?x2x8xf32>, %keys: tensor<16x2x8xf32>, %at: index) -> tensor<16x2x8xf32> {
  %q = quench.quantize %k : tensor<?x2x8xf32> to !quench.qtensor<?x2x8xf32, #kv>
  %d = quench.dequantize %q : !quench.qtensor<?x2x8xf32, #kv> to tensor<?x2x8xf32>
  %n = nn.cache_update %d into %keys at %at : tensor<?x2x8xf32> into tensor<16x2x8xf32>
  return %n : tensor<16x2x8xf32>
}
