// AMD devices of the kind gfx942. Rates are those of an MI300X: all its compute units together take the place of a
// core. They only choose between forms of a product.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "GPU" = #dlti.target_device_spec<
    "name" = "amdgpu-gfx942",
    "summary" = "AMD CDNA 3 (gfx942, v_mfma_i32_16x16x32_i8)",
    "api" = "hip",
    "chip" = "gfx942",
    "vector_width" = 512 : i64,
    "vector_registers" = 256 : i64,
    "L1_cache_size_in_bytes" = 32768 : i64,
    "L2_cache_size_in_bytes" = 4194304 : i64,
    "L3_cache_size_in_bytes" = 268435456 : i64,
    "clock_GHz" = 2.1 : f64,
    "read_GB_per_s" = 5300.0 : f64,
    "vector_ops_per_cycle" = 1216.0 : f64,
    "byte_lookups_per_cycle" = 0.0 : f64,
    "products" = #dlti.map<
      "v_mfma_i32_16x16x32_i8" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 16, 16, 32>, "per_cycle" = 76.0 : f64>,
      "v_mfma_f32_16x16x32_fp8_fp8" = #dlti.map<"weights" = f8E4M3FNUZ, "activations" = f8E4M3FNUZ, "sums" = f32,
        "shape" = array<i64: 16, 16, 32>, "per_cycle" = 76.0 : f64>,
      "v_mfma_f32_16x16x32_bf8_bf8" = #dlti.map<"weights" = f8E5M2FNUZ, "activations" = f8E5M2FNUZ, "sums" = f32,
        "shape" = array<i64: 16, 16, 32>, "per_cycle" = 76.0 : f64>,
      "v_mfma_f32_16x16x16_bf16" = #dlti.map<"weights" = bf16, "activations" = bf16, "sums" = f32,
        "shape" = array<i64: 16, 16, 16>, "per_cycle" = 76.0 : f64>,
      "v_mfma_f32_16x16x16_f16" = #dlti.map<"weights" = f16, "activations" = f16, "sums" = f32,
        "shape" = array<i64: 16, 16, 16>, "per_cycle" = 76.0 : f64>,
      "v_dot4_i32_i8" = #dlti.map<"weights" = i8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 1, 16, 4>, "per_cycle" = 1216.0 : f64>,
      "fma" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 16, 1>, "per_cycle" = 1216.0 : f64>>
  >
>} {
}
