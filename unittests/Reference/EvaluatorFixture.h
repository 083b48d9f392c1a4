//===- EvaluatorFixture.h - Evaluates IR given as text ----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every test is a function @main as text, its arguments and the values that it must return. The
// header is header-only.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_REFERENCE_EVALUATORFIXTURE_H
#define QUENCH_UNITTESTS_REFERENCE_EVALUATORFIXTURE_H

#include "quench/Dialect/NN/IR/NNDialect.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"
#include "quench/Reference/Evaluator.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"

#include "gtest/gtest.h"

namespace quench::reference {

class EvaluatorFixture : public testing::Test {
protected:
  using Floats = std::vector<float>;
  using Integers = std::vector<int64_t>;
  using Shape = llvm::ArrayRef<int64_t>;

  EvaluatorFixture() {
    context.loadDialect<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                        mlir::tensor::TensorDialect, QuenchDialect, nn::NNDialect>();
  }

  mlir::FloatType f32() { return mlir::Float32Type::get(&context); }
  mlir::Type integerType(unsigned bits) { return mlir::IntegerType::get(&context, bits); }

  Value floats(Shape shape, Floats values) { return Value::tensor(f32(), shape, values); }
  Value integers(Shape shape, Integers values, unsigned bits = 32) {
    return Value::tensor(integerType(bits), shape, values);
  }
  Value index(int64_t value) { return Value::scalar(mlir::IndexType::get(&context), value); }

  /// Attributes and types as text.
  SchemeAttr scheme(llvm::StringRef text) {
    return llvm::cast<SchemeAttr>(
        mlir::parseAttribute(("#quench.scheme<" + text + ">").str(), &context));
  }
  QTensorType qtensor(Shape shape, llvm::StringRef schemeText) {
    return QTensorType::get(mlir::RankedTensorType::get(shape, f32()), scheme(schemeText));
  }

  /// Calls @main. A text that is not valid IR is a test that is wrong.
  llvm::Expected<llvm::SmallVector<Value>> call(llvm::StringRef text,
                                                llvm::ArrayRef<Value> arguments,
                                                const WeightStore *weights = nullptr,
                                                ObserveCallback observe = {}) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context, "test.mlir");
    if (!module) {
      ADD_FAILURE() << "not valid IR";
      return llvm::SmallVector<Value>();
    }
    return Evaluator(*module, weights, std::move(observe)).call("main", arguments);
  }

  /// The results of @main; at least `count`, so that tests can look at them after a failure.
  llvm::SmallVector<Value> results(llvm::StringRef text, llvm::ArrayRef<Value> arguments,
                                   size_t count, const WeightStore *weights = nullptr) {
    auto found = call(text, arguments, weights);
    if (!found) {
      ADD_FAILURE() << llvm::toString(found.takeError());
      return llvm::SmallVector<Value>(count);
    }
    EXPECT_EQ(found->size(), count);
    found->resize(std::max(found->size(), count));
    return *found;
  }

  Value result(llvm::StringRef text, llvm::ArrayRef<Value> arguments,
               const WeightStore *weights = nullptr) {
    return results(text, arguments, 1, weights).front();
  }

  /// The message of a call that has to fail.
  std::string error(llvm::StringRef text, llvm::ArrayRef<Value> arguments,
                    const WeightStore *weights = nullptr) {
    auto found = call(text, arguments, weights);
    if (found) {
      return "success";
    }
    return llvm::toString(found.takeError());
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// Lines as `print` writes them.
inline std::string text(const Value &value) {
  std::string lines;
  llvm::raw_string_ostream os(lines);
  print(os, "v", value);
  return lines;
}

} // namespace quench::reference

#endif // QUENCH_UNITTESTS_REFERENCE_EVALUATORFIXTURE_H
