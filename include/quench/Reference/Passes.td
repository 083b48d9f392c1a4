//===- Passes.td - The evaluator as a pass -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_REFERENCE_PASSES_TD
#define QUENCH_REFERENCE_PASSES_TD

include "mlir/Pass/PassBase.td"

def EvaluatePass : Pass<"quench-evaluate", "::mlir::ModuleOp"> {
  let summary = "Call a function without arguments on the reference evaluator and print its results";
  let description = [{
    Prints one line for each result on the standard output, with floats to nine digits, and leaves the module as it
    is. A test that runs it before and after another pass shows that the pass kept the meaning of the function:

    ```
    main.0: 2x3xf32 = [1, 2.5, -0, inf, nan, 0.100000001]
    main.1.codes: 1x4xi4 = [-8, 0, 7, 1]
    main.1.scales: 1x1xf32 = [0.5]
    main.2: index = 7
    ```
  }];
  let options = [
    Option<"entry", "entry", "std::string", /*default=*/"\"main\"", "The function to call; it takes no arguments">,
    Option<"weights", "weights", "std::string", /*default=*/"\"\"",
           "A safetensors file or a folder of them, for quench.weight">
  ];
}

#endif // QUENCH_REFERENCE_PASSES_TD
