// RUN: quench-opt %s --split-input-file --verify-diagnostics

// Requantize.

func.func @requantize_c1(%x: tensor<4x8xi32>) {
  // expected-error@+1 {{'quench.requantize' op expected the same shape for input and result, found 'tensor<4x8xi32>' and 'tensor<8x4xi8>'}}
  %y = quench.requantize %x multiplier [1] shift [2] rounding single : tensor<4x8xi32> to tensor<8x4xi8>
  return
}

// -----

func.func @requantize_c2_shifts(%x: tensor<4x2xi32>) {
  // expected-error@+1 {{'quench.requantize' op expected as many shifts as multipliers, found 1 and 2}}
  %y = quench.requantize %x multiplier [1, 1] shift [2] rounding single : tensor<4x2xi32> to tensor<4x2xi8>
  return
}

// -----

func.func @requantize_c2_channels(%x: tensor<2x4xi32>) {
  // expected-error@+1 {{'quench.requantize' op expected one multiplier or one for each index of the last axis, found 2}}
  %y = quench.requantize %x multiplier [1, 1] shift [2, 2] rounding single : tensor<2x4xi32> to tensor<2x4xi8>
  return
}

// -----

func.func @requantize_c2_rank_zero(%x: tensor<i32>) {
  // expected-error@+1 {{'quench.requantize' op expected one multiplier or one for each index of the last axis, found 0}}
  %y = quench.requantize %x multiplier [] shift [] rounding single : tensor<i32> to tensor<i8>
  return
}

// -----

func.func @requantize_c3_multiplier(%x: tensor<4xi32>) {
  // expected-error@+1 {{'quench.requantize' op expected a multiplier of at least 0 and a shift in [2, 62], found -1 and 2}}
  %y = quench.requantize %x multiplier [-1] shift [2] rounding single : tensor<4xi32> to tensor<4xi8>
  return
}

// -----

func.func @requantize_c3_small_shift(%x: tensor<4xi32>) {
  // expected-error@+1 {{'quench.requantize' op expected a multiplier of at least 0 and a shift in [2, 62], found 1 and 1}}
  %y = quench.requantize %x multiplier [1] shift [1] rounding single : tensor<4xi32> to tensor<4xi8>
  return
}

// -----

func.func @requantize_c3_large_shift(%x: tensor<4xi32>) {
  // expected-error@+1 {{'quench.requantize' op expected a multiplier of at least 0 and a shift in [2, 62], found 1 and 63}}
  %y = quench.requantize %x multiplier [1] shift [63] rounding single : tensor<4xi32> to tensor<4xi8>
  return
}

// -----

func.func @requantize_c4(%x: tensor<4xi32>) {
  // expected-error@+1 {{'quench.requantize' op expected an output zero point that fits 'i8', found -129}}
  %y = quench.requantize %x multiplier [1] shift [2] rounding single output_zero_point -129
      : tensor<4xi32> to tensor<4xi8>
  return
}

// -----

// Storage.

func.func @weight_c1() {
  // expected-error@+1 {{'quench.weight' op expected a key that is not empty}}
  %w = quench.weight @"" : tensor<4xf32>
  return
}

// -----

func.func @weight_c2() {
  // expected-error@+1 {{'quench.weight' op expected a static shape, found 'tensor<?xf32>'}}
  %w = quench.weight @w : tensor<?xf32>
  return
}

// -----

#s = #quench.scheme<i8, block = [1], scale = f32>
func.func @weight_c2_quantized() {
  // expected-error@+1 {{'quench.weight' op expected a static shape, found '!quench.qtensor<?xf32, #quench.scheme<i8, block = [1], scale = f32>>'}}
  %w = quench.weight @w : !quench.qtensor<?xf32, #s>
  return
}

// -----

func.func @observe_c1(%x: tensor<4xf32>) {
  // expected-error@+1 {{'quench.observe' op expected a name that is not empty}}
  quench.observe %x as "" : tensor<4xf32>
  return
}

// -----

func.func @observe_c3_one_bound(%x: tensor<4xf32>) {
  // expected-error@+1 {{'quench.observe' op expected one range or one for each element of the last axis, found 1 bounds}}
  quench.observe %x as "a" range [1.0] : tensor<4xf32>
  return
}

// -----

