//===- RebaseSearch.cpp - Find a consistent set of changes of basis -------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A constraint search. Variables are values, a value not seen is free; an obligation is one port of
// an op whose value has a new basis, and is met by one of a few choices. Obligations with a single
// choice left are met at once, so that refusals show early; only when all that are open have
// several, one is decided by trial, on a copy of the state.
//
//===----------------------------------------------------------------------===//

#include "CausalState.h"

#include "quench/Basis/Rebase.h"
#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Interfaces/BasisOpInterface.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace quench;

bool quench::isConstantLike(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !isa<FloatType>(type.getElementType())) {
    return false;
  }
  while (Operation *op = value.getDefiningOp()) {
    if (isa<WeightOp>(op)) {
      return true;
    }
    ElementsAttr elements;
    if (matchPattern(op, m_Constant(&elements))) {
      return true;
    }
    if (!isa<arith::ExtFOp, ChangeBasisOp>(op)) {
      return false;
    }
    value = op->getOperand(0);
  }
  return false;
}

std::string RebaseRefusal::message() const {
  return (op ? "'" + op->getName().getStringRef() + "' refuses: " : Twine()).str() + reason;
}

namespace {

/// What one more basis is given to: a value, or an operand that holds constants.
struct Target {
  Value value;
  OpOperand *constant = nullptr;
};

/// One way to meet an obligation.
struct Choice {
  SmallVector<std::pair<Target, BasisUse>, 2> assignments;
  /// Instead of assignments: an online change.
  bool online = false;
};

/// A value with a new basis as seen by what makes it (`reader` is null) or by a reader.
struct Obligation {
  Value value;
  OpOperand *reader = nullptr;
};

/// Plain data: copied for a trial.
struct State {
  llvm::MapVector<Value, BasisUse> bases;
  llvm::MapVector<OpOperand *, SmallVector<BasisUse, 1>> constants;
  SmallVector<Value> followed;
  SmallVector<OpOperand *> preceded;
  SmallVector<Obligation> open;
};

class Search {
public:
  Search(Value seed, const RebasePolicy &policy) : seed(seed), policy(policy) {}

  RebaseResult run(const BasisUse &use);

private:
  bool solve(State &state);
  bool assign(State &state, const Target &target, const BasisUse &use);
  bool assignValue(State &state, Value value, const BasisUse &use);
  bool assignConstant(State &state, OpOperand &operand, const BasisUse &use);
  bool commit(State &state, const Obligation &obligation, const Choice &choice);
  bool agrees(const State &state, const Target &target, const BasisUse &use) const;
  bool isMet(const State &state, const Choice &choice) const;

  SmallVector<Choice> choicesOf(const State &state, const Obligation &obligation);
  SmallVector<Choice> choicesOfMaker(const State &state, Value value, const BasisUse &use);
  SmallVector<Choice> choicesOfReader(const State &state, OpOperand &reader, const BasisUse &use);
  SmallVector<Choice> ask(const State &state, Operation *op, BasisPort port, const BasisUse &use);

  /// Keeps the first reason; later ones are consequences of trials.
  void refuse(Operation *op, Location location, const Twine &reason);

  Value seed;
  const RebasePolicy &policy;
  std::optional<RebaseRefusal> refusal;
  unsigned trials = 0;
};

/// More undecided choices than this are not worth a search.
constexpr unsigned maxTrials = 4096;

} // namespace

void Search::refuse(Operation *op, Location location, const Twine &reason) {
  if (!refusal) {
    refusal = RebaseRefusal{op, location, reason.str()};
  }
}

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// Whether the axes of a use exist, are static, and have the extent of its map.
static bool fits(const BasisUse &use, Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !isa<FloatType>(type.getElementType())) {
    return false;
  }
  if (use.isIdentity()) {
    return true;
  }
  if (use.firstAxis < 0 || use.numAxes < 1 || use.endAxis() > type.getRank()) {
    return false;
  }
  int64_t extent = 1;
  for (int64_t dim : type.getShape().slice(use.firstAxis, use.numAxes)) {
    if (ShapedType::isDynamic(dim)) {
      return false;
    }
    extent *= dim;
  }
  return extent == use.map.map.getDimension();
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

