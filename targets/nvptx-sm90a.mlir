// NVIDIA devices of compute capability 9.0 and no other: instructions of warpgroups are not in later ones. Rates are
// those of an H100: all its multiprocessors together take the place of a core. They only choose between forms of a
// product.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "GPU" = #dlti.target_device_spec<
    "name" = "nvptx-sm90a",
    "summary" = "NVIDIA Hopper alone (PTX for sm_90a, wgmma on bytes, FP8, bf16 and f16)",
    "api" = "cuda",
    "chip" = "sm_90a",
    "vector_width" = 512 : i64,
    "vector_registers" = 255 : i64,
    "L1_cache_size_in_bytes" = 262144 : i64,
    "L2_cache_size_in_bytes" = 52428800 : i64,
    "L3_cache_size_in_bytes" = 52428800 : i64,
    "clock_GHz" = 1.75 : f64,
    "read_GB_per_s" = 3350.0 : f64,
    "vector_ops_per_cycle" = 528.0 : f64,
    "byte_lookups_per_cycle" = 0.0 : f64,
    "products" = #dlti.map<
      "wgmma.m64n64k32" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 64, 64, 32>, "per_cycle" = 4.125 : f64>,
      "wgmma.m64n64k32.e4m3" = #dlti.map<"weights" = f8E4M3FN, "activations" = f8E4M3FN, "sums" = f32,
        "shape" = array<i64: 64, 64, 32>, "per_cycle" = 4.125 : f64>,
      "wgmma.m64n64k32.e5m2" = #dlti.map<"weights" = f8E5M2, "activations" = f8E5M2, "sums" = f32,
        "shape" = array<i64: 64, 64, 32>, "per_cycle" = 4.125 : f64>,
      "wgmma.m64n64k16.bf16" = #dlti.map<"weights" = bf16, "activations" = bf16, "sums" = f32,
        "shape" = array<i64: 64, 64, 16>, "per_cycle" = 4.125 : f64>,
      "wgmma.m64n64k16.f16" = #dlti.map<"weights" = f16, "activations" = f16, "sums" = f32,
        "shape" = array<i64: 64, 64, 16>, "per_cycle" = 4.125 : f64>,
      "dp4a" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 1, 16, 4>, "per_cycle" = 528.0 : f64>,
      "fma" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 16, 1>, "per_cycle" = 528.0 : f64>>
  >
>} {
}
