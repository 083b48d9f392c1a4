//===- Passes.td - Passes that calibrate and quantize models -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TRANSFORMS_PASSES_TD
#define QUENCH_TRANSFORMS_PASSES_TD

include "quench/Workspace/WorkspaceOptions.td"

include "mlir/Pass/PassBase.td"

def InsertObserversPass : Pass<"quench-insert-observers", "::mlir::ModuleOp"> {
  let summary = "Watch the activations of everything that can be quantized";
  let description = [{
    Puts a `quench.observe` on the activation operand of every op with `QuantizableOpInterface`, one for each value.
    An edge is named after the layers that read it: one layer gives its own name, several give their common module and
    the sorted rest. Layers are named by the key of their weight, else by the name of their location, else by a number.
    A value that is observed already is left alone.

    ```mlir
    quench.observe %x as "model.layers.0.self_attn.{k_proj,q_proj,v_proj}" : tensor<?x256xf32>
    %q = nn.linear %x, %wq : tensor<?x256xf32>, tensor<256x256xf32> -> tensor<?x256xf32>
    ```
  }];
  let dependentDialects = ["::quench::QuenchDialect"];
}

def AnnotateCalibrationPass : Pass<"quench-annotate-calibration", "::mlir::ModuleOp"> {
  let summary = "Write what calibration saw onto the observers";
  let description = [{
    Gives every `quench.observe` the range of its edge from the statistics of the workspace. An archive that is
    unfinished, that misses an edge, or that was made from other weights than those of `weights` is an error, and
    nothing changes.

    ```mlir
    quench.observe %x as "model.layers.0.mlp.down_proj" range [-3.5, 4.25] : tensor<?x768xf32>
    ```
  }];
  let options = WorkspaceOptions.options;
}

def StripObserversPass : Pass<"quench-strip-observers", "::mlir::ModuleOp"> {
  let summary = "Remove all observers";
}

def QuantizePass : Pass<"quench-quantize", "::mlir::ModuleOp"> {
  let summary = "Quantize weights and activations as a recipe says, in QDQ form";
  let description = [{
    Weights are rounded to nearest and become `quench.weight` of quantized type with a `quench.dequantize`; constants in
    the IR become a `quench.assemble` of codes and scales. Activations get a `quench.quantize` / `quench.dequantize`
    pair, shared by all layers that want the same one; static scales come from the range on the observer of the value.
    The float ops stay as they are.

    Weights that are codes already are left alone, and their layers get activations all the same. Codes and scales are
    added to the weights of the workspace, one layer at a time. With `output` the tensors that the module then refers
    to are written to a file; a pass that has no workspace attached and a weight store needs it. Every layer that is not quantized has a `missed` remark with the reason, every other one a `passed` remark with
    its formats and the signal-to-noise ratio of its weights.

    ```mlir
    %0 = quench.weight @model.layers.0.mlp.up_proj.weight : !quench.qtensor<768x256xf32, #w4>
    %w = quench.dequantize %0 : !quench.qtensor<768x256xf32, #w4> to tensor<768x256xf32>
    %1 = quench.quantize %x : tensor<?x256xf32> to !quench.qtensor<?x256xf32, #a8>
    %y = quench.dequantize %1 : !quench.qtensor<?x256xf32, #a8> to tensor<?x256xf32>
    %z = nn.linear %y, %w : tensor<?x256xf32>, tensor<768x256xf32> -> tensor<?x768xf32>
    ```

    When it fails the IR is unchanged and no output file appears, unless it is the output that cannot be written.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = WorkspaceOptions.options # [
    Option<"output", "output", "std::string", "\"\"", "The safetensors file to write">
  ];
}

#endif // QUENCH_TRANSFORMS_PASSES_TD
