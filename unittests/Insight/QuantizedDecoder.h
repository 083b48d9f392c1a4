//===- QuantizedDecoder.h - A small model and its quantized twin -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_INSIGHT_QUANTIZEDDECODER_H
#define QUENCH_UNITTESTS_INSIGHT_QUANTIZEDDECODER_H

#include "../Tuning/TestDecoder.h"

#include "quench/Insight/LayerMeasurement.h"
#include "quench/Insight/PassLog.h"
#include "quench/Recipe/RecipeFile.h"
#include "quench/Transforms/Passes.h"
#include "quench/Transforms/RecipePasses.h"
#include "quench/Workspace/Workspace.h"

#include "mlir/Pass/PassManager.h"

namespace quench::insight {

/// A decoder whose module stays float and a copy that a recipe has quantized, with the log of that.
class QuantizedDecoder : public TestDecoder {
public:
  explicit QuantizedDecoder(llvm::StringRef recipe) : log(remarks) {
    buildDecoder();
    WorkspaceInputs inputs;
    inputs.weights = store->path().str();
    inputs.recipe = llvm::cantFail(recipe::parseRecipe(recipe, "test.yaml"));
    inputs.scratch = folder.path();
    workspace = llvm::cantFail(Workspace::open(std::move(inputs)));
    copy = module->clone();
    class Streamer : public mlir::remark::detail::MLIRRemarkStreamerBase {
    public:
      explicit Streamer(RemarkLog &log) : log(log) {}
      void streamOptimizationRemark(const mlir::remark::detail::Remark &remark) override {
        log.add(remark);
      }
      RemarkLog &log;
    };
    mlir::remark::RemarkCategories categories;
    categories.passed = categories.missed = categories.analysis = categories.failed = ".*";
    EXPECT_TRUE(mlir::succeeded(mlir::remark::enableOptimizationRemarks(
        context, std::make_unique<Streamer>(remarks),
        std::make_unique<mlir::remark::RemarkEmittingPolicyAll>(), categories)));
  }

  /// Runs the passes of the recipe on the copy, behind those that `prepare` adds.
  void run(llvm::function_ref<void(mlir::PassManager &)> prepare = nullptr) {
    registerQuenchTransformsPasses();
    mlir::PassManager manager(&context);
    if (prepare) {
      prepare(manager);
    }
    llvm::cantFail(addRecipePasses(manager, *workspace));
    manager.addInstrumentation(log.listen(*copy, workspace.get()));
    ASSERT_TRUE(mlir::succeeded(manager.run(*copy)));
  }

  ModelStage floatStage(llvm::StringRef name = "imported") {
    return {name.str(), function(), store.get()};
  }
  ModelStage quantizedStage() {
    return {"quantized", llvm::cantFail(findCausalLM(*copy, "test")).function,
            workspace->weights()};
  }

  /// The context of the base has a streamer for these; nothing is emitted when it goes.
  RemarkLog remarks;
  PassLog log;
  std::unique_ptr<Workspace> workspace;
  mlir::OwningOpRef<mlir::ModuleOp> copy;
};

inline constexpr llvm::StringLiteral fourBitRecipe = R"(
name: w4a8
summary: four bits
weights: { type: i4, group: channel, scale: f16 }
activations: { type: i8, scale: dynamic, per: token }
passes: [quench-strip-observers, quench-quantize]
layers:
  - { match: head, weights: none, activations: none }
)";

} // namespace quench::insight

#endif // QUENCH_UNITTESTS_INSIGHT_QUANTIZEDDECODER_H
