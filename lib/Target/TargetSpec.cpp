//===- TargetSpec.cpp - Targets as DLTI specifications -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Target/TargetSpec.h"

#include "quench/Model/ModuleFile.h"

#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quench;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

static constexpr StringLiteral kProcessor = "CPU";
static constexpr StringLiteral kDevice = "GPU";
static constexpr StringLiteral kApi = "api";
static constexpr StringLiteral kChip = "chip";
static constexpr StringLiteral kProducts = "products";
static constexpr StringLiteral kRequired = "required_features";

static constexpr std::pair<StringLiteral, std::string Target::*> kTexts[] = {
    {"name", &Target::name},
    {"summary", &Target::summary},
};
/// What only a CPU has.
static constexpr std::pair<StringLiteral, std::string Target::*> kProcessorTexts[] = {
    {"triple", &Target::triple},
    {"cpu", &Target::cpu},
    {"features", &Target::features},
};
/// How code is brought to what is no CPU.
static constexpr StringLiteral kApis[] = {"vulkan", "cuda", "hip", "tosa"};
/// What kernels may need of a device of Vulkan.
static constexpr StringLiteral kVulkanFeatures[] = {
    "shaderIntegerDotProduct", "shaderFloat16",        "shaderInt8",       "vulkanMemoryModel",
    "subgroupSizeControl",     "computeFullSubgroups", "cooperativeMatrix"};
static constexpr StringLiteral kSubgroupSize = "subgroup_size";
static constexpr std::pair<StringLiteral, int64_t Target::*> kIntegers[] = {
    {"vector_width", &Target::vectorBits},        {"vector_registers", &Target::vectorRegisters},
    {"L1_cache_size_in_bytes", &Target::l1Bytes}, {"L2_cache_size_in_bytes", &Target::l2Bytes},
    {"L3_cache_size_in_bytes", &Target::l3Bytes},
};
static constexpr std::pair<StringLiteral, double Target::*> kNumbers[] = {
    {"clock_GHz", &Target::clock},
    {"read_GB_per_s", &Target::readBandwidth},
    {"vector_ops_per_cycle", &Target::vectorOpsPerCycle},
    {"byte_lookups_per_cycle", &Target::byteLookupsPerCycle},
};
static constexpr std::pair<StringLiteral, NumberType NativeProduct::*> kOperands[] = {
    {"weights", &NativeProduct::weights},
    {"activations", &NativeProduct::activations},
    {"sums", &NativeProduct::sums},
};
static constexpr StringLiteral kShape = "shape";
static constexpr StringLiteral kPerCycle = "per_cycle";

namespace {
/// Looks keys up and remembers the first that is missing or wrong.
class Reader {
public:
  explicit Reader(DLTIQueryInterface spec, std::string place = "") : spec(spec), place(place) {}

  template <typename AttrT> AttrT get(StringRef key, StringRef expected) {
    FailureOr<Attribute> found = spec.query(StringAttr::get(spec.getContext(), key));
    auto attr = succeeded(found) ? dyn_cast<AttrT>(*found) : AttrT();
    if (!attr) {
      refuse(key, expected, succeeded(found) ? *found : Attribute());
    }
    return attr;
  }

  bool has(StringRef key) { return succeeded(spec.query(StringAttr::get(spec.getContext(), key))); }

  void read(StringRef key, std::string &value) {
    if (auto attr = get<StringAttr>(key, "a string")) {
      value = attr.getValue().str();
    }
  }

  void read(StringRef key, int64_t &value) {
    auto attr = get<IntegerAttr>(key, "a positive integer");
    if (attr && (attr.getValue().getSignificantBits() > 64 || attr.getValue().isNonPositive())) {
      refuse(key, "a positive integer", attr);
    } else if (attr) {
      value = attr.getValue().getSExtValue();
    }
  }

  void read(StringRef key, double &value, bool mayBeZero) {
    StringRef expected = mayBeZero ? "a number that is not negative" : "a positive number";
    auto attr = get<FloatAttr>(key, expected);
    double found = attr ? attr.getValueAsDouble() : 0.0;
    if (attr && !(std::isfinite(found) && (found > 0.0 || (mayBeZero && found == 0.0)))) {
      refuse(key, expected, attr);
    }
    value = found;
  }

  void read(StringRef key, NumberType &value) {
    constexpr StringLiteral expected =
        "i8, ui8, i16, i32, f8E4M3FN, f8E5M2, f8E4M3FNUZ, f8E5M2FNUZ, f16, bf16 or f32";
    auto attr = get<TypeAttr>(key, expected);
    if (!attr) {
      return;
    }
    std::string name;
    llvm::raw_string_ostream(name) << attr.getValue();
    if (std::optional<NumberType> type = symbolizeNumberType(name)) {
      value = *type;
    } else {
      refuse(key, expected, attr);
    }
  }

