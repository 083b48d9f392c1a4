// One row of float activations: groups of threads add up parts of a long K, and another kernel adds the parts in order.
// RUN: quench-opt %s --quench-attach-target=target=vulkan --quench-legalize --quench-select-gpu-kernels | FileCheck %s

#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>

// 2048 products are four times 512; 200 rows are four groups of 64 threads, of which the target has places for 32.
// CHECK-LABEL: func.func @long_rows
// CHECK:         %[[PARTS:.+]] = tensor.empty() : tensor<4x200xf32>
// CHECK:         quench.kernel_call @product_f32_i4g32_bias_200x2048_parts4({{.*}}) into(%[[PARTS]], %{{.+}} : tensor<4x200xf32>, tensor<?x200xf32>)
// A part has sixteen of 64 groups, and its sums are a row of the parts.
// CHECK-LABEL: gpu.func @product_f32_i4g32_bias_200x2048_parts4_rows1(
// CHECK:         %[[PART:.+]] = gpu.block_id {{ *}}z
// CHECK:         %[[LENGTH:.+]] = arith.constant 16 : index
// CHECK:         %[[BEGIN:.+]] = arith.muli %[[PART]], %[[LENGTH]]
// CHECK:         arith.constant 64 : index
// CHECK:         scf.for %{{.+}} = %[[BEGIN]] to
// CHECK:         %[[ROW:.+]] = gpu.block_id {{ *}}z
// CHECK:         memref.store
// More rows are not divided.
// CHECK-LABEL: gpu.func @product_f32_i4g32_bias_200x2048_parts4_rows8(
// CHECK-NOT:     gpu.block_id {{ *}}z
// CHECK-LABEL: gpu.func @sum_4x200_bias(
// CHECK-COUNT-4: arith.addf
// CHECK-NOT:     arith.addf
// CHECK:         gpu.return
// A row as long as one of 960 is one part.
// CHECK:       gpu.func @product_f32_i4g32_200x960_rows1(
// The host launches both kernels for one row.
// CHECK-LABEL: func.func private @product_f32_i4g32_bias_200x2048_parts4(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?x2048xf32{{.*}}, %[[BIAS:[^:]+]]: memref<200xf32{{.*}}, %[[BETWEEN:[^:]+]]: memref<4x200xf32{{.*}}, %[[RESULT:[^:]+]]: memref<?x200xf32
// CHECK:         scf.if
// CHECK:           func.call @product_f32_i4g32_bias_200x2048_parts4_rows1(%[[X]], {{.*}}, %[[BETWEEN]])
// CHECK:           func.call @sum_4x200_bias(%[[BETWEEN]], %[[BIAS]], %[[RESULT]])
// CHECK:         } else {
// CHECK:           func.call @product_f32_i4g32_bias_200x2048_parts4_rows8(%[[X]], {{.*}}, %[[BIAS]], %[[RESULT]])
func.func @long_rows(%x: tensor<?x2048xf32>, %b: tensor<200xf32>) -> tensor<?x200xf32> {
  %w = quench.weight @long_rows.weight : !quench.qtensor<200x2048xf32, #w4>
  %v = quench.dequantize %w : !quench.qtensor<200x2048xf32, #w4> to tensor<200x2048xf32>
  %y = nn.linear %x, %v bias(%b) : tensor<?x2048xf32>, tensor<200x2048xf32>, tensor<200xf32> -> tensor<?x200xf32>
  return %y : tensor<?x200xf32>
}

func.func @negative_short_rows(%x: tensor<?x960xf32>) -> tensor<?x200xf32> {
  %w = quench.weight @short_rows.weight : !quench.qtensor<200x960xf32, #w4>
  %v = quench.dequantize %w : !quench.qtensor<200x960xf32, #w4> to tensor<200x960xf32>
  %y = nn.linear %x, %v : tensor<?x960xf32>, tensor<200x960xf32> -> tensor<?x200xf32>
  return %y : tensor<?x200xf32>
}
