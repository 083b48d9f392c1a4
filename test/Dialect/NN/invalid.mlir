// RUN: quench-opt %s --split-input-file --verify-diagnostics

func.func @embedding_c1(%table: tensor<8xf32>, %tokens: tensor<?xi32>) {
  // expected-error@+1 {{'nn.embedding' op operand #0 must be 2D tensor of 32-bit float or 16-bit float or bfloat16 type values or A tensor stored as codes, scales and perhaps zero points, but got 'tensor<8xf32>'}}
  %x = nn.embedding %table[%tokens] : tensor<8xf32>, tensor<?xi32> -> tensor<?x8xf32>
  return
}

// -----

func.func @embedding_c2_width(%table: tensor<8x4xf32>, %tokens: tensor<?xi32>) {
  // expected-error@+1 {{'nn.embedding' op expected a result of tokens x width of the table, found 'tensor<?x8xf32>'}}
  %x = nn.embedding %table[%tokens] : tensor<8x4xf32>, tensor<?xi32> -> tensor<?x8xf32>
  return
}

// -----

func.func @embedding_c2_type(%table: tensor<8x4xf16>, %tokens: tensor<?xi32>) {
  // expected-error@+1 {{'nn.embedding' op expected a result of tokens x width of the table, found 'tensor<?x4xf32>'}}
  %x = nn.embedding %table[%tokens] : tensor<8x4xf16>, tensor<?xi32> -> tensor<?x4xf32>
  return
}

// -----

#w = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @embedding_c3_float(%table: !quench.qtensor<8x4xf32, #w>, %tokens: tensor<?xi32>) {
  // expected-error@+1 {{'nn.embedding' op expected rows that are stored as the table is, found 'tensor<?x4xf32>'}}
  %x = nn.embedding %table[%tokens] : !quench.qtensor<8x4xf32, #w>, tensor<?xi32> -> tensor<?x4xf32>
  return
}

// -----

#w = #quench.scheme<i8, block = [1, *], scale = f32>
#v = #quench.scheme<i8, block = [1, *], scale = f16>
func.func @embedding_c3_scheme(%table: !quench.qtensor<8x4xf32, #w>, %tokens: tensor<?xi32>) {
  // expected-error@+1 {{'nn.embedding' op expected rows that are stored as the table is, found '!quench.qtensor<?x4xf32, #quench.scheme<i8, block = [1, *], scale = f16>>'}}
  %x = nn.embedding %table[%tokens] : !quench.qtensor<8x4xf32, #w>, tensor<?xi32> -> !quench.qtensor<?x4xf32, #v>
  return
}

// -----

#w = #quench.scheme<i8, block = [2, *], scale = f32>
func.func @embedding_c3_rows(%table: !quench.qtensor<8x4xf32, #w>, %tokens: tensor<?xi32>) {
  // expected-error@+1 {{'nn.embedding' op expected blocks of one row or of all rows, found 2 rows}}
  %x = nn.embedding %table[%tokens] : !quench.qtensor<8x4xf32, #w>, tensor<?xi32> -> !quench.qtensor<?x4xf32, #w>
  return
}

// -----

#w = #quench.scheme<i8, block = [1], scale = f32>
func.func @embedding_c1_quantized(%table: !quench.qtensor<8xf32, #w>, %tokens: tensor<?xi32>) {
  // expected-error@+1 {{'nn.embedding' op expected a table of rank 2, found '!quench.qtensor<8xf32, #quench.scheme<i8, block = [1], scale = f32>>'}}
  %x = nn.embedding %table[%tokens] : !quench.qtensor<8xf32, #w>, tensor<?xi32> -> !quench.qtensor<8xf32, #w>
  return
}

// -----

