//===- Passes.td - Passes from QDQ models to calls of kernels -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_PASSES_TD
#define QUENCH_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

def AttachTargetPass : Pass<"quench-attach-target", "::mlir::ModuleOp"> {
  let summary = "Say what the module is compiled for";
  let description = [{
    The device `"CPU"` of the module's `dlti.target_system_spec` becomes that of a target: what it multiplies natively and
    how fast, its registers, caches and bandwidth. The passes that generate code look it up there.

    ```mlir
    module attributes {dlti.target_system_spec = #dlti.target_system_spec<
      "CPU" = #dlti.target_device_spec<"name" = "x86-avx2", "vector_width" = 256 : i64, ...>>} { ... }
    ```
  }];
  let dependentDialects = ["::mlir::DLTIDialect"];
  let options = [
    Option<"target", "target", "std::string", "\"host\"",
           "A target that `quench targets` lists, or a file of IR with such an attribute">
  ];
}

def LegalizePass : Pass<"quench-legalize", "::mlir::ModuleOp"> {
  let summary = "Fuse float contractions of dequantized operands into contractions of codes";
  let description = [{
    For each `nn.linear` with a `quench.dequantize`d weight, searches what the target of the module can do with it
    (quench/Codegen/ContractionPlan.h) and says in remarks what it chose, at which predicted time, and why not the others:

    - products of codes with an i32 accumulator, if both sides are integers (or weights of four bits that stand for
      multiples of one unit, which are looked up) and the largest possible block sum fits: exact and the same on all
      targets, so it is taken wherever it is possible. The ranges of both sides prove that for 33,000 products of
      bytes and more; beyond, the codes of the weight do, if the store in `weights` has them;
    - an f32 accumulator otherwise, in the form that costs least: activations as fixed point, weights decoded in
      registers, or weights decoded when they are packed.

    A `quench.contract` that is there already gets its realization in the same way.

    ```mlir
    %x = quench.dequantize %xq : !quench.qtensor<?x64xf32, #a8> to tensor<?x64xf32>
    %w = quench.dequantize %wq : !quench.qtensor<96x64xf32, #w4> to tensor<96x64xf32>
    %y = nn.linear %x, %w : tensor<?x64xf32>, tensor<96x64xf32> -> tensor<?x96xf32>
    // becomes
    %y = quench.contract %xq, %wq accumulator i32 by <codes, container = i4, product = "vpdpbusd"> : ...
    ```
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = [
    Option<"weights", "weights", "std::string", "\"\"",
           "A weight store, for proofs of sums that take the codes themselves">
  ];
}

def VerifyLegalPass : Pass<"quench-verify-legal", "::mlir::ModuleOp"> {
  let summary = "Prove that the target can compute every contraction as the IR says";
  let description = [{
    Changes nothing. An error at every `quench.contract` without a realization, with an instruction that the target of
    the module does not have, with a form that is out of the question for these operands (an accumulator that may
    overflow, say) or a container that no kernel reads, and at every float contraction on a target that multiplies no
    floats. Code generation runs it behind `quench-legalize`, so IR that somebody else legalized is checked, too.

    ```mlir
    // error: target x86-avx2 has no product "vpdpbusd"
    %y = quench.contract %xq, %wq accumulator i32 by <codes, container = i4, product = "vpdpbusd"> : ...
    ```
  }];
  let options = [
    Option<"weights", "weights", "std::string", "\"\"",
           "A weight store, for proofs of sums that take the codes themselves">
  ];
}

def StoreCacheCodesPass : Pass<"quench-store-cache-codes", "::mlir::ModuleOp"> {
  let summary = "Hold codes in key/value caches";
  let description = [{
    A cache of the `nn.causal_lm` function whose entries are quantized and dequantized before they enter holds the codes
    instead, as rows of bytes that attention dequantizes when it reads them. The argument of the function and its result
    change their types; what it computes has the same bits.

    ```mlir
    %d = quench.dequantize %q : !quench.qtensor<?x2x64xf32, #kv4> to tensor<?x2x64xf32>
    %keys = nn.cache_update %d into %cache at %at : tensor<?x2x64xf32> into tensor<512x2x64xf32>
    // becomes
    %b = quench.pack_rows %q lanes 16 : !quench.qtensor<?x2x64xf32, #kv4> -> tensor<?x2x40xi8>
    %c = tensor.insert_slice %b into %cache[%at, 0, 0] [%n, 2, 40] [1, 1, 1] : tensor<?x2x40xi8> into tensor<512x2x40xi8>
    %u = quench.unpack_rows %c lanes 16 : tensor<512x2x40xi8> -> !quench.qtensor<512x2x64xf32, #kv4>
    %keys = quench.dequantize %u : !quench.qtensor<512x2x64xf32, #kv4> to tensor<512x2x64xf32>
    ```

    A cache that something but attention reads, or whose format has no kernel, stays as it is, with the reason. Keys and
    values of an attention change together.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

def SelectKernelsPass : Pass<"quench-select-kernels", "::mlir::ModuleOp"> {
  let summary = "Replace operations by calls of kernels generated for a target";
  let description = [{
    Every operation that a kernel computes becomes a `quench.kernel_call` of it; a kernel is emitted once for each
    class of shapes and formats. Weights of contractions become `quench.packed_weight`. Operations that no kernel
    computes stay for the lowerings to linalg.
  }];
  let dependentDialects = [
    "::quench::QuenchDialect", "::mlir::amx::AMXDialect", "::mlir::arith::ArithDialect",
    "::mlir::arm_neon::ArmNeonDialect", "::mlir::arm_sme::ArmSMEDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::mlir::vector::VectorDialect", "::mlir::x86vector::X86VectorDialect"
  ];
}

def PrepareEntryPass : Pass<"quench-prepare-entry", "::mlir::ModuleOp"> {
  let summary = "Give the model a function on buffers that checks its arguments";
  let description = [{
    The `nn.causal_lm` function becomes private, and `quench_run` is added:

    ```mlir
    func.func @quench_run(%tokens: memref<?xi32>, %position: index, %first: index, %state: memref<?xi8>,
                          %logits: memref<?xVxf32>) -> i32
    ```

    The caches are consecutive in `state`, each at a multiple of 64 bytes, and are updated in place; the function says in
    `quench.state_bytes` how many bytes they are. The result is 0, or 1 for a token outside the vocabulary, 2 for more
    tokens than the caches hold, 3 for a `first` beyond the tokens; then nothing was written.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect", "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"
  ];
}

def PrepareFunctionPass : Pass<"quench-prepare-function", "::mlir::ModuleOp"> {
  let summary = "Give a function on tensors buffers for arguments and results";
  let description = [{
    The function becomes `quench_call`. Its tensor arguments become buffers that are only read; every result is copied
    into a buffer of its own behind the arguments. It returns 0, or `r + 1` if result `r` is the first one that does
    not have the shape of its buffer; then no result was written.

    ```mlir
    func.func @f(%x: tensor<?x4xf32>, %n: index) -> tensor<?x8xf32>
    // becomes
    func.func @quench_call(%x: memref<?x4xf32>, %n: index, %result: memref<?x8xf32>) -> i32
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect", "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
  let options = [
    Option<"function", "function", "std::string", """", "The name of the function">
  ];
}

def PackWeightsPass : Pass<"quench-pack-weights", "::mlir::ModuleOp"> {
  let summary = "Read weights from the store and lay them out for the kernels";
  let description = [{
    `quench.weight` and `quench.packed_weight` become external `memref.global`s; their contents, read from the weight
    store and packed, are handed to the caller.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect"];
  let options = [
    Option<"weights", "weights", "std::string", "\"\"", "The weight store: a safetensors file or a folder">
  ];
}

def LowerObserversPass : Pass<"quench-lower-observers", "::mlir::ModuleOp"> {
  let summary = "Turn observers into calls of a function of the host";
  let description = [{
    `quench.observe %x as "name"` becomes a call of the external `quench_observe(i64, memref<*xf32>)`, whose first
    argument is the index of the name in the attribute `quench.names` of that function.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect", "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect"
  ];
}

def LowerByteDotsPass : Pass<"quench-lower-byte-dots", "::mlir::ModuleOp"> {
  let summary = "Turn byte dot products into instructions of the target";
  let description = [{
    `quench.byte_dot` becomes the fastest product of bytes that the target lists: `vpdpbusd` (AVX-512 VNNI, AVX-VNNI),
    `sdot`, `usdot` or `smull` (NEON), or `vpmaddwd` on bytes widened to 16 bits, which unlike `vpmaddubsw` cannot
    saturate. Where that has no instruction in one step but left sides are proved small (codes of four bits are), sums are
    made with `vpmaddubsw` or `smlal` in 16 bits and widened when they might not fit any more. `quench.byte_matmul` becomes
    `usmmla`, `quench.byte_lookup` `pshufb` or `tbl`. LLVM does not form these from portable vector code.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::vector::VectorDialect"
  ];
}

def LowerTilesPass : Pass<"quench-lower-tiles", "::mlir::ModuleOp"> {
  let summary = "Turn AMX tiles into intrinsics, those that loops carry included";
  let description = [{
    Ops of the `amx` dialect become LLVM intrinsics as upstream lowers them, and `scf` loops and branches carry
    `!llvm.x86_amx`. LLVM configures the tile unit for the sizes of the tiles.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def LowerKernelCallsPass : Pass<"quench-lower-kernel-calls", "::mlir::ModuleOp"> {
  let summary = "Turn bufferized kernel calls into function calls";
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect"];
}

def PlanMemoryPass : Pass<"quench-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Let buffers of a function share memory";
  let description = [{
    The `memref.alloc`s of a function's entry block are grouped by their dynamic size. Each group becomes one
    allocation in which buffers that are not live at the same time overlap: a function then allocates once for each
    size and not once for each operation. Buffers with several dynamic sizes, and those that escape, are left alone.

    ```mlir
    %a = memref.alloc(%n) : memref<?x256xf32>   // used by the next two operations
    %b = memref.alloc(%n) : memref<?x768xf32>
    // becomes
    %bytes = arith.muli %n, %c4096
    %arena = memref.alloc(%bytes) {alignment = 64} : memref<?xi8>
    %a = memref.view %arena[%offset][%n] : memref<?xi8> to memref<?x256xf32>
    ...
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def ExpandCopiesPass : Pass<"quench-expand-copies", "::mlir::ModuleOp"> {
  let summary = "Turn copies between strided buffers into loops";
  let description = [{
    `memref.copy` of buffers that are not dense, such as keys of new tokens into their place in the cache, would call
    a runtime library that compiled models do not have. It becomes `linalg.copy`; dense copies stay and become memcpy.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def HoistAllocasPass : Pass<"quench-hoist-allocas", "::mlir::ModuleOp"> {
  let summary = "Allocate stack buffers of loops once";
  let description = [{
    Moves `memref.alloca`s of static size out of loops, to the start of the function around them, and dissolves the
    `memref.alloca_scope`s that kept them in the loop. Contents do not survive an iteration, so sharing a buffer among
    iterations changes nothing. Threads have calls of functions of their own, see `quench-guard-parallel`.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def ForkLoopsPass : Pass<"quench-fork-loops", "::mlir::func::FuncOp"> {
  let summary = "Mark large parallel loops for several threads";
  let description = [{
    Loops that upstream makes of the ops that no kernel computes are divided among threads, too: of an `scf.parallel`
    all dimensions but the innermost become one, and a `quench.fork_if` says whether its iterations, times the
    operations in one of them, are worth it. Functions that have a `quench.fork_if` already are left as they are.

    ```mlir
    scf.parallel (%n, %h, %w, %c) = (%c0, %c0, %c0, %c0) to (%c1, %c56, %c56, %c64) step (%c1, %c1, %c1, %c1) { ... }
    // becomes
    quench.fork_if %true
    scf.parallel (%i, %c) = (%c0, %c0) to (%c3136, %c64) step (%c1, %c1) { ... }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::quench::QuenchDialect"];
}

def GuardParallelPass : Pass<"quench-guard-parallel", "::mlir::ModuleOp"> {
  let summary = "Divide large parallel loops among the crew of a call";
  let description = [{
    The body of an `scf.parallel` behind a `quench.fork_if` becomes a function of a range of its iterations. If the
    condition does not hold it is called once for the whole range: decoding one token of a small model then wakes no
    threads. If it does, the range is divided among the threads of the call, its crew, which is the last parameter of
    every function that divides a loop and of its callers.

    ```mlir
    func.func @kernel(%x: memref<?xf32>, %crew: !llvm.ptr) attributes {quench.takes_crew} {
      ...
      scf.if %isLarge {
        func.call @kernel_divide(%crew, %n, %x) : (!llvm.ptr, index, memref<?xf32>) -> ()
      } else {
        func.call @kernel_range(%zero, %n, %x) : (index, index, memref<?xf32>) -> ()
      }
    }
    func.func private @kernel_divide(!llvm.ptr, index, memref<?xf32>) attributes {quench.divides = @kernel_range}
    ```

    A loop with reductions, and one inside of another one, stays as it is and loses its `quench.fork_if`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect"
  ];
}

def LowerCrewPass : Pass<"quench-lower-crew", "::mlir::ModuleOp"> {
  let summary = "Hand loops to the crew of a call";
  let description = [{
    Defines the declarations that `quench-guard-parallel` marked `quench.divides`, after everything is in the LLVM
    dialect: they store what the loop captures on the stack and let the crew run a task that reads it from there. The
    functions that a crew is made of are added to the module.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // QUENCH_CODEGEN_PASSES_TD
