func.func @main(%x: tensor<?x14x14x32xf32>) -> (tensor<?x6x6x32xf32>, tensor<?x6x6x32xf32>, tensor<?x32xf32>) {
  %c0 = arith.constant 0 : index
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x14x14x32xf32>
  %window = tensor.empty() : tensor<3x3xf32>
  %e = tensor.empty(%n) : tensor<?x6x6x32xf32>
  %lows = linalg.fill ins(%low : f32) outs(%e : tensor<?x6x6x32xf32>) -> tensor<?x6x6x32xf32>
  %max = linalg.pooling_nhwc_max {strides = dense<2> : vector<2xi64>} ins(%x, %window : tensor<?x14x14x32xf32>, tensor<3x3xf32>) outs(%lows : tensor<?x6x6x32xf32>) -> tensor<?x6x6x32xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%e : tensor<?x6x6x32xf32>) -> tensor<?x6x6x32xf32>
  %sum = linalg.pooling_nhwc_sum {strides = dense<2> : vector<2xi64>} ins(%x, %window : tensor<?x14x14x32xf32>, tensor<3x3xf32>) outs(%zeros : tensor<?x6x6x32xf32>) -> tensor<?x6x6x32xf32>
  %f = tensor.empty(%n) : tensor<?x32xf32>
  %none = linalg.fill ins(%zero : f32) outs(%f : tensor<?x32xf32>) -> tensor<?x32xf32>
  %all = linalg.reduce { arith.addf } ins(%x : tensor<?x14x14x32xf32>) outs(%none : tensor<?x32xf32>) dimensions = [1, 2]
  return %max, %sum, %all : tensor<?x6x6x32xf32>, tensor<?x6x6x32xf32>, tensor<?x32xf32>
}
