// What a module is compiled for is on the module, as data: a built-in target, the machine at hand, or a file.
// RUN: quench-opt %s --quench-attach-target=target=x86-avx2 | FileCheck %s
// RUN: quench-opt %s --quench-attach-target=target=%src/targets/x86-avx2.mlir | FileCheck %s
// RUN: quench-opt %s --quench-attach-target=target=x86-avx2 --quench-attach-target=target=arm-dotprod | FileCheck %s --check-prefix=AGAIN
// RUN: not quench-opt %s --quench-attach-target=target=z80 -o /dev/null 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// The device of another compiler stays.
// CHECK:      module attributes {dlti.target_system_spec = #dlti.target_system_spec<
// CHECK-SAME:   "CPU" = #dlti.target_device_spec<"name" = "x86-avx2"
// CHECK-SAME:     "vector_width" = 256 : i64
// CHECK-SAME:     "products" = #dlti.map<
// CHECK-SAME:       "vpmaddwd" = #dlti.map<"weights" = i16, "activations" = i16, "sums" = i32, "shape" = array<i64: 1, 8, 2>, "per_cycle" = 2.000000e+00 : f64>
// CHECK-SAME:   "GPU" = #dlti.target_device_spec<"max_vector_op_width" = 64 : i64>
// AGAIN-NOT:  x86-avx2
// AGAIN:      "CPU" = #dlti.target_device_spec<"name" = "arm-dotprod"
// AGAIN-NOT:  x86-avx2
// UNKNOWN:    error: unknown target 'z80', expected host, x86-amx, arm-sme, x86-avx512bf16, {{.*}} or a file that ends in .mlir
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "GPU" = #dlti.target_device_spec<"max_vector_op_width" = 64 : i64>>} {
}
