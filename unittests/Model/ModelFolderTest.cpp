//===- ModelFolderTest.cpp - Tests of model folders -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Model/ModelFolder.h"

#include "../Support/TemporaryFolder.h"
#include "quench/Model/ModuleFile.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"

#include "gtest/gtest.h"

#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace quench;

namespace {

/// A language model of one linear layer: it forgets everything.
constexpr llvm::StringLiteral modelText = R"(
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index,
                   %cache: tensor<8x1x2xf32>) -> (tensor<?x5xf32>, tensor<8x1x2xf32>)
    attributes {nn.causal_lm} {
  %table = quench.weight @embed.weight : tensor<5x4xf16>
  %rows = nn.embedding %table[%tokens] : tensor<5x4xf16>, tensor<?xi32> -> tensor<?x4xf16>
  %x = arith.extf %rows : tensor<?x4xf16> to tensor<?x4xf32>
  %head = quench.weight @head.weight : tensor<5x4xf32>
  %y = nn.linear %x, %head : tensor<?x4xf32>, tensor<5x4xf32> -> tensor<?x5xf32>
  return %y, %cache : tensor<?x5xf32>, tensor<8x1x2xf32>
}
)";

llvm::Error writeTensors(SafetensorsWriter &writer) {
  if (auto failure = writer.declare("embed.weight", ElementKind::F16, {5, 4})) {
    return failure;
  }
  if (auto failure = writer.declare("head.weight", ElementKind::F32, {5, 4})) {
    return failure;
  }
  if (auto failure = writer.writeElements<uint16_t>("embed.weight", std::vector<uint16_t>(20))) {
    return failure;
  }
  return writer.writeElements<float>("head.weight", std::vector<float>(20, 0.5f));
}

class ModelFolderTest : public testing::Test {
protected:
  mlir::OwningOpRef<mlir::ModuleOp> parse(llvm::StringRef text = modelText) {
    auto module = parseModuleText(text, "test.mlir", context);
    EXPECT_TRUE(static_cast<bool>(module));
    return module ? std::move(*module) : mlir::OwningOpRef<mlir::ModuleOp>();
  }
  std::string write(const std::string &path) {
    return llvm::toString(ModelFolder::write(path, *parse(), writeTensors));
  }
  std::string openError(const std::string &path) {
    auto model = ModelFolder::open(path, context);
    return model ? "" : llvm::toString(model.takeError());
  }

  TemporaryFolder folder;
  mlir::MLIRContext context;
};

TEST_F(ModelFolderTest, opens_what_it_writes) {
  std::string path = folder / "model";
  ASSERT_EQ(write(path), "");
  auto model = ModelFolder::open(path, context);
  ASSERT_TRUE(static_cast<bool>(model)) << llvm::toString(model.takeError());
  EXPECT_EQ(model->vocabSize(), 5);
  EXPECT_EQ(model->maxPositions(), 8);
  EXPECT_EQ(model->causalLM().function.getName(), "forward");
  EXPECT_EQ(model->linearNames(), std::vector<std::string>{"head"});
  EXPECT_EQ(model->weights().names().size(), 2u);
  EXPECT_EQ(model->filePath("x"), path + "/x");
  EXPECT_EQ(folder.list(), std::vector<std::string>{"model"});
}

TEST_F(ModelFolderTest, writes_the_same_bytes_everywhere) {
  ASSERT_EQ(write(folder / "a"), "");
  ASSERT_EQ(write(folder / "b/"), "");
  EXPECT_EQ(folder.get("a/model.mlir"), folder.get("b/model.mlir"));
  EXPECT_EQ(folder.get("a/weights.safetensors"), folder.get("b/weights.safetensors"));
  // Also of a model that was read from a file.
  auto model = ModelFolder::open(folder / "a", context);
  ASSERT_TRUE(static_cast<bool>(model));
  ASSERT_FALSE(static_cast<bool>(ModelFolder::write(folder / "c", model->module(), writeTensors)));
  EXPECT_EQ(folder.get("a/model.mlir"), folder.get("c/model.mlir"));
}

TEST_F(ModelFolderTest, replaces_its_files_and_keeps_others) {
  ASSERT_EQ(::mkdir((folder / "model").c_str(), 0777), 0);
  folder.put("model/model.mlir", "old");
  folder.put("model/notes.txt", "mine");
  ASSERT_EQ(write(folder / "model"), "");
  EXPECT_EQ(openError(folder / "model"), "");
  EXPECT_EQ(folder.get("model/notes.txt"), "mine");
  std::error_code code;
  int files = 0;
  for (llvm::sys::fs::directory_iterator it(folder / "model", code), end; it != end;
       it.increment(code)) {
    ++files;
  }
  EXPECT_EQ(files, 3);
}

