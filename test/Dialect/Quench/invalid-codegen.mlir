// RUN: quench-opt %s --split-input-file --verify-diagnostics

// Eight rows at a time is possible, seven are not.
// expected-error@+1 {{expected 4, 8 or 16 lanes of i2, i4, i8, si2, si4, si8, f8, f16, bf16 or f32, found 7 of 'i4'}}
func.func private @panels_c1_lanes() attributes {p = #quench.panels<lanes = 7, container = i4>}

// -----

// expected-error@+1 {{expected 4, 8 or 16 lanes of i2, i4, i8, si2, si4, si8, f8, f16, bf16 or f32, found 8 of 'f64'}}
func.func private @panels_c1_container() attributes {p = #quench.panels<lanes = 8, container = f64>}

// -----

// expected-error@+1 {{expected a scale of f16 or bf16 beside integers, found 'f16' beside 'f32'}}
func.func private @panels_c2_container() attributes {p = #quench.panels<lanes = 8, container = f32, scale = f16>}

// -----

// Without a scale it is f32.
// expected-error@+1 {{expected a scale of f16 or bf16 beside integers, found 'f32' beside 'i4'}}
func.func private @panels_c2_scale() attributes {p = #quench.panels<lanes = 8, container = i4, scale = f32>}

// -----

// expected-error@+1 {{expected a fragment of 1 or 2 rows, 1 or 4 lanes, 1, 2 or 4 words and a stride of 1 or the lanes of the rows, beside 16 lanes of integers, found array<i64: 2, 4, 2, 16>}}
func.func private @panels_c3_stride() attributes {p = #quench.panels<lanes = 16, container = i4, fragment = [2, 4, 2, 16]>}

// -----

// expected-error@+1 {{beside 16 lanes of integers, found array<i64: 2, 4, 2, 1>}}
func.func private @panels_c3_lanes() attributes {p = #quench.panels<lanes = 8, container = i4, fragment = [2, 4, 2, 1]>}

// -----

// expected-error@+1 {{expected a depth of 4, of 8 with integers and without a fragment, or of 2 with floats of 16 bits, found 16 with 'i4'}}
func.func private @panels_c4_depth() attributes {p = #quench.panels<lanes = 4, container = i4, depth = 16>}

// -----

// expected-error@+1 {{expected a depth of 4, of 8 with integers and without a fragment, or of 2 with floats of 16 bits, found 8 with 'f32'}}
func.func private @panels_c4_container() attributes {p = #quench.panels<lanes = 4, container = f32, depth = 8>}

// -----

func.func @byte_matmul_c1_bytes(%acc: vector<4xi32>, %w: vector<8xi8>) {
  // expected-error@+1 {{'quench.byte_matmul' op expected four bytes for each of whole fours of lanes, found 'vector<8xi8>' and 'vector<4xi32>'}}
  %r = quench.byte_matmul %acc, %w, %w : vector<4xi32>, vector<8xi8>
  return
}

// -----

func.func @byte_matmul_c1_lanes(%acc: vector<2xi32>, %w: vector<8xi8>) {
  // expected-error@+1 {{'quench.byte_matmul' op expected four bytes for each of whole fours of lanes, found 'vector<8xi8>' and 'vector<2xi32>'}}
  %r = quench.byte_matmul %acc, %w, %w : vector<2xi32>, vector<8xi8>
  return
}

// -----

func.func @packed_weight_c1() {
  // expected-error@+1 {{'quench.packed_weight' op expected a source of rank 2 and static shape, found 'tensor<?x4xf32>'}}
  %w = quench.packed_weight codes @w of tensor<?x4xf32> in <lanes = 8, container = f32> -> tensor<32xf32>
  return
}

// -----

func.func @byte_dot_c1(%acc: vector<16xi32>, %w: vector<32xi8>) {
  // expected-error@+1 {{'quench.byte_dot' op expected four bytes for each lane, found 'vector<32xi8>' and 'vector<16xi32>'}}
  %r = quench.byte_dot %acc, %w, %w : vector<16xi32>, vector<32xi8>
  return
}

// -----

func.func @packed_weight_c2_container() {
  // expected-error@+1 {{'quench.packed_weight' op expected a container of f32 for values to overlay, found 'i8'}}
  %w = quench.packed_weight codes @w of !quench.qtensor<4x8xf32, #quench.scheme<i8, block = [1, *], scale = f32>>
       overlay "v" at "i" in <lanes = 8, container = i8> -> tensor<64xi8>
  return
}

// -----

func.func @packed_weight_c2_indices() {
  // expected-error@+1 {{'quench.packed_weight' op expected values to overlay together with their indices}}
  %w = "quench.packed_weight"() {key = "w", keptValues = "v", panels = #quench.panels<lanes = 8, container = f32>,
                                 part = 0 : i32, source = tensor<4x8xf32>} : () -> tensor<64xf32>
  return
}

// -----

#kv = #quench.scheme<ui4, block = [1, *], scale = f16>
func.func @pack_rows_c1(%q: !quench.qtensor<?x64xf32, #kv>) {
  // expected-error@+1 {{'quench.pack_rows' op expected integers of at most 8 bits with f32 scales of one row, found #quench.scheme<ui4, block = [1, *], scale = f16>}}
  %b = quench.pack_rows %q lanes 16 : !quench.qtensor<?x64xf32, #kv> -> tensor<?x40xi8>
  return
}

// -----

#kv = #quench.scheme<ui4, block = [1, *], scale = f32>
func.func @pack_rows_c2_axes(%q: !quench.qtensor<?x64xf32, #kv>) {
  // expected-error@+1 {{'quench.pack_rows' op expected rows of static sizes in tensors of the same leading axes, found '!quench.qtensor<?x64xf32, #quench.scheme<ui4, block = [1, *], scale = f32>>' and 'tensor<3x36xi8>'}}
  %b = quench.pack_rows %q lanes 16 : !quench.qtensor<?x64xf32, #kv> -> tensor<3x36xi8>
  return
}

// -----

#kv = #quench.scheme<ui4, block = [1, *], scale = f32>
func.func @unpack_rows_c2_size(%b: tensor<?x40xi8>) {
  // expected-error@+1 {{'quench.unpack_rows' op expected rows of 36 bytes, found 'tensor<?x40xi8>'}}
  %q = quench.unpack_rows %b lanes 16 : tensor<?x40xi8> -> !quench.qtensor<?x64xf32, #kv>
  return
}

// -----

#kv = #quench.scheme<ui4, block = [1, *], scale = f32>
func.func @unpack_rows_c3(%b: tensor<?x36xi8>) {
  // expected-error@+1 {{'quench.unpack_rows' op expected lanes of 4, 8 or 16, found 6}}
  %q = quench.unpack_rows %b lanes 6 : tensor<?x36xi8> -> !quench.qtensor<?x64xf32, #kv>
  return
}

// -----

func.func @byte_lookup_c1(%x: vector<16xi8>) {
  // expected-error@+1 {{'quench.byte_lookup' op expected a table of 16 bytes, found 2}}
  %y = quench.byte_lookup [1, 2] at %x : vector<16xi8>
  return
}

// -----

func.func @byte_lookup_c2(%x: vector<8xi8>) {
  // expected-error@+1 {{'quench.byte_lookup' op expected whole sixteens of bytes, found 'vector<8xi8>'}}
  %y = quench.byte_lookup [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] at %x : vector<8xi8>
  return
}
