// RUN: quench-opt %s --quench-attach-target=target=arm-sme --quench-legalize --quench-verify-legal --quench-select-kernels --split-input-file --mlir-print-local-scope | FileCheck %s

// Whole blocks of rows are multiplied by outer products, in a function in streaming mode with ZA state of its own: 32 codes of
// four blocks at a time. Quantization writes the codes of sixteen rows together.
// CHECK-LABEL: func.func @in_blocks(
// CHECK:         quench.kernel_call @[[QUANTIZE:quantize_row_64_blocks_m128_127]]({{.*}} -> tensor<?x1024xi8>,
// CHECK:         quench.packed_weight codes @up.weight {{.*}} in <lanes = 4, container = si4> -> tensor<640xi8>
// CHECK:         quench.kernel_call @[[CONTRACT:contract_i8row_i4_20x64]](
// CHECK:       func.func private @[[QUANTIZE]](
// CHECK:       func.func private @[[CONTRACT]](
// CHECK:         call @[[CONTRACT]]_outer4(
// CHECK:         call @[[CONTRACT]]_outer1(
// CHECK:       func.func private @[[CONTRACT]]_outer4({{.*}} attributes {arm_locally_streaming, arm_new_za}
// CHECK:         scf.for {{.*}} iter_args({{.*}}) -> (vector<[4]x[4]xi32>, vector<[4]x[4]xi32>, vector<[4]x[4]xi32>, vector<[4]x[4]xi32>)
// CHECK-COUNT-32:  arm_sme.smopa_4way
// CHECK-NOT:       arm_sme.smopa_4way
// CHECK:         arm_sme.extract_tile_slice
// CHECK:       func.func private @[[CONTRACT]]_outer1({{.*}} attributes {arm_locally_streaming, arm_new_za}
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<i4, block = [1, *], scale = f32>
func.func @in_blocks(%x: tensor<?x64xf32>) -> tensor<?x20xf32> {
  %q = quench.quantize %x : tensor<?x64xf32> to !quench.qtensor<?x64xf32, #a8>
  %w = quench.weight @up.weight : !quench.qtensor<20x64xf32, #w4>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x64xf32, #a8>, !quench.qtensor<20x64xf32, #w4> -> tensor<?x20xf32>
  return %y : tensor<?x20xf32>
}

// -----

// Sums of four products would be read too often: dot products, on rows one behind the other.
// CHECK-LABEL: func.func @small_groups(
// CHECK:         quench.kernel_call @quantize_row_64_g4_m128_127(
// CHECK:         quench.kernel_call @[[CONTRACT:contract_i8row_i8g4_20x64]](
// CHECK:       func.func private @[[CONTRACT]](
// CHECK-NOT:     arm_sme
// CHECK:         quench.byte_dot
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, 4], scale = f32>
func.func @small_groups(%x: tensor<?x64xf32>) -> tensor<?x20xf32> {
  %q = quench.quantize %x : tensor<?x64xf32> to !quench.qtensor<?x64xf32, #a8>
  %w = quench.weight @up.weight : !quench.qtensor<20x64xf32, #w8>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x64xf32, #a8>, !quench.qtensor<20x64xf32, #w8> -> tensor<?x20xf32>
  return %y : tensor<?x20xf32>
}
