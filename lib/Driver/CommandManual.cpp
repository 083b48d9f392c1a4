//===- CommandManual.cpp - quench manual ----------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The manual page and the completion of shells are made of what `--help` prints, so that none of
// the three can be out of date.
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace quench::driver {

namespace {

class ManualCommand : public Command {
public:
  StringRef name() const override { return "manual"; }
  StringRef summary() const override { return "print the manual page, or completion for bash"; }
  StringRef description() const override {
    return "  quench manual | man -l -\n"
           "  source <(quench manual --bash)\n";
  }
  void declare(OptionTable &options) override {
    options.flag("bash", 0, bash, "print completion for bash instead");
  }
  Error run(const Console &console) override;

private:
  bool bash = false;
};

} // namespace

/// A command with all of its options.
struct ListedCommand {
  std::unique_ptr<Command> command;
  OptionTable options;
};

static std::vector<ListedCommand> listCommands(Console console) {
  std::vector<ListedCommand> result;
  for (std::unique_ptr<Command> &command : allCommands()) {
    ListedCommand &listed = result.emplace_back();
    listed.command = std::move(command);
    listed.command->declareAll(listed.options, console);
  }
  return result;
}

/// Text as troff takes it: no line begins with a request, hyphens of options stay what they are.
static std::string escaped(StringRef text) {
  std::string result;
  for (char c : text) {
    if (result.empty() || result.back() == '\n') {
      result += c == '.' || c == '\'' ? "\\&" : "";
    }
    result += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
  }
  return result;
}

static void printEntry(const OptionTable::Entry &entry, raw_ostream &out) {
  out << ".TP\n";
  ListSeparator comma(", ");
  for (const std::string &spelling : {entry.shortOption, entry.option}) {
    if (!spelling.empty()) {
      out << comma << "\\fB" << escaped(spelling) << "\\fR";
    }
  }
  if (!entry.placeholder.empty()) {
    out << (entry.option.empty() ? "" : " ") << "\\fI" << escaped(entry.placeholder) << "\\fR";
  }
  out << '\n' << escaped(entry.help) << '\n';
}

static void printPage(ArrayRef<ListedCommand> commands, raw_ostream &out) {
  out << ".TH QUENCH 1\n.SH NAME\n"
      << escaped("quench - from a model folder to quantized native code\n")
      << ".SH SYNOPSIS\n\\fBquench\\fR \\fICOMMAND\\fR [\\fIarguments\\fR]\n.SH COMMANDS\n";
  for (const ListedCommand &listed : commands) {
    out << ".SS \"quench " << escaped(listed.command->name()) << ' ';
    std::string usage;
    raw_string_ostream text(usage);
    listed.options.printUsage(text);
    out << escaped(usage) << "\"\n" << escaped(listed.command->summary()) << '\n';
    if (!listed.command->description().empty()) {
      out << ".PP\n.nf\n" << escaped(listed.command->description()) << ".fi\n";
    }
    for (const OptionTable::Entry &entry : listed.options.entries()) {
      printEntry(entry, out);
    }
  }
  out << ".SH \"EXIT STATUS\"\n0 when all went well, 1 when the command failed, and outputs are as "
         "they were, 2 when the command line was not understood.\n";
}

/// Cases of the values that options of the commands have.
static void printValueCases(ArrayRef<ListedCommand> commands, raw_ostream &out) {
  for (const ListedCommand &listed : commands) {
    for (const OptionTable::Entry &entry : listed.options.entries()) {
      if (entry.values.empty()) {
        continue;
      }
      ListSeparator bar("|");
      out << "      ";
      for (const std::string &spelling : {entry.option, entry.shortOption}) {
        if (!spelling.empty()) {
          out << bar << '"' << listed.command->name() << ' ' << spelling << '"';
        }
      }
      out << ") words=\"" << join(entry.values, " ") << '"'
          << (entry.isList ? "; before=\"${word%\"${word##*,}\"}\"" : "") << " ;;\n";
    }
  }
}

/// Completes commands, then options of the command and their values, else files.
static void printBash(ArrayRef<ListedCommand> commands, raw_ostream &out) {
  out << "_quench() {\n"
         "  local word=\"${COMP_WORDS[COMP_CWORD]}\" option=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
         "  local words=\"\" before=\"\" commands=\"";
  ListSeparator space(" ");
  for (const ListedCommand &listed : commands) {
    out << space << listed.command->name();
  }
  // Bash takes --option=value for three words.
  out << "\"\n"
         "  if [[ $word == = ]]; then\n    word=\"\"\n"
         "  elif [[ $option == = ]]; then\n    option=\"${COMP_WORDS[COMP_CWORD-2]}\"\n  fi\n"
         "  if [[ $COMP_CWORD -eq 1 ]]; then\n    words=\"--help --version $commands\"\n"
         "  elif [[ $COMP_CWORD -eq 2 && $option == help ]]; then\n    words=\"$commands\"\n"
         "  elif [[ $word == -* ]]; then\n    case \"${COMP_WORDS[1]}\" in\n";
  for (const ListedCommand &listed : commands) {
    out << "      " << listed.command->name() << ") words=\"";
    ListSeparator space(" ");
    for (const OptionTable::Entry &entry : listed.options.entries()) {
      if (!entry.option.empty()) {
        out << space << entry.option;
      }
    }
    out << "\" ;;\n";
  }
  out << "    esac\n  else\n    case \"${COMP_WORDS[1]} $option\" in\n";
  printValueCases(commands, out);
  out << "    esac\n  fi\n"
         "  COMPREPLY=($(compgen -P \"$before\" -W \"$words\" -- \"${word#\"$before\"}\"))\n"
         "}\ncomplete -o default -F _quench quench\n";
}

Error ManualCommand::run(const Console &console) {
  std::vector<ListedCommand> commands = listCommands(console);
  std::string page;
  raw_string_ostream text(page);
  if (bash) {
    printBash(commands, text);
  } else {
    printPage(commands, text);
  }
  if (console.json) {
    console.printJson(json::Object{{"text", page}});
  } else {
    console.out << page;
  }
  return Error::success();
}

std::unique_ptr<Command> createManualCommand() { return std::make_unique<ManualCommand>(); }

} // namespace quench::driver
