//===- CrewTest.cpp - Loops that a crew divides -------------------------- -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each of many short loops reads what the one before has written elsewhere, so that a lost or
// doubled iteration, or a loop that begins too early, changes the result. It is compared with the
// same in plain C++, on more threads than a machine has cores too.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Crew.h"
#include "quench/Codegen/NativeCode.h"
#include "quench/Codegen/Passes.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

#include "gtest/gtest.h"

#include <thread>

extern "C" void omp_set_num_threads(int count);

using namespace mlir;
using namespace quench;

/// Writes to %b from %a and back, for loops of 0 to n iterations.
static constexpr llvm::StringLiteral program = R"mlir(
func.func @step(%from: memref<?xi64>, %to: memref<?xi64>, %n: index, %round: index, %isLarge: i1) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %size = memref.dim %from, %zero : memref<?xi64>
  %added = arith.index_cast %round : index to i64
  quench.fork_if %isLarge
  scf.parallel (%i) = (%zero) to (%n) step (%one) {
    %j = arith.addi %i, %round : index
    %at = arith.remui %j, %size : index
    %other = memref.load %from[%at] : memref<?xi64>
    %own = memref.load %to[%i] : memref<?xi64>
    %shift = arith.constant 1 : i64
    %doubled = arith.shli %own, %shift : i64
    %mixed = arith.xori %doubled, %other : i64
    %new = arith.addi %mixed, %added : i64
    memref.store %new, %to[%i] : memref<?xi64>
  }
  return
}
func.func @run(%a: memref<?xi64>, %b: memref<?xi64>, %rounds: index, %isLarge: i1) -> i32 {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %n = memref.dim %a, %zero : memref<?xi64>
  %limit = arith.addi %n, %one : index
  scf.for %r = %zero to %rounds step %one {
    %count = arith.remui %r, %limit : index
    func.call @step(%a, %b, %count, %r, %isLarge) : (memref<?xi64>, memref<?xi64>, index, index, i1) -> ()
    func.call @step(%b, %a, %n, %r, %isLarge) : (memref<?xi64>, memref<?xi64>, index, index, i1) -> ()
  }
  %status = arith.constant 17 : i32
  return %status : i32
}
)mlir";

static void step(const std::vector<uint64_t> &from, std::vector<uint64_t> &to, size_t n,
                 size_t round) {
  for (size_t i = 0; i < n; ++i) {
    to[i] = ((to[i] << 1) ^ from[(i + round) % from.size()]) + round;
  }
}

namespace {
class CrewTest : public testing::Test {
protected:
  void SetUp() override {
    quench::Target target = quench::Target::host();
    DialectRegistry registry;
    registerNativeCodeDialects(registry);
    registry
        .insert<arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect, LLVM::LLVMDialect,
                memref::MemRefDialect, omp::OpenMPDialect, QuenchDialect, scf::SCFDialect>();
    MLIRContext context(registry);
    context.loadAllAvailableDialects();
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(program, &context);
    ASSERT_TRUE(module);
    PassManager passes(&context);
    passes.addPass(createAttachTargetPass(target));
    passes.addPass(createGuardParallelPass());
    passes.addPass(createSCFToControlFlowPass());
    passes.addPass(createFinalizeMemRefToLLVMConversionPass());
    passes.addPass(createArithToLLVMConversionPass());
    passes.addPass(createConvertFuncToLLVMPass());
    passes.addPass(createConvertControlFlowToLLVMPass());
    passes.addPass(createReconcileUnrealizedCastsPass());
    passes.addPass(createLowerCrewPass());
    ASSERT_TRUE(succeeded(passes.run(*module)));
    addEntry(*module);

    llvm::LLVMContext llvmContext;
    auto machine = llvm::cantFail(createTargetMachine(target));
    auto translated = llvm::cantFail(translateAndOptimize(*module, llvmContext, *machine));
    llvm::SmallVector<char, 0> object;
    llvm::cantFail(emitMachineCode(*translated, *machine, MachineCodeKind::Object, object));
    jit = llvm::cantFail(llvm::orc::LLJITBuilder().create());
    jit->getMainJITDylib().addGenerator(
        llvm::cantFail(llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
            jit->getDataLayout().getGlobalPrefix())));
    llvm::cantFail(jit->addObjectFile(
        llvm::MemoryBuffer::getMemBufferCopy(StringRef(object.data(), object.size()))));
    entry = llvm::cantFail(jit->lookup("entry")).toPtr<Entry *>();
  }