func.func @linear_c1_rank(%x: tensor<1x2x3xf32>, %w: tensor<4x3xf32>) {
  // expected-error@+1 {{'nn.linear' op operand #0 must be 2D tensor of 32-bit float values, but got 'tensor<1x2x3xf32>'}}
  %y = nn.linear %x, %w : tensor<1x2x3xf32>, tensor<4x3xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @linear_c1_k(%x: tensor<2x3xf32>, %w: tensor<4x5xf32>) {
  // expected-error@+1 {{'nn.linear' op expected input and weight with the same K, found 'tensor<2x3xf32>' and 'tensor<4x5xf32>'}}
  %y = nn.linear %x, %w : tensor<2x3xf32>, tensor<4x5xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @linear_c2_result(%x: tensor<2x3xf32>, %w: tensor<4x3xf32>) {
  // expected-error@+1 {{'nn.linear' op expected a result of M x N, found 'tensor<2x3xf32>'}}
  %y = nn.linear %x, %w : tensor<2x3xf32>, tensor<4x3xf32> -> tensor<2x3xf32>
  return
}

// -----

func.func @linear_c2_bias(%x: tensor<2x3xf32>, %w: tensor<4x3xf32>, %b: tensor<2xf32>) {
  // expected-error@+1 {{'nn.linear' op expected a bias of N elements, found 'tensor<2xf32>'}}
  %y = nn.linear %x, %w bias(%b) : tensor<2x3xf32>, tensor<4x3xf32>, tensor<2xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @layer_norm_c1_gain(%x: tensor<2x3xf32>, %g: tensor<2xf32>) {
  // expected-error@+1 {{'nn.layer_norm' op expected a gain of the size of the last axis, found 'tensor<2xf32>'}}
  %y = nn.layer_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<2x3xf32>
  return
}

// -----

func.func @layer_norm_c1_bias(%x: tensor<2x3xf32>, %b: tensor<4xf32>) {
  // expected-error@+1 {{'nn.layer_norm' op expected a bias of the size of the last axis, found 'tensor<4xf32>'}}
  %y = nn.layer_norm %x bias(%b : tensor<4xf32>) epsilon 1.0e-5 : tensor<2x3xf32>
  return
}

// -----

func.func @layer_norm_c2(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.layer_norm' op expected a finite epsilon that is not negative}}
  %y = nn.layer_norm %x epsilon -1.0e-5 : tensor<2x3xf32>
  return
}

// -----

func.func @rms_norm_c1(%x: tensor<2x3xf32>, %g: tensor<2xf32>) {
  // expected-error@+1 {{'nn.rms_norm' op expected a gain of the size of the last axis, found 'tensor<2xf32>'}}
  %y = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<2x3xf32>
  return
}

// -----

func.func @rms_norm_c2_negative(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.rms_norm' op expected a finite epsilon that is not negative}}
  %y = nn.rms_norm %x epsilon -1.0e-5 : tensor<2x3xf32>
  return
}

// -----

func.func @rms_norm_c2_nan(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.rms_norm' op expected a finite epsilon that is not negative}}
  %y = nn.rms_norm %x epsilon 0x7FC00000 : tensor<2x3xf32>
  return
}

// -----

func.func @silu_unranked(%x: tensor<*xf32>) {
  // expected-error@+1 {{invalid kind of type specified: expected builtin.tensor, but found 'tensor<*xf32>'}}
  %y = nn.silu %x : tensor<*xf32>
  return
}

// -----

func.func @rotary_table_c1(%f: tensor<4xf32>, %p: index, %n: index) {
  // expected-error@+1 {{'nn.rotary_table' op expected tables with a column for each frequency, found 'tensor<?x8xf32>'}}
  %c, %s = nn.rotary_table %f from %p length %n : tensor<4xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @rotary_embedding_c1_odd(%x: tensor<2x1x5xf32>, %c: tensor<2x2xf32>) {
  // expected-error@+1 {{'nn.rotary_embedding' op expected an even head size and tables of half as many columns, found 'tensor<2x1x5xf32>' and 'tensor<2x2xf32>'}}
  %y = nn.rotary_embedding %x, %c, %c : tensor<2x1x5xf32>, tensor<2x2xf32>
  return
}

// -----

func.func @rotary_embedding_c1_columns(%x: tensor<2x1x4xf32>, %c: tensor<2x4xf32>) {
  // expected-error@+1 {{'nn.rotary_embedding' op expected an even head size and tables of half as many columns, found 'tensor<2x1x4xf32>' and 'tensor<2x4xf32>'}}
  %y = nn.rotary_embedding %x, %c, %c : tensor<2x1x4xf32>, tensor<2x4xf32>
  return
}

// -----

func.func @rotary_embedding_c2(%x: tensor<2x1x4xf32>, %c: tensor<3x2xf32>) {
  // expected-error@+1 {{'nn.rotary_embedding' op expected as many tokens in the tables as in the input}}
  %y = nn.rotary_embedding %x, %c, %c : tensor<2x1x4xf32>, tensor<3x2xf32>
  return
}

// -----

func.func @cache_update_c1_heads(%k: tensor<?x1x4xf32>, %c: tensor<8x2x4xf32>, %p: index) {
  // expected-error@+1 {{'nn.cache_update' op expected the same heads and head size in input and cache, found 'tensor<?x1x4xf32>' and 'tensor<8x2x4xf32>'}}
  %r = nn.cache_update %k into %c at %p : tensor<?x1x4xf32> into tensor<8x2x4xf32>
  return
}

// -----

func.func @cache_update_c1_head_size(%k: tensor<?x2x2xf32>, %c: tensor<8x2x4xf32>, %p: index) {
  // expected-error@+1 {{'nn.cache_update' op expected the same heads and head size in input and cache, found 'tensor<?x2x2xf32>' and 'tensor<8x2x4xf32>'}}
  %r = nn.cache_update %k into %c at %p : tensor<?x2x2xf32> into tensor<8x2x4xf32>
  return
}

// -----

func.func @cache_update_c2(%k: tensor<?x2x4xf32>, %c: tensor<?x2x4xf32>, %p: index) {
  // expected-error@+1 {{'nn.cache_update' op expected a cache of static shape, found 'tensor<?x2x4xf32>'}}
  %r = nn.cache_update %k into %c at %p : tensor<?x2x4xf32> into tensor<?x2x4xf32>
  return
}

// -----

func.func @attention_c1(%q: tensor<?x4x4xf32>, %k: tensor<8x2x4xf32>, %v: tensor<4x2x4xf32>, %p: index) {
  // expected-error@+1 {{'nn.attention' op failed to verify that all of {keys, values} have same type}}
  %o = "nn.attention"(%q, %k, %v, %p) {scale = 1.0 : f32}
      : (tensor<?x4x4xf32>, tensor<8x2x4xf32>, tensor<4x2x4xf32>, index) -> tensor<?x4x4xf32>
  return
}

// -----

func.func @attention_c2_head_size(%q: tensor<?x4x2xf32>, %k: tensor<8x2x4xf32>, %p: index) {
  // expected-error@+1 {{'nn.attention' op expected the same head size in query and keys, found 'tensor<?x4x2xf32>' and 'tensor<8x2x4xf32>'}}
  %o = nn.attention %q, %k, %k at %p scale 1.0 : tensor<?x4x2xf32>, tensor<8x2x4xf32>
  return
}

// -----

func.func @attention_c2_heads(%q: tensor<?x3x4xf32>, %k: tensor<8x2x4xf32>, %p: index) {
  // expected-error@+1 {{'nn.attention' op expected query heads that are a multiple of the key heads, found 'tensor<?x3x4xf32>' and 'tensor<8x2x4xf32>'}}
  %o = nn.attention %q, %k, %k at %p scale 1.0 : tensor<?x3x4xf32>, tensor<8x2x4xf32>
  return
}

// -----

func.func @attention_c2_no_heads(%q: tensor<?x?x4xf32>, %k: tensor<8x0x4xf32>, %p: index) {
  // expected-error@+1 {{'nn.attention' op expected query heads that are a multiple of the key heads, found 'tensor<?x?x4xf32>' and 'tensor<8x0x4xf32>'}}
  %o = nn.attention %q, %k, %k at %p scale 1.0 : tensor<?x?x4xf32>, tensor<8x0x4xf32>
  return
}

// -----

func.func @attention_c3_zero(%q: tensor<?x4x4xf32>, %k: tensor<8x2x4xf32>, %p: index) {
  // expected-error@+1 {{'nn.attention' op expected a finite, positive scale}}
  %o = nn.attention %q, %k, %k at %p scale 0.0 : tensor<?x4x4xf32>, tensor<8x2x4xf32>
  return
}

// -----

func.func @attention_c3_infinite(%q: tensor<?x4x4xf32>, %k: tensor<8x2x4xf32>, %p: index) {
  // expected-error@+1 {{'nn.attention' op expected a finite, positive scale}}
  %o = nn.attention %q, %k, %k at %p scale 0x7F800000 : tensor<?x4x4xf32>, tensor<8x2x4xf32>
  return
}

// -----

func.func @unfold_c1_count(%x: tensor<?x8x8x4xf32>) {
  // expected-error@+1 {{'nn.unfold' op expected two numbers from 1 to 2^20 as kernel, strides and dilations}}
  %r = nn.unfold %x kernel [3] : tensor<?x8x8x4xf32> -> tensor<?x12xf32>
  return
}

// -----

func.func @unfold_c1_zero(%x: tensor<?x8x8x4xf32>) {
  // expected-error@+1 {{'nn.unfold' op expected two numbers from 1 to 2^20 as kernel, strides and dilations}}
  %r = nn.unfold %x kernel [3, 3] strides [0, 1] : tensor<?x8x8x4xf32> -> tensor<?x36xf32>
  return
}

// -----

func.func @unfold_c1_large(%x: tensor<?x8x8x4xf32>) {
  // expected-error@+1 {{'nn.unfold' op expected two numbers from 1 to 2^20 as kernel, strides and dilations}}
  %r = nn.unfold %x kernel [3, 3] dilations [1, 9223372036854775807] : tensor<?x8x8x4xf32> -> tensor<?x36xf32>
  return
}

// -----

func.func @unfold_c2_rank(%x: tensor<8x8x4xf32>) {
  // expected-error@+1 {{'nn.unfold' op expected an input of rank 4, found 'tensor<8x8x4xf32>'}}
  %r = nn.unfold %x kernel [3, 3] : tensor<8x8x4xf32> -> tensor<?x36xf32>
  return
}

// -----

func.func @unfold_c2_fit(%x: tensor<?x8x4x4xf32>) {
  // expected-error@+1 {{'nn.unfold' op expected windows that fit into the image, found 'tensor<?x8x4x4xf32>'}}
  %r = nn.unfold %x kernel [3, 3] dilations [1, 2] : tensor<?x8x4x4xf32> -> tensor<?x36xf32>
  return
}

// -----

func.func @unfold_c3_columns(%x: tensor<?x8x8x4xf32>) {
  // expected-error@+1 {{'nn.unfold' op expected rows of type 'tensor<?x36xf32>', found 'tensor<?x12xf32>'}}
  %r = nn.unfold %x kernel [3, 3] : tensor<?x8x8x4xf32> -> tensor<?x12xf32>
  return
}

// -----

func.func @unfold_c3_rows(%x: tensor<2x8x8x4xf32>) {
  // expected-error@+1 {{'nn.unfold' op expected rows of type 'tensor<18x36xf32>', found 'tensor<72x36xf32>'}}
  %r = nn.unfold %x kernel [3, 3] strides [2, 2] : tensor<2x8x8x4xf32> -> tensor<72x36xf32>
  return
}

// -----

func.func @unfold_c3_overflow(%x: tensor<4611686018427387904x8x8x4xf32>) {
  // expected-error@+1 {{'nn.unfold' op expected fewer than 2^63 elements along each axis}}
  %r = nn.unfold %x kernel [3, 3] : tensor<4611686018427387904x8x8x4xf32> -> tensor<?x36xf32>
  return
}

// -----

#pixels = #quench.scheme<i8, block = [1, 1, 1, *], scale = f32>
#rows = #quench.scheme<i8, block = [*, *], scale = f32>
func.func @unfold_c4_pixels(%x: !quench.qtensor<?x8x8x4xf32, #pixels>) {
  // expected-error@+1 {{'nn.unfold' op expected one scale for all elements, found '!quench.qtensor<?x8x8x4xf32,}}
  %r = nn.unfold %x kernel [3, 3] : !quench.qtensor<?x8x8x4xf32, #pixels> -> !quench.qtensor<?x36xf32, #rows>
  return
}

// -----

#images = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#each = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @unfold_c4_result(%x: !quench.qtensor<?x8x8x4xf32, #images>) {
  // expected-error@+1 {{'nn.unfold' op expected rows of type '!quench.qtensor<?x36xf32,}}
  %r = nn.unfold %x kernel [3, 3] : !quench.qtensor<?x8x8x4xf32, #images> -> !quench.qtensor<?x36xf32, #each>
  return
}
