//===- FunctionData.cpp - Samples for functions on tensors ----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/FunctionData.h"

#include "quench/Support/AtomicFile.h"
#include "quench/Support/Digest.h"
#include "quench/WeightStore/WeightStore.h"
#include "quench/Workflow/TokenFile.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <cmath>

using namespace llvm;

namespace quench::workflow {

/// An element as a double, which holds all that an f32 or an i32 takes.
static double elementAt(const NpyLayout &layout, const char *at) {
  uint64_t bits = 0;
  for (unsigned byte = layout.width; byte-- > 0;) {
    bits = bits << 8 | static_cast<uint8_t>(at[byte]);
  }
  if (layout.kind == NpyLayout::Kind::Unsigned) {
    return static_cast<double>(bits);
  }
  if (layout.kind == NpyLayout::Kind::Signed) {
    return static_cast<double>(SignExtend64(bits, 8 * layout.width));
  }
  const fltSemantics &semantics = layout.width == 2   ? APFloat::IEEEhalf()
                                  : layout.width == 4 ? APFloat::IEEEsingle()
                                                      : APFloat::IEEEdouble();
  APFloat value(semantics, APInt(8 * layout.width, bits));
  bool loses = false;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &loses);
  return value.convertToDouble();
}

Expected<NumberTensor> readNpy(StringRef path, bool asFloat) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer =
      MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (std::error_code code = buffer.getError()) {
    return createStringError(path + ": cannot open: " + code.message());
  }
  StringRef bytes = (*buffer)->getBuffer();
  Expected<NpyLayout> layout = parseNpyArray(bytes, path, /*floats=*/asFloat);
  if (!layout) {
    return layout.takeError();
  }
  NumberTensor tensor;
  tensor.isFloat = asFloat;
  tensor.shape.assign(layout->shape.begin(), layout->shape.end());
  for (uint64_t i = 0; i < layout->count; ++i) {
    double value = elementAt(*layout, bytes.data() + layout->begin + i * layout->width);
    float rounded = static_cast<float>(value);
    if (asFloat ? !std::isfinite(rounded) : value < INT32_MIN || value > INT32_MAX) {
      return createStringError(path + ": expected " +
                               (asFloat ? "finite values" : "integers of 32 bits") + ", found " +
                               std::to_string(value) + " at element " + Twine(i));
    }
    if (asFloat) {
      tensor.floats.push_back(rounded);
    } else {
      tensor.integers.push_back(static_cast<int32_t>(value));
    }
  }
  return std::move(tensor);
}

static ArrayRef<uint8_t> bytesOf(const NumberTensor &tensor) {
  return tensor.isFloat
             ? ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(tensor.floats.data()),
                                 tensor.floats.size() * sizeof(float))
             : ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(tensor.integers.data()),
                                 tensor.integers.size() * sizeof(int32_t));
}

Error writeNpy(StringRef path, const NumberTensor &tensor) {
  std::string shape;
  for (int64_t extent : tensor.shape) {
    shape += std::to_string(extent) + ", ";
  }
  if (tensor.shape.size() > 1) {
    shape.resize(shape.size() - 2);
  } else if (!shape.empty()) {
    shape.pop_back();
  }
  std::string header = std::string("{'descr': '") + (tensor.isFloat ? "<f4" : "<i4") +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  // Magic bytes, version and size take 10 bytes, the final newline 1.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string start("\x93NUMPY\x01\x00\x00\x00", 10);
  support::endian::write16le(start.data() + 8, header.size());
  Expected<std::unique_ptr<AtomicFile>> file = AtomicFile::create(path);
  if (!file) {
    return file.takeError();
  }
  for (ArrayRef<uint8_t> part :
       {arrayRefFromStringRef(start), arrayRefFromStringRef(header), bytesOf(tensor)}) {
    if (Error failure = (*file)->write(part)) {
      return failure;
    }
  }
  return (*file)->commit();
}

/// Of an argument whose name or number a file may have.
static Expected<NumberTensor> readTensor(const WeightStore &store, mlir::BlockArgument argument,
                                         bool asFloat) {
  std::string name = std::to_string(argument.getArgNumber());
  auto named = argument.getLoc()->findInstanceOf<mlir::NameLoc>();
  if (named && store.lookup(named.getName())) {
    name = named.getName().str();
  }
  Expected<const TensorView *> view = store.require(name);
  if (!view) {
    return view.takeError();
  }
  NumberTensor tensor;
  tensor.isFloat = asFloat;
  tensor.shape.assign((*view)->shape.begin(), (*view)->shape.end());
  if (!asFloat) {
    if ((*view)->kind != ElementKind::I32) {
      return createStringError(store.path() + ": tensor '" + name + "': expected I32, found " +
                               safetensorsName((*view)->kind));
    }
    tensor.integers = (*view)->copy<int32_t>();
    return std::move(tensor);
  }
  Expected<std::vector<float>> values = store.readFiniteFloats(name, (*view)->shape);
  if (!values) {
    return values.takeError();
  }
  tensor.floats = std::move(*values);
  return std::move(tensor);
}

