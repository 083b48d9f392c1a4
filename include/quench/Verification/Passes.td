//===- Passes.td - Passes that hold other passes to their promises -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_VERIFICATION_PASSES_TD
#define QUENCH_VERIFICATION_PASSES_TD

include "mlir/Pass/PassBase.td"
include "quench/Workspace/WorkspaceOptions.td"

def VerifyEquivalencePass : Pass<"quench-verify-equivalence", "::mlir::ModuleOp"> {
  let summary = "Run passes and evaluate every function before and after each of them";
  let description = [{
    Runs `passes` one after the other. All functions are evaluated before and after each pass that promises to preserve
    what they compute, by the reference evaluator, which shares no code with any pass, on inputs that depend on their
    types alone (see ReferenceRun.h). A result that differs by more than `tolerance` of its largest magnitude is an
    error. The error is at the edge that broke: passes that move values to another basis have said what each value
    has to be, and it is the first in program order that is not.

    ```
    quench-opt model.mlir --quench-verify-equivalence='passes=quench-fold-norms,quench-rotate,quench-fold-weights'
    ```

    Passes that approximate, such as quench-quantize, are run and not held to anything. Each pass has a remark with the
    largest deviation of a result; with `certificate` the same is written as JSON, with all changes of basis:

    ```json
    {
      "largest_deviation": 1.2e-07, "tolerance": 1e-4,
      "passes": [
        {
          "pass": "quench-rotate", "preserves": true, "deviation": 1.2e-07,
          "rewrites": [
            {"edge": "nn.embedding", "map": "hadamard of 256", "values": 21, "absorbed": 29, "online": 0}
          ]
        }
      ]
    }
    ```

    `preserves` says that the pass is exact in real numbers; others are not compared. A module with ops that the evaluator does not know is an
    error. The IR does not change when there is an error.
  }];
  let options = WorkspaceOptions.options # [
    Option<"passes", "passes", "std::string", "\"\"", "The passes, as in --pass-pipeline">,
    Option<"rows", "rows", "int64_t", "7", "The size of dimensions that are open">,
    Option<"tolerance", "tolerance", "double", "1e-4", "The largest relative deviation of a result">,
    Option<"certificate", "certificate", "std::string", "\"\"", "A JSON file to write">
  ];
}

#endif // QUENCH_VERIFICATION_PASSES_TD
