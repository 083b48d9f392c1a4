//===- OptionTable.cpp - The options of a command, declared once ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/OptionTable.h"

#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace llvm;

namespace quench::driver {

StringRef nearest(StringRef word, ArrayRef<StringRef> candidates) {
  // A third of the letters may be wrong, at least one.
  unsigned best = std::max<size_t>(1, word.size() / 3) + 1;
  StringRef found;
  for (StringRef candidate : candidates) {
    unsigned distance = word.edit_distance(candidate, /*AllowReplacements=*/true, best);
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

void OptionTable::flag(StringRef name, char letter, bool &value, StringRef help) {
  options.push_back(
      {name.str(), letter, "", help.str(), Need::Optional, [&value](StringRef) -> Error {
         value = true;
         return Error::success();
       }});
}

void OptionTable::text(StringRef name, char letter, StringRef placeholder, std::string &value,
                       StringRef help, Need need) {
  options.push_back(
      {name.str(), letter, placeholder.str(), help.str(), need, [&value](StringRef text) -> Error {
         if (text.empty()) {
           return createStringError("expected a value, found an empty one");
         }
         value = text.str();
         return Error::success();
       }});
}

void OptionTable::integer(StringRef name, StringRef placeholder, int64_t &value, int64_t min,
                          int64_t max, StringRef help, Need need) {
  options.push_back({name.str(), 0, placeholder.str(), help.str(), need,
                     [&value, min, max](StringRef text) -> Error {
                       int64_t parsed;
                       if (text.getAsInteger(10, parsed) || parsed < min || parsed > max) {
                         return createStringError("expected an integer from " + Twine(min) +
                                                  " to " + Twine(max) + ", found '" + text + "'");
                       }
                       value = parsed;
                       return Error::success();
                     }});
}

void OptionTable::number(StringRef name, StringRef placeholder, double &value, StringRef help) {
  options.push_back({name.str(), 0, placeholder.str(), help.str(), Need::Optional,
                     [&value](StringRef text) -> Error {
                       double parsed;
                       if (text.getAsDouble(parsed) || !std::isfinite(parsed) || parsed < 0) {
                         return createStringError(
                             "expected a number that is not negative, found '" + text + "'");
                       }
                       value = parsed;
                       return Error::success();
                     }});
}

void OptionTable::positional(StringRef placeholder, std::string &value, StringRef help) {
  positionalArguments.push_back({placeholder.str(), help.str(), &value, nullptr, 1});
}

void OptionTable::positionals(StringRef placeholder, std::vector<std::string> &values, size_t max,
                              StringRef help) {
  positionalArguments.push_back({placeholder.str(), help.str(), nullptr, &values, max});
}

void OptionTable::suggest(StringRef name, std::vector<std::string> values, bool isList) {
  Option *option = find(name);
  option->suggested = std::move(values);
  option->isList = isList;
}

OptionTable::Option *OptionTable::find(StringRef name) {
  auto found = llvm::find_if(options, [&](const Option &option) { return option.name == name; });
  return found == options.end() ? nullptr : &*found;
}

OptionTable::Option *OptionTable::find(char letter) {
  auto found =
      llvm::find_if(options, [&](const Option &option) { return option.letter == letter; });
  return found == options.end() ? nullptr : &*found;
}

Error OptionTable::unknown(StringRef argument) const {
  std::vector<StringRef> names = {"help"};
  for (const Option &option : options) {
    names.push_back(option.name);
  }
  StringRef meant = nearest(argument.ltrim('-'), names);
  return createStringError("unknown option '" + argument + "'" +
                           (meant.empty() ? "" : ", did you mean '--" + meant.str() + "'?"));
}

Error OptionTable::assign(Option &option, StringRef value) {
  if (option.seen) {
    return createStringError("option '" + option.spelling() + "' is given twice");
  }
  option.seen = true;
  if (Error failure = option.set(value)) {
    return createStringError("option '" + option.spelling() + "': " + toString(std::move(failure)));
  }
  return Error::success();
}

Error OptionTable::checkRequired(size_t given) const {
  if (given < positionalArguments.size()) {
    return createStringError("expected " + positionalArguments[given].placeholder + ", " +
                             positionalArguments[given].help);
  }
  for (const Option &option : options) {
    if (option.need == Need::Required && !option.seen) {
      return createStringError("expected option '" + option.spelling() + " " + option.placeholder +
                               "', " + option.help);
    }
  }
  return Error::success();
}

/// `given` counts the positional arguments that have a value.
Error OptionTable::takePositional(StringRef argument, size_t &given) {
  bool isMore = given > 0 && positionalArguments[given - 1].list;
  if (!isMore && given == positionalArguments.size()) {
    return createStringError("unexpected argument '" + argument + "'");
  }
  Positional &place = positionalArguments[isMore ? given - 1 : given];
  if (argument.empty()) {
    return createStringError("expected " + place.placeholder + ", found an empty argument");
  }
  if (place.list) {
    if (place.list->size() == place.max) {
      return createStringError("expected at most " + Twine(place.max) + " arguments " +
                               place.placeholder + ", found '" + argument + "' too");
    }
    place.list->push_back(argument.str());
  } else {
    *place.value = argument.str();
  }
  given += !isMore;
  return Error::success();
}

Error OptionTable::parse(ArrayRef<StringRef> arguments, bool &helpRequested) {
  ArrayRef<StringRef> beforeDashes =
      arguments.take_until([](StringRef text) { return text == "--"; });
  helpRequested = is_contained(beforeDashes, "--help") || is_contained(beforeDashes, "-h");
  if (helpRequested) {
    return Error::success();
  }
  size_t given = 0;
  bool onlyPositionals = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    StringRef argument = arguments[i];
    if (onlyPositionals || !argument.starts_with("-") || argument == "-") {
      if (Error failure = takePositional(argument, given)) {
        return failure;
      }
      continue;
    }
    if (argument == "--") {
      onlyPositionals = true;
      continue;
    }
    bool isLong = argument.starts_with("--");
    auto [name, value] = isLong ? argument.drop_front(2).split('=')
                                : std::make_pair(argument.substr(1, 1), argument.substr(2));
    bool hasValue = isLong ? argument.contains('=') : !value.empty();
    Option *option = isLong ? find(name) : find(name[0]);
    if (!option) {
      return unknown(isLong ? argument.split('=').first : argument);
    }
    if (option->placeholder.empty() && hasValue) {
      return createStringError("option '" + option->spelling() + "' takes no value");
    }
    if (!option->placeholder.empty() && !hasValue) {
      if (i + 1 == arguments.size()) {
        return createStringError("option '" + option->spelling() + "' expects " +
                                 option->placeholder);
      }
      value = arguments[++i];
    }
    if (Error failure = assign(*option, value)) {
      return failure;
    }
  }
  return checkRequired(given);
}

void OptionTable::printUsage(raw_ostream &stream) const {
  ListSeparator space(" ");
  for (const Positional &argument : positionalArguments) {
    stream << space << argument.placeholder << (argument.list ? "..." : "");
  }
  for (const Option &option : options) {
    if (option.need == Need::Required) {
      stream << space << option.spelling() << ' ' << option.placeholder;
    }
  }
  stream << space << "[options]";
}

std::vector<OptionTable::Entry> OptionTable::entries() const {
  std::vector<Entry> result;
  for (const Positional &argument : positionalArguments) {
    result.push_back({"", "", argument.placeholder, argument.help});
  }
  for (const Option &option : options) {
    result.push_back({option.spelling(), option.letter ? std::string("-") + option.letter : "",
                      option.placeholder, option.help, option.suggested, option.isList});
  }
  result.push_back({"--help", "-h", "", "print this text"});
  return result;
}

void OptionTable::printHelp(raw_ostream &stream) const {
  std::vector<std::pair<std::string, StringRef>> lines;
  std::vector<Entry> all = entries();
  for (const Entry &entry : all) {
    std::string left;
    if (!entry.option.empty()) {
      left = (entry.shortOption.empty() ? "    " : entry.shortOption + ", ") + entry.option;
    }
    if (!entry.placeholder.empty()) {
      left += (left.empty() ? "" : " ") + entry.placeholder.str();
    }
    lines.push_back({left, entry.help});
  }
  size_t width = 0;
  for (const auto &[left, help] : lines) {
    width = std::max(width, left.size());
  }
  for (const auto &[left, help] : lines) {
    stream << "  " << left;
    stream.indent(width - left.size() + 2) << help << '\n';
  }
}

} // namespace quench::driver
