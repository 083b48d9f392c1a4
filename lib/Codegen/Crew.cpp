//===- Crew.cpp - Threads that wait for the loops of one call -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Crew.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace quench;

/// A crew, in two cache lines: what helpers read, and what they write.
///
///   0 word         upper half: number of the loop; lower half: iterations that nobody has claimed
///   1 task         void(environment, begin, end)
///   2 environment
///   3 count        iterations of the loop
///   4 share        a claim takes this part of what is left: twice the number of threads
///   6 done         iterations that have been run
///
/// The number of the loop keeps a claim from succeeding that was prepared in an earlier loop. A
/// task is run between its claim and the increment of `done`, and the calling thread announces
/// nothing new before `done` is `count`, so that what a claim finds in fields 1 to 3 belongs to it.
static constexpr llvm::StringLiteral crewType =
    "!llvm.struct<(i64, ptr, ptr, i64, i64, array<3 x i64>, i64, array<7 x i64>)>";

/// A crew is dismissed by a word that announces no loop: no iterations, and a number that no loop
/// has.
static constexpr llvm::StringLiteral functions = R"mlir(
!crew = $crew
llvm.func @sched_yield() -> i32
llvm.func @omp_get_thread_num() -> i32
llvm.func @omp_get_num_threads() -> i32

// Called again and again while there is nothing to do, with the number of the call.
llvm.func internal @quench_crew_idle(%turn: i32) {
  %mask = llvm.mlir.constant(1023 : i32) : i32
  $pause
  %low = llvm.and %turn, %mask : i32
  %isLong = llvm.icmp "eq" %low, %mask : i32
  llvm.cond_br %isLong, ^yield, ^done
^yield:
  %status = llvm.call @sched_yield() : () -> i32
  llvm.br ^done
^done:
  llvm.return
}

// Runs one part of the loop that is announced; false when nothing is left of it.
llvm.func internal @quench_crew_help(%crew: !llvm.ptr) -> i1 {
  %false = llvm.mlir.constant(false) : i1
  %true = llvm.mlir.constant(true) : i1
  %none = llvm.mlir.constant(0 : i64) : i64
  %one = llvm.mlir.constant(1 : i64) : i64
  %low = llvm.mlir.constant(4294967295 : i64) : i64
  %shareAt = llvm.getelementptr %crew[0, 4] : (!llvm.ptr) -> !llvm.ptr, !crew
  %first = llvm.load %crew atomic acquire {alignment = 8 : i64} : !llvm.ptr -> i64
  llvm.br ^look(%first : i64)
^look(%word: i64):
  %left = llvm.and %word, %low : i64
  %isEmpty = llvm.icmp "eq" %left, %none : i64
  llvm.cond_br %isEmpty, ^nothing, ^claim
^claim:
  %share = llvm.load %shareAt : !llvm.ptr -> i64
  %part = llvm.udiv %left, %share : i64
  %size = llvm.intr.umax(%part, %one) : (i64, i64) -> i64
  %rest = llvm.sub %word, %size : i64
  %pair = llvm.cmpxchg %crew, %word, %rest acq_rel acquire {alignment = 8 : i64} : !llvm.ptr, i64
  %found = llvm.extractvalue %pair[0] : !llvm.struct<(i64, i1)>
  %isMine = llvm.extractvalue %pair[1] : !llvm.struct<(i64, i1)>
  llvm.cond_br %isMine, ^run, ^look(%found : i64)
^run:
  %taskAt = llvm.getelementptr %crew[0, 1] : (!llvm.ptr) -> !llvm.ptr, !crew
  %environmentAt = llvm.getelementptr %crew[0, 2] : (!llvm.ptr) -> !llvm.ptr, !crew
  %countAt = llvm.getelementptr %crew[0, 3] : (!llvm.ptr) -> !llvm.ptr, !crew
  %doneAt = llvm.getelementptr %crew[0, 6] : (!llvm.ptr) -> !llvm.ptr, !crew
  %task = llvm.load %taskAt : !llvm.ptr -> !llvm.ptr
  %environment = llvm.load %environmentAt : !llvm.ptr -> !llvm.ptr
  %count = llvm.load %countAt : !llvm.ptr -> i64
  %begin = llvm.sub %count, %left : i64
  %end = llvm.add %begin, %size : i64
  llvm.call %task(%environment, %begin, %end) : !llvm.ptr, (!llvm.ptr, i64, i64) -> ()
  %before = llvm.atomicrmw add %doneAt, %size release {alignment = 8 : i64} : !llvm.ptr, i64
  llvm.return %true : i1
^nothing:
  llvm.return %false : i1
}

