//===- YamlTree.cpp - A small YAML document with places -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "YamlTree.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/YAMLParser.h"

using namespace llvm;
using namespace quench::recipe;

static constexpr unsigned maxDepth = 16;

Error YamlTree::error(const Twine &message) const {
  return createStringError(place + ": " + message);
}

Error YamlTree::expected(const Twine &what) const {
  switch (kind) {
  case Kind::Null:
    return error("expected " + what + ", found nothing");
  case Kind::Scalar:
    return error("expected " + what + ", found '" + text + "'");
  case Kind::Sequence:
    return error("expected " + what + ", found a sequence");
  case Kind::Mapping:
    return error("expected " + what + ", found a mapping");
  }
  return error("expected " + what);
}

const YamlTree *YamlTree::lookup(StringRef key) const {
  auto member = find_if(members, [&](const auto &member) { return member.first.text == key; });
  return member == members.end() ? nullptr : &member->second;
}

Error YamlTree::checkMapping(StringRef what, ArrayRef<StringRef> keys) const {
  if (kind != Kind::Mapping) {
    return expected(what + " (a mapping with " + join(keys, ", ") + ")");
  }
  for (const auto &[key, value] : members) {
    if (!is_contained(keys, key.text)) {
      return key.expected("one of " + join(keys, ", ") + " in " + what);
    }
  }
  return Error::success();
}

namespace {

/// Reads the nodes of one stream in order.
class TreeBuilder {
public:
  TreeBuilder(StringRef text, StringRef file)
      : text(text), file(file),
        stream(MemoryBufferRef(text, this->file), sources, /*ShowColors=*/false) {
    sources.setDiagHandler(keepDiagnostic, this);
  }

  Expected<YamlTree> build();

private:
  static void keepDiagnostic(const SMDiagnostic &diagnostic, void *self);

  const char *startOf(const yaml::Node &node) const;
  std::string placeOf(const char *position) const;
  Error convert(yaml::Node *node, unsigned depth, YamlTree &tree);
  Error convertMapping(yaml::MappingNode &node, unsigned depth, YamlTree &tree);

  StringRef text;
  std::string file;
  SourceMgr sources;
  yaml::Stream stream;
  /// The first thing that LLVM's parser complained about.
  std::string failure;
};

} // namespace

void TreeBuilder::keepDiagnostic(const SMDiagnostic &diagnostic, void *self) {
  auto &builder = *static_cast<TreeBuilder *>(self);
  if (builder.failure.empty()) {
    std::string message = diagnostic.getMessage().str();
    // LLVM's sentences begin with a capital.
    message.front() = toLower(message.front());
    builder.failure = builder.file + ":" + std::to_string(diagnostic.getLineNo()) + ":" +
                      std::to_string(diagnostic.getColumnNo() + 1) + ": malformed YAML: " + message;
  }
}

/// Where a node starts, or null where LLVM does not know. Its flow collections start after their
/// bracket.
const char *TreeBuilder::startOf(const yaml::Node &node) const {
  const char *start = node.getSourceRange().Start.getPointer();
  if (!start || isa<yaml::NullNode, yaml::AliasNode, yaml::BlockScalarNode>(node)) {
    return nullptr;
  }
  StringRef before(text.begin(), start - text.begin());
  before = before.rtrim();
  bool inBracket = (isa<yaml::MappingNode>(node) && before.ends_with("{")) ||
                   (isa<yaml::SequenceNode>(node) && before.ends_with("["));
  return inBracket ? before.end() - 1 : start;
}

std::string TreeBuilder::placeOf(const char *position) const {
  auto [line, column] = sources.getLineAndColumn(SMLoc::getFromPointer(position));
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Error TreeBuilder::convertMapping(yaml::MappingNode &node, unsigned depth, YamlTree &tree) {
  tree.kind = YamlTree::Kind::Mapping;
  for (yaml::KeyValueNode &member : node) {
    YamlTree key, value;
    if (Error error = convert(member.getKey(), depth + 1, key)) {
      return error;
    }
    if (key.kind != YamlTree::Kind::Scalar) {
      return key.expected("a key");
    }
    if (tree.lookup(key.text)) {
      return key.error("expected '" + key.text + "' once, found it again");
    }
    value.place = key.place;
    if (Error error = convert(member.getValue(), depth + 1, value)) {
      return error;
    }
    tree.members.emplace_back(std::move(key), std::move(value));
  }
  return Error::success();
}

Error TreeBuilder::convert(yaml::Node *node, unsigned depth, YamlTree &tree) {
  if (!failure.empty() || !node) {
    return createStringError(failure.empty() ? file + ": malformed YAML" : failure);
  }
  // Nodes that do not know where they start keep the place of their key or sequence.
  if (const char *start = startOf(*node)) {
    tree.place = placeOf(start);
  } else if (tree.place.empty()) {
    tree.place = file + ":1:1";
  }
  if (depth > maxDepth) {
    return tree.error("expected nesting of at most " + Twine(maxDepth) + " levels");
  }
  SmallString<64> storage;
  if (auto *scalar = dyn_cast<yaml::ScalarNode>(node)) {
    tree.kind = YamlTree::Kind::Scalar;
    tree.text = scalar->getValue(storage).str();
  } else if (auto *block = dyn_cast<yaml::BlockScalarNode>(node)) {
    tree.kind = YamlTree::Kind::Scalar;
    tree.text = block->getValue().str();
  } else if (auto *mapping = dyn_cast<yaml::MappingNode>(node)) {
    if (Error error = convertMapping(*mapping, depth, tree)) {
      return error;
    }
  } else if (auto *sequence = dyn_cast<yaml::SequenceNode>(node)) {
    tree.kind = YamlTree::Kind::Sequence;
    for (yaml::Node &element : *sequence) {
      tree.elements.emplace_back().place = tree.place;
      if (Error error = convert(&element, depth + 1, tree.elements.back())) {
        return error;
      }
    }
  } else if (isa<yaml::AliasNode>(node)) {
    return tree.error("aliases are not supported");
  }
  if (!failure.empty()) {
    return createStringError(failure);
  }
  return Error::success();
}

Expected<YamlTree> TreeBuilder::build() {
  YamlTree tree;
  tree.place = file + ":1:1";
  yaml::document_iterator document = stream.begin();
  if (document != stream.end()) {
    if (Error error = convert(document->getRoot(), 0, tree)) {
      return std::move(error);
    }
    ++document;
    if (failure.empty() && document != stream.end()) {
      return createStringError(file + ": expected one YAML document, found several");
    }
  }
  if (!failure.empty()) {
    return createStringError(failure);
  }
  return std::move(tree);
}

Expected<YamlTree> quench::recipe::parseYaml(StringRef text, StringRef file) {
  const auto *begin = reinterpret_cast<const UTF8 *>(text.begin());
  const auto *end = reinterpret_cast<const UTF8 *>(text.end());
  if (!isLegalUTF8String(&begin, end)) {
    size_t offset = reinterpret_cast<const char *>(begin) - text.begin();
    return createStringError(file + ":" + Twine(text.take_front(offset).count('\n') + 1) +
                             ": expected UTF-8");
  }
  return TreeBuilder(text, file).build();
}
