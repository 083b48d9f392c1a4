# Defines Quench::OpenMP, the OpenMP runtime of LLVM that compiled code calls.
find_library(QUENCH_OPENMP NAMES omp HINTS ${LLVM_LIBRARY_DIRS})

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenMPRuntime REQUIRED_VARS QUENCH_OPENMP)
if(OpenMPRuntime_FOUND AND NOT TARGET Quench::OpenMP)
  add_library(Quench::OpenMP UNKNOWN IMPORTED GLOBAL)
  set_target_properties(Quench::OpenMP PROPERTIES IMPORTED_LOCATION "${QUENCH_OPENMP}")
endif()