// What the other threads of the region do until the crew is dismissed.
llvm.func internal @quench_crew_serve(%crew: !llvm.ptr) {
  %zero = llvm.mlir.constant(0 : i32) : i32
  %one = llvm.mlir.constant(1 : i32) : i32
  %dismissed = llvm.mlir.constant(-4294967296 : i64) : i64
  llvm.br ^next(%zero : i32)
^next(%turn: i32):
  %helped = llvm.call @quench_crew_help(%crew) : (!llvm.ptr) -> i1
  llvm.cond_br %helped, ^next(%zero : i32), ^look
^look:
  %word = llvm.load %crew atomic acquire {alignment = 8 : i64} : !llvm.ptr -> i64
  %isOver = llvm.icmp "eq" %word, %dismissed : i64
  llvm.cond_br %isOver, ^done, ^wait
^wait:
  llvm.call @quench_crew_idle(%turn) : (i32) -> ()
  %later = llvm.add %turn, %one : i32
  llvm.br ^next(%later : i32)
^done:
  llvm.return
}

llvm.func internal @quench_crew_open(%crew: !llvm.ptr) {
  %none = llvm.mlir.constant(0 : i64) : i64
  llvm.store %none, %crew atomic release {alignment = 8 : i64} : i64, !llvm.ptr
  llvm.return
}

// The crew of the calling thread, or null if it has no helpers.
llvm.func internal @quench_crew_get(%crew: !llvm.ptr) -> !llvm.ptr {
  %one = llvm.mlir.constant(1 : i32) : i32
  %null = llvm.mlir.zero : !llvm.ptr
  %threads = llvm.call @omp_get_num_threads() : () -> i32
  %twice = llvm.shl %threads, %one : i32
  %share = llvm.zext %twice : i32 to i64
  %shareAt = llvm.getelementptr %crew[0, 4] : (!llvm.ptr) -> !llvm.ptr, !crew
  llvm.store %share, %shareAt : i64, !llvm.ptr
  %isAlone = llvm.icmp "eq" %threads, %one : i32
  %result = llvm.select %isAlone, %null, %crew : i1, !llvm.ptr
  llvm.return %result : !llvm.ptr
}

llvm.func internal @quench_crew_dismiss(%crew: !llvm.ptr) {
  %dismissed = llvm.mlir.constant(-4294967296 : i64) : i64
  llvm.store %dismissed, %crew atomic release {alignment = 8 : i64} : i64, !llvm.ptr
  llvm.return
}

llvm.func internal @quench_crew_divide(%crew: !llvm.ptr, %task: !llvm.ptr, %environment: !llvm.ptr,
                                       %count: i64) {
  %zero = llvm.mlir.constant(0 : i32) : i32
  %one = llvm.mlir.constant(1 : i32) : i32
  %none = llvm.mlir.constant(0 : i64) : i64
  %low = llvm.mlir.constant(4294967295 : i64) : i64
  %next = llvm.mlir.constant(4294967296 : i64) : i64
  %fits = llvm.icmp "ule" %count, %low : i64
  llvm.cond_br %fits, ^announce, ^alone
^alone:
  llvm.call %task(%environment, %none, %count) : !llvm.ptr, (!llvm.ptr, i64, i64) -> ()
  llvm.return
^announce:
  %taskAt = llvm.getelementptr %crew[0, 1] : (!llvm.ptr) -> !llvm.ptr, !crew
  %environmentAt = llvm.getelementptr %crew[0, 2] : (!llvm.ptr) -> !llvm.ptr, !crew
  %countAt = llvm.getelementptr %crew[0, 3] : (!llvm.ptr) -> !llvm.ptr, !crew
  %doneAt = llvm.getelementptr %crew[0, 6] : (!llvm.ptr) -> !llvm.ptr, !crew
  llvm.store %task, %taskAt : !llvm.ptr, !llvm.ptr
  llvm.store %environment, %environmentAt : !llvm.ptr, !llvm.ptr
  llvm.store %count, %countAt : i64, !llvm.ptr
  llvm.store %none, %doneAt atomic monotonic {alignment = 8 : i64} : i64, !llvm.ptr
  %last = llvm.load %crew atomic monotonic {alignment = 8 : i64} : !llvm.ptr -> i64
  %number = llvm.add %last, %next : i64
  %word = llvm.or %number, %count : i64
  llvm.store %word, %crew atomic release {alignment = 8 : i64} : i64, !llvm.ptr
  llvm.br ^work
^work:
  %helped = llvm.call @quench_crew_help(%crew) : (!llvm.ptr) -> i1
  llvm.cond_br %helped, ^work, ^look(%zero : i32)
^look(%turn: i32):
  %done = llvm.load %doneAt atomic acquire {alignment = 8 : i64} : !llvm.ptr -> i64
  %isOver = llvm.icmp "eq" %done, %count : i64
  llvm.cond_br %isOver, ^over, ^wait
^wait:
  llvm.call @quench_crew_idle(%turn) : (i32) -> ()
  %later = llvm.add %turn, %one : i32
  llvm.br ^look(%later : i32)
^over:
  llvm.return
}
)mlir";

