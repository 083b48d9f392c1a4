//===- OpTable.h - What the evaluator does for each op ----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A function for each op name. Such a function sees the values of one function call and the op, and
// returns the results; who called it checks them against the types in the IR and adds location and
// op name to errors. An op with a region runs the region on a frame of its own.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_REFERENCE_OPTABLE_H
#define QUENCH_LIB_REFERENCE_OPTABLE_H

#include "quench/Reference/Evaluator.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace quench::reference {

/// The values of one call of a function.
class Frame {
public:
  explicit Frame(Evaluator &evaluator) : owner(evaluator), outer(nullptr) {}
  /// Of a region inside of `outer`, at an index of the loops around it. Both have to outlive it.
  Frame(const Frame &outer, llvm::ArrayRef<int64_t> loops)
      : owner(outer.owner), outer(&outer), loops(loops) {}

  void set(mlir::Value key, Value value) { values[key] = std::move(value); }
  /// Of an SSA value that dominates the op being executed.
  const Value &operator[](mlir::Value key) const {
    auto place = values.find(key);
    return place == values.end() ? (*outer)[key] : place->second;
  }
  /// Null for an optional operand that is not there.
  const Value *optional(mlir::Value key) const { return key ? &(*this)[key] : nullptr; }
  /// Of a value of type index.
  int64_t index(mlir::Value key) const { return (*this)[key].integers.front(); }
  /// Of an attribute or a value of type index.
  int64_t index(mlir::OpFoldResult key) const;

  /// The index of a loop around the region.
  int64_t loop(unsigned number) const { return loops[number]; }

  Evaluator &evaluator() const { return owner; }

private:
  Evaluator &owner;
  const Frame *outer;
  llvm::ArrayRef<int64_t> loops;
  llvm::DenseMap<mlir::Value, Value> values;
};

using Results = llvm::SmallVector<Value>;
using OpFunction = std::function<llvm::Expected<Results>(mlir::Operation *, const Frame &)>;

class OpTable {
public:
  /// All ops that the evaluator knows.
  static const OpTable &get();

  /// Null for an op that is not known.
  const OpFunction *lookup(mlir::Operation *op) const;

  /// For ops with one result.
  template <typename OpTy> void add(llvm::Expected<Value> (*function)(OpTy, const Frame &)) {
    functions[OpTy::getOperationName()] = [function](mlir::Operation *op, const Frame &frame) {
      return single(function(mlir::cast<OpTy>(op), frame));
    };
  }
  template <typename OpTy> void add(llvm::Expected<Results> (*function)(OpTy, const Frame &)) {
    functions[OpTy::getOperationName()] = [function](mlir::Operation *op, const Frame &frame) {
      return function(mlir::cast<OpTy>(op), frame);
    };
  }
  /// For families of ops that differ in what happens to one element.
  void add(llvm::StringRef opName, OpFunction function) { functions[opName] = std::move(function); }

  /// For those ops of a name that `holds` is true of; the others keep the function that is there.
  void addVariant(llvm::StringRef opName, bool (*holds)(mlir::Operation *), OpFunction function);

  /// For all ops that are not there by name and have an interface.
  void addFamily(bool (*contains)(mlir::Operation *), OpFunction function) {
    families.push_back({contains, std::move(function)});
  }

  static llvm::Expected<Results> single(llvm::Expected<Value> value);

private:
  OpTable();

  llvm::StringMap<OpFunction> functions;
  std::vector<std::pair<bool (*)(mlir::Operation *), OpFunction>> families;
};

// One file each.
void addArithOps(OpTable &table);
void addConversionOps(OpTable &table);
void addTensorOps(OpTable &table);
void addNetworkOps(OpTable &table);
void addWindowOps(OpTable &table);
void addAttentionOps(OpTable &table);
void addQuantizationOps(OpTable &table);
void addStorageOps(OpTable &table);
void addContractionOps(OpTable &table);
void addBasisOps(OpTable &table);
void addMathOps(OpTable &table);
void addLinalgOps(OpTable &table);
void addTosaOps(OpTable &table);
void addTosaShapeOps(OpTable &table);
void addTosaWindowOps(OpTable &table);
/// Behind the three before them: the same ops on integers, and those that integers alone have.
void addTosaIntegerOps(OpTable &table);
void addTosaIntegerWindowOps(OpTable &table);

/// Executes all ops but the terminator of a region's block, whose arguments have their values.
/// Errors are located.
llvm::Error executeBody(mlir::Block &body, Frame &frame);

/// The elements of a constant.
llvm::Expected<Value> evaluateElements(mlir::ElementsAttr elements);

/// One element as a scalar; a scalar itself for position 0.
Value elementOf(const Value &tensor, int64_t position);
/// The inverse, in place.
void setElement(Value &tensor, int64_t position, const Value &scalar);

/// IEEE 754 maximum: NaN wins, -0 is below +0.
float maximum(float a, float b);
float minimum(float a, float b);

/// A tensor of zeros, or an error when the shape is not one that can be had.
llvm::Expected<Value> makeTensor(mlir::Type element, llvm::ArrayRef<int64_t> shape);

/// "2x3", "" for rank 0.
std::string shapeString(llvm::ArrayRef<int64_t> shape);

template <typename... Args> llvm::Error failure(const char *format, Args... args) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), format, args...);
}

/// Calls visit(index) for each index of `shape` in row-major order.
template <typename Visit> void forEachIndex(llvm::ArrayRef<int64_t> shape, Visit visit) {
  llvm::SmallVector<int64_t> index(shape.size(), 0);
  if (llvm::is_contained(shape, 0)) {
    return;
  }
  while (true) {
    visit(llvm::ArrayRef<int64_t>(index));
    size_t axis = shape.size();
    while (axis > 0 && ++index[axis - 1] == shape[axis - 1]) {
      index[--axis] = 0;
    }
    if (axis == 0) {
      return;
    }
  }
}

/// The row-major position of `index` in a tensor of this shape.
int64_t position(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> shape);

} // namespace quench::reference

#endif // QUENCH_LIB_REFERENCE_OPTABLE_H
