//===- PassTarget.cpp - Passes on IR text -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first line names passes, as in
//   // quench-rotate{seed=3},quench-fold-weights
// and the rest is the module that they run on. A pass that fails says why, and passes leave IR
// behind that verifies, whether they fail or not.
//
//===----------------------------------------------------------------------===//

#include "FuzzContext.h"
#include "FuzzTarget.h"

#include "quench/InitAll.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace quench::fuzz;

/// All passes that a Passes.td declares.
static constexpr StringLiteral kPasses[] = {
#include "FuzzPasses.inc"
};
static constexpr size_t kMaxPasses = 4;
/// In one value, where the evaluator runs, which is made to be obvious and not fast.
static constexpr int64_t kMaxEvaluatedElements = 1 << 10;

/// Whether options name no file: a fuzzer reads and writes none.
static bool isHarmless(StringRef options) {
  return !options.contains('/') && !options.contains('%');
}

/// The passes of "// NAME{OPTIONS},NAME,…", or one pass by chance if the line has none.
static std::string pipelineOf(StringRef line) {
  SmallVector<StringRef> passes;
  StringRef rest = line.ltrim("/ ");
  while (!rest.empty() && passes.size() < kMaxPasses) {
    size_t name = rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-");
    StringRef pass = rest.take_front(name);
    StringRef options = rest.drop_front(pass.size());
    options = options.starts_with("{") ? options.take_front(options.find('}') + 1) : "";
    if (llvm::is_contained(kPasses, pass)) {
      passes.push_back(isHarmless(options) ? rest.take_front(pass.size() + options.size()) : pass);
    }
    rest = rest.drop_front(pass.size() + options.size());
    if (!rest.consume_front(",")) {
      break;
    }
  }
  if (passes.empty()) {
    return kPasses[llvm::xxh3_64bits(line) % std::size(kPasses)].str();
  }
  return llvm::join(passes, ",");
}

void quench::fuzz::fuzzPasses(StringRef bytes) {
  static bool registered = [] {
    registerQuenchPasses();
    return true;
  }();
  (void)registered;
  MLIRContext &context = fuzzContext();
  DiagnosticLog log(context);
  auto [line, text] = bytes.split('\n');
  OwningOpRef<ModuleOp> module = parseInput(text, context);
  if (!module) {
    return;
  }
  PassManager manager(&context, ModuleOp::getOperationName(), PassManager::Nesting::Implicit);
  // An error about an option goes to this stream.
  std::string message;
  llvm::raw_string_ostream stream(message);
  std::string pipeline = pipelineOf(line);
  bool evaluates = StringRef(pipeline).contains("quench-evaluate") ||
                   StringRef(pipeline).contains("quench-verify-equivalence");
  if (evaluates && hasMoreElements(*module, kMaxEvaluatedElements)) {
    return;
  }
  if (failed(parsePassPipeline(pipeline, manager, stream))) {
    return;
  }
  manager.enableVerifier(false);
  log.clear();
  LogicalResult result = manager.run(*module);
  if (failed(result) && !log.hasErrors()) {
    finding("a pass fails and does not say why", pipeline);
  }
  if (failed(verify(*module))) {
    std::string after;
    llvm::raw_string_ostream(after) << *module;
    finding("a pass leaves IR that is not valid", pipeline + "\n" + log.text() + after);
  }
}
