// RUN: quench-opt %s --convert-nn-to-linalg | FileCheck %s
// RUN: quench-opt %s --quench-verify-equivalence=passes=convert-nn-to-linalg -o /dev/null

// Sum of squares, root of the mean, a true division, the gain.
// CHECK-LABEL: func.func @rms_norm_divides_by_the_root(
// CHECK-SAME: %[[X:.+]]: tensor<?x64xf32>, %[[GAIN:.+]]: tensor<64xf32>)
// CHECK-DAG: %[[COUNT:.+]] = arith.constant 6.400000e+01 : f32
// CHECK-DAG: %[[EPSILON:.+]] = arith.constant 9.99999974E-6 : f32
// CHECK: %[[SUM:.+]] = linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[X]] : tensor<?x64xf32>)
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: %[[ROOT:.+]] = linalg.generic {{.*}} ins(%[[SUM]] : tensor<?xf32>)
// CHECK: %[[MEAN:.+]] = arith.divf %{{.+}}, %[[COUNT]] : f32
// CHECK: %[[SHIFTED:.+]] = arith.addf %[[MEAN]], %[[EPSILON]] : f32
// CHECK: math.sqrt %[[SHIFTED]] : f32
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[ROOT]], %[[GAIN]] : tensor<?x64xf32>, tensor<?xf32>, tensor<64xf32>)
// CHECK: %[[NORMAL:.+]] = arith.divf
// CHECK: arith.mulf %[[NORMAL]],
func.func @rms_norm_divides_by_the_root(%x: tensor<?x64xf32>, %g: tensor<64xf32>) -> tensor<?x64xf32> {
  %y = nn.rms_norm %x gain(%g : tensor<64xf32>) epsilon 1.0e-5 : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// The number of columns is counted at run time where the type does not say it.
// CHECK-LABEL: func.func @rms_norm_of_dynamic_width(
// CHECK: %[[WIDTH:.+]] = tensor.dim
// CHECK: %[[INTEGER:.+]] = arith.index_cast %{{.+}} : index to i64
// CHECK: arith.sitofp %[[INTEGER]] : i64 to f32
func.func @rms_norm_of_dynamic_width(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %y = nn.rms_norm %x epsilon 0.0 : tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// CHECK-LABEL: func.func @silu_of_any_rank(
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel"]}
// CHECK: ^bb0(%[[X:.+]]: f32, %{{.+}}: f32):
// CHECK: %[[NEGATED:.+]] = arith.negf %[[X]] : f32
// CHECK: %[[POWER:.+]] = math.exp %[[NEGATED]] : f32
// CHECK: %[[SUM:.+]] = arith.addf %{{.+}}, %[[POWER]] : f32
// CHECK: arith.divf %[[X]], %[[SUM]] : f32
func.func @silu_of_any_rank(%x: tensor<?x2x?xf32>) -> tensor<?x2x?xf32> {
  %y = nn.silu %x : tensor<?x2x?xf32>
  return %y : tensor<?x2x?xf32>
}

// The mean, the sum of squares around it, and one pass over the elements for the rest.
// CHECK-LABEL: func.func @layer_norm_centres_and_divides(
// CHECK-SAME: %[[X:.+]]: tensor<?x64xf32>, %[[GAIN:.+]]: tensor<64xf32>, %[[BIAS:.+]]: tensor<64xf32>)
// CHECK: %[[SUM:.+]] = linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[X]] : tensor<?x64xf32>)
// CHECK: %[[MEAN:.+]] = linalg.generic {{.*}} ins(%[[SUM]] : tensor<?xf32>)
// CHECK: %[[SQUARES:.+]] = linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[X]], %[[MEAN]]
// CHECK: %[[ROOT:.+]] = linalg.generic {{.*}} ins(%[[SQUARES]] : tensor<?xf32>)
// CHECK: math.sqrt
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[MEAN]], %[[ROOT]], %[[GAIN]], %[[BIAS]] :
// CHECK: ^bb0(%[[IN:.+]]: f32, %[[M:.+]]: f32, %[[R:.+]]: f32, %[[G:.+]]: f32, %[[B:.+]]: f32, %{{.+}}: f32):
// CHECK: %[[CENTRED:.+]] = arith.subf %[[IN]], %[[M]] : f32
// CHECK: %[[NORMAL:.+]] = arith.divf %[[CENTRED]], %[[R]] : f32
// CHECK: %[[SCALED:.+]] = arith.mulf %[[NORMAL]], %[[G]] : f32
// CHECK: arith.addf %[[SCALED]], %[[B]] : f32
func.func @layer_norm_centres_and_divides(%x: tensor<?x64xf32>, %g: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<?x64xf32> {
  %y = nn.layer_norm %x gain(%g : tensor<64xf32>) bias(%b : tensor<64xf32>) epsilon 1.0e-5 : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @layer_norm_alone(
// CHECK: ^bb0(%[[IN:.+]]: f32, %[[M:.+]]: f32, %[[R:.+]]: f32, %[[OUT:.+]]: f32):
// CHECK-NEXT: %[[CENTRED:.+]] = arith.subf %[[IN]], %[[M]] : f32
// CHECK-NEXT: %[[NORMAL:.+]] = arith.divf %[[CENTRED]], %[[R]] : f32
// CHECK-NEXT: linalg.yield %[[NORMAL]]
func.func @layer_norm_alone(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %y = nn.layer_norm %x epsilon 1.0e-5 : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