  /// `i32 entry(ptr a, ptr b, i64 size, i64 rounds, i1 isLarge, i1 isWorth)`
  static void addEntry(ModuleOp module) {
    auto run = module.lookupSymbol<LLVM::LLVMFuncOp>("run");
    ASSERT_TRUE(run && run->hasAttr(Crew::kTakesCrew));
    ImplicitLocOpBuilder b(module.getLoc(), module.getContext());
    b.setInsertionPointToEnd(module.getBody());
    Type pointer = LLVM::LLVMPointerType::get(b.getContext()), i64 = b.getI64Type();
    auto type = LLVM::LLVMFunctionType::get(
        b.getI32Type(), {pointer, pointer, i64, i64, b.getI1Type(), b.getI1Type()});
    auto function = LLVM::LLVMFuncOp::create(b, "entry", type);
    Block *block = function.addEntryBlock(b);
    b.setInsertionPointToEnd(block);
    Value zero = LLVM::ConstantOp::create(b, i64, b.getI64IntegerAttr(0));
    Value one = LLVM::ConstantOp::create(b, i64, b.getI64IntegerAttr(1));
    ValueRange in = block->getArguments();
    SmallVector<Value> arguments = {in[0], in[0], zero,  in[2], one,   in[1],
                                    in[1], zero,  in[2], one,   in[3], in[4]};
    LLVM::ReturnOp::create(b, Crew::call(b, run, arguments, in[5]));
  }

  /// What the compiled program leaves in both buffers of `size` numbers.
  std::vector<uint64_t> run(int threads, int64_t size, int64_t rounds, bool isLarge, bool isWorth) {
    omp_set_num_threads(threads);
    std::vector<uint64_t> a(size, 1), b(size, 2);
    EXPECT_EQ(entry(a.data(), b.data(), size, rounds, isLarge, isWorth), 17);
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }

  static std::vector<uint64_t> expected(int64_t size, int64_t rounds) {
    std::vector<uint64_t> a(size, 1), b(size, 2);
    for (int64_t round = 0; round < rounds; ++round) {
      step(a, b, round % (size + 1), round);
      step(b, a, size, round);
    }
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }

private:
  using Entry = int32_t(uint64_t *, uint64_t *, int64_t, int64_t, bool, bool);
  std::unique_ptr<llvm::orc::LLJIT> jit;
  Entry *entry = nullptr;
};
} // namespace

TEST_F(CrewTest, EveryIterationIsRunOnceAndAfterTheLoopBefore) {
  for (int64_t size : {1, 2, 7, 40}) {
    for (int threads : {1, 2, 3, 8}) {
      EXPECT_EQ(run(threads, size, 500, true, true), expected(size, 500))
          << threads << " threads, " << size;
    }
  }
}

TEST_F(CrewTest, SmallLoopsAndSmallCallsStayOnTheirThread) {
  EXPECT_EQ(run(2, 9, 100, false, true), expected(9, 100));
  EXPECT_EQ(run(2, 9, 100, true, false), expected(9, 100));
  EXPECT_EQ(run(2, 9, 0, true, true), expected(9, 0));
}

TEST_F(CrewTest, CallsAtTheSameTimeHaveTheirOwnCrews) {
  std::vector<std::thread> callers;
  for (int64_t size : {5, 6, 7}) {
    callers.emplace_back([this, size] {
      for (int repetition = 0; repetition < 5; ++repetition) {
        EXPECT_EQ(run(2, size, 100, true, true), expected(size, 100)) << size;
      }
    });
  }
  for (std::thread &caller : callers) {
    caller.join();
  }
}