func.func @observe_c3_other_number(%x: tensor<?x3xf32>) {
  // expected-error@+1 {{'quench.observe' op expected one range or one for each element of the last axis, found 4 bounds}}
  quench.observe %x as "a" range [1.0, 2.0, 1.0, 2.0] : tensor<?x3xf32>
  return
}

// -----

func.func @observe_c2_second(%x: tensor<?x2xf32>) {
  // expected-error@+1 {{'quench.observe' op expected a range of two finite bounds in ascending order}}
  quench.observe %x as "a" range [1.0, 2.0, 2.0, 1.0] : tensor<?x2xf32>
  return
}

// -----

func.func @observe_c2_order(%x: tensor<4xf32>) {
  // expected-error@+1 {{'quench.observe' op expected a range of two finite bounds in ascending order}}
  quench.observe %x as "a" range [1.0, 0.5] : tensor<4xf32>
  return
}

// -----

func.func @observe_c2_finite(%x: tensor<4xf32>) {
  // expected-error@+1 {{'quench.observe' op expected a range of two finite bounds in ascending order}}
  quench.observe %x as "a" range [0.0, 1.0e40] : tensor<4xf32>
  return
}

// -----

#s = #quench.scheme<i4, block = [1, 4], scale = f32>
func.func @assemble_c1_codes(%c: tensor<4x8xi8>, %s: tensor<4x2xf32>) {
  // expected-error@+1 {{'quench.assemble' op expected codes of type 'tensor<4x8xi4>', found 'tensor<4x8xi8>'}}
  %q = quench.assemble %c, %s : tensor<4x8xi8>, tensor<4x2xf32> to !quench.qtensor<4x8xf32, #s>
  return
}

// -----

#s = #quench.scheme<i4, block = [1, 4], scale = f32>
func.func @assemble_c1_scales(%c: tensor<4x8xi4>, %s: tensor<4x1xf32>) {
  // expected-error@+1 {{'quench.assemble' op expected scales of type 'tensor<4x2xf32>', found 'tensor<4x1xf32>'}}
  %q = quench.assemble %c, %s : tensor<4x8xi4>, tensor<4x1xf32> to !quench.qtensor<4x8xf32, #s>
  return
}

// -----

#s = #quench.scheme<i4, block = [1, 4], scale = f32>
func.func @assemble_c1_no_zero_points(%c: tensor<4x8xi4>, %s: tensor<4x2xf32>, %z: tensor<4x2xi32>) {
  // expected-error@+1 {{'quench.assemble' op expected no zero points, found 'tensor<4x2xi32>'}}
  %q = quench.assemble %c, %s, %z : tensor<4x8xi4>, tensor<4x2xf32>, tensor<4x2xi32>
      to !quench.qtensor<4x8xf32, #s>
  return
}

// -----

#s = #quench.scheme<i4, block = [1, 4], scale = f32, zero_point>
func.func @disassemble_c1_zero_points(%q: !quench.qtensor<4x8xf32, #s>) {
  // expected-error@+1 {{'quench.disassemble' op expected zero points of type 'tensor<4x2xi32>', found none}}
  %c, %s = quench.disassemble %q : !quench.qtensor<4x8xf32, #s> to tensor<4x8xi4>, tensor<4x2xf32>
  return
}

// -----

// Contract.

func.func @contract_c1_k(%x: tensor<2x3xf32>, %w: tensor<4x5xf32>) {
  // expected-error@+1 {{'quench.contract' op expected sides of rank 2 with the same K, found 'tensor<2x3xf32>' and 'tensor<4x5xf32>'}}
  %y = quench.contract %x, %w accumulator f32 : tensor<2x3xf32>, tensor<4x5xf32> -> tensor<2x4xf32>
  return
}

// -----

#s = #quench.scheme<i8, block = [], scale = f32>
func.func @contract_c1_rank(%x: !quench.qtensor<f32, #s>) {
  // expected-error@+1 {{'quench.contract' op expected sides of rank 2 with the same K, found '!quench.qtensor<f32, #quench.scheme<i8, block = [], scale = f32>>' and '!quench.qtensor<f32, #quench.scheme<i8, block = [], scale = f32>>'}}
  %y = quench.contract %x, %x accumulator i32 : !quench.qtensor<f32, #s>, !quench.qtensor<f32, #s> -> tensor<f32>
  return
}

// -----

