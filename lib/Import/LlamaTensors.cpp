//===- LlamaTensors.cpp - The tensors a Llama-style model needs -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/LlamaTensors.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;

namespace quench {

namespace {

/// Visits one tensor after the other; stops at the first failure.
class TensorVisitor {
public:
  TensorVisitor(const LlamaConfig &config, function_ref<Error(const LlamaTensor &)> visit)
      : config(config), visit(visit) {}

  Error visitAll();

private:
  Error visitLinear(const Twine &module, int64_t rows, int64_t columns, bool bias);
  Error visitLayer(int64_t layer);

  const LlamaConfig &config;
  function_ref<Error(const LlamaTensor &)> visit;
};

} // namespace

static bool isSupported(ElementKind kind) {
  return kind == ElementKind::F32 || kind == ElementKind::F16 || kind == ElementKind::BF16;
}

Error TensorVisitor::visitLinear(const Twine &module, int64_t rows, int64_t columns, bool bias) {
  if (Error failure = visit({(module + ".weight").str(), {rows, columns}})) {
    return failure;
  }
  return bias ? visit({(module + ".bias").str(), {rows}}) : Error::success();
}

Error TensorVisitor::visitLayer(int64_t layer) {
  struct Linear {
    StringRef module;
    int64_t rows, columns;
    bool bias;
  };
  int64_t hidden = config.hiddenSize, inner = config.intermediateSize;
  const Linear attention[] = {
      {"self_attn.q_proj", config.querySize(), hidden, config.qkvBias},
      {"self_attn.k_proj", config.keyValueSize(), hidden, config.qkvBias},
      {"self_attn.v_proj", config.keyValueSize(), hidden, config.qkvBias},
      {"self_attn.o_proj", hidden, config.querySize(), config.outputBias},
  };
  const Linear feedForward[] = {
      {"mlp.gate_proj", inner, hidden, config.mlpBias},
      {"mlp.up_proj", inner, hidden, config.mlpBias},
      {"mlp.down_proj", hidden, inner, config.mlpBias},
  };
  std::string prefix = ("model.layers." + Twine(layer) + ".").str();
  auto visitBlock = [&](StringRef norm, ArrayRef<Linear> linears) -> Error {
    if (Error failure = visit({(prefix + norm + ".weight").str(), {hidden}})) {
      return failure;
    }
    for (const Linear &linear : linears) {
      if (Error failure =
              visitLinear(prefix + linear.module, linear.rows, linear.columns, linear.bias)) {
        return failure;
      }
    }
    return Error::success();
  };
  if (Error failure = visitBlock("input_layernorm", attention)) {
    return failure;
  }
  return visitBlock("post_attention_layernorm", feedForward);
}

Error TensorVisitor::visitAll() {
  if (Error failure = visit({"model.embed_tokens.weight", {config.vocabSize, config.hiddenSize}})) {
    return failure;
  }
  for (int64_t layer = 0; layer < config.numLayers; ++layer) {
    if (Error failure = visitLayer(layer)) {
      return failure;
    }
  }
  if (Error failure = visit({"model.norm.weight", {config.hiddenSize}})) {
    return failure;
  }
  return config.tieWordEmbeddings
             ? Error::success()
             : visit({"lm_head.weight", {config.vocabSize, config.hiddenSize}});
}

Error visitLlamaTensors(const LlamaConfig &config, function_ref<Error(const LlamaTensor &)> visit) {
  return TensorVisitor(config, visit).visitAll();
}

/// Whether a layer is stored in the format of the configuration.
static bool isCompressed(const LlamaConfig &config, const WeightStore &store,
                         const LlamaTensor &tensor) {
  return config.compression && tensor.shape.size() == 2 && isCompressedWeight(store, tensor.name);
}

Expected<std::vector<StoredLlamaTensor>> findLlamaTensors(const LlamaConfig &config,
                                                          const WeightStore &store) {
  std::vector<StoredLlamaTensor> found;
  Error failure = visitLlamaTensors(config, [&](const LlamaTensor &tensor) -> Error {
    if (isCompressed(config, store, tensor)) {
      Expected<CompressedWeight> codes =
          findCompressedWeight(store, tensor.name, tensor.shape, *config.compression);
      if (!codes) {
        return codes.takeError();
      }
      found.push_back({tensor, nullptr, *codes});
      return Error::success();
    }
    Expected<const TensorView *> view = store.requireShape(tensor.name, tensor.shape);
    if (!view) {
      return view.takeError();
    }
    if (!isSupported((*view)->kind)) {
      return createStringError(store.fileOf(tensor.name) + ": tensor '" + tensor.name +
                               "': expected F32, F16 or BF16, found " +
                               safetensorsName((*view)->kind));
    }
    found.push_back({tensor, *view, std::nullopt});
    return Error::success();
  });
  if (failure) {
    return std::move(failure);
  }
  return std::move(found);
}

std::vector<std::string> unusedTensors(const WeightStore &store, ArrayRef<StoredLlamaTensor> used) {
  StringSet<> names;
  for (const StoredLlamaTensor &stored : used) {
    if (stored.floats) {
      names.insert(stored.floats->name);
      continue;
    }
    for (const TensorView *part : {stored.codes->codes, stored.codes->scale,
                                   stored.codes->packedShape, stored.codes->zeroPoints}) {
      if (part) {
        names.insert(part->name);
      }
    }
  }
  std::vector<std::string> unused;
  for (StringRef name : store.names()) {
    if (!names.contains(name) && !name.ends_with("rotary_emb.inv_freq")) {
      unused.push_back(name.str());
    }
  }
  return unused;
}

Error declareTensor(SafetensorsWriter &writer, const TensorView &tensor) {
  return writer.declare(tensor.name, tensor.kind, tensor.shape);
}

/// The index of the first element of a piece whose exponent bits are all ones, which is NaN or
/// infinity in each of the formats.
template <typename Bits>
static std::optional<size_t> findNotFinite(ArrayRef<uint8_t> bytes, Bits exponentMask) {
  for (size_t i = 0; i < bytes.size() / sizeof(Bits); ++i) {
    Bits bits;
    std::memcpy(&bits, bytes.data() + i * sizeof(Bits), sizeof(Bits));
    if ((bits & exponentMask) == exponentMask) {
      return i;
    }
  }
  return std::nullopt;
}

static std::optional<size_t> findNotFinite(ElementKind kind, ArrayRef<uint8_t> bytes) {
  switch (kind) {
  case ElementKind::F32:
    return findNotFinite<uint32_t>(bytes, 0x7f800000);
  case ElementKind::F16:
    return findNotFinite<uint16_t>(bytes, 0x7c00);
  default:
    return findNotFinite<uint16_t>(bytes, 0x7f80);
  }
}

/// What an element that is not finite is.
static StringRef nameNotFinite(const TensorView &tensor, size_t index) {
  uint32_t mantissaBits = tensor.kind == ElementKind::F32   ? 23
                          : tensor.kind == ElementKind::F16 ? 10
                                                            : 7;
  uint32_t bits =
      tensor.kind == ElementKind::F32 ? tensor.load<uint32_t>(index) : tensor.load<uint16_t>(index);
  if (bits & maskTrailingOnes<uint32_t>(mantissaBits)) {
    return "nan";
  }
  return bits >> (bitWidth(tensor.kind) - 1) ? "-inf" : "inf";
}

/// Hands over the pieces of a tensor, each seen finite.
static Error visitFinitePieces(const TensorView &tensor, StringRef file,
                               function_ref<Error(ArrayRef<uint8_t>)> visit) {
  constexpr size_t pieceBytes = size_t(1) << 22;
  size_t elementBytes = bitWidth(tensor.kind) / 8;
  for (size_t begin = 0; begin < tensor.bytes.size(); begin += pieceBytes) {
    ArrayRef<uint8_t> piece =
        tensor.bytes.slice(begin, std::min(pieceBytes, tensor.bytes.size() - begin));
    if (std::optional<size_t> bad = findNotFinite(tensor.kind, piece)) {
      size_t flat = begin / elementBytes + *bad;
      SmallVector<int64_t> index(tensor.shape.size());
      int64_t rest = static_cast<int64_t>(flat);
      for (size_t axis = index.size(); axis-- > 0;) {
        index[axis] = rest % tensor.shape[axis];
        rest /= tensor.shape[axis];
      }
      return createStringError(file + ": tensor '" + tensor.name +
                               "': expected finite values, found " + nameNotFinite(tensor, flat) +
                               " at element " + Twine(flat) + " (" + shapeToString(index) + ")");
    }
    if (Error failure = visit(piece)) {
      return failure;
    }
  }
  return Error::success();
}

Error checkFiniteTensor(const TensorView &tensor, StringRef file) {
  return visitFinitePieces(tensor, file, [](ArrayRef<uint8_t>) { return Error::success(); });
}

Error copyFiniteTensor(SafetensorsWriter &writer, const TensorView &tensor, StringRef file) {
  return visitFinitePieces(
      tensor, file, [&](ArrayRef<uint8_t> piece) { return writer.write(tensor.name, piece); });
}

} // namespace quench
