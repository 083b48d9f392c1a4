# Defines Quench::OnnxProto, the messages of ONNX files (libonnx-dev) in protocol buffers (libprotobuf-dev).
find_path(QUENCH_ONNX_INCLUDE NAMES onnx/onnx-ml.pb.h)
find_library(QUENCH_ONNX_PROTO NAMES onnx_proto)
find_library(QUENCH_PROTOBUF NAMES protobuf)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OnnxProto REQUIRED_VARS QUENCH_ONNX_INCLUDE QUENCH_ONNX_PROTO QUENCH_PROTOBUF)
if(OnnxProto_FOUND AND NOT TARGET Quench::OnnxProto)
  add_library(Quench::OnnxProto UNKNOWN IMPORTED GLOBAL)
  set_target_properties(Quench::OnnxProto PROPERTIES
    IMPORTED_LOCATION "${QUENCH_ONNX_PROTO}"
    INTERFACE_INCLUDE_DIRECTORIES "${QUENCH_ONNX_INCLUDE}"
    INTERFACE_COMPILE_DEFINITIONS "ONNX_ML=1;ONNX_NAMESPACE=onnx"
    INTERFACE_LINK_LIBRARIES "${QUENCH_PROTOBUF}")
endif()
