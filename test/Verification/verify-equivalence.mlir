// RUN: rm -rf %t && mkdir %t
// DEFINE: %{passes} =
// DEFINE: %{verify} = quench-opt %s --quench-verify-equivalence='passes=%{passes} certificate=%t/certificate.json'

// Every pass runs, and every function is evaluated before and after it.
// REDEFINE: %{passes} = quench-fold-norms,quench-rotate{r3=false},quench-fold-weights,func.func(canonicalize)
// RUN: %{verify} --remark-format=emitRemark --remarks-filter=quench-verify-equivalence 2> %t/remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t/remarks
// REMARK: [Passed] Equivalent | Category:quench-verify-equivalence | Deviation={{[0-9.]+e-(0[789]|1[0-9])|0.00e\+00}}, Pass=quench-fold-norms, Rewrites=1
// REMARK: [Passed] Equivalent | Category:quench-verify-equivalence | Deviation={{[0-9.]+e-(0[789]|1[0-9])}}, Pass=quench-rotate, Rewrites=2
// REMARK: [Passed] Equivalent | Category:quench-verify-equivalence | Deviation={{[0-9.]+e-(0[789]|1[0-9])}}, Pass=quench-fold-weights, Rewrites=0

// The certificate has the changes of basis, too.
// RUN: %python -c "import json; print(json.dumps(json.load(open(r'%t/certificate.json')), sort_keys=True))" | FileCheck %s --check-prefix=JSON
// JSON: {"largest_deviation": {{[0-9.e-]+}}, "passes": [
// JSON-SAME: {"deviation": {{[0-9.e-]+}}, "pass": "quench-fold-norms", "preserves": true, "rewrites": [{"absorbed": 1, "edge": "nn.rms_norm", "map": "inverse diagonal of 4", "online": 0, "values": 1}]}
// JSON-SAME: "pass": "quench-rotate", "preserves": true, "rewrites": [{"absorbed": 2, "edge": "nn.embedding", "map": "hadamard of 4", "online": 0, "values": 2}, {"absorbed": 1, "edge": "nn.silu", "map": "hadamard of 2", "online": 1, "values": 1}]
// JSON-SAME: "tolerance": 0.0001}

// A pass that rounds is run, and not held to anything.
// REDEFINE: %{passes} = quench-quantize
// RUN: quench-opt %s --quench-verify-equivalence='passes=quench-quantize recipe=w8a8-dynamic' --remark-format=emitRemark --remarks-filter=quench-verify-equivalence -o /dev/null 2>&1 | FileCheck %s --check-prefix=ROUND
// ROUND: [Passed] NotCompared | Category:quench-verify-equivalence | Pass=quench-quantize, Rewrites=0

// Lowerings are verified like any pass.
// REDEFINE: %{passes} = convert-nn-to-linalg
// RUN: %{verify} -o /dev/null --remark-format=emitRemark --remarks-filter=quench-verify-equivalence 2>&1 | FileCheck %s --check-prefix=LOWERED
// LOWERED: [Passed] Equivalent | {{.*}}Deviation={{[0-9.]+e-(0[789]|1[0-9])}}, Pass=convert-nn-to-linalg

// What the evaluator does not know cannot be verified. The IR does not change then.
// REDEFINE: %{passes} = convert-nn-to-linalg,one-shot-bufferize
// RUN: not %{verify} -o /dev/null 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: cannot evaluate the module after pass 'one-shot-bufferize': @forward: {{.+}} is not known to the reference evaluator

// REDEFINE: %{passes} = quench-no-such-pass
// RUN: not %{verify} -o /dev/null 2>&1 | FileCheck %s --check-prefix=PIPELINE
// PIPELINE: error: option 'passes': expected a pass pipeline, found 'quench-no-such-pass'

// CHECK-LABEL: func.func @forward
func.func @forward(%tokens: tensor<?xi32>) -> tensor<?x1xf32> {
  %table = arith.constant dense<[[1.0, 2.0, 3.0, -4.0], [4.0, 3.0, 1.0, 2.0], [0.5, 1.0, 0.0, 1.0]]> : tensor<3x4xf32>
  %w = arith.constant dense<[[1.0, 2.0, -3.0, 4.0], [4.0, 3.0, 1.0, 2.0]]> : tensor<2x4xf32>
  %v = arith.constant dense<[[2.0, 3.0]]> : tensor<1x2xf32>
  %g = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %x = nn.embedding %table[%tokens] : tensor<3x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
  // CHECK: nn.rms_norm %{{.+}} epsilon
  %n = nn.rms_norm %x gain(%g : tensor<4xf32>) epsilon 1.0e-5 : tensor<?x4xf32>
  %h = nn.linear %n, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  %a = nn.silu %h : tensor<?x2xf32>
  // CHECK: quench.change_basis %{{.+}} by #quench.hadamard<2>
  %y = nn.linear %a, %v : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}
