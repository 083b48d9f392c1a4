//===- QuenchToTosa.cpp - Quantized functions in TOSA's integers ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a module in QDQ form. Output: functions on codes in TOSA's integer profile, and a host
// that calls them where they are not all. All integer functions are written before any function is
// changed, and are taken back when something goes wrong.
//
//===----------------------------------------------------------------------===//

#include "quench/Conversion/QuenchToTosa/QuenchToTosa.h"

#include "HostCall.h"
#include "IntegerRegion.h"
#include "TosaEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define DEBUG_TYPE "convert-quench-to-tosa"

namespace quench {
#define GEN_PASS_DEF_CONVERTQUENCHTOTOSAPASS
#include "quench/Conversion/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

using llvm::Error;
using llvm::Expected;

namespace {

/// A region, and the function that was written for it.
struct Integers {
  IntegerRegion region;
  func::FuncOp function;
  SmallVector<IntegerForm> results;
};

class Converter {
public:
  Converter(ModuleOp module, const WeightStore *store, int64_t rows)
      : module(module), symbols(module), store(store), rows(rows) {}

  LogicalResult run();

private:
  LogicalResult convert(func::FuncOp function, const IntegerPlan &plan);
  FailureOr<Integers> emit(func::FuncOp function, const IntegerPlan &plan, IntegerRegion region,
                           ArrayRef<BlockArgument> arguments);
  LogicalResult refuse(ArrayRef<std::unique_ptr<IntegerPlan>> plans);

  ModuleOp module;
  SymbolTable symbols;
  const WeightStore *store;
  int64_t rows;
  bool found = false;
};

struct ConvertQuenchToTosaPass
    : quench::impl::ConvertQuenchToTosaPassBase<ConvertQuenchToTosaPass> {
  using ConvertQuenchToTosaPassBase::ConvertQuenchToTosaPassBase;
  void runOnOperation() override;
};

} // namespace

static remark::RemarkOpts remarkOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category(DEBUG_TYPE);
}

//===----------------------------------------------------------------------===//
// Functions of integers
//===----------------------------------------------------------------------===//

/// With scales that are computed at run time, that of the result is a multiple of the argument's.
static NamedAttrList describe(Builder &b, const IntegerForm &form, const PlannedValue &value) {
  NamedAttrList attributes;
  attributes.set("quench.scale", b.getF64FloatAttr(form.scales[0]));
  if (value.scaledBy) {
    attributes.set("quench.scaled_at_run_time", b.getUnitAttr());
  }
  attributes.set("quench.zero_point", b.getI64IntegerAttr(form.zeroPoint));
  return attributes;
}

/// With `arguments` of the function, each is one of the result; else each leaf is one.
FailureOr<Integers> Converter::emit(func::FuncOp function, const IntegerPlan &plan,
                                    IntegerRegion region, ArrayRef<BlockArgument> arguments) {
  ImplicitLocOpBuilder b(function.getLoc(), function);
  auto integers = func::FuncOp::create(b, nameOf(function, region), b.getFunctionType({}, {}));
  integers.setPrivate();
  Block *entry = integers.addEntryBlock();
  b.setInsertionPointToStart(entry);
  TosaEmitter emitter(b, plan, rows);
  SmallVector<DictionaryAttr> argumentAttributes, resultAttributes;
  auto addArgument = [&](QuantizeOp leaf) {
    auto type = RankedTensorType::get(emitter.shapeOf(leaf.getResult()), b.getI8Type());
    const PlannedValue &codes = *plan.lookup(leaf.getResult());
    argumentAttributes.push_back(describe(b, codes.form, codes).getDictionary(b.getContext()));
    return entry->addArgument(type, leaf.getLoc());
  };
  for (BlockArgument argument : arguments) {
    Value codes;
    for (QuantizeOp leaf : region.inputs) {
      if (leaf.getInput() == argument) {
        codes = codes ? codes : addArgument(leaf);
        emitter.setLeaf(leaf.getResult(), codes);
      }
    }
  }
  if (arguments.empty()) {
    for (QuantizeOp leaf : region.inputs) {
      emitter.setLeaf(leaf.getResult(), addArgument(leaf));
    }
  }
  for (Operation *op : region.ops) {
    if (Error error = emitter.emit(op)) {
      integers.erase();
      return op->emitError(llvm::toString(std::move(error)));
    }
  }
  Integers written{std::move(region), integers, {}};
  SmallVector<Value> results;
  for (Value output : written.region.outputs) {
    auto [value, form] = emitter.result(output);
    results.push_back(value);
    resultAttributes.push_back(
        describe(b, form, *plan.lookup(output)).getDictionary(b.getContext()));
    written.results.push_back(std::move(form));
  }
  func::ReturnOp::create(b, results);
  integers.setFunctionType(
      b.getFunctionType(entry->getArgumentTypes(), ValueRange(results).getTypes()));
  integers.setAllArgAttrs(argumentAttributes);
  integers.setAllResultAttrs(resultAttributes);
  return written;
}

//===----------------------------------------------------------------------===//
// The host
//===----------------------------------------------------------------------===//

