//===- GraphImporter.h - From nodes of ONNX to ops -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_ONNX_GRAPHIMPORTER_H
#define QUENCH_LIB_ONNX_GRAPHIMPORTER_H

#include "Node.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"

namespace quench::onnximport {

using NodeFunction = void (*)(Node &);

/// The functions of operators, by name; each file adds those of a family.
class OperatorTable {
public:
  static const OperatorTable &get();
  void add(llvm::StringRef name, NodeFunction function) { functions[name] = function; }
  NodeFunction lookup(llvm::StringRef name) const { return functions.lookup(name); }

private:
  llvm::StringMap<NodeFunction> functions;
};

void addElementwiseOperators(OperatorTable &table);
void addContractionOperators(OperatorTable &table);
void addWindowOperators(OperatorTable &table);
void addReductionOperators(OperatorTable &table);
void addShapeOperators(OperatorTable &table);
void addIndexOperators(OperatorTable &table);
void addQuantizationOperators(OperatorTable &table);

class GraphImporter {
public:
  GraphImporter(const ::onnx::ModelProto &model, llvm::StringRef file, llvm::StringRef folder,
                mlir::MLIRContext &context);

  llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> run();

  mlir::ImplicitLocOpBuilder &builder() { return b; }
  Tensor *lookup(llvm::StringRef name);
  void define(llvm::StringRef name, Tensor tensor) { tensors[name] = std::move(tensor); }
  /// The SSA value of a tensor, made when it is first asked for. An error says what cannot be.
  llvm::Expected<mlir::Value> materialize(Tensor &tensor);
  /// The codes of a constant as an SSA value.
  llvm::Expected<mlir::Value> assemble(const QuantizedConstant &constant);
  llvm::Expected<Constant> read(const ::onnx::TensorProto &tensor) const {
    return readTensor(tensor, file, folder);
  }

private:
  llvm::Error checkModel();
  llvm::Expected<mlir::RankedTensorType> typeOf(const ::onnx::ValueInfoProto &value,
                                                llvm::StringRef what);
  llvm::Error addInitializers();
  llvm::Error addInputs(mlir::func::FuncOp function);
  llvm::Error addNode(const ::onnx::NodeProto &proto);
  llvm::Error addOutputs(mlir::func::FuncOp function);
  llvm::Error error(const llvm::Twine &message) const;

  const ::onnx::ModelProto &model;
  std::string file, folder;
  mlir::ImplicitLocOpBuilder b;
  llvm::StringMap<Tensor> tensors;
  llvm::StringMap<int64_t> versions;
  /// The name of the one size that may be open; empty until there is one.
  std::string openSize;
};

} // namespace quench::onnximport

#endif // QUENCH_LIB_ONNX_GRAPHIMPORTER_H
