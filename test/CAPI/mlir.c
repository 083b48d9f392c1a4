/* With the C interface of MLIR: a context of the caller learns the dialects and passes of Quench. */
// RUN: rm -rf %t && mkdir %t
// RUN: %clang -std=c99 -Wall -Wextra -Werror -I%src/include -I%llvm_include %s %link_quench -L%llvm_lib -lMLIRCAPIRegisterEverything -lMLIRCAPIIR -lMLIR -lLLVM-22 -lstdc++ -Wl,-rpath,%llvm_lib -o %t/program
// RUN: %t/program | FileCheck %s --implicit-check-not=quench
#include "quench-c/MLIR.h"

#include "mlir-c/Pass.h"
#include "mlir-c/RegisterEverything.h"

#include <stdio.h>

static const char *const ir =
    "func.func @f(%x: tensor<2x4xf32>) -> tensor<2x2xf32> {\n"
    "  %w = arith.constant dense<[[0.5, -1.0], [1.0, 0.5], [-0.3, 0.2], [0.7, 0.6]]> : tensor<4x2xf32>\n"
    "  %zero = arith.constant 0.0 : f32\n"
    "  %e = tensor.empty() : tensor<2x2xf32>\n"
    "  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>\n"
    "  %y = linalg.matmul ins(%x, %w : tensor<2x4xf32>, tensor<4x2xf32>) outs(%z : tensor<2x2xf32>) -> tensor<2x2xf32>\n"
    "  return %y : tensor<2x2xf32>\n"
    "}\n";

static void print(MlirStringRef text, void *userData) { fwrite(text.data, 1, text.length, (FILE *)userData); }

int main(void) {
  MlirDialectRegistry registry = mlirDialectRegistryCreate();
  MlirContext context;
  MlirModule module;
  MlirPassManager passes;
  MlirStringRef pipeline = mlirStringRefCreateFromCString("builtin.module(quench-quantize-functions,quench-to-upstream)");
  int failed;
  mlirRegisterAllDialects(registry);
  quenchMlirRegisterDialects(registry);
  quenchMlirRegisterPasses();
  quenchMlirRegisterPasses();
  quenchContextDestroy(quenchContextCreate());
  context = mlirContextCreateWithRegistry(registry, true);
  mlirContextLoadAllAvailableDialects(context);
  module = mlirModuleCreateParse(context, mlirStringRefCreateFromCString(ir));
  if (mlirModuleIsNull(module)) {
    return 1;
  }
  passes = mlirPassManagerCreate(context);
  failed = mlirLogicalResultIsFailure(mlirParsePassPipeline(mlirPassManagerGetAsOpPassManager(passes), pipeline, print, stderr)) ||
           mlirLogicalResultIsFailure(mlirPassManagerRunOnOp(passes, mlirModuleGetOperation(module)));
  // CHECK: linalg.matmul {{.*}} : tensor<2x4xi8>, tensor<4x2xi8>) outs(%{{.+}} : tensor<2x2xi32>)
  mlirOperationPrint(mlirModuleGetOperation(module), print, stdout);
  mlirPassManagerDestroy(passes);
  mlirModuleDestroy(module);
  mlirContextDestroy(context);
  mlirDialectRegistryDestroy(registry);
  return failed;
}
