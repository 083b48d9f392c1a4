//===- Evaluator.cpp - Executes IR by the definitions of its ops ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Reference/Evaluator.h"

#include "OpTable.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace llvm;

namespace quench::reference {

/// Calls deeper than this are refused; nothing in the IR can make them end.
static constexpr unsigned maxDepth = 64;

//===----------------------------------------------------------------------===//
// Op table and frames
//===----------------------------------------------------------------------===//

int64_t Frame::index(OpFoldResult key) const {
  if (auto attribute = dyn_cast<Attribute>(key)) {
    return cast<IntegerAttr>(attribute).getInt();
  }
  return index(cast<mlir::Value>(key));
}

static Expected<Results> evaluateCall(func::CallOp op, const Frame &frame) {
  Results arguments;
  for (mlir::Value operand : op.getOperands()) {
    arguments.push_back(frame[operand]);
  }
  return frame.evaluator().call(op.getCallee(), arguments);
}

OpTable::OpTable() {
  add<func::CallOp>(evaluateCall);
  addArithOps(*this);
  addConversionOps(*this);
  addTensorOps(*this);
  addNetworkOps(*this);
  addWindowOps(*this);
  addAttentionOps(*this);
  addQuantizationOps(*this);
  addStorageOps(*this);
  addContractionOps(*this);
  addBasisOps(*this);
  addMathOps(*this);
  addLinalgOps(*this);
  addTosaOps(*this);
  addTosaShapeOps(*this);
  addTosaWindowOps(*this);
  addTosaIntegerOps(*this);
  addTosaIntegerWindowOps(*this);
}

const OpTable &OpTable::get() {
  static const OpTable table;
  return table;
}

const OpFunction *OpTable::lookup(Operation *op) const {
  auto found = functions.find(op->getName().getStringRef());
  if (found != functions.end()) {
    return &found->second;
  }
  for (const auto &[contains, function] : families) {
    if (contains(op)) {
      return &function;
    }
  }
  return nullptr;
}

void OpTable::addVariant(StringRef opName, bool (*holds)(Operation *), OpFunction function) {
  OpFunction &place = functions[opName];
  place = [holds, function = std::move(function),
           other = std::move(place)](Operation *op, const Frame &frame) -> Expected<Results> {
    if (holds(op)) {
      return function(op, frame);
    }
    return other ? other(op, frame) : failure("expected other types of operands");
  };
}

Expected<Results> OpTable::single(Expected<Value> value) {
  if (!value) {
    return value.takeError();
  }
  Results results;
  results.push_back(std::move(*value));
  return results;
}

Expected<Value> makeTensor(mlir::Type element, ArrayRef<int64_t> shape) {
  Expected<int64_t> count = countElements(shape);
  if (!count) {
    return count.takeError();
  }
  if (auto floating = dyn_cast<FloatType>(element)) {
    return Value::tensor(floating, shape, std::vector<float>(*count, 0.0f));
  }
  return Value::tensor(element, shape, std::vector<int64_t>(*count, 0));
}

std::string shapeString(ArrayRef<int64_t> shape) {
  std::string text;
  raw_string_ostream os(text);
  interleave(shape, os, "x");
  return text;
}

int64_t position(ArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  int64_t result = 0;
  for (auto [i, dim] : llvm::zip_equal(index, shape)) {
    result = result * dim + i;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Execution
//===----------------------------------------------------------------------===//

namespace {

/// An error that says where it happened.
class LocatedError : public llvm::ErrorInfo<LocatedError> {
public:
  static char ID;
  explicit LocatedError(std::string text) : text(std::move(text)) {}
  void log(raw_ostream &os) const override { os << text; }
  std::error_code convertToErrorCode() const override { return inconvertibleErrorCode(); }

private:
  std::string text;
};

} // namespace

char LocatedError::ID = 0;

/// "file:line:column: 'op' op message", the way that diagnostics read.
static Error locate(Operation *op, const Twine &message) {
  std::string text;
  raw_string_ostream os(text);
  if (auto place = op->getLoc()->findInstanceOf<FileLineColLoc>()) {
    os << place.getFilename().getValue() << ':' << place.getLine() << ':' << place.getColumn();
  } else {
    os << op->getLoc();
  }
  os << ": '" << op->getName() << "' op " << message;
  return make_error<LocatedError>(std::move(text));
}

/// Errors of a callee or of a region are located where they happened.
static Error locate(Operation *op, Error error) {
  return error.isA<LocatedError>() ? std::move(error) : locate(op, toString(std::move(error)));
}

static std::string typeString(mlir::Type type) {
  std::string text;
  raw_string_ostream(text) << type;
  return text;
}

static Error verifyType(const Twine &what, mlir::Type declared, const Value &value) {
  if (isCompatible(declared, value.type)) {
    return Error::success();
  }
  return failure("expected %s of type %s, found %s", what.str().c_str(),
                 typeString(declared).c_str(),
                 value.type ? typeString(value.type).c_str() : "nothing");
}

static Error execute(Operation *op, Frame &frame) {
  const OpFunction *function = OpTable::get().lookup(op);
  if (!function) {
    return locate(op, "is not known to the reference evaluator");
  }
  Expected<Results> results = (*function)(op, frame);
  if (!results) {
    return locate(op, results.takeError());
  }
  for (auto [index, declared] : llvm::enumerate(op->getResults())) {
    if (Error error = verifyType("result " + Twine(index), declared.getType(), (*results)[index])) {
      return locate(op, std::move(error));
    }
    frame.set(declared, std::move((*results)[index]));
  }
  return Error::success();
}

Error executeBody(Block &body, Frame &frame) {
  for (Operation &op : body.without_terminator()) {
    if (Error error = execute(&op, frame)) {
      return error;
    }
  }
  return Error::success();
}

Evaluator::Evaluator(ModuleOp module, const WeightStore *weights, ObserveCallback observe)
    : module(module), weightStore(weights), observeCallback(std::move(observe)) {}

static Error bindArguments(func::FuncOp function, ArrayRef<Value> arguments, Frame &frame) {
  if (arguments.size() != function.getNumArguments()) {
    return failure("expected %u arguments, found %zu", function.getNumArguments(),
                   arguments.size());
  }
  for (auto [index, value] : llvm::enumerate(arguments)) {
    if (Error error = value.verify()) {
      return failure("argument %zu: %s", index, toString(std::move(error)).c_str());
    }
    BlockArgument argument = function.getArgument(index);
    if (Error error = verifyType("argument " + Twine(index), argument.getType(), value)) {
      return error;
    }
    frame.set(argument, value);
  }
  return Error::success();
}

Expected<SmallVector<Value>> Evaluator::call(StringRef name, ArrayRef<Value> arguments) {
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!function) {
    return locate(module, "has no function @" + name);
  }
  if (!function.getBody().hasOneBlock()) {
    return locate(function, "expected @" + name + " to have a body of one block");
  }
  if (depth == maxDepth) {
    return locate(function, "expected at most " + Twine(maxDepth) + " nested calls");
  }
  Frame frame(*this);
  if (Error error = bindArguments(function, arguments, frame)) {
    return locate(function, std::move(error));
  }
  ++depth;
  Error error = executeBody(function.getBody().front(), frame);
  --depth;
  if (error) {
    return std::move(error);
  }
  SmallVector<Value> results;
  for (mlir::Value operand : function.getBody().front().getTerminator()->getOperands()) {
    results.push_back(frame[operand]);
  }
  return results;
}

} // namespace quench::reference
