// RUN: quench-opt %s --quench-lower-kernel-calls --split-input-file --verify-diagnostics

// The kernel is not there.
func.func @missing(%x: memref<8xf32>) {
  // expected-error@+1 {{'quench.kernel_call' op expected a bufferized call of a kernel with as many parameters}}
  quench.kernel_call @kernel() into(%x : memref<8xf32>)
  return
}

// -----

// Another number of parameters.
func.func private @kernel(memref<8xf32>, memref<8xf32>)
func.func @count(%x: memref<8xf32>) {
  // expected-error@+1 {{expected a bufferized call of a kernel with as many parameters}}
  quench.kernel_call @kernel() into(%x : memref<8xf32>)
  return
}

// -----

// Tensors have to be bufferized first.
func.func private @kernel(memref<8xf32>)
func.func @tensors(%x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error@+1 {{expected a bufferized call of a kernel with as many parameters}}
  %y = quench.kernel_call @kernel() into(%x : tensor<8xf32>) -> tensor<8xf32>
  return %y : tensor<8xf32>
}

// -----

// Types that do not cast.
func.func private @kernel(memref<9xf32>)
func.func @types(%x: memref<8xf32>) {
  // expected-error@+1 {{expected an operand that casts to 'memref<9xf32>', found 'memref<8xf32>'}}
  quench.kernel_call @kernel() into(%x : memref<8xf32>)
  return
}
