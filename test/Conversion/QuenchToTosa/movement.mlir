// What moves floats moves codes.
// RUN: quench-opt %s --convert-quench-to-tosa=rows=3 | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-tosa=rows=3 \
// RUN:   | mlir-opt --tosa-attach-target="profiles=pro_int" --tosa-validate=strict-op-spec-alignment -o /dev/null

#a4 = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#a2 = #quench.scheme<i8, block = [*, *], scale = f32>
#z2 = #quench.scheme<i8, block = [*, *], scale = f32, zero_point>

// Open sizes are those of the codes.
// CHECK-LABEL: func.func @shapes
// CHECK-SAME:    %[[X:.+]]: tensor<3x2x4x6xi8>
// CHECK:         %[[T:.+]] = tosa.transpose %[[X]] {perms = array<i32: 0, 2, 3, 1>} : (tensor<3x2x4x6xi8>) -> tensor<3x4x6x2xi8>
// CHECK:         %[[C:.+]] = tosa.reshape %[[T]], %{{.+}} -> tensor<12x12xi8>
// CHECK:         tosa.reshape %[[C]], %{{.+}} -> tensor<3x4x3x4xi8>
func.func @shapes(%x: tensor<?x2x4x6xf32>) -> tensor<?x4x3x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x2x4x6xf32>
  %s = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %q = quench.quantize %x scale(%s) : tensor<?x2x4x6xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<?x2x4x6xf32, #a4>
  %d = quench.dequantize %q : !quench.qtensor<?x2x4x6xf32, #a4> to tensor<?x2x4x6xf32>
  %e = tensor.empty(%n) : tensor<?x4x6x2xf32>
  %t = linalg.transpose ins(%d : tensor<?x2x4x6xf32>) outs(%e : tensor<?x4x6x2xf32>) permutation = [0, 2, 3, 1]
  %c = tensor.collapse_shape %t [[0, 1], [2, 3]] : tensor<?x4x6x2xf32> into tensor<?x12xf32>
  %y = tensor.expand_shape %c [[0, 1], [2, 3]] output_shape [%n, 4, 3, 4] : tensor<?x12xf32> into tensor<?x4x3x4xf32>
  return %y : tensor<?x4x3x4xf32>
}

// Slices with strides split the axis; padding by zeros is by the zero point.
// CHECK-LABEL: func.func @parts
// CHECK-SAME:    %[[X:.+]]: tensor<2x9xi8>
// CHECK:         %[[ALL:.+]] = tosa.slice %[[X]]
// CHECK-SAME:      -> tensor<2x8xi8>
// CHECK:         %[[PAIRS:.+]] = tosa.reshape %[[ALL]], %{{.+}} -> tensor<2x4x2xi8>
// CHECK:         %[[SECOND:.+]] = tosa.const_shape {values = dense<[0, 0, 1]> : tensor<3xindex>}
// CHECK:         %[[ODD:.+]] = tosa.slice %[[PAIRS]], %[[SECOND]]
// CHECK:         %[[P:.+]] = tosa.reshape %[[ODD]], %{{.+}} -> tensor<2x4xi8>
// CHECK:         %[[AROUND:.+]] = tosa.const_shape {values = dense<[0, 0, 1, 2]> : tensor<4xindex>}
// CHECK:         %[[Z:.+]] = "tosa.const"() <{values = dense<-7> : tensor<1xi8>}>
// CHECK:         tosa.pad %[[P]], %[[AROUND]], %[[Z]]
func.func @parts(%x: tensor<2x9xf32>) -> tensor<2x7xf32> {
  %zero = arith.constant 0.0 : f32
  %s = arith.constant dense<0.5> : tensor<1x1xf32>
  %z = arith.constant dense<-7> : tensor<1x1xi32>
  %q = quench.quantize %x scale(%s) zero_point(%z) : tensor<2x9xf32>, tensor<1x1xf32>, tensor<1x1xi32> to !quench.qtensor<2x9xf32, #z2>
  %d = quench.dequantize %q : !quench.qtensor<2x9xf32, #z2> to tensor<2x9xf32>
  %p = tensor.extract_slice %d[0, 1] [2, 4] [1, 2] : tensor<2x9xf32> to tensor<2x4xf32>
  %y = tensor.pad %p low[0, 1] high[0, 2] {
  ^bb0(%n: index, %c: index):
    tensor.yield %zero : f32
  } : tensor<2x4xf32> to tensor<2x7xf32>
  return %y : tensor<2x7xf32>
}

