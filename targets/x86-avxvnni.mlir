// x86-64 with the VEX form of vpdpbusd: Alder Lake and later client processors.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "CPU" = #dlti.target_device_spec<
    "name" = "x86-avxvnni",
    "summary" = "x86-64 with AVX-VNNI (vpdpbusd on 256 bits)",
    "triple" = "x86_64-unknown-linux-gnu",
    "cpu" = "x86-64-v3",
    "features" = "+avxvnni",
    "required_features" = ["avx2", "fma", "bmi", "bmi2", "f16c", "lzcnt", "movbe", "avxvnni"],
    "vector_width" = 256 : i64,
    "vector_registers" = 16 : i64,
    "L1_cache_size_in_bytes" = 49152 : i64,
    "L2_cache_size_in_bytes" = 1310720 : i64,
    "L3_cache_size_in_bytes" = 25165824 : i64,
    "clock_GHz" = 3.5 : f64,
    "read_GB_per_s" = 25.0 : f64,
    "vector_ops_per_cycle" = 3.0 : f64,
    "byte_lookups_per_cycle" = 2.0 : f64,
    "products" = #dlti.map<
      "vpdpbusd" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 1, 8, 4>, "per_cycle" = 2.0 : f64>,
      "fma" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 8, 1>, "per_cycle" = 2.0 : f64>>
  >
>} {
}
