//===- GraphImporter.cpp - From nodes of ONNX to ops ----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Recipe/SchemeBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

namespace quench::onnximport {

const OperatorTable &OperatorTable::get() {
  static const OperatorTable table = [] {
    OperatorTable all;
    addElementwiseOperators(all);
    addContractionOperators(all);
    addWindowOperators(all);
    addReductionOperators(all);
    addShapeOperators(all);
    addIndexOperators(all);
    addQuantizationOperators(all);
    return all;
  }();
  return table;
}

static Type elementType(OpBuilder &b, ElementClass elements) {
  switch (elements) {
  case ElementClass::Float:
    return b.getF32Type();
  case ElementClass::Integer:
    return b.getI32Type();
  case ElementClass::Bool:
    return b.getI1Type();
  }
  llvm_unreachable("all classes are listed");
}

GraphImporter::GraphImporter(const ::onnx::ModelProto &model, StringRef file, StringRef folder,
                             MLIRContext &context)
    : model(model), file(file.str()), folder(folder.str()), b(UnknownLoc::get(&context), &context) {
}

Error GraphImporter::error(const Twine &message) const {
  return createStringError(file + ": " + message);
}

Tensor *GraphImporter::lookup(StringRef name) {
  auto place = tensors.find(name);
  return place == tensors.end() ? nullptr : &place->second;
}

Expected<Value> GraphImporter::materialize(Tensor &tensor) {
  if (tensor.value) {
    return tensor.value;
  }
  ImplicitLocOpBuilder at(b.getLoc(), b);
  if (tensor.quantized && tensor.isDecoded) {
    Expected<Value> codes = assemble(*tensor.quantized);
    if (!codes) {
      return codes.takeError();
    }
    tensor.value =
        DequantizeOp::create(at, cast<QTensorType>(codes->getType()).getExpressed(), *codes);
    return tensor.value;
  }
  if (tensor.quantized || tensor.codes) {
    return createStringError("expected numbers, found codes, which only DequantizeLinear reads");
  }
  if (!tensor.constant) {
    SmallVector<Value> elements;
    for (OpFoldResult size : *tensor.sizes) {
      Value index = getValueOrCreateConstantIndexOp(at, at.getLoc(), size);
      elements.push_back(arith::IndexCastOp::create(at, at.getI32Type(), index));
    }
    SmallVector<int64_t> shape(tensor.isScalar ? 0 : 1, elements.size());
    auto type = RankedTensorType::get(shape, at.getI32Type());
    tensor.value = tensor::FromElementsOp::create(at, type, elements);
    return tensor.value;
  }
  const Constant &constant = *tensor.constant;
  if (!constant.name.empty()) {
    at.setLoc(NameLoc::get(at.getStringAttr(constant.name)));
  }
  auto type = RankedTensorType::get(constant.shape, elementType(at, constant.elements));
  DenseElementsAttr values;
  if (constant.elements == ElementClass::Float) {
    values = DenseElementsAttr::get(type, ArrayRef<float>(constant.floats));
  } else if (constant.elements == ElementClass::Bool) {
    SmallVector<bool> bits;
    for (int64_t value : constant.integers) {
      bits.push_back(value != 0);
    }
    values = DenseElementsAttr::get(type, ArrayRef<bool>(bits));
  } else {
    SmallVector<int32_t> integers;
    for (int64_t value : constant.integers) {
      // The largest and the smallest one stand for "to the end".
      if (value == INT64_MAX || value == INT64_MIN) {
        value = value > 0 ? INT32_MAX : INT32_MIN;
      }
      if (value < INT32_MIN || value > INT32_MAX) {
        return createStringError("expected integers of 32 bits in tensor '" + constant.name +
                                 "', found " + Twine(value));
      }
      integers.push_back(static_cast<int32_t>(value));
    }
    values = DenseElementsAttr::get(type, ArrayRef<int32_t>(integers));
  }
  tensor.value = arith::ConstantOp::create(at, values);
  return tensor.value;
}

/// Codes as elements of their type, which are integers or small floats.
static DenseElementsAttr codeElements(RankedTensorType type, const numerics::CodeArray &codes) {
  SmallVector<APInt> bits;
  Type element = type.getElementType();
  unsigned width = element.getIntOrFloatBitWidth();
  for (size_t i = 0; i < codes.size(); ++i) {
    bits.push_back(APInt(width, static_cast<uint64_t>(codes[i]), /*isSigned=*/false,
                         /*implicitTrunc=*/true));
  }
  auto floats = dyn_cast<FloatType>(element);
  if (!floats) {
    return DenseElementsAttr::get(type, bits);
  }
  SmallVector<APFloat> values;
  for (const APInt &each : bits) {
    values.push_back(APFloat(floats.getFloatSemantics(), each));
  }
  return DenseElementsAttr::get(type, values);
}

Expected<Value> GraphImporter::assemble(const QuantizedConstant &constant) {
  ImplicitLocOpBuilder at(b.getLoc(), b);
  if (!constant.name.empty()) {
    at.setLoc(NameLoc::get(at.getStringAttr(constant.name)));
  }
  Expected<SchemeAttr> scheme = recipe::buildScheme(b.getContext(), constant.scheme);
  if (!scheme) {
    return scheme.takeError();
  }
  auto type =
      QTensorType::get(RankedTensorType::get(constant.tensor.shape, at.getF32Type()), *scheme);
  auto floats = ArrayRef<float>(constant.tensor.scales);
  Value codes =
      arith::ConstantOp::create(at, codeElements(type.getCodesTensor(), constant.tensor.codes));
  Value scales =
      arith::ConstantOp::create(at, DenseElementsAttr::get(type.getScalesTensor(), floats));
  Value zeroPoints;
  if (constant.scheme.zeroPoint) {
    zeroPoints = arith::ConstantOp::create(
        at, DenseElementsAttr::get(type.getZeroPointsTensor(),
                                   ArrayRef<int32_t>(constant.tensor.zeroPoints)));
  }
  return AssembleOp::create(at, type, codes, scales, zeroPoints).getResult();
}

Error GraphImporter::checkModel() {
  if (!model.has_graph() || model.ir_version() < 1) {
    return error("expected an ONNX model with a graph, found none");
  }
  for (const auto &set : model.opset_import()) {
    // "ai.onnx" is another name of the domain without one.
    std::string domain = set.domain() == "ai.onnx" ? "" : set.domain();
    versions[domain] = set.version();
  }
  if (!versions.contains("")) {
    return error("expected the version of the operator set of ai.onnx, found none");
  }
  if (model.graph().sparse_initializer_size() > 0) {
    return error("expected dense initializers, found a sparse one");
  }
  if (model.functions_size() > 0) {
    return error("expected operators of ONNX, found functions of the model's own such as '" +
                 model.functions(0).name() + "'");
  }
  return Error::success();
}

/// The type at run time; `what` names the input or output in errors.
Expected<RankedTensorType> GraphImporter::typeOf(const ::onnx::ValueInfoProto &value,
                                                 StringRef what) {
  std::string place = (what + " '" + value.name() + "': ").str();
  if (!value.type().has_tensor_type() || !value.type().tensor_type().has_shape()) {
    return error(place + "expected a tensor of known rank");
  }
  const auto &tensor = value.type().tensor_type();
  Expected<ElementClass> elements = classOf(tensor.elem_type());
  if (!elements) {
    return error(place + llvm::toString(elements.takeError()));
  }
  if (*elements == ElementClass::Bool) {
    return error(place + "expected floats or integers, found booleans");
  }
  SmallVector<int64_t> shape, known;
  for (const auto &dim : tensor.shape().dim()) {
    if (dim.has_dim_value() && dim.dim_value() > 0) {
      shape.push_back(dim.dim_value());
      known.push_back(dim.dim_value());
      continue;
    }
    if (dim.has_dim_value() && dim.dim_value() < 0) {
      return error(place + "expected sizes that are not negative, found " + Twine(dim.dim_value()));
    }
    // Two sizes without a name need not be equal.
    std::string name = dim.dim_param().empty()
                           ? "axis " + std::to_string(shape.size()) + " of '" + value.name() + "'"
                           : "'" + dim.dim_param() + "'";
    if (!openSize.empty() && openSize != name) {
      return error(place + "expected one open size at most, found " + openSize + " and " + name);
    }
    openSize = name;
    shape.push_back(ShapedType::kDynamic);
  }
  if (Error failure = countElements(known).takeError()) {
    return error(place + llvm::toString(std::move(failure)));
  }
  return RankedTensorType::get(shape, elementType(b, *elements));
}

Error GraphImporter::addInitializers() {
  for (const ::onnx::TensorProto &proto : model.graph().initializer()) {
    Expected<Constant> constant = read(proto);
    if (!constant) {
      return constant.takeError();
    }
    if (!tensors.try_emplace(proto.name()).second) {
      return error("tensor '" + proto.name() + "': expected one initializer, found another");
    }
    tensors[proto.name()].constant = std::make_shared<Constant>(std::move(*constant));
  }
  return Error::success();
}

Error GraphImporter::addInputs(func::FuncOp function) {
  SmallVector<Type> types;
  Block *entry = function.addEntryBlock();
  for (const ::onnx::ValueInfoProto &input : model.graph().input()) {
    // Old models list initializers among the inputs.
    if (lookup(input.name())) {
      continue;
    }
    Expected<RankedTensorType> type = typeOf(input, "input");
    if (!type) {
      return type.takeError();
    }
    Location loc = NameLoc::get(b.getStringAttr(input.name()));
    Tensor tensor;
    tensor.value = entry->addArgument(*type, loc);
    define(input.name(), std::move(tensor));
    types.push_back(*type);
  }
  function.setType(b.getFunctionType(types, {}));
  b.setInsertionPointToEnd(entry);
  return Error::success();
}

Error GraphImporter::addNode(const ::onnx::NodeProto &proto) {
  std::string domain = proto.domain() == "ai.onnx" ? "" : proto.domain();
  auto version = versions.find(domain);
  std::string place =
      ("node '" + proto.name() + "' (" + proto.op_type() + ", domain '" +
       (domain.empty() ? "ai.onnx" : domain) + "', version " +
       (version == versions.end() ? "unknown" : std::to_string(version->second)) + "): ");
  NodeFunction function = domain.empty() ? OperatorTable::get().lookup(proto.op_type()) : nullptr;
  if (!function) {
    return error(place + "expected an operator that is known, found another");
  }
  StringRef name = !proto.name().empty()     ? StringRef(proto.name())
                   : proto.output_size() > 0 ? StringRef(proto.output(0))
                                             : StringRef(proto.op_type());
  b.setLoc(NameLoc::get(b.getStringAttr(name)));
  for (const std::string &input : proto.input()) {
    if (!input.empty() && !lookup(input)) {
      return error(place + "expected '" + input +
                   "' from an input, an initializer or a node before it, found nothing");
    }
  }
  for (const std::string &output : proto.output()) {
    if (!output.empty() && lookup(output)) {
      return error(place + "expected a new name for its result, found '" + output + "' again");
    }
  }
  Node node(*this, proto, version->second);
  function(node);
  if (!node.ok()) {
    return error(place + node.message());
  }
  return Error::success();
}

Error GraphImporter::addOutputs(func::FuncOp function) {
  SmallVector<Value> results;
  b.setLoc(UnknownLoc::get(b.getContext()));
  for (const ::onnx::ValueInfoProto &output : model.graph().output()) {
    Tensor *tensor = lookup(output.name());
    if (!tensor) {
      return error("output '" + output.name() + "': expected a node that makes it, found none");
    }
    Expected<Value> value = materialize(*tensor);
    if (!value) {
      return error("output '" + output.name() + "': " + llvm::toString(value.takeError()));
    }
    if (cast<RankedTensorType>(value->getType()).getElementType().isInteger(1)) {
      return error("output '" + output.name() + "': expected floats or integers, found booleans");
    }
    results.push_back(*value);
  }
  func::ReturnOp::create(b, results);
  function.setType(b.getFunctionType(function.getArgumentTypes(), ValueRange(results).getTypes()));
  return Error::success();
}

Expected<OwningOpRef<ModuleOp>> GraphImporter::run() {
  if (Error failure = checkModel()) {
    return std::move(failure);
  }
  OwningOpRef<ModuleOp> module(ModuleOp::create(b.getLoc()));
  b.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(b, "main", b.getFunctionType({}, {}));
  if (Error failure = addInitializers()) {
    return std::move(failure);
  }
  if (Error failure = addInputs(function)) {
    return std::move(failure);
  }
  for (const ::onnx::NodeProto &node : model.graph().node()) {
    if (Error failure = addNode(node)) {
      return std::move(failure);
    }
  }
  if (Error failure = addOutputs(function)) {
    return std::move(failure);
  }
  return std::move(module);
}

} // namespace quench::onnximport
