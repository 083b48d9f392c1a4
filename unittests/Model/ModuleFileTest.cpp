//===- ModuleFileTest.cpp - Tests of parsing with diagnostics -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Model/ModuleFile.h"

#include "../Support/TemporaryFolder.h"

#include "gtest/gtest.h"

using namespace quench;

namespace {

/// The message of an error; "" for a module.
std::string errorOf(llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> module) {
  return module ? "" : llvm::toString(module.takeError());
}

TEST(ModuleFile, parses_a_module) {
  mlir::MLIRContext context;
  auto module = parseModuleText("func.func @f() { return }", "a.mlir", context);
  ASSERT_TRUE(static_cast<bool>(module)) << llvm::toString(module.takeError());
  EXPECT_TRUE((*module)->lookupSymbol("f"));
}

TEST(ModuleFile, syntax_errors_name_file_line_and_column) {
  mlir::MLIRContext context;
  EXPECT_EQ(errorOf(parseModuleText("func.func @f() {\n  oops\n}", "a.mlir", context)),
            "a.mlir:2:3: custom op 'oops' is unknown (tried 'func.oops' as well)");
}

TEST(ModuleFile, verifier_errors_name_the_op_and_keep_notes) {
  mlir::MLIRContext context;
  std::string error = errorOf(parseModuleText(
      "func.func @f(%x: tensor<?x4xf32>, %w: tensor<3x5xf32>) {\n"
      "  %y = \"nn.linear\"(%x, %w) : (tensor<?x4xf32>, tensor<3x5xf32>) -> tensor<?x3xf32>\n"
      "  return\n}",
      "a.mlir", context));
  EXPECT_EQ(error.substr(0, error.find('\n')),
            "a.mlir:2:8: 'nn.linear' op expected input and weight with the same K, found "
            "'tensor<?x4xf32>' and 'tensor<3x5xf32>'");
  EXPECT_NE(error.find("\na.mlir:2:8: note: see current operation"), std::string::npos) << error;
}

TEST(ModuleFile, places_without_a_file_are_named) {
  mlir::MLIRContext context;
  std::string error = errorOf(parseModuleText(
      "func.func @f(%x: tensor<?x4xf32>) {\n"
      "  %y = \"nn.silu\"(%x) : (tensor<?x4xf32>) -> tensor<?x3xf32> loc(\"layers.0.mlp\")\n"
      "  return\n}",
      "a.mlir", context));
  EXPECT_EQ(error.substr(0, error.find(": 'nn.silu'")), "a.mlir: layers.0.mlp");
}

TEST(ModuleFile, refuses_deep_nesting_instead_of_recursing) {
  mlir::MLIRContext context;
  for (char open : {'(', '[', '{', '<'}) {
    std::string text = "func.func @f() attributes {a =\n" + std::string(1000000, open);
    EXPECT_EQ(errorOf(parseModuleText(text, "a.mlir", context)),
              "a.mlir:2: expected brackets to nest at most 500 deep, found more");
  }
}

TEST(ModuleFile, parses_what_nests_just_deep_enough) {
  mlir::MLIRContext context;
  context.allowUnregisteredDialects();
  auto nested = [](unsigned depth, llvm::StringRef open, llvm::StringRef close) {
    std::string text;
    for (unsigned i = 0; i < depth; ++i) {
      text += open;
    }
    for (unsigned i = 0; i < depth; ++i) {
      text += close;
    }
    return text;
  };
  EXPECT_EQ(errorOf(parseModuleText(nested(500, "module {", "}"), "a.mlir", context)), "");
  EXPECT_EQ(errorOf(parseModuleText("module attributes {x.a = " + nested(499, "[", "]") + "} {}",
                                    "a.mlir", context)),
            "");
}

TEST(ModuleFile, arrows_strings_and_comments_do_not_nest) {
  mlir::MLIRContext context;
  std::string text = "// " + std::string(1000, '{') + "\n" +
                     "func.func @f() attributes {a = \"\\\"" + std::string(1000, '(') +
                     "\"} { return }\n";
  for (int i = 0; i < 1000; ++i) {
    text += "func.func private @g" + std::to_string(i) + "(tensor<2xf32>) -> tensor<2xf32>\n";
  }
  EXPECT_EQ(errorOf(parseModuleText(text, "a.mlir", context)), "");
}

TEST(ModuleFile, refuses_what_is_no_file) {
  mlir::MLIRContext context;
  TemporaryFolder folder;
  EXPECT_EQ(errorOf(parseModuleFile(folder.path(), context)),
            folder.path() + ": expected a file of IR, found a folder");
  EXPECT_EQ(errorOf(parseModuleFile("/dev/zero", context)),
            "/dev/zero: expected a file of IR, found a device");
  EXPECT_EQ(errorOf(parseModuleFile(folder / "none", context)),
            folder / "none" + ": cannot open: No such file or directory");
}

TEST(ModuleFile, printing_keeps_names_and_drops_positions_in_files) {
  mlir::MLIRContext context;
  llvm::StringRef text = "func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n"
                         "  %y = nn.silu %x : tensor<4xf32> loc(\"layers.0.mlp\")\n"
                         "  return %y : tensor<4xf32>\n}";
  auto here = parseModuleText(text, "here.mlir", context);
  auto there = parseModuleText(text, "there.mlir", context);
  ASSERT_TRUE(here && there);
  std::string printed = printModule(**here);
  EXPECT_EQ(printed, printModule(**there));
  EXPECT_NE(printed.find("loc(\"layers.0.mlp\")"), std::string::npos) << printed;
  EXPECT_EQ(printed.find("here.mlir"), std::string::npos) << printed;
  auto again = parseModuleText(printed, "again.mlir", context);
  ASSERT_TRUE(static_cast<bool>(again)) << llvm::toString(again.takeError());
  EXPECT_EQ(printModule(**again), printed);
}

TEST(ModuleFile, with_diagnostics_succeeds_in_spite_of_warnings) {
  mlir::MLIRContext context;
  auto location = mlir::UnknownLoc::get(&context);
  EXPECT_FALSE(static_cast<bool>(withDiagnostics(context, "step", [&] {
    mlir::emitWarning(location, "careful");
    return mlir::success();
  })));
  EXPECT_EQ(llvm::toString(withDiagnostics(context, "step", [] { return mlir::failure(); })),
            "step: failed without a message");
  EXPECT_EQ(llvm::toString(withDiagnostics(
                context, "step", [&] { return mlir::emitError(location, "expected more"); })),
            "step: expected more");
}

} // namespace
