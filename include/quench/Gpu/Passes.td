//===- Passes.td - Passes from QDQ models to kernels of devices -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_GPU_PASSES_TD
#define QUENCH_GPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def SelectGpuKernelsPass : Pass<"quench-select-gpu-kernels", "::mlir::ModuleOp"> {
  let summary = "Replace operations by calls of kernels that a device runs";
  let description = [{
    What `quench-select-kernels` does for a processor: every operation that a kernel computes becomes a
    `quench.kernel_call`. The kernel is a `gpu.func` in `@quench_kernels` behind a function of the host that launches it.
    What no kernel computes stays for the lowerings to linalg; the host computes it then, and a remark says so.

    ```mlir
    %y = nn.rms_norm %x, %gain epsilon 1.0e-5 : tensor<?x256xf32>, tensor<256xf32>
    // becomes
    %y = quench.kernel_call @rms_norm_256_gain_3727c5ac(%x, %gain : ...) into (%e : tensor<?x256xf32>) -> ...
    func.func private @rms_norm_256_gain_3727c5ac(...) attributes {quench.launches} {
      gpu.launch_func @quench_kernels::@rms_norm_256_gain_3727c5ac blocks in (%rows, %c1, %c1) threads in (%c64, %c1, %c1) ...
    ```
  }];
  let dependentDialects = [
    "::quench::QuenchDialect", "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::func::FuncDialect", "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::nvgpu::NVGPUDialect", "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
    "::mlir::spirv::SPIRVDialect", "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect"
  ];
}

def KernelsToSpirvPass : Pass<"quench-kernels-to-spirv", "::mlir::ModuleOp"> {
  let summary = "Compile kernels to SPIR-V for Vulkan";
  let description = [{
    `@quench_kernels` becomes a `gpu.binary` that holds one SPIR-V module with an entry point for each kernel. Vulkan
    knows buffers and no pointers: buffer `i` of a kernel is binding `i` of set 0, and the push constants are its sizes in
    order, then for each buffer the index of the element at which it begins, all 32-bit integers. A target that requires
    `shaderIntegerDotProduct` has SPIR-V 1.6 with `OpSUDot`; another has SPIR-V 1.3, where bytes are taken out of words and
    multiplied one by one. A module with cooperative matrices follows the memory model of Vulkan.

    With `text` the `spirv.module` stays in the IR, too.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect", "::mlir::spirv::SPIRVDialect"
  ];
  let options = [
    Option<"text", "text", "bool", "false", "Leave the spirv.module in the IR">
  ];
}

def KernelsToPtxPass : Pass<"quench-kernels-to-ptx", "::mlir::ModuleOp"> {
  let summary = "Compile kernels to PTX for NVIDIA devices";
  let description = [{
    `@quench_kernels` becomes a `gpu.binary` with the text of a PTX module for the chip of the target. Parameters of a kernel
    are pointers to global memory, then 32-bit sizes. Products of packed bytes are `dp4a`, which adds, too, those of
    matrices `mma.sync`; memory of a group is shared memory of static size at multiples of sixteen bytes, and is filled by
    `cp.async` where a kernel copies without waiting. No function of a library is called.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect", "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect"
  ];
}

def KernelsToAmdgpuPass : Pass<"quench-kernels-to-amdgpu", "::mlir::ModuleOp"> {
  let summary = "Compile kernels to assembly for AMD devices";
  let description = [{
    `@quench_kernels` becomes a `gpu.binary` with assembly for the chip of the target, parameters as for
    `quench-kernels-to-ptx`. Products of matrices are `v_mfma` or `v_wmma`, those of packed bytes `v_dot4_i32_iu8` where the
    chip has it. Others multiply signed bytes:
    unsigned ones of 128 or more lose 128 before, and 128 times the sum of the activations is added.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect", "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect", "::mlir::ROCDL::ROCDLDialect"
  ];
}

def SynchronizeHostPass : Pass<"quench-synchronize-host", "::mlir::ModuleOp"> {
  let summary = "Let the host wait for kernels before it touches buffers";
  let description = [{
    Launches only enqueue kernels. Where a function of the host reads or writes buffers after a launch that it has not
    waited for yet, `mgpuStreamSynchronize` is called in between, and once more at the end of functions that others call.

    ```mlir
    func.call @add_256(%a, %b, %c)                 // launches
    func.call @mgpuStreamSynchronize(%stream)      // inserted
    memref.copy %c, %logits
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect"];
}

def LowerLaunchesPass : Pass<"quench-lower-launches", "::mlir::ModuleOp"> {
  let summary = "Turn launches into calls of the runtime";
  let description = [{
    `gpu.launch_func` becomes `mgpuLaunchKernel`, the function of upstream's GPU runtimes. Buffers are passed as the
    address of their first element, sizes as 32-bit integers, and the kernel as the contents of the external symbol
    `quench_kernel_NAME`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect"];
}

#endif // QUENCH_GPU_PASSES_TD