SmallVector<Choice> Search::ask(const State &state, Operation *op, BasisPort port,
                                const BasisUse &use) {
  auto model = dyn_cast<BasisOpInterface>(op);
  if (!model) {
    refuse(op, op->getLoc(), "it has no rule for changes of basis");
    return {};
  }
  BasisAnswer answer = model.propagateBasis(port, use);
  if (answer.alternatives.empty()) {
    refuse(op, op->getLoc(), answer.refusal + " (asked for " + describe(use.map) + ")");
  }
  SmallVector<Choice> choices;
  for (const BasisAlternative &alternative : answer.alternatives) {
    Choice &choice = choices.emplace_back();
    for (const auto &[other, otherUse] : alternative) {
      Target target;
      if (other.isResult) {
        target.value = op->getResult(other.index);
      } else {
        // Constants change for one reader at a time, unless it is one that is to be rebased.
        Value operand = op->getOperand(other.index);
        if (isConstantLike(operand) && !state.bases.contains(operand)) {
          target.constant = &op->getOpOperand(other.index);
        } else {
          target.value = operand;
        }
      }
      choice.assignments.push_back({target, otherUse});
    }
  }
  // What constants take alone leaves nothing to ask, and comes first.
  SmallVector<Choice> ordered;
  for (bool alone : {true, false}) {
    for (const Choice &choice : choices) {
      bool own = llvm::all_of(choice.assignments, [](const auto &assignment) {
        return assignment.first.constant || assignment.second.isIdentity();
      });
      if (own == alone) {
        ordered.push_back(choice);
      }
    }
  }
  return ordered;
}

SmallVector<Choice> Search::choicesOfMaker(const State &state, Value value, const BasisUse &use) {
  if (value == seed && policy.callerMakesValue) {
    return {Choice()};
  }
  SmallVector<Choice> choices;
  auto result = dyn_cast<OpResult>(value);
  if (!result) {
    if (Value updated = updatedStateOf(cast<BlockArgument>(value))) {
      choices.push_back(Choice{{{Target{updated}, use}}});
    } else {
      refuse(nullptr, value.getLoc(), "the value is an argument of its function");
    }
  } else if (auto change = dyn_cast<ChangeBasisOp>(result.getOwner());
             change && compose(change.getUse(), use, shapeOf(value))) {
    return {Choice{{}, /*online=*/true}};
  } else {
    choices = ask(state, result.getOwner(), BasisPort::result(result.getResultNumber()), use);
  }
  if (policy.mayFollow && policy.mayFollow(value)) {
    choices.push_back(Choice{{}, /*online=*/true});
  }
  return choices;
}

SmallVector<Choice> Search::choicesOfReader(const State &state, OpOperand &reader,
                                            const BasisUse &use) {
  Operation *op = reader.getOwner();
  if (isa<ObserveOp>(op)) {
    return {Choice()};
  }
  SmallVector<Choice> choices;
  if (auto change = dyn_cast<ChangeBasisOp>(op);
      change && compose(invert(use), change.getUse(), shapeOf(reader.get()))) {
    return {Choice{{}, /*online=*/true}};
  }
  if (op->hasTrait<OpTrait::ReturnLike>()) {
    if (Value state = stateReturnedAt(reader)) {
      choices.push_back(Choice{{{Target{state}, use}}});
    } else {
      refuse(op, op->getLoc(), "the value leaves its function");
    }
  } else {
    choices = ask(state, op, BasisPort::operand(reader.getOperandNumber()), use);
  }
  if (policy.mayPrecede && policy.mayPrecede(reader)) {
    choices.push_back(Choice{{}, /*online=*/true});
  }
  return choices;
}