func.func @contract_c2_result(%x: tensor<2x3xf32>, %w: tensor<4x3xf32>) {
  // expected-error@+1 {{'quench.contract' op expected a result of M x N, found 'tensor<4x2xf32>'}}
  %y = quench.contract %x, %w accumulator f32 : tensor<2x3xf32>, tensor<4x3xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @contract_c2_bias(%x: tensor<2x3xf32>, %w: tensor<4x3xf32>, %b: tensor<2xf32>) {
  // expected-error@+1 {{'quench.contract' op expected a bias of N elements, found 'tensor<2xf32>'}}
  %y = quench.contract %x, %w bias(%b : tensor<2xf32>) accumulator f32
      : tensor<2x3xf32>, tensor<4x3xf32> -> tensor<2x4xf32>
  return
}

// -----

#s = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @contract_c3_integer(%x: !quench.qtensor<2x3xf32, #s>) {
  // expected-error@+1 {{'quench.contract' op expected accumulator 'i32', found 'f32'}}
  %y = quench.contract %x, %x accumulator f32
      : !quench.qtensor<2x3xf32, #s>, !quench.qtensor<2x3xf32, #s> -> tensor<2x2xf32>
  return
}

// -----

func.func @contract_c3_float(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'quench.contract' op expected accumulator 'f32', found 'i32'}}
  %y = quench.contract %x, %x accumulator i32 : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<2x2xf32>
  return
}

// -----

func.func @contract_c3_short_floats(%x: tensor<2x3xbf16>, %w: tensor<2x3xf32>) {
  // expected-error@+1 {{'quench.contract' op expected accumulator 'f32', found 'bf16'}}
  %y = quench.contract %x, %w accumulator bf16 : tensor<2x3xbf16>, tensor<2x3xf32> -> tensor<2x2xf32>
  return
}

// -----

#s = #quench.scheme<i8, block = [1, *], scale = f32>
#f = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
func.func @contract_c3_encodings(%x: !quench.qtensor<2x3xf32, #s>, %w: !quench.qtensor<2x3xf32, #f>) {
  // expected-error@+1 {{'quench.contract' op expected integers, or on the right multiples of one unit, on both sides of an integer contraction}}
  %y = quench.contract %x, %w accumulator i32
      : !quench.qtensor<2x3xf32, #s>, !quench.qtensor<2x3xf32, #f> -> tensor<2x2xf32>
  return
}

// -----

#f = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
#g = #quench.scheme<f8E5M2, block = [1, *], scale = f32>
func.func @contract_c3_float_codes(%x: !quench.qtensor<2x3xf32, #g>, %w: !quench.qtensor<2x3xf32, #f>) {
  // expected-error@+1 {{'quench.contract' op expected accumulator 'f32', found 'i32'}}
  %y = quench.contract %x, %w accumulator i32
      : !quench.qtensor<2x3xf32, #g>, !quench.qtensor<2x3xf32, #f> -> tensor<2x2xf32>
  return
}

// -----

#s = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @contract_c3_left_side(%x: !quench.qtensor<2x3xf32, #s>, %w: tensor<2x3xf32>) {
  // expected-error@+1 {{'quench.contract' op expected integers, or on the right multiples of one unit, on both sides of an integer contraction}}
  %y = quench.contract %x, %w accumulator f32 : !quench.qtensor<2x3xf32, #s>, tensor<2x3xf32> -> tensor<2x2xf32>
  return
}

// -----

#l = #quench.scheme<i8, block = [1, 4], scale = f32>
#r = #quench.scheme<i8, block = [1, 6], scale = f32>
func.func @contract_c4(%x: !quench.qtensor<2x24xf32, #l>, %w: !quench.qtensor<2x24xf32, #r>) {
  // expected-error@+1 {{'quench.contract' op expected block extents along K that divide each other, found 4 and 6}}
  %y = quench.contract %x, %w accumulator i32
      : !quench.qtensor<2x24xf32, #l>, !quench.qtensor<2x24xf32, #r> -> tensor<2x2xf32>
  return
}

// -----

#s = #quench.scheme<i8, block = [2, 4], scale = f32>
func.func @contract_c5(%x: tensor<2x24xf32>, %w: !quench.qtensor<4x24xf32, #s>) {
  // expected-error@+1 {{'quench.contract' op expected blocks of one row or of all rows, found 2 rows}}
  %y = quench.contract %x, %w accumulator f32 : tensor<2x24xf32>, !quench.qtensor<4x24xf32, #s> -> tensor<2x4xf32>
  return
}