// Upstream's check allows padding of three axes: columns and channels are one.
// CHECK-LABEL: func.func @padded_images
// CHECK-SAME:    %[[X:.+]]: tensor<2x3x4x5xi8>
// CHECK:         %[[FLAT:.+]] = tosa.reshape %[[X]], %{{.+}} -> tensor<2x3x20xi8>
// CHECK:         %[[AROUND:.+]] = tosa.const_shape {values = dense<[0, 0, 1, 0, 5, 10]> : tensor<6xindex>}
// CHECK:         %[[P:.+]] = tosa.pad %[[FLAT]], %[[AROUND]], %{{.+}} -> tensor<2x4x35xi8>
// CHECK:         tosa.reshape %[[P]], %{{.+}} -> tensor<2x4x7x5xi8>
func.func @padded_images(%x: tensor<2x3x4x5xf32>) -> tensor<2x4x7x5xf32> {
  %zero = arith.constant 0.0 : f32
  %s = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %q = quench.quantize %x scale(%s) : tensor<2x3x4x5xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<2x3x4x5xf32, #a4>
  %d = quench.dequantize %q : !quench.qtensor<2x3x4x5xf32, #a4> to tensor<2x3x4x5xf32>
  %y = tensor.pad %d low[0, 1, 1, 0] high[0, 0, 2, 0] {
  ^bb0(%n: index, %h: index, %w: index, %c: index):
    tensor.yield %zero : f32
  } : tensor<2x3x4x5xf32> to tensor<2x4x7x5xf32>
  return %y : tensor<2x4x7x5xf32>
}

// Equal codes are put side by side; others are brought to a common scale before.
// CHECK-LABEL: func.func @side_by_side
// CHECK-SAME:    %[[X:.+]]: tensor<2x3xi8> {{.*}}, %[[Y:.+]]: tensor<2x3xi8>
// CHECK:         tosa.concat %[[X]], %[[X]] {axis = 1 : i32} : (tensor<2x3xi8>, tensor<2x3xi8>) -> tensor<2x6xi8>
// CHECK:         %[[A:.+]] = tosa.rescale %[[X]]
// CHECK:         %[[B:.+]] = tosa.rescale %[[Y]]
// CHECK:         tosa.concat %[[A]], %[[B]] {axis = 0 : i32} : (tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<4x3xi32>
func.func @side_by_side(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> (tensor<2x6xf32>, tensor<4x3xf32>) {
  %s = arith.constant dense<0.5> : tensor<1x1xf32>
  %t = arith.constant dense<0.3> : tensor<1x1xf32>
  %xq = quench.quantize %x scale(%s) : tensor<2x3xf32>, tensor<1x1xf32> to !quench.qtensor<2x3xf32, #a2>
  %xd = quench.dequantize %xq : !quench.qtensor<2x3xf32, #a2> to tensor<2x3xf32>
  %yq = quench.quantize %y scale(%t) : tensor<2x3xf32>, tensor<1x1xf32> to !quench.qtensor<2x3xf32, #a2>
  %yd = quench.dequantize %yq : !quench.qtensor<2x3xf32, #a2> to tensor<2x3xf32>
  %e = tensor.empty() : tensor<2x6xf32>
  %a = tensor.insert_slice %xd into %e[0, 0] [2, 3] [1, 1] : tensor<2x3xf32> into tensor<2x6xf32>
  %b = tensor.insert_slice %xd into %a[0, 3] [2, 3] [1, 1] : tensor<2x3xf32> into tensor<2x6xf32>
  %f = tensor.empty() : tensor<4x3xf32>
  %c = tensor.insert_slice %xd into %f[0, 0] [2, 3] [1, 1] : tensor<2x3xf32> into tensor<4x3xf32>
  %d = tensor.insert_slice %yd into %c[2, 0] [2, 3] [1, 1] : tensor<2x3xf32> into tensor<4x3xf32>
  return %b, %d : tensor<2x6xf32>, tensor<4x3xf32>
}