/// Those that do not contradict the state.
SmallVector<Choice> Search::choicesOf(const State &state, const Obligation &obligation) {
  BasisUse use = state.bases.lookup(obligation.value);
  SmallVector<Choice> choices = obligation.reader ? choicesOfReader(state, *obligation.reader, use)
                                                  : choicesOfMaker(state, obligation.value, use);
  bool none = choices.empty();
  llvm::erase_if(choices, [&](const Choice &choice) {
    return !llvm::all_of(choice.assignments, [&](const auto &assignment) {
      return agrees(state, assignment.first, assignment.second);
    });
  });
  if (choices.empty() && !none) {
    Operation *op =
        obligation.reader ? obligation.reader->getOwner() : obligation.value.getDefiningOp();
    refuse(op, op ? op->getLoc() : obligation.value.getLoc(),
           "its other operands and results cannot follow a " + describe(use.map));
  }
  return choices;
}

//===----------------------------------------------------------------------===//
// Assignments
//===----------------------------------------------------------------------===//

bool Search::agrees(const State &state, const Target &target, const BasisUse &use) const {
  if (!target.constant) {
    const auto *known = state.bases.find(target.value);
    if (known != state.bases.end()) {
      return known->second == normalize(use, shapeOf(target.value));
    }
    return fits(use, target.value);
  }
  if (!fits(use, target.constant->get())) {
    return false;
  }
  BasisUse wanted = normalize(use, shapeOf(target.constant->get()));
  return llvm::all_of(state.constants.lookup(target.constant), [&](const BasisUse &known) {
    bool apart = known.endAxis() <= wanted.firstAxis || wanted.endAxis() <= known.firstAxis;
    return known == wanted || (apart && !known.isIdentity() && !wanted.isIdentity());
  });
}

/// Whether everything that the choice assigns is so already.
bool Search::isMet(const State &state, const Choice &choice) const {
  return !choice.online && llvm::all_of(choice.assignments, [&](const auto &assignment) {
    const auto &[target, use] = assignment;
    if (target.constant) {
      return llvm::is_contained(state.constants.lookup(target.constant),
                                normalize(use, shapeOf(target.constant->get())));
    }
    return state.bases.contains(target.value) && agrees(state, target, use);
  });
}

bool Search::assignValue(State &state, Value value, const BasisUse &use) {
  BasisUse wanted = normalize(use, shapeOf(value));
  auto [place, isNew] = state.bases.insert({value, wanted});
  if (!isNew || wanted.isIdentity()) {
    return place->second == wanted;
  }
  state.open.push_back({value, nullptr});
  if (value == seed && policy.callerReadsValue) {
    return true;
  }
  // Uses are listed from the last to the first.
  SmallVector<OpOperand *> readers;
  for (OpOperand &reader : value.getUses()) {
    readers.push_back(&reader);
  }
  for (OpOperand *reader : llvm::reverse(readers)) {
    state.open.push_back({value, reader});
  }
  return true;
}

/// A constant in less than f32 becomes f32. Ops whose results have its type follow, if only
/// extensions read them.
static bool mayWiden(OpOperand &operand) {
  Type element = getElementTypeOrSelf(operand.get().getType());
  if (element.isF32()) {
    return true;
  }
  for (Value result : operand.getOwner()->getResults()) {
    if (getElementTypeOrSelf(result.getType()) == element &&
        !llvm::all_of(result.getUsers(), llvm::IsaPred<arith::ExtFOp>)) {
      return false;
    }
  }
  return true;
}

bool Search::assignConstant(State &state, OpOperand &operand, const BasisUse &use) {
  Operation *op = operand.getOwner();
  if (!use.isIdentity() && !mayWiden(operand)) {
    refuse(op, op->getLoc(), "its constants are narrower than f32, and so is what reads it");
    return false;
  }
  BasisUse wanted = normalize(use, shapeOf(operand.get()));
  SmallVector<BasisUse, 1> &known = state.constants[&operand];
  if (!llvm::is_contained(known, wanted)) {
    known.push_back(wanted);
  }
  return true;
}

