//===- LoopNest.cpp - Ops whose basis follows from loops and a body -------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopNest.h"

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"

#include <optional>

using namespace quench;

using Kind = BodyStep::Kind;

namespace {

/// A port whose elements depend on the loop, and the axis that they do so by.
struct Participant {
  BasisPort port;
  int64_t axis;
};

/// The power of a diagonal that a step takes: any for 0, none where it does not scale as a whole.
struct Power {
  bool isAny = false;
  bool isNone = false;
  int value = 0;
  /// Whether entries have to be positive.
  bool needsPositive = false;
};

/// One answer in the making.
class LoopQuestion {
public:
  LoopQuestion(const LoopNest &nest, BasisPort port, const BasisUse &use)
      : nest(nest), port(port), use(use) {}

  BasisAnswer answer();

private:
  bool collect();
  bool isRead(unsigned operand) const;
  bool isSummed() const { return !onResult; }
  /// The step that makes the result.
  int root() const;
  int peel(int step) const;
  const Participant *find(BasisPort wanted) const;

  /// Whether a step is linear in the participants, and whether it depends on them at all.
  std::optional<unsigned> degreeOf(int step) const;
  Power powerOf(int step, llvm::ArrayRef<int> powers) const;

  void addSame(const MapUse &map);
  void addContragredient();
  void addPowers();
  void addUses(llvm::ArrayRef<int> powers);
  void add(llvm::ArrayRef<std::pair<BasisPort, MapUse>> uses);

  const LoopNest &nest;
  BasisPort port;
  const BasisUse &use;
  int64_t loop = LoopNest::noLoop;
  llvm::SmallVector<Participant> participants;
  bool onResult = false;
  BasisAnswer result;
};

} // namespace

bool LoopQuestion::isRead(unsigned operand) const {
  return llvm::any_of(nest.body, [&](const BodyStep &step) {
    return step.kind == Kind::Operand && step.index == operand;
  });
}

int LoopQuestion::peel(int step) const {
  while (nest.body[step].kind == Kind::Same) {
    step = nest.body[step].lhs;
  }
  return step;
}

int LoopQuestion::root() const { return peel(static_cast<int>(nest.body.size()) - 1); }

const Participant *LoopQuestion::find(BasisPort wanted) const {
  const auto *place =
      llvm::find_if(participants, [&](const Participant &own) { return own.port == wanted; });
  return place == participants.end() ? nullptr : place;
}

/// Finds what else depends on the loop. Says why not where one does in another way.
bool LoopQuestion::collect() {
  llvm::ArrayRef<int64_t> own = port.isResult ? nest.resultLoops : nest.operandLoops[port.index];
  loop = own[use.firstAxis];
  if (loop == LoopNest::noLoop || nest.mixedLoops.test(loop)) {
    result = BasisAnswer::refuse("it does not read that axis element by element");
    return false;
  }
  auto addPort = [&](BasisPort other, llvm::ArrayRef<int64_t> loops) {
    size_t times = llvm::count(loops, loop);
    if (times == 1) {
      participants.push_back({other, llvm::find(loops, loop) - loops.begin()});
    }
    return times <= 1;
  };
  bool once = addPort(BasisPort::result(0), nest.resultLoops);
  onResult = !participants.empty();
  for (unsigned i = 0; i < nest.operandLoops.size(); ++i) {
    if (isRead(i) || BasisPort::operand(i) == port || nest.initial == i) {
      once &= addPort(BasisPort::operand(i), nest.operandLoops[i]);
    }
  }
  if (!once) {
    result = BasisAnswer::refuse("it reads a diagonal");
  }
  return once;
}

std::optional<unsigned> LoopQuestion::degreeOf(int index) const {
  const BodyStep &step = nest.body[index];
  auto lhs = [&] { return degreeOf(step.lhs); };
  auto rhs = [&] { return degreeOf(step.rhs); };
  switch (step.kind) {
  case Kind::Operand:
    return find(BasisPort::operand(step.index)) ? 1 : 0;
  case Kind::Zero:
  case Kind::Infinity:
  case Kind::Uniform:
    return 0;
  case Kind::Same:
    return lhs();
  case Kind::Sum: {
    auto isZero = [&](int part) { return nest.body[peel(part)].kind == Kind::Zero; };
    auto first = lhs(), second = rhs();
    if (!first || !second) {
      return std::nullopt;
    }
    // A part that does not depend on the loop would have to be changed, too.
    bool fits = *first == *second || (*first == 0 && isZero(step.lhs)) ||
                (*second == 0 && isZero(step.rhs));
    return fits ? std::optional(std::max(*first, *second)) : std::nullopt;
  }
  case Kind::Product: {
    auto first = lhs(), second = rhs();
    return first && second && *first + *second <= 1 ? std::optional(*first + *second)
                                                    : std::nullopt;
  }
  case Kind::Quotient:
    return rhs() == 0u ? lhs() : std::nullopt;
  case Kind::Bound:
  case Kind::Sign:
  case Kind::Other:
    break;
  }
  // Of what does not depend on the loop, anything.
  bool apart = (step.lhs < 0 || lhs() == 0u) && (step.rhs < 0 || rhs() == 0u);
  return apart ? std::optional(0u) : std::nullopt;
}

