// AArch64 with outer products of bytes in streaming mode of 512 bits: Apple M4, Arm C1 with an SME unit. Chips with SME2 run
// this, too. Other code does without SVE, which such chips may lack.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "CPU" = #dlti.target_device_spec<
    "name" = "arm-sme",
    "summary" = "AArch64 with SME or SME2 of 512 bits (smopa on tiles)",
    "triple" = "aarch64-unknown-linux-gnu",
    "cpu" = "generic",
    "features" = "+v8.6a,+dotprod,+i8mm,+bf16,+sme",
    "required_features" = ["dotprod", "i8mm", "bf16", "sme"],
    "vector_width" = 128 : i64,
    "vector_registers" = 32 : i64,
    "L1_cache_size_in_bytes" = 65536 : i64,
    "L2_cache_size_in_bytes" = 4194304 : i64,
    "L3_cache_size_in_bytes" = 16777216 : i64,
    "clock_GHz" = 3.9 : f64,
    "read_GB_per_s" = 60.0 : f64,
    "vector_ops_per_cycle" = 4.0 : f64,
    "byte_lookups_per_cycle" = 4.0 : f64,
    "products" = #dlti.map<
      "smopa" = #dlti.map<"weights" = i8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 16, 16, 4>, "per_cycle" = 0.5 : f64>,
      "sdot" = #dlti.map<"weights" = i8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 1, 4, 4>, "per_cycle" = 4.0 : f64>,
      "bfmmla" = #dlti.map<"weights" = bf16, "activations" = bf16, "sums" = f32,
        "shape" = array<i64: 2, 2, 4>, "per_cycle" = 4.0 : f64>,
      "fma" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 4, 1>, "per_cycle" = 4.0 : f64>>
  >
>} {
}