TEST_F(ModelFolderTest, a_report_comes_and_goes_with_the_model) {
  auto writeWith = [&](ModelFolder::ReportFunction makeReport) {
    return llvm::toString(ModelFolder::write(folder / "model", *parse(), writeTensors, makeReport));
  };
  uint64_t size = 0;
  auto report = [&](uint64_t weightBytes) -> llvm::Expected<std::string> {
    size = weightBytes;
    return "{}";
  };
  ASSERT_EQ(writeWith(report), "");
  EXPECT_EQ(folder.get("model/report.json"), "{}");
  EXPECT_EQ(size, folder.get("model/weights.safetensors").size());
  // One that cannot be made leaves the old model as it was.
  auto failing = [](uint64_t) -> llvm::Expected<std::string> {
    return llvm::createStringError("expected better");
  };
  EXPECT_EQ(writeWith(failing), "expected better");
  EXPECT_EQ(folder.get("model/report.json"), "{}");
  // It does not outlive what it is about.
  ASSERT_EQ(writeWith(nullptr), "");
  EXPECT_FALSE(llvm::sys::fs::exists(folder / "model/report.json"));
  EXPECT_EQ(openError(folder / "model"), "");
}

TEST_F(ModelFolderTest, a_failing_writer_leaves_nothing) {
  auto failing = [](SafetensorsWriter &writer) -> llvm::Error {
    if (auto failure = writeTensors(writer)) {
      return failure;
    }
    return llvm::createStringError("expected better");
  };
  EXPECT_EQ(llvm::toString(ModelFolder::write(folder / "new", *parse(), failing)),
            "expected better");
  EXPECT_TRUE(folder.list().empty());
  // An incomplete set of tensors shows only at the end, and under the name of the target.
  auto lazy = [](SafetensorsWriter &writer) {
    return writer.declare("head.weight", ElementKind::F32, {5, 4});
  };
  std::string message = llvm::toString(ModelFolder::write(folder / "new", *parse(), lazy));
  EXPECT_EQ(message.find(folder / "new/weights.safetensors" + ": "), 0u) << message;
  EXPECT_TRUE(folder.list().empty());
}

TEST_F(ModelFolderTest, a_failing_writer_leaves_an_old_model_as_it_was) {
  ASSERT_EQ(write(folder / "model"), "");
  std::string before = folder.get("model/weights.safetensors");
  auto failing = [](SafetensorsWriter &) { return llvm::createStringError("expected better"); };
  EXPECT_EQ(llvm::toString(ModelFolder::write(folder / "model", *parse(), failing)),
            "expected better");
  EXPECT_EQ(folder.get("model/weights.safetensors"), before);
  EXPECT_EQ(openError(folder / "model"), "");
}

TEST_F(ModelFolderTest, refuses_outputs_that_cannot_be) {
  std::string file = folder.put("file", "x");
  EXPECT_EQ(write(file), file + ": expected the name of an output folder, found a file");
  EXPECT_EQ(write(folder / "none/model"),
            folder / "none/model" + ": cannot create: No such file or directory");
  EXPECT_EQ(write(""), "expected the name of an output folder, found an empty one");
  EXPECT_EQ(folder.list(), std::vector<std::string>{"file"});
  ASSERT_EQ(::mkdir((folder / "model").c_str(), 0777), 0);
  ASSERT_EQ(::mkdir((folder / "model/model.mlir").c_str(), 0777), 0);
  EXPECT_EQ(write(folder / "model"),
            folder / "model/model.mlir" + ": expected the name of an output file, found a folder");
  EXPECT_EQ(folder.get("model/weights.safetensors"), "<none>");
}

TEST_F(ModelFolderTest, a_full_disk_leaves_nothing) {
  // The first write installs LLVM's signal handlers, after which this one can be ignored.
  ASSERT_EQ(write(folder / "model"), "");
  auto *handler = ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit small = before;
  small.rlim_cur = 100;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string fresh = write(folder / "new"), again = write(folder / "model");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, handler);
  EXPECT_EQ(fresh, folder / "new/weights.safetensors" + ": cannot write: File too large");
  EXPECT_EQ(again, folder / "model/weights.safetensors" + ": cannot write: File too large");
  EXPECT_EQ(folder.list(), std::vector<std::string>{"model"});
  EXPECT_EQ(openError(folder / "model"), "");
}

TEST_F(ModelFolderTest, refuses_to_write_a_module_without_a_model) {
  auto module = parse("func.func @f() { return }");
  EXPECT_EQ(llvm::toString(ModelFolder::write(folder / "new", *module, writeTensors)),
            folder / "new" + ": @f: expected arguments and results, found () -> ()");
  auto empty = parse("func.func private @f()");
  EXPECT_EQ(llvm::toString(ModelFolder::write(folder / "new", *empty, writeTensors)),
            folder / "new" +
                ": expected a function with nn.causal_lm or one public function, found none");
  auto two = parse("func.func @f() { return } func.func @g() { return }");
  EXPECT_EQ(llvm::toString(ModelFolder::write(folder / "new", *two, writeTensors)),
            folder / "new" +
                ": expected a function with nn.causal_lm or one public function, found @f and @g");
  auto wide =
      parse("func.func @f(%x: tensor<2xf64>) -> tensor<2xf64> { return %x : tensor<2xf64> }");
  EXPECT_EQ(llvm::toString(ModelFolder::write(folder / "new", *wide, writeTensors)),
            folder / "new" +
                ": @f: expected ranked tensors of f32 or i32 as arguments and results, "
                "found tensor<2xf64>");
  EXPECT_TRUE(folder.list().empty());
}

