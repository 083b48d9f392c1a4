// RUN: quench-opt %s --quench-strip-observers | FileCheck %s

// CHECK-LABEL: func.func @observers_go_and_nothing_else(
// CHECK-SAME:    %[[X:.+]]: tensor<?x8xf32>)
// CHECK-NEXT:    %[[Y:.+]] = nn.silu %[[X]]
// CHECK-NEXT:    return %[[Y]]
func.func @observers_go_and_nothing_else(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  quench.observe %x as "a" range [-1.0, 1.0] : tensor<?x8xf32>
  %y = nn.silu %x : tensor<?x8xf32>
  quench.observe %y as "b" : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
