//===- OptionTable.h - The options of a command, declared once --*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A command lists its options, each bound to the variable it sets; parsing,
// range checks, suggestions for misspelt names and the text of `--help` follow
// from the list. There is no global state, so that a library can hold commands.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DRIVER_OPTIONTABLE_H
#define QUENCH_DRIVER_OPTIONTABLE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace quench::driver {

/// Options and positional arguments of one command. Accepted are `--name VALUE`, `--name=VALUE`,
/// `-n VALUE`, `-nVALUE` and, after `--`, positional arguments that begin with a dash. Bound
/// variables outlive the table and keep their value when the option is not given.
class OptionTable {
public:
  enum class Need { Optional, Required };

  /// A switch. `letter` is 0 when there is no short form.
  void flag(llvm::StringRef name, char letter, bool &value, llvm::StringRef help);

  /// Any text. `placeholder` stands for it in the help: "FOLDER".
  void text(llvm::StringRef name, char letter, llvm::StringRef placeholder, std::string &value,
            llvm::StringRef help, Need need = Need::Optional);

  /// A decimal integer between `min` and `max`, both included.
  void integer(llvm::StringRef name, llvm::StringRef placeholder, int64_t &value, int64_t min,
               int64_t max, llvm::StringRef help, Need need = Need::Optional);

  /// A finite number that is not negative.
  void number(llvm::StringRef name, llvm::StringRef placeholder, double &value,
              llvm::StringRef help);

  /// The next positional argument, always required.
  void positional(llvm::StringRef placeholder, std::string &value, llvm::StringRef help);

  /// All positional arguments that are left, at least one and at most `max`; declared last.
  void positionals(llvm::StringRef placeholder, std::vector<std::string> &values, size_t max,
                   llvm::StringRef help);

  /// Values that the completion of shells offers for an option declared before; others stay
  /// allowed. With `isList` a value is some of them, separated by commas.
  void suggest(llvm::StringRef name, std::vector<std::string> values, bool isList = false);

  /// Sets the bound variables. Errors say what is wrong with which argument: an unknown option
  /// (with the nearest known one), a missing, empty or unwanted value, an option given twice, a
  /// number out of range, a required argument that is not there. With `helpRequested` set by
  /// `--help` or `-h`, nothing else is checked.
  llvm::Error parse(llvm::ArrayRef<llvm::StringRef> arguments, bool &helpRequested);

  /// What is said of an argument or an option.
  struct Entry {
    /// "--data"; empty for a positional argument.
    std::string option;
    /// "-d", or empty.
    std::string shortOption;
    /// What stands for the value; empty for a flag.
    llvm::StringRef placeholder;
    llvm::StringRef help;
    /// What `suggest` had for it.
    llvm::ArrayRef<std::string> values = {};
    bool isList = false;
  };
  /// Arguments, then options, in the order of declaration, then --help.
  std::vector<Entry> entries() const;

  /// "MODEL --data FILE [options]".
  void printUsage(llvm::raw_ostream &stream) const;
  /// One aligned line for each argument and option, in the order of declaration.
  void printHelp(llvm::raw_ostream &stream) const;

private:
  struct Option {
    std::string name;
    char letter;
    /// Empty for a flag.
    std::string placeholder;
    std::string help;
    Need need;
    /// Takes the text of the value; the error does not name the option.
    std::function<llvm::Error(llvm::StringRef)> set;
    bool seen = false;
    std::vector<std::string> suggested = {};
    bool isList = false;

    std::string spelling() const { return "--" + name; }
  };
  struct Positional {
    std::string placeholder;
    std::string help;
    /// Where arguments go; the list comes last and takes up to `max` of them.
    std::string *value;
    std::vector<std::string> *list;
    size_t max;
  };

  Option *find(llvm::StringRef name);
  Option *find(char letter);
  llvm::Error unknown(llvm::StringRef argument) const;
  llvm::Error takePositional(llvm::StringRef argument, size_t &given);
  llvm::Error assign(Option &option, llvm::StringRef value);
  llvm::Error checkRequired(size_t positionals) const;

  std::vector<Option> options;
  std::vector<Positional> positionalArguments;
};

/// The candidate nearest to `word` by edit distance, the first of equals; empty when none is near
/// enough to be what was meant.
llvm::StringRef nearest(llvm::StringRef word, llvm::ArrayRef<llvm::StringRef> candidates);

} // namespace quench::driver

#endif // QUENCH_DRIVER_OPTIONTABLE_H
