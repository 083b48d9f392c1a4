// x86-64 with tiles of bytes and of bf16: Sapphire Rapids and later.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "CPU" = #dlti.target_device_spec<
    "name" = "x86-amx",
    "summary" = "x86-64 with AMX-INT8 and AMX-BF16 (tdpbsud and tdpbf16ps on tiles)",
    "triple" = "x86_64-unknown-linux-gnu",
    "cpu" = "x86-64-v4",
    "features" = "+avx512vnni,+avx512bf16,+amx-tile,+amx-int8,+amx-bf16,-prefer-256-bit",
    "required_features" = ["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd", "avx2",
      "avx512vnni", "avx512bf16", "fma", "bmi2", "f16c", "amx-tile", "amx-int8", "amx-bf16"],
    "vector_width" = 512 : i64,
    "vector_registers" = 32 : i64,
    "L1_cache_size_in_bytes" = 49152 : i64,
    "L2_cache_size_in_bytes" = 2097152 : i64,
    "L3_cache_size_in_bytes" = 33554432 : i64,
    "clock_GHz" = 3.5 : f64,
    "read_GB_per_s" = 28.0 : f64,
    "vector_ops_per_cycle" = 2.0 : f64,
    "byte_lookups_per_cycle" = 1.0 : f64,
    "products" = #dlti.map<
      "tdpbsud" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 16, 16, 64>, "per_cycle" = 0.0625 : f64>,
      "vpdpbusd" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 1, 16, 4>, "per_cycle" = 2.0 : f64>,
      "tdpbf16ps" = #dlti.map<"weights" = bf16, "activations" = bf16, "sums" = f32,
        "shape" = array<i64: 16, 16, 32>, "per_cycle" = 0.0625 : f64>,
      "vdpbf16ps" = #dlti.map<"weights" = bf16, "activations" = bf16, "sums" = f32,
        "shape" = array<i64: 1, 16, 2>, "per_cycle" = 1.0 : f64>,
      "fma" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 16, 1>, "per_cycle" = 2.0 : f64>>
  >
>} {
}
