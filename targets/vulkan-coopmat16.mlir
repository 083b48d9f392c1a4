// Devices with Vulkan 1.3 and VK_KHR_cooperative_matrix whose subgroups of 32 threads multiply bytes in matrices of 16x16x16:
// AMD devices from RDNA 3 on, by the drivers of Mesa. Rates are those of a small graphics processor with such instructions; they only
// choose between forms of a product. What is left to the processor of the host runs on whatever that is.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
  "GPU" = #dlti.target_device_spec<
    "name" = "vulkan-coopmat16",
    "summary" = "devices with Vulkan 1.3 and cooperative matrices of bytes in 16x16x16 (as AMD has)",
    "api" = "vulkan",
    "required_features" = ["shaderIntegerDotProduct", "shaderFloat16", "shaderInt8", "vulkanMemoryModel",
      "subgroupSizeControl", "computeFullSubgroups", "cooperativeMatrix"],
    "subgroup_size" = 32 : i64,
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
      "OpCooperativeMatrixMulAddKHR.i8" = #dlti.map<"weights" = i8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 16, 16, 16>, "per_cycle" = 2.0 : f64>,
      "OpCooperativeMatrixMulAddKHR.f16" = #dlti.map<"weights" = f16, "activations" = f16, "sums" = f32,
        "shape" = array<i64: 16, 16, 16>, "per_cycle" = 1.0 : f64>,
      "OpSUDot" = #dlti.map<"weights" = ui8, "activations" = i8, "sums" = i32,
        "shape" = array<i64: 1, 16, 4>, "per_cycle" = 32.0 : f64>,
      "fma" = #dlti.map<"weights" = f32, "activations" = f32, "sums" = f32,
        "shape" = array<i64: 1, 16, 1>, "per_cycle" = 32.0 : f64>>
  >
>} {
}
