//===- ModuleFile.cpp - IR text from outside, with its diagnostics --------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Model/ModuleFile.h"

#include "quench/Dialect/NN/IR/NNDialect.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

namespace quench {

void loadModelDialects(MLIRContext &context) {
  context.loadDialect<arith::ArithDialect, func::FuncDialect, tensor::TensorDialect, QuenchDialect,
                      nn::NNDialect>();
}

/// "FILE:LINE:COLUMN", or `where` and the names on the way when there is no position.
static std::string describePlace(Location location, StringRef where) {
  FileLineColLoc position;
  StringAttr name;
  location->walk([&](Location inner) {
    if (auto file = dyn_cast<FileLineColLoc>(inner); file && !position) {
      position = file;
    }
    if (auto named = dyn_cast<NameLoc>(inner); named && !name) {
      name = named.getName();
    }
    return WalkResult::advance();
  });
  if (position) {
    return (position.getFilename().getValue() + ":" + Twine(position.getLine()) + ":" +
            Twine(position.getColumn()))
        .str();
  }
  return name ? (where + ": " + name.getValue()).str() : where.str();
}

Error withDiagnostics(MLIRContext &context, StringRef where,
                      llvm::function_ref<LogicalResult()> work) {
  std::string lines;
  auto add = [&](const Diagnostic &diagnostic, StringRef prefix) {
    lines += (lines.empty() ? "" : "\n") + describePlace(diagnostic.getLocation(), where) + ": " +
             prefix.str() + diagnostic.str();
  };
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    add(diagnostic, "");
    for (const Diagnostic &note : diagnostic.getNotes()) {
      add(note, "note: ");
    }
    return success();
  });
  if (succeeded(work())) {
    return Error::success();
  }
  return createStringError(lines.empty() ? where + ": failed without a message" : Twine(lines));
}

/// Brackets of all kinds, outside of strings and comments. Arrows and comparisons are no brackets.
static Error checkNesting(StringRef text, StringRef name) {
  unsigned depth = 0, line = 1;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i], previous = i > 0 ? text[i - 1] : 0,
         next = i + 1 < text.size() ? text[i + 1] : 0;
    if (c == '\n') {
      ++line;
    } else if (c == '/' && next == '/') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (c == '"') {
      for (++i; i < text.size() && text[i] != '"' && text[i] != '\n'; ++i) {
        i += text[i] == '\\';
      }
    } else if (c == '(' || c == '[' || c == '{' || (c == '<' && next != '=')) {
      if (++depth > maxModuleDepth) {
        return createStringError(name + ":" + Twine(line) + ": expected brackets to nest at most " +
                                 Twine(maxModuleDepth) + " deep, found more");
      }
    } else if (c == ')' || c == ']' || c == '}' || (c == '>' && previous != '-' && next != '=')) {
      depth -= depth > 0;
    }
  }
  return Error::success();
}

static Expected<OwningOpRef<ModuleOp>> parseBuffer(std::unique_ptr<llvm::MemoryBuffer> buffer,
                                                   MLIRContext &context) {
  std::string name = buffer->getBufferIdentifier().str();
  if (!isBytecode(*buffer)) {
    if (Error failure = checkNesting(buffer->getBuffer(), name)) {
      return std::move(failure);
    }
  }
  loadModelDialects(context);
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  OwningOpRef<ModuleOp> module;
  Error failure = withDiagnostics(context, name, [&] {
    module = parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
    return success(static_cast<bool>(module));
  });
  if (failure) {
    return std::move(failure);
  }
  return std::move(module);
}

Expected<OwningOpRef<ModuleOp>> parseModuleFile(StringRef path, MLIRContext &context) {
  llvm::sys::fs::file_status status;
  if (std::error_code code = llvm::sys::fs::status(path, status)) {
    return createStringError(path + ": cannot open: " + code.message());
  }
  if (!llvm::sys::fs::is_regular_file(status)) {
    return createStringError(path + ": expected a file of IR, found " +
                             (llvm::sys::fs::is_directory(status) ? "a folder" : "a device"));
  }
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer = llvm::MemoryBuffer::getFile(path);
  if (std::error_code code = buffer.getError()) {
    return createStringError(path + ": cannot read: " + code.message());
  }
  return parseBuffer(std::move(*buffer), context);
}

Expected<OwningOpRef<ModuleOp>> parseModuleText(StringRef text, StringRef name,
                                                MLIRContext &context) {
  return parseBuffer(llvm::MemoryBuffer::getMemBufferCopy(text, name), context);
}

/// The innermost name of a location, unknown when it has none.
static Location keepName(Location location) {
  NameLoc name;
  location->walk([&](Location inner) {
    name = dyn_cast<NameLoc>(inner);
    return name ? WalkResult::interrupt() : WalkResult::advance();
  });
  return name ? Location(NameLoc::get(name.getName())) : UnknownLoc::get(location.getContext());
}

std::string printModule(ModuleOp module) {
  OwningOpRef<ModuleOp> copy = module.clone();
  copy->walk([](Operation *op) {
    op->setLoc(keepName(op->getLoc()));
    for (Region &region : op->getRegions()) {
      for (BlockArgument argument : region.getArguments()) {
        argument.setLoc(keepName(argument.getLoc()));
      }
    }
  });
  std::string text;
  llvm::raw_string_ostream stream(text);
  // Elements are never elided, whatever flags the program has registered for printing.
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(INT64_MAX).enableDebugInfo(/*enable=*/true, /*prettyForm=*/false);
  copy->print(stream, flags);
  stream << '\n';
  return text;
}

} // namespace quench
