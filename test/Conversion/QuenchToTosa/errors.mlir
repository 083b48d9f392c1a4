// Where integers compute nothing, that is an error that shows the first product and why; the module stays as it is.
// RUN: quench-opt %s --split-input-file --verify-diagnostics --convert-quench-to-tosa
// RUN: not quench-opt %s --split-input-file --convert-quench-to-tosa=rows=0 2>&1 | FileCheck %s
// CHECK: rows: expected at least 1, found 0
// RUN: not quench-opt %s --split-input-file --convert-quench-to-tosa=weights=%t.none 2>&1 | FileCheck %s --check-prefix=STORE
// STORE: {{.*}}.none: {{.*}}No such file or directory

#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
#z8 = #quench.scheme<i8, block = [1, *], scale = f32, zero_point>

// expected-error@+1 {{nothing can be computed in TOSA's integer profile; expected products of 8-bit codes with weights of integers}}
module {
  func.func @dynamic_zero_points(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
    %xq = quench.quantize %x : tensor<1x2xf32> to !quench.qtensor<1x2xf32, #z8>
    %xd = quench.dequantize %xq : !quench.qtensor<1x2xf32, #z8> to tensor<1x2xf32>
    %wq = quench.weight @w : !quench.qtensor<2x2xf32, #w8>
    %w = quench.dequantize %wq : !quench.qtensor<2x2xf32, #w8> to tensor<2x2xf32>
    // expected-note@+1 {{not this one: activations are no signed integers of 8 bits with one scale for each row}}
    %y = nn.linear %xd, %w : tensor<1x2xf32>, tensor<2x2xf32> -> tensor<1x2xf32>
    return %y : tensor<1x2xf32>
  }
}

// -----

#w8 = #quench.scheme<i8, block = [1, *], scale = f32>

// expected-error@+1 {{nothing can be computed in TOSA's integer profile}}
module {
  func.func @float_activations(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
    %wq = quench.weight @w : !quench.qtensor<2x2xf32, #w8>
    %w = quench.dequantize %wq : !quench.qtensor<2x2xf32, #w8> to tensor<2x2xf32>
    // expected-note@+1 {{not this one: an operand is no integers}}
    %y = nn.linear %x, %w : tensor<1x2xf32>, tensor<2x2xf32> -> tensor<1x2xf32>
    return %y : tensor<1x2xf32>
  }
}

// -----

#a8 = #quench.scheme<i8, block = [*, *], scale = f32>
#f8 = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>

// expected-error@+1 {{nothing can be computed in TOSA's integer profile}}
module {
  func.func @float_codes(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
    %s = arith.constant dense<0.5> : tensor<1x1xf32>
    %xq = quench.quantize %x scale(%s) : tensor<1x2xf32>, tensor<1x1xf32> to !quench.qtensor<1x2xf32, #a8>
    %xd = quench.dequantize %xq : !quench.qtensor<1x2xf32, #a8> to tensor<1x2xf32>
    %wq = quench.weight @w : !quench.qtensor<2x2xf32, #f8>
    %w = quench.dequantize %wq : !quench.qtensor<2x2xf32, #f8> to tensor<2x2xf32>
    // expected-note@+1 {{not this one: its weight is not in integers of at most 8 bits}}
    %y = nn.linear %xd, %w : tensor<1x2xf32>, tensor<2x2xf32> -> tensor<1x2xf32>
    return %y : tensor<1x2xf32>
  }
}

// -----

#a8 = #quench.scheme<i8, block = [*, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>

// expected-error@+1 {{nothing can be computed in TOSA's integer profile}}
module {
  func.func @no_store(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
    %s = arith.constant dense<0.5> : tensor<1x1xf32>
    %xq = quench.quantize %x scale(%s) : tensor<1x2xf32>, tensor<1x1xf32> to !quench.qtensor<1x2xf32, #a8>
    %xd = quench.dequantize %xq : !quench.qtensor<1x2xf32, #a8> to tensor<1x2xf32>
    %wq = quench.weight @w : !quench.qtensor<2x2xf32, #w8>
    %w = quench.dequantize %wq : !quench.qtensor<2x2xf32, #w8> to tensor<2x2xf32>
    // expected-note@+1 {{not this one: there is no weight store to read 'w' from}}
    %y = nn.linear %xd, %w : tensor<1x2xf32>, tensor<2x2xf32> -> tensor<1x2xf32>
    return %y : tensor<1x2xf32>
  }
}

