//===- Node.h - Inputs and attributes of nodes -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tensor of the graph is known in up to three forms: as an SSA value, as constant elements, and,
// for integers of rank 0 or 1, as sizes that are numbers or SSA values. An operator is a function
// on a `Node`, which hands out inputs and attributes in the form that is asked for and keeps the
// first thing that is wrong: what it returns then is null or empty, and the importer stops behind
// the function. So a function gets all that it needs, asks `ok()` once, and builds.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_ONNX_NODE_H
#define QUENCH_LIB_ONNX_NODE_H

#include "OnnxTensor.h"

#include "quench/Numerics/QuantizeTensor.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <memory>
#include <optional>

namespace quench::onnximport {

using Sizes = llvm::SmallVector<mlir::OpFoldResult>;
using RankedValue = mlir::TypedValue<mlir::RankedTensorType>;

/// A constant in codes.
struct QuantizedConstant {
  std::string name;
  numerics::Scheme scheme;
  numerics::QuantizedTensor tensor;
};

/// A tensor of the graph, in the forms that are known.
struct Tensor {
  mlir::Value value;
  /// What QuantizeLinear makes, which only DequantizeLinear reads: an SSA value of codes.
  mlir::Value codes;
  /// Constant codes, or when `isDecoded` the floats that they stand for.
  std::shared_ptr<const QuantizedConstant> quantized;
  bool isDecoded = false;
  std::shared_ptr<const Constant> constant;
  /// Elements in index type; of one element when `isScalar`.
  std::optional<Sizes> sizes;
  bool isScalar = false;
};

class GraphImporter;

/// A node being imported.
class Node {
public:
  Node(GraphImporter &importer, const ::onnx::NodeProto &proto, int64_t version);

  mlir::ImplicitLocOpBuilder &b;
  /// The version of the operator set of the node's domain.
  const int64_t version;

  void fail(const llvm::Twine &message);
  bool ok() const { return problem.empty(); }
  const std::string &message() const { return problem; }
  llvm::StringRef op() const { return proto.op_type(); }

  unsigned numInputs() const { return proto.input_size(); }
  unsigned numOutputs() const { return proto.output_size(); }
  bool has(unsigned input) const;
  /// Whether an output has a name, so that somebody may read it.
  bool isRead(unsigned output) const;
  /// Null when there is none.
  Tensor *tensor(unsigned input);
  /// A ranked tensor of f32, i32 or i1.
  RankedValue value(unsigned input);
  /// One of f32.
  RankedValue floats(unsigned input);
  /// The elements of a constant; null for others, without a complaint.
  const Constant *maybeConstant(unsigned input);
  /// Of a constant float of one element.
  float scalar(unsigned input, float missing);
  /// Constant integers.
  llvm::SmallVector<int64_t> integers(unsigned input);
  /// Integers that are known as sizes; nothing for others, without a complaint.
  std::optional<Sizes> maybeSizes(unsigned input);

  bool hasAttribute(llvm::StringRef name) const { return find(name) != nullptr; }
  int64_t attribute(llvm::StringRef name, int64_t missing);
  float attribute(llvm::StringRef name, float missing);
  std::string attribute(llvm::StringRef name, llvm::StringRef missing);
  llvm::SmallVector<int64_t> attributes(llvm::StringRef name);
  const ::onnx::AttributeProto *find(llvm::StringRef name) const;
  GraphImporter &graph() { return importer; }

  /// An axis that may count from the end.
  int64_t axis(int64_t axis, int64_t rank);

  void define(unsigned output, mlir::Value value);
  void define(unsigned output, Constant constant);
  void defineSizes(unsigned output, Sizes sizes, bool isScalar);
  void define(unsigned output, Tensor tensor);

private:
  GraphImporter &importer;
  const ::onnx::NodeProto &proto;
  std::string problem;
};

} // namespace quench::onnximport

#endif // QUENCH_LIB_ONNX_NODE_H
