// RUN: quench-opt %s --quench-attach-target=target=x86-avx2 --quench-verify-legal --split-input-file --verify-diagnostics

// The instruction is of another chip.
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>
func.func @other_chip(%x: !quench.qtensor<?x64xf32, #a8>) -> tensor<?x96xf32> {
  %w = quench.weight @w : !quench.qtensor<96x64xf32, #w4>
  // expected-error@+1 {{target x86-avx2 has no product "vpdpbusd"}}
  %y = quench.contract %x, %w accumulator i32 by <codes, container = i4, product = "vpdpbusd"> : !quench.qtensor<?x64xf32, #a8>, !quench.qtensor<96x64xf32, #w4> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// -----

// Nobody has decided anything.
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @not_legalized(%x: !quench.qtensor<?x64xf32, #a8>) -> tensor<?x96xf32> {
  %w = quench.weight @w : !quench.qtensor<96x64xf32, #a8>
  // expected-error@+1 {{expected a realization; run quench-legalize first}}
  %y = quench.contract %x, %w accumulator i32 : !quench.qtensor<?x64xf32, #a8>, !quench.qtensor<96x64xf32, #a8> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// -----

// 131072 products of 128 and 128 do not fit the accumulator on any chip.
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @overflow(%x: !quench.qtensor<?x131072xf32, #w8>) -> tensor<?x4xf32> {
  %w = quench.weight @w : !quench.qtensor<4x131072xf32, #w8>
  // expected-error@+1 {{products of codes: a block sum of 131072 products can reach 2147483648, more than i32 holds}}
  %y = quench.contract %x, %w accumulator i32 by <codes, container = i8, product = "vpmaddwd"> : !quench.qtensor<?x131072xf32, #w8>, !quench.qtensor<4x131072xf32, #w8> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Codes of four bits are not read from bytes.
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>
func.func @container(%x: !quench.qtensor<?x64xf32, #a8>) -> tensor<?x96xf32> {
  %w = quench.weight @w : !quench.qtensor<96x64xf32, #w4>
  // expected-error@+1 {{target x86-avx2 computes products of codes with "vpmaddwd" on weights in 'i4', found "vpmaddwd" on 'i8'}}
  %y = quench.contract %x, %w accumulator i32 by <codes, container = i8, product = "vpmaddwd"> : !quench.qtensor<?x64xf32, #a8>, !quench.qtensor<96x64xf32, #w4> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// -----

// No processor multiplies floats of eight bits.
#f8 = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
func.func @float_codes(%x: !quench.qtensor<?x64xf32, #f8>) -> tensor<?x4xf32> {
  %w = quench.weight @w : !quench.qtensor<4x64xf32, #f8>
  // expected-error@+1 {{products of eight-bit floats: the target has no products of these floats}}
  %y = quench.contract %x, %w accumulator f32 by <float_codes, container = f8E4M3FN, product = "fma"> : !quench.qtensor<?x64xf32, #f8>, !quench.qtensor<4x64xf32, #f8> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Integers are no floats.
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @other_codes(%x: !quench.qtensor<?x64xf32, #a8>) -> tensor<?x4xf32> {
  %w = quench.weight @w : !quench.qtensor<4x64xf32, #a8>
  // expected-error@+1 {{operands of these types have no products of eight-bit floats}}
  %y = quench.contract %x, %w accumulator i32 by <float_codes, container = i8, product = "fma"> : !quench.qtensor<?x64xf32, #a8>, !quench.qtensor<4x64xf32, #a8> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Products of 16-bit floats take such floats.
#w4 = #quench.scheme<i4, block = [1, 32], scale = f16>
func.func @wide_floats(%x: tensor<?x64xf32>) -> tensor<?x96xf32> {
  %w = quench.weight @w : !quench.qtensor<96x64xf32, #w4>
  // expected-error@+1 {{operands of these types have no products of 16-bit floats}}
  %y = quench.contract %x, %w accumulator f32 by <short_floats, container = i4, product = "fma"> : tensor<?x64xf32>, !quench.qtensor<96x64xf32, #w4> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}
