// The same small network bit for bit: converted to TOSA and evaluated; written by hand in our own integer ops and evaluated;
// those compiled; and what upstream's passes make of the TOSA compiled.
// DEFINE: %{tosa_to_linalg} = tosa-to-linalg-named,tosa-to-linalg,tosa-to-arith{include-apply-rescale=true},tosa-to-tensor
// RUN: quench-opt %s --convert-quench-to-tosa --quench-evaluate=entry=network | FileCheck %s
// RUN: quench-opt %s --quench-evaluate=entry=by_hand | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-linalg --convert-nn-to-linalg --convert-elementwise-to-linalg | %run_linalg | FileCheck %s
// RUN: sed -e 's/call @by_hand/call @network/' %s | quench-opt \
// RUN:   --pass-pipeline="builtin.module(convert-quench-to-tosa,convert-quench-to-linalg,func.func(%{tosa_to_linalg}),convert-elementwise-to-linalg)" \
// RUN:   | %run_linalg | FileCheck %s

// CHECK: [192, -24, -336, -220, 124, 148, 148, -28, -256]

#a8 = #quench.scheme<i8, block = [*, *], scale = f32>
#z8 = #quench.scheme<i8, block = [*, *], scale = f32, zero_point>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>

func.func @network() -> tensor<9xf32> {
  %x = arith.constant dense<[[5.0, -63.5, 12.5, 0.5], [-7.0, 3.0, 0.5, 63.5], [1.0, -1.0, 1.5, -30.0]]> : tensor<3x4xf32>
  %half = arith.constant dense<0.5> : tensor<1x1xf32>
  %xq = quench.quantize %x scale(%half) : tensor<3x4xf32>, tensor<1x1xf32> to !quench.qtensor<3x4xf32, #a8>
  %xd = quench.dequantize %xq : !quench.qtensor<3x4xf32, #a8> to tensor<3x4xf32>
  %uc = arith.constant dense<[[1, -2, 3, -4], [5, 6, -7, 127], [-128, 0, 1, 33]]> : tensor<3x4xi8>
  %us = arith.constant dense<[[0.25], [0.3], [0.007]]> : tensor<3x1xf32>
  %uq = quench.assemble %uc, %us : tensor<3x4xi8>, tensor<3x1xf32> to !quench.qtensor<3x4xf32, #w8>
  %u = quench.dequantize %uq : !quench.qtensor<3x4xf32, #w8> to tensor<3x4xf32>
  %h = nn.linear %xd, %u : tensor<3x4xf32>, tensor<3x4xf32> -> tensor<3x3xf32>
  %zero = arith.constant dense<0.0> : tensor<3x3xf32>
  %r = arith.maximumf %h, %zero : tensor<3x3xf32>
  %one = arith.constant dense<1.0> : tensor<1x1xf32>
  %z = arith.constant dense<-128> : tensor<1x1xi32>
  %rq = quench.quantize %r scale(%one) zero_point(%z) : tensor<3x3xf32>, tensor<1x1xf32>, tensor<1x1xi32> to !quench.qtensor<3x3xf32, #z8>
  %rd = quench.dequantize %rq : !quench.qtensor<3x3xf32, #z8> to tensor<3x3xf32>
  %vc = arith.constant dense<[[9, -2, 3], [5, 6, -7], [-128, 1, 99]]> : tensor<3x3xi8>
  %vs = arith.constant dense<[[0.5], [0.125], [0.0625]]> : tensor<3x1xf32>
  %vq = quench.assemble %vc, %vs : tensor<3x3xi8>, tensor<3x1xf32> to !quench.qtensor<3x3xf32, #w8>
  %v = quench.dequantize %vq : !quench.qtensor<3x3xf32, #w8> to tensor<3x3xf32>
  %b = arith.constant dense<[2.0, -50.0, 0.25]> : tensor<3xf32>
  %y = nn.linear %rd, %v bias(%b) : tensor<3x3xf32>, tensor<3x3xf32>, tensor<3xf32> -> tensor<3x3xf32>
  %four = arith.constant dense<4.0> : tensor<1x1xf32>
  %yq = quench.quantize %y scale(%four) : tensor<3x3xf32>, tensor<1x1xf32> to !quench.qtensor<3x3xf32, #a8>
  %yd = quench.dequantize %yq : !quench.qtensor<3x3xf32, #a8> to tensor<3x3xf32>
  %flat = tensor.collapse_shape %yd [[0, 1]] : tensor<3x3xf32> into tensor<9xf32>
  return %flat : tensor<9xf32>
}

// The products, rescalings and saturations that the pass chooses, in other words.
func.func @by_hand() -> tensor<9xf32> {
  %x = arith.constant dense<[[10, -127, 25, 1], [-14, 6, 1, 127], [2, -2, 3, -60]]> : tensor<3x4xi8>
  %u = arith.constant dense<[[1, 5, -128], [-2, 6, 0], [3, -7, 1], [-4, 127, 33]]> : tensor<4x3xi8>
  %zeros = arith.constant dense<0> : tensor<3x3xi32>
  %h = linalg.matmul ins(%x, %u : tensor<3x4xi8>, tensor<4x3xi8>) outs(%zeros : tensor<3x3xi32>) -> tensor<3x3xi32>
  %r = arith.maxsi %h, %zeros : tensor<3x3xi32>
  %rq = quench.requantize %r multiplier [1073741824, 1288490240, 1924145408] shift [33, 33, 39] rounding single
        output_zero_point -128 : tensor<3x3xi32> to tensor<3x3xi8>
  %rw = arith.extsi %rq : tensor<3x3xi8> to tensor<3x3xi32>
  %z = arith.constant dense<-128> : tensor<3x3xi32>
  %rd = arith.subi %rw, %z : tensor<3x3xi32>
  %v = arith.constant dense<[[9, 5, -128], [-2, 6, 1], [3, -7, 99]]> : tensor<3x3xi32>
  %b = arith.constant dense<[[4, -400, 4], [4, -400, 4], [4, -400, 4]]> : tensor<3x3xi32>
  %y = linalg.matmul ins(%rd, %v : tensor<3x3xi32>, tensor<3x3xi32>) outs(%b : tensor<3x3xi32>) -> tensor<3x3xi32>
  %yq = quench.requantize %y multiplier [1073741824, 1073741824, 1073741824] shift [33, 35, 36] rounding single
        : tensor<3x3xi32> to tensor<3x3xi8>
  %f = arith.sitofp %yq : tensor<3x3xi8> to tensor<3x3xf32>
  %four = arith.constant dense<4.0> : tensor<3x3xf32>
  %yd = arith.mulf %f, %four : tensor<3x3xf32>
  %flat = tensor.collapse_shape %yd [[0, 1]] : tensor<3x3xf32> into tensor<9xf32>
  return %flat : tensor<9xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)

func.func @main() {
  %r = call @by_hand() : () -> tensor<9xf32>
  %u = tensor.cast %r : tensor<9xf32> to tensor<*xf32>
  call @printMemrefF32(%u) : (tensor<*xf32>) -> ()
  return
}
