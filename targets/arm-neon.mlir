// AArch64 as of Armv8.0: Cortex-A53, A57, A72. Products of bytes are widened and added in pairs.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "CPU" = #dlti.target_device_spec<
    "name" = "arm-neon",
    "summary" = "AArch64 with NEON (smull on 128 bits)",
    "triple" = "aarch64-unknown-linux-gnu",
    "cpu" = "generic",
    "features" = "",
    "required_features" = ["neon"],
    "vector_width" = 128 : i64,
    "vector_registers" = 32 : i64,
    "L1_cache_size_in_bytes" = 32768 : i64,
    "L2_cache_size_in_bytes" = 524288 : i64,
    "L3_cache_size_in_bytes" = 1048576 : i64,
    "clock_GHz" = 1.8 : f64,
    "read_GB_per_s" = 6.0 : f64,
    "vector_ops_per_cycle" = 2.0 : f64,
    "byte_lookups_per_cycle" = 1.0 : f64,
    "products" = #dlti.map<
      "smull" = #dlti.map<"weights" = i8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 1, 4, 4>, "per_cycle" = 0.33 : f64>,
      "smlal" = #dlti.map<"weights" = i8, "activations" = i8, "sums" = i16,
        "shape" = array<i64: 1, 8, 1>, "per_cycle" = 1.0 : f64>,
      "fma" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 4, 1>, "per_cycle" = 2.0 : f64>>
  >
>} {
}