Power LoopQuestion::powerOf(int index, llvm::ArrayRef<int> powers) const {
  const BodyStep &step = nest.body[index];
  if (step.kind == Kind::Operand) {
    for (auto [participant, power] : llvm::zip_equal(participants, powers)) {
      if (participant.port == BasisPort::operand(step.index)) {
        return {false, false, power};
      }
    }
    return {};
  }
  if (step.kind == Kind::Zero) {
    return {true};
  }
  if (step.kind == Kind::Infinity) {
    return {true, false, 0, true};
  }
  if (step.kind == Kind::Uniform) {
    return {};
  }
  Power lhs = step.lhs < 0 ? Power() : powerOf(step.lhs, powers);
  Power rhs = step.rhs < 0 ? Power() : powerOf(step.rhs, powers);
  Power both{false, lhs.isNone || rhs.isNone, 0, lhs.needsPositive || rhs.needsPositive};
  switch (step.kind) {
  case Kind::Same:
    return lhs;
  case Kind::Sum:
  case Kind::Bound:
    both.isAny = lhs.isAny && rhs.isAny;
    both.value = lhs.isAny ? rhs.value : lhs.value;
    both.isNone |= !lhs.isAny && !rhs.isAny && lhs.value != rhs.value;
    both.needsPositive |= step.kind == Kind::Bound && both.value != 0;
    return both;
  case Kind::Sign:
    return {false, lhs.isNone, 0, lhs.needsPositive || lhs.value != 0};
  case Kind::Product:
    both.isAny = lhs.isAny || rhs.isAny;
    both.value = lhs.value + rhs.value;
    return both;
  case Kind::Quotient:
    both.isAny = lhs.isAny;
    both.isNone |= rhs.isAny;
    both.value = lhs.value - rhs.value;
    return both;
  default:
    both.isNone |= lhs.value != 0 || rhs.value != 0 || lhs.isAny || rhs.isAny;
    return both;
  }
}

void LoopQuestion::add(llvm::ArrayRef<std::pair<BasisPort, MapUse>> uses) {
  BasisAlternative alternative;
  for (const auto &[other, map] : uses) {
    if (other != port) {
      alternative.push_back(
          {other, map.isIdentity() ? BasisUse() : BasisUse{find(other)->axis, 1, map}});
    }
  }
  if (!llvm::is_contained(result.alternatives, alternative)) {
    result.alternatives.push_back(alternative);
  }
}

void LoopQuestion::addSame(const MapUse &map) {
  llvm::SmallVector<std::pair<BasisPort, MapUse>> uses;
  for (const Participant &participant : participants) {
    uses.push_back({participant.port, map});
  }
  add(uses);
}

/// Σ over the loop of x y: x M and y M⁻ᵀ have the same sum.
void LoopQuestion::addContragredient() {
  const BodyStep &product = nest.body[root()];
  if (product.kind != Kind::Product || participants.size() != 2) {
    return;
  }
  auto factor = [&](int step) -> std::optional<unsigned> {
    step = peel(step);
    return nest.body[step].kind == Kind::Operand ? std::optional(nest.body[step].index)
                                                 : std::nullopt;
  };
  std::optional<unsigned> lhs = factor(product.lhs), rhs = factor(product.rhs);
  if (lhs && rhs && lhs != rhs && find(BasisPort::operand(*lhs)) &&
      find(BasisPort::operand(*rhs))) {
    BasisPort other = BasisPort::operand(port.index == *lhs ? *rhs : *lhs);
    add({{other, contragredient(use.map)}});
  }
}