Expected<FunctionData::Argument> FunctionData::cut(NumberTensor values, mlir::RankedTensorType type,
                                                   const Twine &name, uint64_t &count, bool &rows) {
  Argument argument;
  argument.shape.assign(values.shape.begin(), values.shape.end());
  rows = static_cast<int64_t>(values.shape.size()) == type.getRank() && type.getRank() > 0;
  bool fits = rows || static_cast<int64_t>(values.shape.size()) == type.getRank() + 1;
  if (rows) {
    int64_t step = type.isDynamicDim(0) ? 1 : type.getDimSize(0);
    fits = step > 0 && values.shape[0] % step == 0;
    count = fits ? values.shape[0] / step : 0;
    argument.shape[0] = step;
  } else if (fits) {
    count = values.shape[0];
    argument.shape.erase(argument.shape.begin());
  }
  if (!fits || failed(mlir::verifyCompatibleShape(argument.shape, type.getShape()))) {
    std::string text;
    raw_string_ostream(text) << type;
    return createStringError(name + ": expected samples of " + text + ", found the shape " +
                             shapeToString(values.shape));
  }
  if (count == 0) {
    return createStringError(name + ": expected at least one sample, found none");
  }
  argument.elements = values.size() / count;
  argument.values = std::move(values);
  return std::move(argument);
}

Expected<FunctionData> FunctionData::read(StringRef path, mlir::func::FuncOp function) {
  StringRef ending = sys::path::extension(path);
  bool isNpy = ending == ".npy";
  if (!isNpy && ending != ".safetensors") {
    return createStringError(path + ": expected the name of a file of tensors to end in .npy or "
                                    ".safetensors");
  }
  std::unique_ptr<WeightStore> store;
  if (!isNpy) {
    Expected<std::unique_ptr<WeightStore>> opened = WeightStore::open(path);
    if (!opened) {
      return opened.takeError();
    }
    store = std::move(*opened);
  } else if (function.getNumArguments() != 1) {
    return createStringError(path + ": expected .safetensors with a tensor for each of " +
                             Twine(function.getNumArguments()) + " arguments, found .npy");
  }
  FunctionData data;
  for (mlir::BlockArgument argument : function.getArguments()) {
    auto type = cast<mlir::RankedTensorType>(argument.getType());
    bool asFloat = type.getElementType().isF32();
    Expected<NumberTensor> values =
        isNpy ? readNpy(path, asFloat) : readTensor(*store, argument, asFloat);
    if (!values) {
      return values.takeError();
    }
    uint64_t count = 0;
    bool rows = false;
    Expected<Argument> read =
        cut(std::move(*values), type, path + ": argument " + Twine(argument.getArgNumber()), count,
            rows);
    if (!read) {
      return read.takeError();
    }
    if (!data.arguments.empty() && count != data.numSamples) {
      return createStringError(path + ": argument " + Twine(argument.getArgNumber()) +
                               ": expected " + Twine(data.numSamples) + " samples, found " +
                               Twine(count));
    }
    data.numSamples = count;
    data.cutsRows &= rows;
    data.arguments.push_back(std::move(*read));
  }
  return std::move(data);
}

SmallVector<FunctionArgument> FunctionData::operator[](uint64_t sample) const {
  SmallVector<FunctionArgument> result;
  for (const Argument &argument : arguments) {
    size_t first = sample * argument.elements;
    result.push_back(
        argument.values.isFloat
            ? FunctionArgument::tensor(
                  ArrayRef(argument.values.floats).slice(first, argument.elements), argument.shape)
            : FunctionArgument::tensor(
                  ArrayRef(argument.values.integers).slice(first, argument.elements),
                  argument.shape));
  }
  return result;
}

std::string FunctionData::digest() const {
  Digest digest;
  digest.updateInteger(numSamples);
  for (const Argument &argument : arguments) {
    digest.updateInteger(argument.shape.size());
    for (int64_t extent : argument.shape) {
      digest.updateInteger(extent);
    }
    digest.updateInteger(argument.values.isFloat);
    digest.update(
        bytesOf(argument.values).take_front(numSamples * argument.elements * sizeof(float)));
  }
  return digest.hex();
}

} // namespace quench::workflow