TEST_F(ModelFolderTest, open_names_what_is_wrong_with_the_folder) {
  EXPECT_EQ(openError(folder / "none"),
            folder / "none" + ": expected a model folder, found nothing");
  ASSERT_EQ(write(folder / "model"), "");
  folder.put("model/model.mlir", "func.func @f() {");
  EXPECT_EQ(openError(folder / "model").find(folder / "model/model.mlir" + ":1:"), 0u);
  folder.put("model/model.mlir", modelText);
  ASSERT_EQ(::unlink((folder / "model/weights.safetensors").c_str()), 0);
  EXPECT_EQ(openError(folder / "model"),
            folder / "model/weights.safetensors" + ": cannot open: No such file or directory");
}

TEST_F(ModelFolderTest, open_compares_weights_with_the_module) {
  ASSERT_EQ(write(folder / "model"), "");
  std::string file = folder / "model/weights.safetensors";
  auto withText = [&](llvm::StringRef from, llvm::StringRef to) {
    std::string text = modelText.str();
    for (size_t at = text.find(from.str()); at != std::string::npos;
         at = text.find(from.str(), at + to.size())) {
      text.replace(at, from.size(), to.str());
    }
    folder.put("model/model.mlir", text);
    return openError(folder / "model");
  };
  EXPECT_EQ(withText("@head.weight", "@tail.weight"),
            file + ": tensor 'tail.weight': expected it in the weights, found no such tensor");
  EXPECT_EQ(withText("f16", "bf16"), file + ": tensor 'embed.weight': expected BF16, found F16");
  EXPECT_EQ(withText("5x4xf16", "6x4xf16"),
            file + ": tensor 'embed.weight': expected shape [6, 4], found [5, 4]");
  EXPECT_EQ(withText("  return", "  %q = quench.weight @head.weight : !quench.qtensor<5x4xf32, "
                                 "#quench.scheme<i8, block = [1, *], scale = f32>>\n  return"),
            file +
                ": tensor 'head.weight.codes': expected it in the weights, found no such tensor");
}

struct SignatureCase {
  llvm::StringLiteral from, to, message;
};

TEST_F(ModelFolderTest, finds_what_is_wrong_with_the_signature) {
  context.loadDialect<mlir::cf::ControlFlowDialect>();
  const SignatureCase cases[] = {
      {"%first: index,", "%first: i32,",
       "expected arguments (tensor<?xi32>, index, index, caches...)"},
      {"tensor<?xi32>, %position", "tensor<4xi32>, %position", "expected arguments (tensor<?xi32>"},
      {"8x1x2", "?x1x2", "expected caches of static shape"},
      {"8x1x2", "0x1x2", "expected caches of static shape"},
      {"-> (tensor<?x5xf32>, tensor", "-> (tensor<?x?xf32>, tensor",
       "expected logits of type tensor<?xVxf32>"},
      {", tensor<8x1x2xf32>)\n    attributes", ", tensor<9x1x2xf32>)\n    attributes",
       "expected the caches as the other results"},
      {"%cache: tensor<8x1x2xf32>", "%cache: tensor<8x1x2xf32>, %v: tensor<9x1x2xf32>",
       "expected caches of the same length, found 8 and 9"},
  };
  for (const SignatureCase &c : cases) {
    // Only the signature: bodies are not looked at.
    std::string text = modelText.str().substr(0, modelText.find(" {\n")) + " {\n";
    for (size_t at = text.find(c.from.str()); at != std::string::npos;
         at = text.find(c.from.str(), at + c.to.size())) {
      text.replace(at, c.from.size(), c.to.str());
    }
    text += "  cf.br ^bb1\n^bb1:\n  cf.br ^bb1\n}\n";
    auto module = parseModuleText(text, "test.mlir", context);
    ASSERT_TRUE(static_cast<bool>(module)) << llvm::toString(module.takeError());
    auto model = findCausalLM(**module, "test.mlir");
    ASSERT_FALSE(static_cast<bool>(model)) << c.message.str();
    EXPECT_EQ(llvm::toString(model.takeError()).find(("test.mlir: @forward: " + c.message).str()),
              0u)
        << c.message.str();
  }
}

TEST_F(ModelFolderTest, finds_one_model_and_no_more) {
  std::string second = modelText.str();
  second.replace(second.find("@forward"), 8, "@another");
  auto module = parse(modelText.str() + second);
  auto model = findCausalLM(*module, "test.mlir");
  ASSERT_FALSE(static_cast<bool>(model));
  EXPECT_EQ(llvm::toString(model.takeError()),
            "test.mlir: expected one function with nn.causal_lm, found @forward and @another");
}

} // namespace
