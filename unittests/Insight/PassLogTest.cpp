//===- PassLogTest.cpp ----------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizedDecoder.h"

#include "quench/Dialect/NN/IR/NNOps.h"

using namespace quench;
using namespace quench::insight;

namespace {

/// Changes the float function of a model.
class ChangeEpsilon : public mlir::PassWrapper<ChangeEpsilon, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ChangeEpsilon)
  llvm::StringRef getArgument() const override { return "test-change-epsilon"; }
  void runOnOperation() override {
    getOperation().walk([&](nn::RMSNormOp op) { op.setEpsilon(llvm::APFloat(epsilon)); });
  }
  explicit ChangeEpsilon(float epsilon) : epsilon(epsilon) {}
  float epsilon;
};

TEST(PassLogTest, NotesPassesWithTheirRemarksAndRecords) {
  QuantizedDecoder model(fourBitRecipe);
  model.run();
  std::vector<PassReport> passes = model.log.takePasses();
  ASSERT_EQ(passes.size(), 2u);
  EXPECT_EQ(passes[0].pass, "quench-strip-observers");
  EXPECT_EQ(passes[0].summary, "Remove all observers");
  EXPECT_TRUE(passes[0].remarks.empty());
  EXPECT_EQ(passes[1].pass, "quench-quantize");
  // One for each of 16 weights, then one for the products of each of two attentions.
  ASSERT_EQ(passes[1].remarks.size(), 18u);
  const RemarkReport &missed = passes[1].remarks.front();
  EXPECT_EQ(missed.kind, "missed");
  EXPECT_EQ(missed.name, "LeftInFloat");
  EXPECT_EQ(missed.place, "head");
  EXPECT_EQ(missed.arguments.getString("Reason"),
            "pattern 'head' of the recipe leaves it in float");
  EXPECT_EQ(passes[1].remarks[15].kind, "passed");
  EXPECT_EQ(passes[1].remarks.back().name, "ProductLeftInFloat");
  ASSERT_EQ(passes[1].records.size(), 1u);
  EXPECT_FALSE(passes[1].records[0].get("pass"));
  EXPECT_TRUE(passes[1].records[0].getArray("layers"));
}

TEST(PassLogTest, ObserversAndCodesAreNoFloatStage) {
  QuantizedDecoder model(fourBitRecipe);
  model.run();
  EXPECT_TRUE(model.log.floatStages().empty());
  EXPECT_NE(model.log.importedModule(), *model.copy);
}

TEST(PassLogTest, KeepsEveryFloatModel) {
  QuantizedDecoder model(fourBitRecipe);
  model.run([](mlir::PassManager &manager) {
    manager.addPass(std::make_unique<ChangeEpsilon>(0.25f));
    manager.addPass(std::make_unique<ChangeEpsilon>(0.25f));
    manager.addPass(std::make_unique<ChangeEpsilon>(0.5f));
  });
  ASSERT_EQ(model.log.floatStages().size(), 2u);
  EXPECT_EQ(model.log.floatStages()[1].name, "test-change-epsilon");
  EXPECT_TRUE(model.log.floatStages()[1].hasImportedWeights);
  auto epsilonOf = [](mlir::ModuleOp module) {
    float epsilon = 0;
    module.walk([&](nn::RMSNormOp op) { epsilon = op.getEpsilon().convertToFloat(); });
    return epsilon;
  };
  mlir::ModuleOp last = *model.log.floatStages()[1].module;
  EXPECT_EQ(epsilonOf(*model.log.floatStages()[0].module), 0.25f);
  EXPECT_EQ(epsilonOf(last), 0.5f);
  EXPECT_EQ(epsilonOf(model.log.importedModule()), 1e-5f);
  unsigned codes = 0;
  last.walk([&](DequantizeOp) { ++codes; });
  EXPECT_EQ(codes, 0u);
}

TEST(PassLogTest, ANewWeightIsAChange) {
  /// Lays a weight over the store; the module stays as it is.
  class Edit : public mlir::PassWrapper<Edit, mlir::OperationPass<mlir::ModuleOp>> {
  public:
    MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Edit)
    explicit Edit(Workspace &workspace) : workspace(&workspace) {}
    llvm::StringRef getArgument() const override { return "test-edit"; }
    void runOnOperation() override {
      llvm::cantFail(workspace->edit([](SafetensorsWriter &writer) {
        llvm::cantFail(writer.declare("layers.0.norm.weight", ElementKind::F32, {8}));
        return writer.writeElements<float>("layers.0.norm.weight", std::vector<float>(8, 1.0f));
      }));
    }
    Workspace *workspace;
  };
  QuantizedDecoder model(fourBitRecipe);
  model.run([&](mlir::PassManager &manager) {
    manager.addPass(std::make_unique<Edit>(*model.workspace));
  });
  ASSERT_EQ(model.log.floatStages().size(), 1u);
  EXPECT_EQ(model.log.floatStages()[0].name, "test-edit");
  EXPECT_FALSE(model.log.floatStages()[0].hasImportedWeights);
}

} // namespace
