// RUN: quench-opt %s --quench-lower-launches | FileCheck %s

// A kernel is launched by the function of upstream's runtimes: groups, threads, and an array of the addresses of its
// parameters. A buffer is the address of its first element.
// CHECK-DAG:   llvm.mlir.global external @quench_kernel_scale() {{.*}}: !llvm.ptr
// CHECK-DAG:   llvm.func @mgpuLaunchKernel(!llvm.ptr, i64, i64, i64, i64, i64, i64, i32, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64)
// CHECK-LABEL: func.func @launch(
// CHECK-SAME:    %[[X:.+]]: memref<?xf32, strided<[1], offset: ?>>, %[[N:.+]]: i32, %[[GROUPS:.+]]: index
// CHECK:         %[[SYMBOL:.+]] = llvm.mlir.addressof @quench_kernel_scale
// CHECK:         %[[KERNEL:.+]] = llvm.load %[[SYMBOL]]
// CHECK:         %[[G:.+]] = arith.index_cast %[[GROUPS]] : index to i64
// CHECK:         %[[ARRAY:.+]] = llvm.alloca {{.*}} x !llvm.ptr
// CHECK:         %{{.+}}, %[[OFFSET:.+]], %{{.+}}, %{{.+}} = memref.extract_strided_metadata %[[X]]
// CHECK:         %[[POINTER:.+]] = memref.extract_aligned_pointer_as_index %[[X]]
// CHECK:         %[[BASE:.+]] = arith.index_cast %[[POINTER]]
// CHECK:         %[[FIRST:.+]] = arith.addi %[[BASE]], %{{.+}} : i64
// CHECK:         llvm.store %[[FIRST]]
// CHECK:         llvm.store %[[N]]
// CHECK:         %[[COUNT:.+]] = llvm.mlir.constant(2 : i64)
// CHECK:         llvm.call @mgpuLaunchKernel(%[[KERNEL]], %[[G]], {{.*}}, %[[ARRAY]], %{{.+}}, %[[COUNT]])
// CHECK-NOT:     gpu.launch_func
module attributes {gpu.container_module} {
  gpu.module @quench_kernels {
    gpu.func @scale(%x: memref<?xf32, strided<[1], offset: ?>>, %n: i32) kernel {
      gpu.return
    }
  }
  func.func @launch(%x: memref<?xf32, strided<[1], offset: ?>>, %n: i32, %groups: index) {
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    gpu.launch_func @quench_kernels::@scale blocks in (%groups, %c1, %c1) threads in (%c64, %c1, %c1)
      args(%x : memref<?xf32, strided<[1], offset: ?>>, %n : i32)
    return
  }
}
