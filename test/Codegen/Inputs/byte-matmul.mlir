// Two rows of weights times two of activations.
func.func @matmul(%a: vector<4xi32>, %w: vector<16xi8>, %x: vector<16xi8>) -> vector<4xi32> {
  %y = quench.byte_matmul %a, %w, %x signed : vector<4xi32>, vector<16xi8>
  return %y : vector<4xi32>
}
