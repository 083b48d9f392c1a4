// x86-64 of the first generations with SSE4.1 (Penryn, Jaguar): no FMA, so that float sums round twice.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "CPU" = #dlti.target_device_spec<
    "name" = "x86-sse41",
    "summary" = "x86-64 with SSE4.1 (pmaddwd on 128 bits)",
    "triple" = "x86_64-unknown-linux-gnu",
    "cpu" = "x86-64",
    "features" = "+ssse3,+sse4.1",
    "required_features" = ["ssse3", "sse4.1"],
    "vector_width" = 128 : i64,
    "vector_registers" = 16 : i64,
    "L1_cache_size_in_bytes" = 32768 : i64,
    "L2_cache_size_in_bytes" = 1048576 : i64,
    "L3_cache_size_in_bytes" = 4194304 : i64,
    "clock_GHz" = 2.5 : f64,
    "read_GB_per_s" = 8.0 : f64,
    "vector_ops_per_cycle" = 2.0 : f64,
    "byte_lookups_per_cycle" = 1.0 : f64,
    "products" = #dlti.map<
      "pmaddwd" = #dlti.map<"weights" = i16, "activations" = i16, "sums" = i32,
        "shape" = array<i64: 1, 4, 2>, "per_cycle" = 1.0 : f64>,
      "pmaddubsw" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i16,
        "shape" = array<i64: 1, 8, 2>, "per_cycle" = 1.0 : f64>,
      "mulps" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 4, 1>, "per_cycle" = 1.0 : f64>>
  >
>} {
}