  void refuse(StringRef key, StringRef expected, Attribute found) {
    if (!message.empty()) {
      return;
    }
    llvm::raw_string_ostream os(message);
    os << "target: " << place << "expected \"" << key << "\" to be " << expected << ", found ";
    if (found) {
      os << found;
    } else {
      os << "nothing";
    }
  }

  const std::string &error() const { return message; }

private:
  DLTIQueryInterface spec;
  std::string place, message;
};
} // namespace

static Expected<NativeProduct> readProduct(StringRef instruction, Attribute attr) {
  NativeProduct product;
  product.instruction = instruction.str();
  auto map = dyn_cast<DLTIQueryInterface>(attr);
  if (!map) {
    return createStringError("target: expected a #dlti.map for product \"" + instruction + "\"");
  }
  Reader reader(map, ("product \"" + instruction + "\": ").str());
  for (auto [key, member] : kOperands) {
    reader.read(key, product.*member);
  }
  if (auto shape = reader.get<DenseI64ArrayAttr>(kShape, "three positive integers")) {
    if (shape.size() != 3 ||
        llvm::any_of(shape.asArrayRef(), [](int64_t size) { return size <= 0 || size > 1024; })) {
      reader.refuse(kShape, "three integers from 1 to 1024", shape);
    } else {
      llvm::copy(shape.asArrayRef(), product.shape.begin());
    }
  }
  reader.read(kPerCycle, product.perCycle, /*mayBeZero=*/false);
  if (!reader.error().empty()) {
    return createStringError(reader.error());
  }
  return product;
}

static void readFeatures(Reader &reader, Target &target) {
  if (auto features = reader.get<ArrayAttr>(kRequired, "a list of strings")) {
    for (Attribute feature : features) {
      if (auto text = dyn_cast<StringAttr>(feature)) {
        target.required.push_back(text.getValue().str());
      } else {
        reader.refuse(kRequired, "a list of strings", features);
      }
    }
  }
}

static void readProcessor(Reader &reader, Target &target) {
  for (auto [key, member] : kProcessorTexts) {
    reader.read(key, target.*member);
  }
  readFeatures(reader, target);
}

static void readVulkan(Reader &reader, Target &target, MLIRContext *context) {
  readFeatures(reader, target);
  for (const std::string &feature : target.required) {
    if (!llvm::is_contained(kVulkanFeatures, feature)) {
      reader.refuse(kRequired, "names among " + llvm::join(ArrayRef(kVulkanFeatures), ", "),
                    StringAttr::get(context, feature));
    }
  }
  if (llvm::is_contained(target.required, "cooperativeMatrix")) {
    reader.read(kSubgroupSize, target.subgroupSize);
  }
}

Expected<Target> quench::readTarget(DLTIQueryInterface device) {
  Target target;
  Reader reader(device);
  for (auto [key, member] : kTexts) {
    reader.read(key, target.*member);
  }
  for (auto [key, member] : kIntegers) {
    reader.read(key, target.*member);
  }
  for (auto [key, member] : kNumbers) {
    reader.read(key, target.*member, member == &Target::byteLookupsPerCycle);
  }
  if (reader.has(kApi)) {
    reader.read(kApi, target.api);
    if (!llvm::is_contained(kApis, target.api)) {
      reader.refuse(kApi, "\"vulkan\", \"cuda\", \"hip\" or \"tosa\"",
                    StringAttr::get(device.getContext(), target.api));
    }
    if (target.api == "cuda" || target.api == "hip") {
      reader.read(kChip, target.chip);
    }
    if (target.api == "vulkan") {
      readVulkan(reader, target, device.getContext());
    }
  } else {
    readProcessor(reader, target);
  }
  auto products = reader.get<MapAttr>(kProducts, "a #dlti.map of products");
  if (target.vectorBits != 128 && target.vectorBits != 256 && target.vectorBits != 512) {
    auto found = IntegerAttr::get(IntegerType::get(device.getContext(), 64), target.vectorBits);
    reader.refuse("vector_width", "128, 256 or 512", found);
  }
  if (!reader.error().empty()) {
    return createStringError(reader.error());
  }
  for (DataLayoutEntryInterface entry : products.getEntries()) {
    auto name = dyn_cast<StringAttr>(entry.getKey());
    if (!name) {
      return createStringError("target: expected names of instructions in \"products\"");
    }
    Expected<NativeProduct> product = readProduct(name.getValue(), entry.getValue());
    if (!product) {
      return product.takeError();
    }
    if (product->isCooperative() && target.subgroupSize == 0) {
      return createStringError("target: expected \"" + kRequired +
                               "\" to name cooperativeMatrix for " + product->instruction);
    }
    target.products.push_back(std::move(*product));
  }
  return target;
}

