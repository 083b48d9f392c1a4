// RUN: quench-opt %s --quench-attach-target=target=x86-avx2 --quench-lower-crew | FileCheck %s
// RUN: quench-opt %s --quench-attach-target=target=arm-dotprod --quench-lower-crew | FileCheck %s --check-prefix=ARM
// RUN: sed -e 's/divides = @range/divides = @nobody/' %s | not quench-opt --quench-attach-target --quench-lower-crew -o /dev/null 2>&1 | FileCheck %s --check-prefix=NOBODY
// RUN: sed -e 's/ptr, i64, f32, i32)/ptr, i64, f32)/' %s | not quench-opt --quench-attach-target --quench-lower-crew -o /dev/null 2>&1 | FileCheck %s --check-prefix=NOBODY
// RUN: sed -e 's/@range(i64, i64, f32, i32)/@range(i64, i64, f32, i2)/' %s | not quench-opt --quench-attach-target --quench-lower-crew -o /dev/null 2>&1 | FileCheck %s --check-prefix=NOBODY
// RUN: not quench-opt %s --quench-lower-crew -o /dev/null 2>&1 | FileCheck %s --check-prefix=TARGET

// NOBODY: error: 'llvm.func' op expected a declaration (pointer, i64, captured...), and quench.divides to name a function (i64, i64, captured...) without results
// TARGET: error: expected a target: the device "CPU" of a dlti.target_system_spec, which quench-attach-target gives to a module

llvm.func @range(i64, i64, f32, i32)

// The task finds what the loop captured in its environment.
// CHECK-LABEL: llvm.func internal @range_task(
// CHECK-SAME:    %[[ENV:.+]]: !llvm.ptr, %[[BEGIN:.+]]: i64, %[[END:.+]]: i64)
// CHECK:         %[[X:.+]] = llvm.load %{{.+}} : !llvm.ptr -> f32
// CHECK:         %[[K:.+]] = llvm.load %{{.+}} : !llvm.ptr -> i32
// CHECK:         llvm.call @range(%[[BEGIN]], %[[END]], %[[X]], %[[K]])

// Without a crew the whole range is one call, with one it is its task.
// CHECK-LABEL: llvm.func internal @divide(
// CHECK-SAME:    %[[CREW:.+]]: !llvm.ptr, %[[COUNT:.+]]: i64, %[[X:.+]]: f32, %[[K:.+]]: i32)
// CHECK:         %[[ENV:.+]] = llvm.alloca %{{.+}} x !llvm.struct<(f32, i32)>
// CHECK:         %[[HAS:.+]] = llvm.icmp "ne" %[[CREW]], %{{.+}}
// CHECK:         llvm.cond_br %[[HAS]], ^[[TOGETHER:.+]], ^[[ALONE:.+]]
// CHECK:       ^[[ALONE]]:
// CHECK:         %[[ZERO:.+]] = llvm.mlir.constant(0 : i64)
// CHECK:         llvm.call @range(%[[ZERO]], %[[COUNT]], %[[X]], %[[K]])
// CHECK:       ^[[TOGETHER]]:
// CHECK-DAG:     llvm.store %[[X]], %{{.+}} : f32, !llvm.ptr
// CHECK-DAG:     llvm.store %[[K]], %{{.+}} : i32, !llvm.ptr
// CHECK:         %[[TASK:.+]] = llvm.mlir.addressof @range_task
// CHECK:         llvm.call @quench_crew_divide(%[[CREW]], %[[TASK]], %[[ENV]], %[[COUNT]])
llvm.func @divide(!llvm.ptr, i64, f32, i32) attributes {quench.divides = @range}

// Who waits says so to the processor, and after a while to the operating system.
// CHECK-LABEL: llvm.func internal @quench_crew_idle(
// CHECK:         llvm.call_intrinsic "llvm.x86.sse2.pause"
// CHECK:         llvm.call @sched_yield()
// ARM-LABEL:   llvm.func internal @quench_crew_idle(
// ARM:           llvm.call_intrinsic "llvm.aarch64.hint"

// A claim takes what it has seen to be left, or looks again.
// CHECK-LABEL: llvm.func internal @quench_crew_help(
// CHECK:         llvm.load %[[CREW:.+]] atomic acquire
// CHECK:         llvm.cmpxchg %[[CREW]], %{{.+}}, %{{.+}} acq_rel acquire
// CHECK:         llvm.atomicrmw add %{{.+}} release
