// x86-64 with AVX2 and FMA: Haswell, Zen, and later ones without VNNI.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "CPU" = #dlti.target_device_spec<
    "name" = "x86-avx2",
    "summary" = "x86-64 with AVX2 and FMA (vpmaddwd on 256 bits)",
    "triple" = "x86_64-unknown-linux-gnu",
    "cpu" = "x86-64-v3",
    "features" = "",
    "required_features" = ["avx2", "fma", "bmi", "bmi2", "f16c", "lzcnt", "movbe"],
    "vector_width" = 256 : i64,
    "vector_registers" = 16 : i64,
    "L1_cache_size_in_bytes" = 32768 : i64,
    "L2_cache_size_in_bytes" = 524288 : i64,
    "L3_cache_size_in_bytes" = 16777216 : i64,
    "clock_GHz" = 3.0 : f64,
    "read_GB_per_s" = 15.0 : f64,
    "vector_ops_per_cycle" = 3.0 : f64,
    "byte_lookups_per_cycle" = 1.0 : f64,
    "products" = #dlti.map<
      "vpmaddwd" = #dlti.map<"weights" = i16, "activations" = i16, "sums" = i32,
        "shape" = array<i64: 1, 8, 2>, "per_cycle" = 2.0 : f64>,
      "vpmaddubsw" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i16,
        "shape" = array<i64: 1, 16, 2>, "per_cycle" = 2.0 : f64>,
      "fma" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 8, 1>, "per_cycle" = 2.0 : f64>>
  >
>} {
}