/// What a thread does in a loop that waits for another one.
static StringRef pauseOf(const Target &target) {
  switch (llvm::Triple(target.triple).getArch()) {
  case llvm::Triple::x86_64:
    return R"(llvm.call_intrinsic "llvm.x86.sse2.pause"() : () -> ())";
  case llvm::Triple::aarch64:
    return R"(%hint = llvm.mlir.constant(1 : i32) : i32
  llvm.call_intrinsic "llvm.aarch64.hint"(%hint) : (i32) -> ())";
  default:
    return "";
  }
}

static std::string replace(StringRef text, StringRef what, StringRef by) {
  auto [before, after] = text.split(what);
  return (before + by + after).str();
}

void Crew::addFunctions(ModuleOp module, const Target &target) {
  if (module.lookupSymbol(kDivideFunction)) {
    return;
  }
  std::string text = replace(replace(functions, "$crew", crewType), "$pause", pauseOf(target));
  OwningOpRef<ModuleOp> parsed = parseSourceString<ModuleOp>(text, module.getContext());
  for (Operation &op : llvm::make_early_inc_range(*parsed->getBody())) {
    if (!module.lookupSymbol(cast<SymbolOpInterface>(op).getName())) {
      op.moveBefore(module.getBody(), module.getBody()->end());
    }
  }
}

Value Crew::call(ImplicitLocOpBuilder &b, LLVM::LLVMFuncOp function, ValueRange arguments,
                 Value isWorth) {
  auto module = function->getParentOfType<ModuleOp>();
  auto crewFunction = [&](StringRef name) { return module.lookupSymbol<LLVM::LLVMFuncOp>(name); };
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  Type i32 = b.getI32Type();
  auto constant = [&](int32_t value) -> Value {
    return LLVM::ConstantOp::create(b, i32, b.getI32IntegerAttr(value));
  };
  auto callFunction = [&](Value crew) {
    SmallVector<Value> operands(arguments);
    operands.push_back(crew);
    return LLVM::CallOp::create(b, function, operands).getResult();
  };
  Type type = parseType(crewType, b.getContext());
  Value crew = LLVM::AllocaOp::create(b, pointer, type, constant(1), /*alignment=*/64);
  Value status = LLVM::AllocaOp::create(b, pointer, i32, constant(1));
  Block *begin = b.getInsertionBlock();
  Region *body = begin->getParent();
  Block *alone = b.createBlock(body, body->end());
  Block *together = b.createBlock(body, body->end());
  Block *done = b.createBlock(body, body->end());
  b.setInsertionPointToEnd(begin);
  LLVM::CondBrOp::create(b, isWorth, together, alone);

  b.setInsertionPointToEnd(alone);
  LLVM::StoreOp::create(b, callFunction(LLVM::ZeroOp::create(b, pointer)), status);
  LLVM::BrOp::create(b, done);

  b.setInsertionPointToEnd(together);
  LLVM::CallOp::create(b, crewFunction("quench_crew_open"), crew);
  auto parallel = omp::ParallelOp::create(b);
  LLVM::BrOp::create(b, done);
  Region &threads = parallel.getRegion();
  Block *enter = b.createBlock(&threads, threads.end());
  Block *run = b.createBlock(&threads, threads.end());
  Block *help = b.createBlock(&threads, threads.end());
  Block *leave = b.createBlock(&threads, threads.end());
  b.setInsertionPointToEnd(enter);
  Value number =
      LLVM::CallOp::create(b, crewFunction("omp_get_thread_num"), ValueRange()).getResult();
  Value isFirst = LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::eq, number, constant(0));
  LLVM::CondBrOp::create(b, isFirst, run, help);
  b.setInsertionPointToEnd(run);
  Value own = LLVM::CallOp::create(b, crewFunction("quench_crew_get"), crew).getResult();
  LLVM::StoreOp::create(b, callFunction(own), status);
  LLVM::CallOp::create(b, crewFunction("quench_crew_dismiss"), crew);
  LLVM::BrOp::create(b, leave);
  b.setInsertionPointToEnd(help);
  LLVM::CallOp::create(b, crewFunction("quench_crew_serve"), crew);
  LLVM::BrOp::create(b, leave);
  b.setInsertionPointToEnd(leave);
  omp::TerminatorOp::create(b);

  b.setInsertionPointToEnd(done);
  return LLVM::LoadOp::create(b, i32, status);
}
