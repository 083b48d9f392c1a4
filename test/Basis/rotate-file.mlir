// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/learned R1=2x2:0.6,0.8,-0.8,0.6
// DEFINE: %{rotate} = quench-opt %s --quench-rotate='kind=file r2=false r3=false r4=false matrices=%t
// RUN: %{rotate}/learned' | FileCheck %s
// RUN: %{rotate}/learned' --quench-fold-weights | FileCheck %s --check-prefix=FOLDED

// A matrix that somebody has learned (SpinQuant), in a safetensors file. The residual stream lives in the basis x' = x R1, and the
// function is what it was: the rows of the table are multiplied, and the columns of what reads the stream.
// CHECK:       #[[$R1:.+]] = #quench.orthogonal<dense<{{\[\[}}6.0{{0+}}e-01, 8.0{{0+}}e-01], [-8.0{{0+}}e-01, 6.0{{0+}}e-01]]> : tensor<2x2xf32>>
// CHECK-LABEL: func.func @forward(
// FOLDED-LABEL: func.func @forward(
func.func @forward(%tokens: tensor<?xi32>) -> tensor<?x1xf32> {
  // CHECK:       %[[TABLE:.+]] = quench.change_basis %{{.+}} by #[[$R1]] axes [1] : tensor<3x2xf32>
  // FOLDED-DAG:  arith.constant dense<{{\[\[}}6.0{{0+}}e-01, 8.0{{0+}}e-01], [-8.0{{0+}}e-01, 6.0{{0+}}e-01], [-1.6{{0+}}e+00, 1.2{{0+}}e+00]]>
  // FOLDED-DAG:  arith.constant dense<{{\[\[}}6.0{{0+}}e-01, 8.0{{0+}}e-01]]>
  // FOLDED-NOT:  quench.change_basis
  %table = arith.constant dense<[[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]]> : tensor<3x2xf32>
  %w = arith.constant dense<[[1.0, 0.0]]> : tensor<1x2xf32>
  // CHECK:       %[[X:.+]] = nn.embedding %[[TABLE]]
  %x = nn.embedding %table[%tokens] : tensor<3x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  // CHECK:       %[[N:.+]] = nn.rms_norm %[[X]]
  %n = nn.rms_norm %x epsilon 1.0e-5 : tensor<?x2xf32>
  // CHECK:       %[[W:.+]] = quench.change_basis %{{.+}} by #[[$R1]] axes [1] : tensor<1x2xf32>
  // CHECK:       nn.linear %[[N]], %[[W]]
  %y = nn.linear %n, %w : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

// Files that are no help. None of them changes the module.
// RUN: not %{rotate}/absent' --mlir-print-ir-after-failure 2>&1 | FileCheck %s --implicit-check-not=quench.change_basis --check-prefix=ABSENT
// ABSENT: error: {{.*}}absent: {{.+}}
// RUN: printf 'R1' > %t/text && not %{rotate}/text' --mlir-print-ir-after-failure 2>&1 | FileCheck %s --implicit-check-not=quench.change_basis --check-prefix=TEXT
// TEXT: error: {{.*}}text: {{.+}}
// RUN: head -c 80 %t/learned > %t/truncated && not %{rotate}/truncated' --mlir-print-ir-after-failure 2>&1 | FileCheck %s --implicit-check-not=quench.change_basis --check-prefix=TRUNCATED
// TRUNCATED: error: {{.*}}truncated: {{.+}}
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/others R2=2x2:0.6,0.8,-0.8,0.6
// RUN: not %{rotate}/others' --mlir-print-ir-after-failure 2>&1 | FileCheck %s --implicit-check-not=quench.change_basis --check-prefix=OTHERS
// OTHERS: error: r1: {{.*}}others: expected a tensor 'R1', found none
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/large R1=4x4
// RUN: not %{rotate}/large' --mlir-print-ir-after-failure 2>&1 | FileCheck %s --implicit-check-not=quench.change_basis --check-prefix=LARGE
// LARGE: error: r1: {{.*}}large: tensor 'R1': expected shape [2, 2], found [4, 4]
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/integers R1=2x2:i32
// RUN: not %{rotate}/integers' --mlir-print-ir-after-failure 2>&1 | FileCheck %s --implicit-check-not=quench.change_basis --check-prefix=INTEGERS
// INTEGERS: error: r1: {{.*}}integers: tensor 'R1': expected floating-point elements, found I32
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/nan R1=2x2:0.6,0.8,-0.8,nan
// RUN: not %{rotate}/nan' --mlir-print-ir-after-failure 2>&1 | FileCheck %s --implicit-check-not=quench.change_basis --check-prefix=NAN
// NAN: error: r1: {{.*}}nan: tensor 'R1': expected finite values, found nan at [1, 1]
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/skewed R1=2x2:0.6,0.8,-0.8,0.7
// RUN: not %{rotate}/skewed' --mlir-print-ir-after-failure 2>&1 | FileCheck %s --implicit-check-not=quench.change_basis --check-prefix=SKEWED
// SKEWED: error: r1: {{.*}}skewed: tensor 'R1': {{.*}}orthogonal{{.*}}
