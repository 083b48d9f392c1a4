//===- FunctionInterface.cpp - What a compiled function looks like from outside -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/FunctionInterface.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace quench;

std::optional<FunctionParameter> FunctionParameter::get(Type type) {
  FunctionParameter parameter;
  if (auto tensor = dyn_cast<RankedTensorType>(type)) {
    parameter.isTensor = true;
    parameter.shape.assign(tensor.getShape().begin(), tensor.getShape().end());
    type = tensor.getElementType();
    if (tensor.getEncoding() || type.isIndex()) {
      return std::nullopt;
    }
  }
  if (!type.isIndex() && !type.isF32() && !type.isSignlessInteger(32)) {
    return std::nullopt;
  }
  parameter.kind = type.isIndex() ? Kind::Index : type.isF32() ? Kind::F32 : Kind::I32;
  return parameter;
}

std::string FunctionParameter::str() const {
  std::string element = kind == Kind::Index ? "index" : kind == Kind::F32 ? "f32" : "i32";
  if (!isTensor) {
    return element;
  }
  std::string text = "tensor<";
  for (int64_t size : shape) {
    text += (ShapedType::isDynamic(size) ? "?" : std::to_string(size)) + "x";
  }
  return text + element + ">";
}

llvm::Expected<FunctionInterface> FunctionInterface::get(ModuleOp module, StringRef name) {
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!function || !function.getBody().hasOneBlock()) {
    return llvm::createStringError("expected a function @" + name +
                                   (function ? " with one block" : ", found none"));
  }
  auto refuse = [&](StringRef what, size_t index, Type type) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return llvm::createStringError("@" + name + ": " + what + " " + llvm::Twine(index) +
                                   ": expected a tensor of f32 or i32" +
                                   (what == "argument" ? " or a scalar" : "") + ", found " + text);
  };
  FunctionInterface interface;
  for (auto [index, type] : llvm::enumerate(function.getArgumentTypes())) {
    std::optional<FunctionParameter> parameter = FunctionParameter::get(type);
    if (!parameter) {
      return refuse("argument", index, type);
    }
    interface.arguments.push_back(std::move(*parameter));
  }
  for (auto [index, type] : llvm::enumerate(function.getResultTypes())) {
    std::optional<FunctionParameter> parameter = FunctionParameter::get(type);
    if (!parameter || !parameter->isTensor) {
      return refuse("result", index, type);
    }
    interface.results.push_back(std::move(*parameter));
  }
  return interface;
}
