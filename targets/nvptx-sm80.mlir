// NVIDIA devices of compute capability 8.0. Rates are those of an A100: all its multiprocessors together take the place
// of a core. They only choose between forms of a product.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "GPU" = #dlti.target_device_spec<
    "name" = "nvptx-sm80",
    "summary" = "NVIDIA Ampere (PTX for sm_80, tensor cores on bytes, bf16 and f16)",
    "api" = "cuda",
    "chip" = "sm_80",
    "vector_width" = 512 : i64,
    "vector_registers" = 255 : i64,
    "L1_cache_size_in_bytes" = 196608 : i64,
    "L2_cache_size_in_bytes" = 41943040 : i64,
    "L3_cache_size_in_bytes" = 41943040 : i64,
    "clock_GHz" = 1.41 : f64,
    "read_GB_per_s" = 1555.0 : f64,
    "vector_ops_per_cycle" = 432.0 : f64,
    "byte_lookups_per_cycle" = 0.0 : f64,
    "products" = #dlti.map<
      "mma.m16n8k32" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 8, 16, 32>, "per_cycle" = 54.0 : f64>,
      "mma.m16n8k16.bf16" = #dlti.map<"weights" = bf16, "activations" = bf16, "sums" = f32,
        "shape" = array<i64: 8, 16, 16>, "per_cycle" = 54.0 : f64>,
      "mma.m16n8k16.f16" = #dlti.map<"weights" = f16, "activations" = f16, "sums" = f32,
        "shape" = array<i64: 8, 16, 16>, "per_cycle" = 54.0 : f64>,
      "dp4a" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 1, 16, 4>, "per_cycle" = 432.0 : f64>,
      "fma" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 16, 1>, "per_cycle" = 432.0 : f64>>
  >
>} {
}
