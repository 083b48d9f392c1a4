// Any device with Vulkan 1.1, without dot products of packed bytes: these are multiplied one by one. Rates are those of a
// small graphics processor; they only choose between forms of a product. What is left to the processor of the host runs on
// whatever that is.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "GPU" = #dlti.target_device_spec<
    "name" = "vulkan-1.1",
    "summary" = "devices with Vulkan 1.1 (SPIR-V 1.3, no dot products)",
    "api" = "vulkan",
    "required_features" = [],
    "vector_width" = 512 : i64,
    "vector_registers" = 256 : i64,
    "L1_cache_size_in_bytes" = 16384 : i64,
    "L2_cache_size_in_bytes" = 1048576 : i64,
    "L3_cache_size_in_bytes" = 4194304 : i64,
    "clock_GHz" = 1.0 : f64,
    "read_GB_per_s" = 50.0 : f64,
    "vector_ops_per_cycle" = 32.0 : f64,
    "byte_lookups_per_cycle" = 0.0 : f64,
    "products" = #dlti.map<
      "OpIMul" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 1, 16, 1>, "per_cycle" = 16.0 : f64>,
      "fma" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 16, 1>, "per_cycle" = 32.0 : f64>>
  >
>} {
}