bool Search::assign(State &state, const Target &target, const BasisUse &use) {
  // The choice agreed with the state; its own assignments may still contradict each other.
  if (!agrees(state, target, use)) {
    return false;
  }
  return target.constant ? assignConstant(state, *target.constant, use)
                         : assignValue(state, target.value, use);
}

bool Search::commit(State &state, const Obligation &obligation, const Choice &choice) {
  if (choice.online && obligation.reader) {
    state.preceded.push_back(obligation.reader);
  } else if (choice.online) {
    state.followed.push_back(obligation.value);
  }
  for (const auto &[target, use] : choice.assignments) {
    if (!assign(state, target, use)) {
      Operation *op =
          obligation.reader ? obligation.reader->getOwner() : obligation.value.getDefiningOp();
      refuse(op, op ? op->getLoc() : obligation.value.getLoc(), "one value would need two bases");
      return false;
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Search
//===----------------------------------------------------------------------===//

bool Search::solve(State &state) {
  SmallVector<std::pair<Obligation, SmallVector<Choice>>> undecided;
  while (true) {
    // Obligations are met in the order in which they came up; what is undecided is asked again
    // once the others have said more.
    bool progress = false;
    SmallVector<Obligation> round;
    std::swap(round, state.open);
    undecided.clear();
    for (const Obligation &obligation : round) {
      SmallVector<Choice> choices = choicesOf(state, obligation);
      if (choices.empty()) {
        return false;
      }
      const Choice *met =
          llvm::find_if(choices, [&](const Choice &choice) { return isMet(state, choice); });
      if (met == choices.end() && choices.size() > 1) {
        undecided.push_back({obligation, choices});
        continue;
      }
      if (!commit(state, obligation, met == choices.end() ? choices.front() : *met)) {
        return false;
      }
      progress = true;
    }
    if (undecided.empty() && state.open.empty()) {
      return true;
    }
    if (!progress) {
      break;
    }
    for (const auto &[obligation, choices] : undecided) {
      state.open.push_back(obligation);
    }
  }
  const auto &[obligation, choices] = undecided.front();
  for (const Choice &choice : choices) {
    if (++trials > maxTrials) {
      refuse(obligation.value.getDefiningOp(), obligation.value.getLoc(),
             "there are too many ways to follow it");
      return false;
    }
    State trial = state;
    for (const auto &[other, _] : ArrayRef(undecided).drop_front()) {
      trial.open.push_back(other);
    }
    if (commit(trial, obligation, choice) && solve(trial)) {
      state = std::move(trial);
      return true;
    }
  }
  return false;
}

RebaseResult Search::run(const BasisUse &use) {
  State state;
  RebaseResult result{std::nullopt, {nullptr, seed.getLoc(), ""}};
  if (!fits(use, seed)) {
    result.refusal.op = seed.getDefiningOp();
    result.refusal.reason = "the map does not fit the type of the value";
    return result;
  }
  if (!assignValue(state, seed, use) || !solve(state)) {
    if (refusal) {
      result.refusal = *refusal;
    }
    return result;
  }
  RebasePlan &plan = result.plan.emplace();
  for (const auto &[value, basis] : state.bases) {
    if (!basis.isIdentity()) {
      plan.bases.insert({value, basis});
    }
  }
  for (auto &[operand, uses] : state.constants) {
    llvm::erase_if(uses, [](const BasisUse &known) { return known.isIdentity(); });
    if (!uses.empty()) {
      plan.constants.insert({operand, uses});
    }
  }
  plan.followed = state.followed;
  plan.preceded = state.preceded;
  return result;
}

RebaseResult quench::planRebase(Value value, const BasisUse &use, const RebasePolicy &policy) {
  return Search(value, policy).run(use);
}