// -----

#a8 = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, 1, 1, *], scale = f32>

// expected-error@+1 {{nothing can be computed in TOSA's integer profile}}
module {
  func.func @parts_of_filters(%x: tensor<1x2x1x1xf32>) -> tensor<1x1x1x1xf32> {
    %zero = arith.constant 0.0 : f32
    %s = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
    %xq = quench.quantize %x scale(%s) : tensor<1x2x1x1xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<1x2x1x1xf32, #a8>
    %xd = quench.dequantize %xq : !quench.qtensor<1x2x1x1xf32, #a8> to tensor<1x2x1x1xf32>
    %c = arith.constant dense<1> : tensor<1x2x1x1xi8>
    %t = arith.constant dense<0.5> : tensor<1x2x1x1xf32>
    %wq = quench.assemble %c, %t : tensor<1x2x1x1xi8>, tensor<1x2x1x1xf32> to !quench.qtensor<1x2x1x1xf32, #w8>
    %w = quench.dequantize %wq : !quench.qtensor<1x2x1x1xf32, #w8> to tensor<1x2x1x1xf32>
    %e = tensor.empty() : tensor<1x1x1x1xf32>
    %i = linalg.fill ins(%zero : f32) outs(%e : tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
    // expected-note@+1 {{not this one: blocks of its weight are parts of filters}}
    %y = linalg.conv_2d_nhwc_fhwc {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%xd, %w : tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) outs(%i : tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
    return %y : tensor<1x1x1x1xf32>
  }
}

// -----

#a8 = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *, *, *], scale = f32>

// expected-error@+1 {{nothing can be computed in TOSA's integer profile}}
module {
  func.func @sums_begin_with_an_argument(%x: tensor<1x1x1x1xf32>, %i: tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32> {
    %s = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
    %xq = quench.quantize %x scale(%s) : tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<1x1x1x1xf32, #a8>
    %xd = quench.dequantize %xq : !quench.qtensor<1x1x1x1xf32, #a8> to tensor<1x1x1x1xf32>
    %c = arith.constant dense<1> : tensor<1x1x1x1xi8>
    %wq = quench.assemble %c, %s : tensor<1x1x1x1xi8>, tensor<1x1x1x1xf32> to !quench.qtensor<1x1x1x1xf32, #w8>
    %w = quench.dequantize %wq : !quench.qtensor<1x1x1x1xf32, #w8> to tensor<1x1x1x1xf32>
    // expected-note@+1 {{not this one: its sums begin with something else than a bias}}
    %y = linalg.conv_2d_nhwc_fhwc {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
      ins(%xd, %w : tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>) outs(%i : tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
    return %y : tensor<1x1x1x1xf32>
  }
}

// -----

#a8 = #quench.scheme<i8, block = [*, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>

// expected-error@+1 {{nothing can be computed in TOSA's integer profile}}
module {
  func.func @empty_weight(%x: tensor<2x1xf32>) -> tensor<2x0xf32> {
    %s = arith.constant dense<0.5> : tensor<1x1xf32>
    %xq = quench.quantize %x scale(%s) : tensor<2x1xf32>, tensor<1x1xf32> to !quench.qtensor<2x1xf32, #a8>
    %xd = quench.dequantize %xq : !quench.qtensor<2x1xf32, #a8> to tensor<2x1xf32>
    %c = arith.constant dense<> : tensor<0x1xi8>
    %t = arith.constant dense<> : tensor<0x1xf32>
    %wq = quench.assemble %c, %t : tensor<0x1xi8>, tensor<0x1xf32> to !quench.qtensor<0x1xf32, #w8>
    %w = quench.dequantize %wq : !quench.qtensor<0x1xf32, #w8> to tensor<0x1xf32>
    %y = nn.linear %xd, %w : tensor<2x1xf32>, tensor<0x1xf32> -> tensor<2x0xf32>
    return %y : tensor<2x0xf32>
  }
}
