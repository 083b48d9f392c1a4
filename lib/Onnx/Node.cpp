//===- Node.cpp - Inputs and attributes of nodes --------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Node.h"

#include "BuildingBlocks.h"
#include "GraphImporter.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using llvm::Expected;
using llvm::Twine;

namespace quench::onnximport {

Node::Node(GraphImporter &importer, const ::onnx::NodeProto &proto, int64_t version)
    : b(importer.builder()), version(version), importer(importer), proto(proto) {}

void Node::fail(const Twine &message) {
  if (problem.empty()) {
    problem = message.str();
  }
}

bool Node::has(unsigned input) const { return input < numInputs() && !proto.input(input).empty(); }

bool Node::isRead(unsigned output) const {
  return output < numOutputs() && !proto.output(output).empty();
}

Tensor *Node::tensor(unsigned input) {
  if (!has(input)) {
    fail("expected input " + Twine(input) + ", found none");
    return nullptr;
  }
  return importer.lookup(proto.input(input));
}

RankedValue Node::value(unsigned input) {
  Tensor *found = tensor(input);
  if (!found) {
    return {};
  }
  Expected<Value> made = importer.materialize(*found);
  if (!made) {
    fail(llvm::toString(made.takeError()));
    return {};
  }
  return cast<RankedValue>(*made);
}

RankedValue Node::floats(unsigned input) {
  RankedValue found = value(input);
  if (found && !found.getType().getElementType().isF32()) {
    fail("expected floats as input " + Twine(input) + ", found integers or booleans");
    return {};
  }
  return found;
}

const Constant *Node::maybeConstant(unsigned input) {
  Tensor *found = has(input) ? tensor(input) : nullptr;
  return found ? found->constant.get() : nullptr;
}

float Node::scalar(unsigned input, float missing) {
  if (!has(input)) {
    return missing;
  }
  const Constant *constant = maybeConstant(input);
  if (!constant || constant->elements != ElementClass::Float || constant->floats.size() != 1) {
    fail("expected one constant float as input " + Twine(input));
    return missing;
  }
  return constant->floats.front();
}

SmallVector<int64_t> Node::integers(unsigned input) {
  SmallVector<int64_t> result;
  std::optional<Sizes> found = maybeSizes(input);
  if (!found) {
    fail("expected constant integers as input " + Twine(input));
    return result;
  }
  for (OpFoldResult size : *found) {
    std::optional<int64_t> number = getConstantIntValue(size);
    if (!number) {
      fail("expected constant integers as input " + Twine(input) + ", found an open size");
      return {};
    }
    result.push_back(*number);
  }
  return result;
}

std::optional<Sizes> Node::maybeSizes(unsigned input) {
  Tensor *found = has(input) ? tensor(input) : nullptr;
  if (!found || found->sizes) {
    return found ? found->sizes : std::nullopt;
  }
  const Constant *constant = found->constant.get();
  if (!constant || constant->elements != ElementClass::Integer || constant->shape.size() > 1) {
    return std::nullopt;
  }
  return toSizes(b, constant->integers);
}

const ::onnx::AttributeProto *Node::find(StringRef name) const {
  for (const ::onnx::AttributeProto &attribute : proto.attribute()) {
    if (attribute.name() == name) {
      return &attribute;
    }
  }
  return nullptr;
}

int64_t Node::attribute(StringRef name, int64_t missing) {
  const ::onnx::AttributeProto *found = find(name);
  if (found && found->type() != ::onnx::AttributeProto::INT) {
    fail("expected an integer as attribute '" + name + "', found another type");
    return missing;
  }
  return found ? found->i() : missing;
}

float Node::attribute(StringRef name, float missing) {
  const ::onnx::AttributeProto *found = find(name);
  if (found && found->type() != ::onnx::AttributeProto::FLOAT) {
    fail("expected a float as attribute '" + name + "', found another type");
    return missing;
  }
  return found ? found->f() : missing;
}

std::string Node::attribute(StringRef name, StringRef missing) {
  const ::onnx::AttributeProto *found = find(name);
  if (found && found->type() != ::onnx::AttributeProto::STRING) {
    fail("expected a text as attribute '" + name + "', found another type");
    return missing.str();
  }
  return found ? found->s() : missing.str();
}

SmallVector<int64_t> Node::attributes(StringRef name) {
  const ::onnx::AttributeProto *found = find(name);
  if (found && found->type() != ::onnx::AttributeProto::INTS) {
    fail("expected integers as attribute '" + name + "', found another type");
    return {};
  }
  return found ? SmallVector<int64_t>(found->ints().begin(), found->ints().end())
               : SmallVector<int64_t>();
}

int64_t Node::axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    fail("expected an axis from " + Twine(-rank) + " to " + Twine(rank - 1) + ", found " +
         Twine(axis));
    return 0;
  }
  return axis < 0 ? axis + rank : axis;
}

void Node::define(unsigned output, Tensor tensor) {
  if (output < numOutputs() && !proto.output(output).empty()) {
    importer.define(proto.output(output), std::move(tensor));
  }
}

void Node::define(unsigned output, Value value) {
  if (!value) {
    fail("expected inputs that fit each other");
    return;
  }
  if (!checkSize(*this, cast<RankedTensorType>(value.getType()).getShape())) {
    return;
  }
  Tensor tensor;
  tensor.value = value;
  define(output, std::move(tensor));
}

void Node::define(unsigned output, Constant constant) {
  Tensor tensor;
  tensor.constant = std::make_shared<Constant>(std::move(constant));
  define(output, std::move(tensor));
}

void Node::defineSizes(unsigned output, Sizes sizes, bool isScalar) {
  Tensor tensor;
  tensor.isScalar = isScalar;
  // Without open sizes it is a constant like any other.
  bool isConstant =
      llvm::all_of(sizes, [](OpFoldResult size) { return getConstantIntValue(size).has_value(); });
  if (isConstant) {
    Constant constant;
    constant.dataType = datatype::Int64;
    constant.elements = ElementClass::Integer;
    if (!isScalar) {
      constant.shape.push_back(static_cast<int64_t>(sizes.size()));
    }
    for (OpFoldResult size : sizes) {
      constant.integers.push_back(*getConstantIntValue(size));
    }
    tensor.constant = std::make_shared<Constant>(std::move(constant));
  } else {
    tensor.sizes = std::move(sizes);
  }
  define(output, std::move(tensor));
}

} // namespace quench::onnximport
