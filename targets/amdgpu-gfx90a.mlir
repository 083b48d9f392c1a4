// AMD devices of the kind gfx90a. Rates are those of one die of an MI250X: all its compute units together take the place of a
// core. They only choose between forms of a product.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "GPU" = #dlti.target_device_spec<
    "name" = "amdgpu-gfx90a",
    "summary" = "AMD CDNA 2 (gfx90a, v_mfma_i32_16x16x16i8)",
    "api" = "hip",
    "chip" = "gfx90a",
    "vector_width" = 512 : i64,
    "vector_registers" = 256 : i64,
    "L1_cache_size_in_bytes" = 16384 : i64,
    "L2_cache_size_in_bytes" = 8388608 : i64,
    "L3_cache_size_in_bytes" = 8388608 : i64,
    "clock_GHz" = 1.7 : f64,
    "read_GB_per_s" = 1638.0 : f64,
    "vector_ops_per_cycle" = 440.0 : f64,
    "byte_lookups_per_cycle" = 0.0 : f64,
    "products" = #dlti.map<
      "v_mfma_i32_16x16x16i8" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 16, 16, 16>, "per_cycle" = 13.75 : f64>,
      "v_mfma_f32_16x16x16bf16_1k" = #dlti.map<"weights" = bf16, "activations" = bf16, "sums" = f32,
        "shape" = array<i64: 16, 16, 16>, "per_cycle" = 13.75 : f64>,
      "v_mfma_f32_16x16x16f16" = #dlti.map<"weights" = f16, "activations" = f16, "sums" = f32,
        "shape" = array<i64: 16, 16, 16>, "per_cycle" = 13.75 : f64>,
      "v_dot4_i32_i8" = #dlti.map<"weights" = i8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 1, 16, 4>, "per_cycle" = 440.0 : f64>,
      "fma" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 16, 1>, "per_cycle" = 440.0 : f64>>
  >
>} {
}
