//===- ImportMlir.h - Functions in MLIR -------------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A module of linalg, tosa or nn with one public function on tensors becomes a model folder. Its
// ops stay as they are; calls are inlined, and large constants move out of the text into the weight
// store, so that what is left can be read.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_IMPORT_IMPORTMLIR_H
#define QUENCH_IMPORT_IMPORTMLIR_H

#include "quench/Import/ImportHuggingFace.h"
#include "quench/Numerics/QuantizeTensor.h"
#include "quench/WeightStore/SafetensorsWriter.h"

#include "mlir/IR/BuiltinAttributes.h"

#include <vector>

namespace quench {

/// A constant that moves from the IR to the weight store.
struct MovedConstant {
  std::string name;
  /// Of f32, f16 or bf16; null for one in codes.
  mlir::DenseElementsAttr values;
  /// The codes of a quantized one, and how they are stored.
  numerics::Scheme scheme;
  numerics::QuantizedTensor codes;
};

/// Constants of f32, f16 and bf16 with fewer elements stay in the IR, as do those with one value
/// for all elements and those with infinities, which mask something.
inline constexpr int64_t minMovedElements = 16;

/// Replaces large dense constants (`arith.constant`, `tosa.const`, elements or resources), and
/// `quench.assemble` of constants of any size, by `quench.weight`. A weight has the name of its
/// constant's location, else that of the layer that reads it with ".weight" behind, else
/// "constant"; a second one of a name gets a number. Fails with a located diagnostic on a NaN, and
/// on a resource of another size than its type.
mlir::FailureOr<std::vector<MovedConstant>> moveConstants(mlir::ModuleOp module);

/// Writes `module`, which has a function as of `findModelFunction`, as a model folder, its large
/// constants as weights. `file` is where it comes from, for messages.
llvm::Error writeFunctionFolder(llvm::StringRef file, llvm::StringRef outputFolder,
                                mlir::ModuleOp module, const ImportOptions &options);

/// Writes the model folder of a file of IR, text or bytecode. Errors: all of `parseModuleFile` and
/// `findModelFunction`, values that are not finite, `quench.weight` ops, whose tensors would be
/// somewhere else, an output that cannot be written; nothing is left behind then. Same input, same
/// bytes.
llvm::Error importMlir(llvm::StringRef file, llvm::StringRef outputFolder,
                       const ImportOptions &options, mlir::MLIRContext &context);

} // namespace quench

#endif // QUENCH_IMPORT_IMPORTMLIR_H