/// Whether it moves or decodes what others computed.
static bool isPlumbing(Operation *op) {
  return op->hasTrait<OpTrait::ConstantLike>() ||
         isa<DequantizeOp, WeightOp, DisassembleOp, AssembleOp, linalg::BroadcastOp, linalg::FillOp,
             linalg::TransposeOp, tensor::CastOp, tensor::CollapseShapeOp, tensor::DimOp,
             tensor::EmptyOp, tensor::ExpandShapeOp, tensor::ExtractSliceOp, tensor::InsertSliceOp,
             tensor::PadOp, func::ReturnOp>(op);
}

static bool isOnFloats(Operation *op) {
  return llvm::any_of(op->getOperandTypes(), [](Type type) {
    auto shaped = dyn_cast<ShapedType>(type);
    return isa<QTensorType>(type) || (shaped && isa<FloatType>(shaped.getElementType()));
  });
}

/// Says what is left to the host.
static void remarkOnHost(const IntegerPlan &plan, func::FuncOp function) {
  for (Operation &op : function.front()) {
    StringRef reason = plan.refusal(&op);
    if (isAbsorbed(plan, &op) || isPlumbing(&op) || !isOnFloats(&op) ||
        (isa<QuantizeOp>(op) && reason.empty())) {
      continue;
    }
    remark::missed(op.getLoc(), remarkOptions("on-host"))
        << remark::metric("Op", op.getName().getStringRef())
        << remark::metric("Reason", reason.empty() ? "its operands are floats, not codes" : reason);
  }
}

static void eraseDead(func::FuncOp function) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.front()))) {
    if (isOpTriviallyDead(&op)) {
      op.erase();
    }
  }
}

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

LogicalResult Converter::convert(func::FuncOp function, const IntegerPlan &plan) {
  std::optional<IntegerRegion> whole = wholeRegion(function, plan);
  if (whole && SymbolTable::symbolKnownUseEmpty(function, module)) {
    FailureOr<Integers> integers = emit(function, plan, std::move(*whole), function.getArguments());
    if (failed(integers)) {
      return failure();
    }
    found = true;
    remark::passed(function.getLoc(), remarkOptions("Integers"))
        << remark::metric("Function", function.getSymName());
    integers->function.setVisibility(function.getVisibility());
    std::string name = function.getSymName().str();
    symbols.erase(function);
    integers->function.setSymName(name);
    symbols.insert(integers->function);
    return success();
  }
  std::vector<Integers> written;
  for (Value output : outputsOf(function, plan)) {
    FailureOr<Integers> integers = emit(function, plan, collectRegion(plan, output), {});
    if (failed(integers)) {
      for (Integers &other : written) {
        other.function.erase();
      }
      return failure();
    }
    written.push_back(std::move(*integers));
  }
  if (!written.empty()) {
    remarkOnHost(plan, function);
  }
  for (Integers &integers : written) {
    found = true;
    integers.function->remove();
    symbols.insert(integers.function);
    remark::passed(integers.region.outputs[0].getLoc(), remarkOptions("Integers"))
        << remark::metric("Function", integers.function.getSymName());
    callFromHost(integers.region, integers.function, integers.results.front(), plan);
  }
  if (!written.empty()) {
    eraseDead(function);
  }
  return success();
}

static bool readsWeight(Operation *op) {
  return llvm::any_of(op->getOperands(), [](Value operand) {
    auto decoded = operand.getDefiningOp<DequantizeOp>();
    return decoded && isa_and_present<WeightOp, AssembleOp>(decoded.getInput().getDefiningOp());
  });
}

/// There is nothing that integers compute: an error where the first product is.
LogicalResult Converter::refuse(ArrayRef<std::unique_ptr<IntegerPlan>> plans) {
  InFlightDiagnostic error =
      module.emitError("nothing can be computed in TOSA's integer profile; expected products of "
                       "8-bit codes with weights of integers");
  for (const std::unique_ptr<IntegerPlan> &plan : plans) {
    Operation *first = nullptr;
    module.walk([&](Operation *op) {
      first = first || plan->refusal(op).empty() || !readsWeight(op) ? first : op;
    });
    if (first) {
      error.attachNote(first->getLoc()) << "not this one: " << plan->refusal(first);
      break;
    }
  }
  return error;
}

LogicalResult Converter::run() {
  SmallVector<func::FuncOp> functions;
  std::vector<std::unique_ptr<IntegerPlan>> plans;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function.isExternal() && function.getBody().hasOneBlock()) {
      functions.push_back(function);
      plans.push_back(std::make_unique<IntegerPlan>(function, store));
    }
  }
  for (auto [function, plan] : llvm::zip_equal(functions, plans)) {
    if (failed(convert(function, *plan))) {
      return failure();
    }
  }
  return found ? success() : refuse(plans);
}

LogicalResult quench::convertQuenchToTosa(ModuleOp module, const WeightStore *weights,
                                          int64_t rows) {
  if (rows < 1) {
    return module.emitError() << "rows: expected at least 1, found " << rows;
  }
  return Converter(module, weights, rows).run();
}

void ConvertQuenchToTosaPass::runOnOperation() {
  std::unique_ptr<WeightStore> store;
  if (!weights.empty()) {
    Expected<std::unique_ptr<WeightStore>> opened = WeightStore::open(weights);
    if (!opened) {
      getOperation().emitError() << llvm::toString(opened.takeError());
      return signalPassFailure();
    }
    store = std::move(*opened);
  }
  if (failed(convertQuenchToTosa(getOperation(), store.get(), rows))) {
    signalPassFailure();
  }
}