DLTIQueryInterface quench::findDevice(Operation *op) {
  for (StringRef name : {kDevice, kProcessor}) {
    FailureOr<Attribute> device = dlti::query(op, name);
    if (auto spec =
            succeeded(device) ? dyn_cast<DLTIQueryInterface>(*device) : DLTIQueryInterface()) {
      return spec;
    }
  }
  return {};
}

FailureOr<Target> quench::getTarget(Operation *op) {
  DLTIQueryInterface spec = findDevice(op);
  if (!spec) {
    return op->emitError("expected a target: the device \"CPU\" of a dlti.target_system_spec, "
                         "which quench-attach-target gives to a module");
  }
  Expected<Target> target = readTarget(spec);
  if (!target) {
    return op->emitError(llvm::toString(target.takeError()));
  }
  return std::move(*target);
}

static Attribute describeProduct(Builder &b, const NativeProduct &product) {
  auto entry = [&](StringRef key, Attribute value) -> DataLayoutEntryInterface {
    return DataLayoutEntryAttr::get(b.getStringAttr(key), value);
  };
  SmallVector<DataLayoutEntryInterface> entries;
  for (auto [key, member] : kOperands) {
    Type type;
    switch (product.*member) {
    case NumberType::I8:
      type = b.getI8Type();
      break;
    case NumberType::UI8:
      type = b.getIntegerType(8, /*isSigned=*/false);
      break;
    case NumberType::I16:
      type = b.getI16Type();
      break;
    case NumberType::I32:
      type = b.getI32Type();
      break;
    case NumberType::F16:
      type = b.getF16Type();
      break;
    case NumberType::BF16:
      type = b.getBF16Type();
      break;
    case NumberType::F32:
      type = b.getF32Type();
      break;
    case NumberType::F8E4M3FN:
      type = b.getType<Float8E4M3FNType>();
      break;
    case NumberType::F8E5M2:
      type = b.getType<Float8E5M2Type>();
      break;
    case NumberType::F8E4M3FNUZ:
      type = b.getType<Float8E4M3FNUZType>();
      break;
    case NumberType::F8E5M2FNUZ:
      type = b.getType<Float8E5M2FNUZType>();
      break;
    }
    entries.push_back(entry(key, TypeAttr::get(type)));
  }
  entries.push_back(entry(kShape, b.getDenseI64ArrayAttr(product.shape)));
  entries.push_back(entry(kPerCycle, b.getF64FloatAttr(product.perCycle)));
  return MapAttr::get(b.getContext(), entries);
}

void quench::setTarget(ModuleOp module, const Target &target) {
  Builder b(module.getContext());
  auto entry = [&](StringRef key, Attribute value) -> DataLayoutEntryInterface {
    return DataLayoutEntryAttr::get(b.getStringAttr(key), value);
  };
  SmallVector<DataLayoutEntryInterface> entries, products, devices;
  for (auto [key, member] : kTexts) {
    entries.push_back(entry(key, b.getStringAttr(target.*member)));
  }
  if (target.isDevice()) {
    entries.push_back(entry(kApi, b.getStringAttr(target.api)));
    if (!target.chip.empty()) {
      entries.push_back(entry(kChip, b.getStringAttr(target.chip)));
    }
  } else {
    for (auto [key, member] : kProcessorTexts) {
      entries.push_back(entry(key, b.getStringAttr(target.*member)));
    }
  }
  if (!target.isDevice() || target.api == "vulkan") {
    SmallVector<StringRef> required(target.required.begin(), target.required.end());
    entries.push_back(entry(kRequired, b.getStrArrayAttr(required)));
  }
  if (target.subgroupSize > 0) {
    entries.push_back(entry(kSubgroupSize, b.getI64IntegerAttr(target.subgroupSize)));
  }
  for (auto [key, member] : kIntegers) {
    entries.push_back(entry(key, b.getI64IntegerAttr(target.*member)));
  }
  for (auto [key, member] : kNumbers) {
    entries.push_back(entry(key, b.getF64FloatAttr(target.*member)));
  }
  for (const NativeProduct &product : target.products) {
    products.push_back(entry(product.instruction, describeProduct(b, product)));
  }
  entries.push_back(entry(kProducts, MapAttr::get(b.getContext(), products)));

  StringRef name = DLTIDialect::kTargetSystemDescAttrName;
  StringRef key = target.isDevice() ? kDevice : kProcessor;
  devices.push_back(entry(key, TargetDeviceSpecAttr::get(b.getContext(), entries)));
  if (auto system = module->getAttrOfType<TargetSystemSpecAttr>(name)) {
    for (DataLayoutEntryInterface device : system.getEntries()) {
      if (device.getKey() != DataLayoutEntryKey(b.getStringAttr(key))) {
        devices.push_back(device);
      }
    }
  }
  module->setAttr(name, TargetSystemSpecAttr::get(b.getContext(), devices));
}

std::string quench::printTarget(const Target &target) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<DLTIDialect>();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  setTarget(*module, target);
  return printModule(*module);
}