/// All powers of the others that make the body scale as the result does, the fewest changes first.
void LoopQuestion::addPowers() {
  constexpr size_t most = 5;
  if (participants.size() > most) {
    return;
  }
  size_t own = find(port) - participants.begin();
  size_t count = 1;
  for (size_t i = 0; i < participants.size(); ++i) {
    count *= 3;
  }
  llvm::SmallVector<llvm::SmallVector<int>> found;
  for (size_t code = 0; code < count; ++code) {
    llvm::SmallVector<int> powers;
    size_t rest = code;
    for (size_t i = 0; i < participants.size(); ++i, rest /= 3) {
      powers.push_back(static_cast<int>(rest % 3) == 2 ? -1 : static_cast<int>(rest % 3));
    }
    if (powers[own] != 1) {
      continue;
    }
    int wanted = onResult ? powers[find(BasisPort::result(0)) - participants.begin()] : 0;
    Power power = powerOf(root(), powers);
    bool startsRight =
        !nest.initial || !find(BasisPort::operand(*nest.initial)) ||
        powers[find(BasisPort::operand(*nest.initial)) - participants.begin()] == wanted;
    if (!power.isNone && (power.isAny || power.value == wanted) && startsRight &&
        (!power.needsPositive || isPositiveDiagonal(use.map))) {
      found.push_back(powers);
    }
  }
  for (size_t changes = 1; changes <= participants.size(); ++changes) {
    for (llvm::ArrayRef<int> powers : found) {
      if (powers.size() - llvm::count(powers, 0) == changes) {
        addUses(powers);
      }
    }
  }
}

void LoopQuestion::addUses(llvm::ArrayRef<int> powers) {
  llvm::SmallVector<std::pair<BasisPort, MapUse>> uses;
  for (auto [participant, power] : llvm::zip_equal(participants, powers)) {
    MapUse own = power == 0 ? MapUse() : power == 1 ? use.map : invert(use.map);
    uses.push_back({participant.port, own});
  }
  add(uses);
}

BasisAnswer LoopQuestion::answer() {
  if (!nest.refusal.empty()) {
    return BasisAnswer::refuse(nest.refusal);
  }
  if (use.numAxes != 1) {
    return BasisAnswer::refuse("a map that mixes several of its axes does not pass it");
  }
  if (!collect()) {
    return result;
  }
  if (isPermutation(use.map)) {
    addSame(use.map);
    return result;
  }
  if (onResult && nest.initial && !find(BasisPort::operand(*nest.initial))) {
    return BasisAnswer::refuse("what it adds is the same all along that axis");
  }
  if (isSummed()) {
    addContragredient();
  } else if (degreeOf(root()) == 1u || nest.body[root()].kind == Kind::Zero) {
    addSame(use.map);
  }
  if (isDiagonal(use.map)) {
    addPowers();
  }
  if (result.alternatives.empty()) {
    result = BasisAnswer::refuse(
        isSummed() ? "what it sums along that axis is not a product"
                   : "only permutations pass it, and maps of what it is linear in");
  }
  return result;
}

int LoopNest::addUniform(mlir::Value value) {
  if (mlir::matchPattern(value, mlir::m_AnyZeroFloat())) {
    return addStep({Kind::Zero});
  }
  bool isInfinite = mlir::matchPattern(value, mlir::m_PosInfFloat()) ||
                    mlir::matchPattern(value, mlir::m_NegInfFloat());
  return addStep({isInfinite ? Kind::Infinity : Kind::Uniform});
}

void LoopNest::refuseNarrowConstants(mlir::Operation *op) {
  for (mlir::Value operand : op->getOperands()) {
    mlir::Operation *maker = operand.getDefiningOp();
    bool isConstant =
        maker && (maker->hasTrait<mlir::OpTrait::ConstantLike>() || mlir::isa<WeightOp>(maker));
    auto element = mlir::dyn_cast<mlir::FloatType>(mlir::getElementTypeOrSelf(operand.getType()));
    if (isConstant && mlir::isa<mlir::ShapedType>(operand.getType()) && element &&
        !element.isF32()) {
      refusal = "its constants are not f32";
    }
  }
}

BasisAnswer LoopNest::propagate(BasisPort port, const BasisUse &use) const {
  bool isRead = llvm::any_of(body, [&](const BodyStep &step) {
    return step.kind == Kind::Operand && step.index == port.index;
  });
  if (!port.isResult && !isRead && initial != port.index && refusal.empty()) {
    return BasisAnswer::of({});
  }
  return LoopQuestion(*this, port, use).answer();
}