// -----

#a = #quench.scheme<i8, block = [1, *], scale = f32>
#s = #quench.scheme<ui4, block = [1, 8], scale = f32, zero_point = f32>
func.func @contract_c6(%x: !quench.qtensor<2x24xf32, #a>, %w: !quench.qtensor<4x24xf32, #s>) {
  // expected-error@+1 {{'quench.contract' op expected integer zero points in an integer contraction}}
  %y = quench.contract %x, %w accumulator i32 : !quench.qtensor<2x24xf32, #a>, !quench.qtensor<4x24xf32, #s> -> tensor<2x4xf32>
  return
}

// -----

func.func @overlay_c1_dynamic(%w: tensor<?x3xf32>, %i: tensor<2xi32>, %v: tensor<2xf32>) {
  // expected-error@+1 {{'quench.overlay' op expected an input of static shape whose elements i32 counts, found 'tensor<?x3xf32>'}}
  %o = quench.overlay %w at %i with %v : tensor<?x3xf32>, tensor<2xi32>, tensor<2xf32>
  return
}

// -----

func.func @overlay_c1_large(%w: tensor<65536x65536xf32>, %i: tensor<2xi32>, %v: tensor<2xf32>) {
  // expected-error@+1 {{'quench.overlay' op expected an input of static shape whose elements i32 counts, found 'tensor<65536x65536xf32>'}}
  %o = quench.overlay %w at %i with %v : tensor<65536x65536xf32>, tensor<2xi32>, tensor<2xf32>
  return
}

// -----

func.func @overlay_c2_sizes(%w: tensor<2x3xf32>, %i: tensor<2xi32>, %v: tensor<3xf32>) {
  // expected-error@+1 {{'quench.overlay' op expected one value for each index and at most 6 of them, found 'tensor<2xi32>' and 'tensor<3xf32>'}}
  %o = quench.overlay %w at %i with %v : tensor<2x3xf32>, tensor<2xi32>, tensor<3xf32>
  return
}

// -----

func.func @overlay_c2_dynamic(%w: tensor<2x3xf32>, %i: tensor<?xi32>, %v: tensor<?xf32>) {
  // expected-error@+1 {{'quench.overlay' op expected one value for each index and at most 6 of them, found 'tensor<?xi32>' and 'tensor<?xf32>'}}
  %o = quench.overlay %w at %i with %v : tensor<2x3xf32>, tensor<?xi32>, tensor<?xf32>
  return
}

// -----

func.func @overlay_c2_too_many(%w: tensor<2x3xf32>, %i: tensor<7xi32>, %v: tensor<7xf32>) {
  // expected-error@+1 {{'quench.overlay' op expected one value for each index and at most 6 of them, found 'tensor<7xi32>' and 'tensor<7xf32>'}}
  %o = quench.overlay %w at %i with %v : tensor<2x3xf32>, tensor<7xi32>, tensor<7xf32>
  return
}

// -----

func.func @overlay_c3(%w: tensor<2x3xf16>, %i: tensor<2xi32>, %v: tensor<2xf32>) {
  // expected-error@+1 {{'quench.overlay' op expected values of 'f16', found 'f32'}}
  %o = quench.overlay %w at %i with %v : tensor<2x3xf16>, tensor<2xi32>, tensor<2xf32>
  return
}

// -----

func.func @split_outliers_c1(%x: tensor<f32>) {
  // expected-error@+1 {{'quench.split_outliers' op expected an input of rank 1 or more}}
  %d, %o = quench.split_outliers %x threshold 6.0 : tensor<f32>
  return
}

// -----

func.func @split_outliers_c2_zero(%x: tensor<2xf32>) {
  // expected-error@+1 {{'quench.split_outliers' op expected a threshold above 0, found 0}}
  %d, %o = quench.split_outliers %x threshold 0.0 : tensor<2xf32>
  return
}

// -----

func.func @split_outliers_c2_nan(%x: tensor<2xf32>) {
  // expected-error@+1 {{'quench.split_outliers' op expected a threshold above 0, found nan}}
  %d, %o = quench.split_outliers %x threshold 0x7FF8000000000000 : tensor<2xf32>
  return
}
