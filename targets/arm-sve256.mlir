// AArch64 with SVE registers of 256 bits and products of matrices of bytes: Neoverse V1.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "CPU" = #dlti.target_device_spec<
    "name" = "arm-sve256",
    "summary" = "AArch64 with SVE of 256 bits and i8mm (smmla on 256 bits)",
    "triple" = "aarch64-unknown-linux-gnu",
    "cpu" = "generic",
    "features" = "+v8.4a,+dotprod,+i8mm,+sve",
    "required_features" = ["dotprod", "i8mm", "sve"],
    "vector_width" = 256 : i64,
    "vector_registers" = 32 : i64,
    "L1_cache_size_in_bytes" = 65536 : i64,
    "L2_cache_size_in_bytes" = 1048576 : i64,
    "L3_cache_size_in_bytes" = 33554432 : i64,
    "clock_GHz" = 2.6 : f64,
    "read_GB_per_s" = 20.0 : f64,
    "vector_ops_per_cycle" = 2.0 : f64,
    "byte_lookups_per_cycle" = 2.0 : f64,
    "products" = #dlti.map<
      "smmla" = #dlti.map<"weights" = i8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 2, 4, 8>, "per_cycle" = 2.0 : f64>,
      "sdot" = #dlti.map<"weights" = i8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 1, 8, 4>, "per_cycle" = 2.0 : f64>,
      "fma" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 8, 1>, "per_cycle" = 2.0 : f64>>
  >
>} {
}
