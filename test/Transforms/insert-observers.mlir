// RUN: quench-opt %s --quench-insert-observers | FileCheck %s
// RUN: quench-opt %s --quench-insert-observers --quench-insert-observers | FileCheck %s

// One observer for each value, behind its definition, named after all layers that read it.
// CHECK-LABEL: func.func @attention(
// CHECK-SAME:    %[[X:.+]]: tensor<?x8xf32>, %[[G:.+]]: tensor<8xf32>)
func.func @attention(%x: tensor<?x8xf32>, %g: tensor<8xf32>) -> tensor<?x8xf32> {
  // CHECK:         %[[N:.+]] = nn.rms_norm %[[X]]
  // CHECK-NEXT:    quench.observe %[[N]] as "model.layers.0.self_attn.{k_proj,q_proj}" : tensor<?x8xf32>
  // CHECK-COUNT-2: nn.linear %[[N]]
  // CHECK:         %[[S:.+]] = arith.addf
  // CHECK-NEXT:    quench.observe %[[S]] as "model.layers.0.self_attn.o_proj" : tensor<?x8xf32>
  // CHECK-NEXT:    nn.linear %[[S]]
  // CHECK-NOT:     quench.observe
  %wq = quench.weight @model.layers.0.self_attn.q_proj.weight : tensor<8x8xf32>
  %wk = quench.weight @model.layers.0.self_attn.k_proj.weight : tensor<8x8xf32>
  %wo = quench.weight @model.layers.0.self_attn.o_proj.weight : tensor<8x8xf32>
  %n = nn.rms_norm %x gain(%g : tensor<8xf32>) epsilon 1.0e-5 : tensor<?x8xf32>
  %q = nn.linear %n, %wq : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %k = nn.linear %n, %wk : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %s = arith.addf %q, %k : tensor<?x8xf32>
  %o = nn.linear %s, %wo : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  return %o : tensor<?x8xf32>
}

// Without a key the name of the location counts, without that the number of the op in the module.
// CHECK-LABEL: func.func @layers_without_keys(
func.func @layers_without_keys(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x8xf32> {
  // CHECK-NEXT: quench.observe %{{.+}} as "gate"
  // CHECK:      %[[Y:.+]] = nn.linear
  // CHECK-NEXT: quench.observe %[[Y]] as "nn.linear#4"
  %y = nn.linear %x, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32> loc("gate")
  %z = nn.linear %y, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32> loc(unknown)
  return %z : tensor<?x8xf32>
}

// Two edges never have one name.
// CHECK-LABEL: func.func @shared_weight(
func.func @shared_weight(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK-NEXT: quench.observe %{{.+}} as "shared"
  // CHECK:      quench.observe %{{.+}} as "shared#2"
  %w = quench.weight @shared.weight : tensor<8x8xf32>
  %y = nn.linear %x, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %z = nn.linear %y, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// What is observed already stays as it is.
// CHECK-LABEL: func.func @negative_observed(
func.func @negative_observed(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK-NEXT: quench.observe %{{.+}} as "mine" range [-1.000000e+00, 1.000000e+00]
  // CHECK-NOT:  quench.observe
  quench.observe %x as "mine" range [-1.0, 1.0] : tensor<?x8xf32>
  %w = quench.weight @other.weight : tensor<8x8xf32>
  %y = nn.linear %x, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
