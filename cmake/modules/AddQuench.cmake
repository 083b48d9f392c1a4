# Wrappers that every directory of Quench uses. A leaf CMakeLists.txt is a source list and a link list.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set_property(GLOBAL PROPERTY QUENCH_LIBS "")

# An interface target with what all Quench code is compiled with.
add_library(QuenchOptions INTERFACE)
target_compile_options(QuenchOptions INTERFACE -Wall -Wextra -Wno-unused-parameter -fno-exceptions)
if(QUENCH_WARNINGS_AS_ERRORS)
  target_compile_options(QuenchOptions INTERFACE -Werror)
endif()

# Programs of a sanitizer build carry the options that they need to run beside libraries without instrumentation.
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=[^ ]*address")
  add_library(QuenchSanitizerOptions OBJECT ${PROJECT_SOURCE_DIR}/cmake/SanitizerOptions.cpp)
  set(QUENCH_PROGRAM_SOURCES $<TARGET_OBJECTS:QuenchSanitizerOptions>)
  # The runtime of the sanitizers is in programs alone.
  add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,SHARED_LIBRARY>:-Wl,-z,undefs>)
endif()

if(QUENCH_PRECOMPILED_HEADERS)
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/QuenchPrecompiled.cpp "")
  add_library(QuenchPrecompiled OBJECT ${CMAKE_CURRENT_BINARY_DIR}/QuenchPrecompiled.cpp)
  target_include_directories(QuenchPrecompiled SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
  target_link_libraries(QuenchPrecompiled PRIVATE QuenchOptions)
  target_precompile_headers(QuenchPrecompiled PRIVATE
    <mlir/IR/BuiltinOps.h> <mlir/IR/Builders.h> <mlir/IR/PatternMatch.h> <mlir/IR/OpImplementation.h>
    <mlir/IR/DialectImplementation.h> <mlir/Interfaces/FunctionInterfaces.h> <mlir/Pass/Pass.h>)
endif()

# add_quench_library(<name> <source>... [NO_MLIR] [DEPENDS <target>...] [LINK_LIBS <library>...])
# A static library in the export set. NO_MLIR is for libraries that see LLVM's support library alone.
function(add_quench_library name)
  cmake_parse_arguments(ARG "NO_MLIR" "" "DEPENDS;LINK_LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  add_library(Quench::${name} ALIAS ${name})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:QuenchOptions>)
  if(ARG_NO_MLIR)
    target_link_libraries(${name} PUBLIC LLVM ${ARG_LINK_LIBS})
  else()
    target_link_libraries(${name} PUBLIC MLIR LLVM ${ARG_LINK_LIBS})
    if(QUENCH_PRECOMPILED_HEADERS)
      target_precompile_headers(${name} REUSE_FROM QuenchPrecompiled)
    endif()
    get_property(headers GLOBAL PROPERTY QUENCH_TABLEGEN_TARGETS)
    if(headers)
      add_dependencies(${name} ${headers})
    endif()
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  install(TARGETS ${name} EXPORT QuenchTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT Development)
  set_property(GLOBAL APPEND PROPERTY QUENCH_LIBS ${name})
endfunction()

# add_quench_tablegen(<target> <file.td> <output> <mlir-tblgen argument>... [<output> <argument>...])
# Every (output, arguments) pair is one generated file; arguments of one output are joined by ','.
function(add_quench_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(rest ${ARGN})
  while(rest)
    list(POP_FRONT rest output arguments)
    string(REPLACE "," ";" arguments "${arguments}")
    mlir_tablegen(${output} ${arguments})
  endwhile()
  add_public_tablegen_target(${target})
  set_property(GLOBAL APPEND PROPERTY QUENCH_TABLEGEN_TARGETS ${target})
endfunction()

# add_quench_dialect(<Name> <namespace>): ops, types, attributes, enums and the dialect of <Name>.td, and its documentation.
function(add_quench_dialect name namespace)
  add_quench_tablegen(MLIR${name}IncGen ${name}.td
    ${name}Dialect.h.inc "-gen-dialect-decls,-dialect=${namespace}"
    ${name}Dialect.cpp.inc "-gen-dialect-defs,-dialect=${namespace}"
    ${name}Enums.h.inc "-gen-enum-decls"
    ${name}Enums.cpp.inc "-gen-enum-defs"
    ${name}Attributes.h.inc "-gen-attrdef-decls,-attrdefs-dialect=${namespace}"
    ${name}Attributes.cpp.inc "-gen-attrdef-defs,-attrdefs-dialect=${namespace}"
    ${name}Types.h.inc "-gen-typedef-decls,-typedefs-dialect=${namespace}"
    ${name}Types.cpp.inc "-gen-typedef-defs,-typedefs-dialect=${namespace}"
    ${name}Ops.h.inc "-gen-op-decls"
    ${name}Ops.cpp.inc "-gen-op-defs")
  add_quench_doc(${name} ${name}.td Dialects/ "-gen-dialect-doc,-dialect=${namespace}")
endfunction()

# add_quench_passes(<Target> [<file.td>]): declarations of the passes in Passes.td, and their documentation.
function(add_quench_passes name)
  add_quench_tablegen(${name}IncGen Passes.td Passes.h.inc "-gen-pass-decls,-name=${name}")
  add_quench_doc(${name} Passes.td Passes/ "-gen-pass-doc")
  set_property(GLOBAL APPEND PROPERTY QUENCH_PASS_FILES ${CMAKE_CURRENT_SOURCE_DIR}/Passes.td)
endfunction()

# add_quench_doc(<name> <file.td> <folder> <arguments joined by ','>): one page of the reference, of `quench-doc`.
function(add_quench_doc name td folder arguments)
  if(NOT TARGET quench-doc)
    # The pages lie as they do in the source tree, so that links between them hold in both.
    set(pages README.md CONTRIBUTING.md LICENSE benchmarks/README.md examples/embedding/README.md
      models/digits/README.md models/tinybooks/README.md recipes/README.md)
    set(commands COMMAND ${CMAKE_COMMAND} -E copy ${PROJECT_SOURCE_DIR}/mkdocs.yml ${PROJECT_BINARY_DIR}/docs/mkdocs.yml
      COMMAND ${CMAKE_COMMAND} -E copy_directory ${PROJECT_SOURCE_DIR}/docs ${PROJECT_BINARY_DIR}/docs/pages/docs)
    foreach(page ${pages})
      get_filename_component(place ${page} DIRECTORY)
      list(APPEND commands COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/docs/pages/${place}
        COMMAND ${CMAKE_COMMAND} -E copy ${PROJECT_SOURCE_DIR}/${page} ${PROJECT_BINARY_DIR}/docs/pages/${page})
    endforeach()
    add_custom_target(quench-doc ${commands} VERBATIM)
  endif()
  string(REPLACE "," ";" arguments "${arguments}")
  set(LLVM_TARGET_DEFINITIONS ${td})
  tablegen(MLIR ${name}.md ${arguments} "-I${MLIR_MAIN_SRC_DIR}" "-I${MLIR_INCLUDE_DIR}")
  set(output ${PROJECT_BINARY_DIR}/docs/pages/reference/${folder}${name}.md)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_BINARY_DIR}/${name}.md ${output}
    DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/${name}.md)
  add_custom_target(${name}Doc DEPENDS ${output})
  add_dependencies(quench-doc ${name}Doc)
endfunction()

# add_quench_tool(<name> <source>... LINK_LIBS <library>...)
function(add_quench_tool name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS} ${QUENCH_PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE QuenchOptions ${ARG_LINK_LIBS})
  # The JIT resolves runtime symbols in the process.
  set_target_properties(${name} PROPERTIES ENABLE_EXPORTS ON)
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT Tools)
endfunction()

