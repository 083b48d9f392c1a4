//===- OptionTableTest.cpp ----------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/OptionTable.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace quench::driver;

namespace {

/// One of each kind of option.
struct Options {
  bool json = false;
  std::string model, output = "default", format;
  int64_t window = 256;
  double temperature = 0;
  OptionTable table;

  explicit Options(OptionTable::Need output = OptionTable::Need::Optional) {
    table.positional("MODEL", model, "a model folder");
    table.text("output", 'o', "FOLDER", this->output, "where to write", output);
    table.text("format", 0, "NAME", format, "how to write");
    table.integer("window", "N", window, 2, 1000, "tokens of a window");
    table.number("temperature", "T", temperature, "spread");
    table.flag("json", 'j', json, "print JSON");
  }

  /// The message, or "" when all is well.
  std::string parse(std::vector<StringRef> arguments) {
    bool help = false;
    Error failure = table.parse(arguments, help);
    return failure ? toString(std::move(failure)) : "";
  }
};

TEST(OptionTable, ReadsEveryWayOfWritingAnOption) {
  for (std::vector<StringRef> arguments : std::vector<std::vector<StringRef>>{
           {"m", "--output", "x", "--json"},
           {"--output=x", "-j", "m"},
           {"-o", "x", "m", "-j"},
           {"-ox", "--json", "--", "m"},
       }) {
    Options options;
    EXPECT_EQ(options.parse(arguments), "");
    EXPECT_EQ(options.output, "x");
    EXPECT_EQ(options.model, "m");
    EXPECT_TRUE(options.json);
  }
}

TEST(OptionTable, KeepsDefaultsOfWhatIsNotGiven) {
  Options options;
  EXPECT_EQ(options.parse({"m"}), "");
  EXPECT_EQ(options.output, "default");
  EXPECT_EQ(options.window, 256);
  EXPECT_FALSE(options.json);
}

TEST(OptionTable, ADashedPositionalFollowsTwoDashes) {
  Options options;
  EXPECT_EQ(options.parse({"--", "--json"}), "");
  EXPECT_EQ(options.model, "--json");
  EXPECT_FALSE(options.json);
}

TEST(OptionTable, AValueMayBeginWithADash) {
  Options options;
  EXPECT_EQ(options.parse({"m", "--output", "-x"}), "");
  EXPECT_EQ(options.output, "-x");
}

TEST(OptionTable, ReadsNumbersUpToTheirBounds) {
  Options options;
  EXPECT_EQ(options.parse({"m", "--window", "1000", "--temperature=0.75"}), "");
  EXPECT_EQ(options.window, 1000);
  EXPECT_EQ(options.temperature, 0.75);
}

TEST(OptionTable, SuggestsTheNearestOption) {
  EXPECT_EQ(Options().parse({"m", "--outptu", "x"}),
            "unknown option '--outptu', did you mean '--output'?");
  EXPECT_EQ(Options().parse({"m", "--windw=3"}),
            "unknown option '--windw', did you mean '--window'?");
  EXPECT_EQ(Options().parse({"m", "--helq"}), "unknown option '--helq', did you mean '--help'?");
  EXPECT_EQ(Options().parse({"m", "--zzzzzz"}), "unknown option '--zzzzzz'");
  EXPECT_EQ(Options().parse({"m", "-z"}), "unknown option '-z'");
}

TEST(OptionTable, SaysWhatIsWrong) {
  EXPECT_EQ(Options().parse({}), "expected MODEL, a model folder");
  EXPECT_EQ(Options().parse({""}), "expected MODEL, found an empty argument");
  EXPECT_EQ(Options().parse({"m", "n"}), "unexpected argument 'n'");
  EXPECT_EQ(Options().parse({"m", "--output"}), "option '--output' expects FOLDER");
  EXPECT_EQ(Options().parse({"m", "--output="}),
            "option '--output': expected a value, found an empty one");
  EXPECT_EQ(Options().parse({"m", "--json=1"}), "option '--json' takes no value");
  EXPECT_EQ(Options().parse({"m", "-jx"}), "option '--json' takes no value");
  EXPECT_EQ(Options().parse({"m", "--json", "-j"}), "option '--json' is given twice");
  EXPECT_EQ(Options(OptionTable::Need::Required).parse({"m"}),
            "expected option '--output FOLDER', where to write");
}

TEST(OptionTable, RefusesNumbersOutOfRange) {
  for (StringRef text : {"1", "1001", "-5", "0x10", "12a", "99999999999999999999", ""}) {
    Options options;
    EXPECT_EQ(options.parse({"m", "--window", text}),
              "option '--window': expected an integer from 2 to 1000, found '" + text.str() + "'");
    EXPECT_EQ(options.window, 256);
  }
  for (StringRef text : {"-1", "nan", "inf", "1e999", "x", ""}) {
    EXPECT_EQ(Options().parse({"m", "--temperature", text}),
              "option '--temperature': expected a number that is not negative, found '" +
                  text.str() + "'");
  }
}

TEST(OptionTable, HelpIsAskedForBeforeAnythingIsChecked) {
  Options options;
  bool help = false;
  EXPECT_FALSE(bool(options.table.parse({"--bad", "--help"}, help)));
  EXPECT_TRUE(help);
  EXPECT_TRUE(bool(OptionTable().parse({"--", "--help"}, help)));
  EXPECT_FALSE(help);
}

TEST(OptionTable, HelpTextIsAligned) {
  std::string text;
  raw_string_ostream stream(text);
  Options options(OptionTable::Need::Required);
  options.table.printUsage(stream);
  stream << '\n';
  options.table.printHelp(stream);
  EXPECT_EQ(text, "MODEL --output FOLDER [options]\n"
                  "  MODEL                a model folder\n"
                  "  -o, --output FOLDER  where to write\n"
                  "      --format NAME    how to write\n"
                  "      --window N       tokens of a window\n"
                  "      --temperature T  spread\n"
                  "  -j, --json           print JSON\n"
                  "  -h, --help           print this text\n");
}

TEST(OptionTable, TheLastPositionalCanBeAList) {
  std::string model;
  std::vector<std::string> more;
  auto parse = [&](ArrayRef<StringRef> arguments) {
    more.clear();
    OptionTable table;
    table.positional("MODEL", model, "a model folder");
    table.positionals("OTHER", more, 2, "other folders");
    bool help = false;
    return toString(table.parse(arguments, help));
  };
  EXPECT_EQ(parse({"a", "b"}), "");
  EXPECT_EQ(more, std::vector<std::string>{"b"});
  EXPECT_EQ(parse({"a", "b", "c"}), "");
  EXPECT_EQ(more, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(parse({"a"}), "expected OTHER, other folders");
  EXPECT_EQ(parse({"a", "b", "c", "d"}), "expected at most 2 arguments OTHER, found 'd' too");
  EXPECT_EQ(parse({"a", "b", ""}), "expected OTHER, found an empty argument");
}

TEST(OptionTable, NearestIsTheFirstOfTheClosest) {
  EXPECT_EQ(nearest("evl", {"run", "eval", "evil"}), "eval");
  EXPECT_EQ(nearest("zzz", {"run", "eval"}), "");
  EXPECT_EQ(nearest("", {"run"}), "");
}

} // namespace
