// AMD devices of the kind gfx1100. Rates are those of a Radeon RX 7900 XTX: all its compute units together take the place of a
// core. They only choose between forms of a product.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "GPU" = #dlti.target_device_spec<
    "name" = "amdgpu-gfx1100",
    "summary" = "AMD RDNA 3 (gfx1100, v_wmma_i32_16x16x16_iu8)",
    "api" = "hip",
    "chip" = "gfx1100",
    "vector_width" = 512 : i64,
    "vector_registers" = 256 : i64,
    "L1_cache_size_in_bytes" = 32768 : i64,
    "L2_cache_size_in_bytes" = 6291456 : i64,
    "L3_cache_size_in_bytes" = 100663296 : i64,
    "clock_GHz" = 2.5 : f64,
    "read_GB_per_s" = 960.0 : f64,
    "vector_ops_per_cycle" = 768.0 : f64,
    "byte_lookups_per_cycle" = 0.0 : f64,
    "products" = #dlti.map<
      "v_wmma_i32_16x16x16_iu8" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 16, 16, 16>, "per_cycle" = 6.1 : f64>,
      "v_wmma_f32_16x16x16_bf16" = #dlti.map<"weights" = bf16, "activations" = bf16, "sums" = f32,
        "shape" = array<i64: 16, 16, 16>, "per_cycle" = 6.1 : f64>,
      "v_wmma_f32_16x16x16_f16" = #dlti.map<"weights" = f16, "activations" = f16, "sums" = f32,
        "shape" = array<i64: 16, 16, 16>, "per_cycle" = 6.1 : f64>,
      "v_dot4_i32_iu8" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 1, 16, 4>, "per_cycle" = 384.0 : f64>,
      "fma" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 16, 1>, "per_cycle" = 768.0 : f64>>
  >
>} {
}
