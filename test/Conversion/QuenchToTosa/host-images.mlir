// What of image networks stays with the host, and why; what integers can have is a function that the host calls.
// RUN: quench-opt %s --split-input-file --convert-quench-to-tosa | FileCheck %s
// RUN: quench-opt %s --split-input-file --convert-quench-to-tosa -o /dev/null --remark-format=emitRemark \
// RUN:   --remarks-filter=convert-quench-to-tosa 2>&1 | FileCheck %s --check-prefix=REMARK

#u8 = #quench.scheme<ui8, block = [*, *, *, *], scale = f32, zero_point>
#filters = #quench.scheme<i8, block = [1, *, *, *], scale = f32>

// Codes are signed where integers begin, so the host rounds to signed ones. TOSA has no convolution in groups.
// CHECK-LABEL: func.func @groups
// CHECK-SAME:    %[[X:.+]]: tensor<1x2x2x2xf32>
// CHECK:         %[[Z:.+]] = arith.constant dense<-9> : tensor<1x1x1x1xi32>
// CHECK:         %[[Q:.+]] = quench.quantize %[[X]] scale(%{{.+}}) zero_point(%[[Z]])
// CHECK-SAME:      to !quench.qtensor<1x2x2x2xf32, #[[$BYTES:.+]]>
// CHECK:         %[[C:.+]], %{{.+}}, %{{.+}} = quench.disassemble %[[Q]]
// CHECK:         call @groups.integers(%[[C]]) : (tensor<1x2x2x2xi8>)
// CHECK:         linalg.conv_2d_ngchw_gfchw
// REMARK: [Missed] on-host | {{.*}}Op=linalg.conv_2d_ngchw_gfchw, Reason="TOSA has no convolution in groups"
// REMARK: [Passed] Integers | {{.*}}Function=groups.integers
func.func @groups(%x: tensor<1x2x2x2xf32>) -> tensor<1x1x1x2x1xf32> {
  %zero = arith.constant 0.0 : f32
  %s = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %z = arith.constant dense<119> : tensor<1x1x1x1xi32>
  %q = quench.quantize %x scale(%s) zero_point(%z) : tensor<1x2x2x2xf32>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32> to !quench.qtensor<1x2x2x2xf32, #u8>
  %d = quench.dequantize %q : !quench.qtensor<1x2x2x2xf32, #u8> to tensor<1x2x2x2xf32>
  %wc = arith.constant dense<[[[[1, 2]]]]> : tensor<1x1x1x2xi8>
  %ws = arith.constant dense<0.25> : tensor<1x1x1x1xf32>
  %wq = quench.assemble %wc, %ws : tensor<1x1x1x2xi8>, tensor<1x1x1x1xf32> to !quench.qtensor<1x1x1x2xf32, #filters>
  %w = quench.dequantize %wq : !quench.qtensor<1x1x1x2xf32, #filters> to tensor<1x1x1x2xf32>
  %e = tensor.empty() : tensor<1x2x2x1xf32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
  %y = linalg.conv_2d_nhwc_fhwc {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%d, %w : tensor<1x2x2x2xf32>, tensor<1x1x1x2xf32>) outs(%i : tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
  %g = tensor.expand_shape %y [[0], [1, 2], [3], [4]] output_shape [1, 1, 2, 2, 1] : tensor<1x2x2x1xf32> into tensor<1x1x2x2x1xf32>
  %f = arith.constant dense<1.0> : tensor<1x1x2x1x1xf32>
  %ge = tensor.empty() : tensor<1x1x1x2x1xf32>
  %gi = linalg.fill ins(%zero : f32) outs(%ge : tensor<1x1x1x2x1xf32>) -> tensor<1x1x1x2x1xf32>
  %r = linalg.conv_2d_ngchw_gfchw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%g, %f : tensor<1x1x2x2x1xf32>, tensor<1x1x2x1x1xf32>) outs(%gi : tensor<1x1x1x2x1xf32>) -> tensor<1x1x1x2x1xf32>
  return %r : tensor<1x1x1x2x1xf32>
}

// -----

#a8 = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#filters = #quench.scheme<i8, block = [1, *, *, *], scale = f32>

