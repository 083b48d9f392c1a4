// RUN: quench-opt %s --canonicalize | FileCheck %s

#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>
#s4 = #quench.scheme<i4, range = [-7, 7], block = [1, 32], scale = f16>
#u4 = #quench.scheme<ui4, block = [1, 32], scale = f16, zero_point>

// CHECK-LABEL: @disassemble_of_assemble_is_the_parts
// CHECK-SAME: %[[CODES:.+]]: tensor<4x64xui4>, %[[SCALES:.+]]: tensor<4x2xf32>, %[[ZEROS:.+]]: tensor<4x2xi32>)
func.func @disassemble_of_assemble_is_the_parts(%c: tensor<4x64xui4>, %s: tensor<4x2xf32>, %z: tensor<4x2xi32>)
    -> (tensor<4x64xui4>, tensor<4x2xf32>, tensor<4x2xi32>) {
  %q = quench.assemble %c, %s, %z : tensor<4x64xui4>, tensor<4x2xf32>, tensor<4x2xi32>
      to !quench.qtensor<4x64xf32, #u4>
  %codes, %scales, %zeroPoints = quench.disassemble %q : !quench.qtensor<4x64xf32, #u4>
      to tensor<4x64xui4>, tensor<4x2xf32>, tensor<4x2xi32>
  // CHECK-NEXT: return %[[CODES]], %[[SCALES]], %[[ZEROS]]
  return %codes, %scales, %zeroPoints : tensor<4x64xui4>, tensor<4x2xf32>, tensor<4x2xi32>
}

// CHECK-LABEL: @assemble_of_disassemble_is_the_tensor
// CHECK-SAME: %[[Q:.+]]: !quench.qtensor<4x64xf32, #{{.+}}>)
func.func @assemble_of_disassemble_is_the_tensor(%q: !quench.qtensor<4x64xf32, #u4>)
    -> !quench.qtensor<4x64xf32, #u4> {
  %codes, %scales, %zeroPoints = quench.disassemble %q : !quench.qtensor<4x64xf32, #u4>
      to tensor<4x64xui4>, tensor<4x2xf32>, tensor<4x2xi32>
  %r = quench.assemble %codes, %scales, %zeroPoints : tensor<4x64xui4>, tensor<4x2xf32>, tensor<4x2xi32>
      to !quench.qtensor<4x64xf32, #u4>
  // CHECK-NEXT: return %[[Q]]
  return %r : !quench.qtensor<4x64xf32, #u4>
}

// The parts come from two tensors.
// CHECK-LABEL: @negative_assemble_of_parts_of_two_tensors
func.func @negative_assemble_of_parts_of_two_tensors(
    %a: !quench.qtensor<4x64xf32, #w4>, %b: !quench.qtensor<4x64xf32, #w4>) -> !quench.qtensor<4x64xf32, #w4> {
  %codes, %scales = quench.disassemble %a : !quench.qtensor<4x64xf32, #w4> to tensor<4x64xi4>, tensor<4x2xf32>
  %others, %otherScales = quench.disassemble %b : !quench.qtensor<4x64xf32, #w4> to tensor<4x64xi4>, tensor<4x2xf32>
  // CHECK: %[[R:.+]] = quench.assemble
  %r = quench.assemble %codes, %otherScales : tensor<4x64xi4>, tensor<4x2xf32> to !quench.qtensor<4x64xf32, #w4>
  // CHECK-NEXT: return %[[R]]
  return %r : !quench.qtensor<4x64xf32, #w4>
}

// The parts are put together under another scheme.
// CHECK-LABEL: @negative_assemble_with_another_range
func.func @negative_assemble_with_another_range(%a: !quench.qtensor<4x64xf32, #w4>) -> !quench.qtensor<4x64xf32, #s4> {
  %codes, %scales = quench.disassemble %a : !quench.qtensor<4x64xf32, #w4> to tensor<4x64xi4>, tensor<4x2xf32>
  // CHECK: %[[R:.+]] = quench.assemble
  %r = quench.assemble %codes, %scales : tensor<4x64xi4>, tensor<4x2xf32> to !quench.qtensor<4x64xf32, #s4>
  // CHECK-NEXT: return %[[R]]
  return %r : !quench.qtensor<4x64xf32, #s4>
}

// Codes lose information, so neither pair cancels.
// CHECK-LABEL: @negative_quantize_and_dequantize
func.func @negative_quantize_and_dequantize(%x: tensor<4x64xf32>) -> tensor<4x64xf32> {
  // CHECK: quench.quantize
  %q = quench.quantize %x : tensor<4x64xf32> to !quench.qtensor<4x64xf32, #w4>
  // CHECK-NEXT: quench.dequantize
  %d = quench.dequantize %q : !quench.qtensor<4x64xf32, #w4> to tensor<4x64xf32>
  // CHECK-NEXT: quench.fake_quantize
  %f = quench.fake_quantize %d : tensor<4x64xf32> as #w4
  return %f : tensor<4x64xf32>
}

// Calibration sees every edge that is observed, used or not.
// CHECK-LABEL: @negative_observe
func.func @negative_observe(%x: tensor<4xf32>) {
  // CHECK-NEXT: quench.observe
  quench.observe %x as "a" : tensor<4xf32>
  return
}
