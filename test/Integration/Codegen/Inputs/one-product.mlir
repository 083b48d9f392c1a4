// A language model of one linear layer: logits are the rows of a table times a weight. K is no multiple of anything.
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<16x1x1xf32>)
    -> (tensor<?x21xf32>, tensor<16x1x1xf32>) attributes {nn.causal_lm} {
  %zero = arith.constant 0 : index
  %count = tensor.dim %tokens, %zero : tensor<?xi32>
  %rest = arith.subi %count, %first : index
  %table = quench.weight @table : tensor<21x77xf32>
  %x = nn.embedding %table[%tokens] : tensor<21x77xf32>, tensor<?xi32> -> tensor<?x77xf32>
  %last = tensor.extract_slice %x[%first, 0] [%rest, 77] [1, 1] : tensor<?x77xf32> to tensor<?x77xf32>
  %w = quench.weight @product.weight : tensor<21x77xf32>
  %b = quench.weight @product.bias : tensor<21xf32>
  %y = nn.linear %last, %w bias(%b) : tensor<?x77xf32>, tensor<21x77xf32>, tensor<21xf32> -> tensor<?x21xf32> loc("product")
  return %y, %cache : tensor<?x21xf32>, tensor<16x1x1xf32>
}
