// Accelerators that take TOSA's integer profile. What they multiply is in the specification; rates are those of a small one and
// choose nothing: there is one form of a product.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "GPU" = #dlti.target_device_spec<
    "name" = "tosa",
    "summary" = "accelerators behind TOSA 1.0, integer profile (products of bytes, no floats)",
    "api" = "tosa",
    "vector_width" = 512 : i64,
    "vector_registers" = 32 : i64,
    "L1_cache_size_in_bytes" = 262144 : i64,
    "L2_cache_size_in_bytes" = 1048576 : i64,
    "L3_cache_size_in_bytes" = 4194304 : i64,
    "clock_GHz" = 1.0 : f64,
    "read_GB_per_s" = 10.0 : f64,
    "vector_ops_per_cycle" = 4.0 : f64,
    "byte_lookups_per_cycle" = 0.0 : f64,
    "products" = #dlti.map<
      "tosa.matmul" = #dlti.map<"weights" = i8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 16, 16, 16>, "per_cycle" = 1.0 : f64>>
  >
>} {
}