# add_quench_unittest(<name> <source>... LINK_LIBS <library>...)
function(add_quench_unittest name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS} ${QUENCH_PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE QuenchOptions ${ARG_LINK_LIBS} GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE QUENCH_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/unittests/bin)
  set_property(GLOBAL APPEND PROPERTY QUENCH_UNITTESTS ${name})
endfunction()

# Installs headers, the export set and the package files that find_package(Quench) reads.
function(quench_install_package)
  set(destination ${CMAKE_INSTALL_LIBDIR}/cmake/quench)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ ${PROJECT_BINARY_DIR}/include/
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT Development
    FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc" PATTERN "CMakeFiles" EXCLUDE)
  install(EXPORT QuenchTargets NAMESPACE Quench:: DESTINATION ${destination} COMPONENT Development)
  get_property(libraries GLOBAL PROPERTY QUENCH_LIBS)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/modules/QuenchConfig.cmake.in
    ${PROJECT_BINARY_DIR}/QuenchConfig.cmake INSTALL_DESTINATION ${destination} PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/QuenchConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/QuenchConfig.cmake ${PROJECT_BINARY_DIR}/QuenchConfigVersion.cmake
    ${PROJECT_SOURCE_DIR}/cmake/modules/FindOpenMPRuntime.cmake
    ${PROJECT_SOURCE_DIR}/cmake/modules/FindOnnxProto.cmake
    DESTINATION ${destination} COMPONENT Development)
endfunction()
