// RUN: quench-opt %s --split-input-file --verify-diagnostics

func.func @depthwise_conv_c1(%x: tensor<?x8x8x4xf32>, %w: tensor<9x4xf32>) {
  // expected-error@+1 {{'nn.depthwise_conv' op expected two numbers from 1 to 2^20 as kernel, strides and dilations}}
  %r = nn.depthwise_conv %x, %w kernel [3, 3] strides [1] : tensor<?x8x8x4xf32>, tensor<9x4xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @depthwise_conv_c2_rank(%x: tensor<8x8x4xf32>, %w: tensor<9x4xf32>) {
  // expected-error@+1 {{'nn.depthwise_conv' op expected an input of rank 4, found 'tensor<8x8x4xf32>'}}
  %r = nn.depthwise_conv %x, %w kernel [3, 3] : tensor<8x8x4xf32>, tensor<9x4xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @depthwise_conv_c2_fit(%x: tensor<?x2x8x4xf32>, %w: tensor<9x4xf32>) {
  // expected-error@+1 {{'nn.depthwise_conv' op expected windows that fit into the image, found 'tensor<?x2x8x4xf32>'}}
  %r = nn.depthwise_conv %x, %w kernel [3, 3] : tensor<?x2x8x4xf32>, tensor<9x4xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @depthwise_conv_c3_filter(%x: tensor<?x8x8x4xf32>, %w: tensor<9x3xf32>) {
  // expected-error@+1 {{'nn.depthwise_conv' op expected a filter of 9 x channels, found 'tensor<9x3xf32>'}}
  %r = nn.depthwise_conv %x, %w kernel [3, 3] : tensor<?x8x8x4xf32>, tensor<9x3xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @depthwise_conv_c3_bias(%x: tensor<?x8x8x4xf32>, %w: tensor<9x4xf32>, %b: tensor<1xf32>) {
  // expected-error@+1 {{'nn.depthwise_conv' op expected a bias of each channel, found 'tensor<1xf32>'}}
  %r = nn.depthwise_conv %x, %w bias(%b) kernel [3, 3] : tensor<?x8x8x4xf32>, tensor<9x4xf32>, tensor<1xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @depthwise_conv_c3_result(%x: tensor<2x8x8x4xf32>, %w: tensor<9x4xf32>) {
  // expected-error@+1 {{'nn.depthwise_conv' op expected a row for each window, found 'tensor<64x4xf32>'}}
  %r = nn.depthwise_conv %x, %w kernel [3, 3] : tensor<2x8x8x4xf32>, tensor<9x4xf32> -> tensor<64x4xf32>
  return
}

// -----

#a8 = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
func.func @depthwise_conv_c4_one_side(%x: !quench.qtensor<?x8x8x4xf32, #a8>, %w: tensor<9x4xf32>) {
  // expected-error@+1 {{'nn.depthwise_conv' op expected integer codes of both sides with one scale for the input and one for each channel of the filter, found}}
  %r = nn.depthwise_conv %x, %w kernel [3, 3] : !quench.qtensor<?x8x8x4xf32, #a8>, tensor<9x4xf32> -> tensor<?x4xf32>
  return
}

// -----

#a8 = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#rows = #quench.scheme<i8, block = [3, 1], scale = f32>
func.func @depthwise_conv_c4_rows(%x: !quench.qtensor<?x8x8x4xf32, #a8>, %w: !quench.qtensor<9x4xf32, #rows>) {
  // expected-error@+1 {{'nn.depthwise_conv' op expected integer codes of both sides with one scale for the input and one for each channel of the filter, found}}
  %r = nn.depthwise_conv %x, %w kernel [3, 3] : !quench.qtensor<?x8x8x4xf32, #a8>, !quench.qtensor<9x4xf32, #rows> -> tensor<?x4xf32>
  return
}

// -----

#a8 = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#w8 = #quench.scheme<i8, block = [*, 1], scale = f32>
func.func @depthwise_conv_c5(%x: !quench.qtensor<?x512x512x4xf32, #a8>, %w: !quench.qtensor<262144x4xf32, #w8>) {
  // expected-error@+1 {{'nn.depthwise_conv' op expected sums that fit i32, found 262144 products}}
  %r = nn.depthwise_conv %x, %w kernel [512, 512] : !quench.qtensor<?x512x512x4xf32, #a8>, !quench.qtensor<262144x4xf32, #w8> -> tensor<?x4xf32>
  return
}