// Sums that nothing rounds are no codes that a convolution could take, and elements that are no numbers are nothing to add to.
// CHECK-LABEL: func.func @unrounded
// CHECK:         call @unrounded.integers
// CHECK:         linalg.conv_2d_nhwc_fhwc
// REMARK: [Missed] on-host | {{.*}}Op=linalg.conv_2d_nhwc_fhwc, Reason="its input is no codes of 8 bits"
// REMARK: [Missed] on-host | {{.*}}Op=arith.addf, Reason="elements of an operand are no numbers"
// REMARK: [Passed] Integers | {{.*}}Function=unrounded.integers
func.func @unrounded(%x: tensor<1x1x1x1xf32>) -> (tensor<1x1x1x1xf32>, tensor<1x2x1x1xf32>) {
  %zero = arith.constant 0.0 : f32
  %nothing = arith.constant 0xFF800000 : f32
  %s = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %q = quench.quantize %x scale(%s) : tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<1x1x1x1xf32, #a8>
  %d = quench.dequantize %q : !quench.qtensor<1x1x1x1xf32, #a8> to tensor<1x1x1x1xf32>
  %wc = arith.constant dense<3> : tensor<1x1x1x1xi8>
  %wq = quench.assemble %wc, %s : tensor<1x1x1x1xi8>, tensor<1x1x1x1xf32> to !quench.qtensor<1x1x1x1xf32, #filters>
  %w = quench.dequantize %wq : !quench.qtensor<1x1x1x1xf32, #filters> to tensor<1x1x1x1xf32>
  %e = tensor.empty() : tensor<1x1x1x1xf32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %y = linalg.conv_2d_nhwc_fhwc {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%d, %w : tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>) outs(%i : tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %r = linalg.conv_2d_nhwc_fhwc {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%y, %w : tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>) outs(%i : tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %p = tensor.pad %d low[0, 1, 0, 0] high[0, 0, 0, 0] {
  ^bb0(%n: index, %h: index, %v: index, %c: index):
    tensor.yield %nothing : f32
  } : tensor<1x1x1x1xf32> to tensor<1x2x1x1xf32>
  %t = arith.addf %p, %p : tensor<1x2x1x1xf32>
  return %r, %t : tensor<1x1x1x1xf32>, tensor<1x2x1x1xf32>
}

// -----

#a8 = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#filters = #quench.scheme<i8, block = [1, *, *, *], scale = f32>

// The largest of no elements is minus infinity, which no integer is.
// CHECK-LABEL: func.func @nothing
// CHECK:         linalg.pooling_nhwc_max
// REMARK: [Missed] on-host | {{.*}}Op=linalg.pooling_nhwc_max, Reason="its windows see nothing but padding"
func.func @nothing(%x: tensor<1x1x1x1xf32>) -> (tensor<1x1x1x1xf32>, tensor<1x3x1x1xf32>) {
  %zero = arith.constant 0.0 : f32
  %nothing = arith.constant 0xFF800000 : f32
  %s = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %q = quench.quantize %x scale(%s) : tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<1x1x1x1xf32, #a8>
  %d = quench.dequantize %q : !quench.qtensor<1x1x1x1xf32, #a8> to tensor<1x1x1x1xf32>
  %wc = arith.constant dense<3> : tensor<1x1x1x1xi8>
  %wq = quench.assemble %wc, %s : tensor<1x1x1x1xi8>, tensor<1x1x1x1xf32> to !quench.qtensor<1x1x1x1xf32, #filters>
  %w = quench.dequantize %wq : !quench.qtensor<1x1x1x1xf32, #filters> to tensor<1x1x1x1xf32>
  %e = tensor.empty() : tensor<1x1x1x1xf32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %y = linalg.conv_2d_nhwc_fhwc {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%d, %w : tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>) outs(%i : tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %p = tensor.pad %d low[0, 1, 0, 0] high[0, 1, 0, 0] {
  ^bb0(%n: index, %h: index, %v: index, %c: index):
    tensor.yield %nothing : f32
  } : tensor<1x1x1x1xf32> to tensor<1x3x1x1xf32>
  %window = tensor.empty() : tensor<1x1xf32>
  %me = tensor.empty() : tensor<1x3x1x1xf32>
  %mi = linalg.fill ins(%nothing : f32) outs(%me : tensor<1x3x1x1xf32>) -> tensor<1x3x1x1xf32>
  %m = linalg.pooling_nhwc_max {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%p, %window : tensor<1x3x1x1xf32>, tensor<1x1xf32>) outs(%mi : tensor<1x3x1x1xf32>) -> tensor<1x3x1x1xf32>
  return %y, %m : tensor<1x1x1x1xf32>, tensor<1x3x1x1xf32>
}

// -----

#a2 = #quench.scheme<i8, block = [*, *], scale = f32>
#rows = #quench.scheme<i8, block = [1, *], scale = f32>

// Tensors without axes are none of TOSA, nor are those without elements.
// CHECK-LABEL: func.func @no_axes
// CHECK:         call @no_axes.integers
// CHECK:         tensor.extract_slice
// CHECK:         linalg.reduce
// CHECK:         linalg.reduce
func.func @no_axes(%x: tensor<1x2xf32>) -> (tensor<f32>, tensor<1xf32>) {
  %zero = arith.constant 0.0 : f32
  %s = arith.constant dense<0.5> : tensor<1x1xf32>
  %q = quench.quantize %x scale(%s) : tensor<1x2xf32>, tensor<1x1xf32> to !quench.qtensor<1x2xf32, #a2>
  %d = quench.dequantize %q : !quench.qtensor<1x2xf32, #a2> to tensor<1x2xf32>
  %c = arith.constant dense<[[1, 2]]> : tensor<1x2xi8>
  %wq = quench.assemble %c, %s : tensor<1x2xi8>, tensor<1x1xf32> to !quench.qtensor<1x2xf32, #rows>
  %w = quench.dequantize %wq : !quench.qtensor<1x2xf32, #rows> to tensor<1x2xf32>
  %y = nn.linear %d, %w : tensor<1x2xf32>, tensor<1x2xf32> -> tensor<1x1xf32>
  %part = tensor.extract_slice %y[0, 0] [1, 0] [1, 1] : tensor<1x1xf32> to tensor<1x0xf32>
  %e = tensor.empty() : tensor<f32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %all = linalg.reduce ins(%y : tensor<1x1xf32>) outs(%i : tensor<f32>) dimensions = [0, 1]
    (%in: f32, %init: f32) {
      %sum = arith.addf %in, %init : f32
      linalg.yield %sum : f32
    }
  %f = tensor.empty() : tensor<1xf32>
  %j = linalg.fill ins(%zero : f32) outs(%f : tensor<1xf32>) -> tensor<1xf32>
  %none = linalg.reduce ins(%part : tensor<1x0xf32>) outs(%j : tensor<1xf32>) dimensions = [1]
    (%in: f32, %init: f32) {
      %sum = arith.addf %in, %init : f32
      linalg.yield %sum : f32
    }
  return %all, %none : tensor<f32>, tensor<1xf32>
}
