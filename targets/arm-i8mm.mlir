// AArch64 with products of matrices of bytes and of bf16, as Armv8.6 has them: Neoverse V1, N2, Cortex-A510 and later.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "CPU" = #dlti.target_device_spec<
    "name" = "arm-i8mm",
    "summary" = "AArch64 with i8mm and bf16 (smmla and bfmmla on 128 bits)",
    "triple" = "aarch64-unknown-linux-gnu",
    "cpu" = "generic",
    "features" = "+v8.6a,+dotprod,+i8mm,+bf16",
    "required_features" = ["dotprod", "i8mm", "bf16"],
    "vector_width" = 128 : i64,
    "vector_registers" = 32 : i64,
    "L1_cache_size_in_bytes" = 65536 : i64,
    "L2_cache_size_in_bytes" = 1048576 : i64,
    "L3_cache_size_in_bytes" = 33554432 : i64,
    "clock_GHz" = 2.6 : f64,
    "read_GB_per_s" = 18.0 : f64,
    "vector_ops_per_cycle" = 4.0 : f64,
    "byte_lookups_per_cycle" = 2.0 : f64,
    "products" = #dlti.map<
      "smmla" = #dlti.map<"weights" = i8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 2, 2, 8>, "per_cycle" = 4.0 : f64>,
      "sdot" = #dlti.map<"weights" = i8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 1, 4, 4>, "per_cycle" = 4.0 : f64>,
      "bfmmla" = #dlti.map<"weights" = bf16, "activations" = bf16, "sums" = f32,
        "shape" = array<i64: 2, 2, 4>, "per_cycle" = 4.0 : f64>,
      "fma" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 4, 1>, "per_cycle" = 4.0 : f64>>
  >
>} {
}
