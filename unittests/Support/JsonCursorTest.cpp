//===- JsonCursorTest.cpp -------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Support/JsonCursor.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace quench;

namespace {

std::string message(Error error) { return error ? toString(std::move(error)) : ""; }

/// What is wrong with a whole text; "" for nothing.
std::string check(StringRef text) {
  JsonCursor cursor(text, "t");
  if (Error failure = cursor.checkUtf8()) {
    return message(std::move(failure));
  }
  if (Error failure = cursor.skipValue()) {
    return message(std::move(failure));
  }
  return message(cursor.finish());
}

std::string readString(StringRef text) {
  JsonCursor cursor(text, "t");
  Expected<std::string> value = cursor.readString();
  return value ? *value : "error: " + toString(value.takeError());
}

std::string readInteger(StringRef text) {
  JsonCursor cursor(text, "t");
  Expected<int64_t> value = cursor.readInteger();
  return value ? std::to_string(*value) : "error: " + toString(value.takeError());
}

TEST(JsonCursor, ReadsMembersInOrder) {
  JsonCursor cursor(R"( { "a" : [1, -2 ,[]] , "b":{}, "":"x" } )", "t");
  std::string key;
  EXPECT_EQ(message(cursor.beginObject()), "");
  EXPECT_TRUE(cantFail(cursor.nextKey(key)));
  EXPECT_EQ(key, "a");
  EXPECT_EQ(message(cursor.beginArray()), "");
  EXPECT_TRUE(cantFail(cursor.nextElement()));
  EXPECT_EQ(cantFail(cursor.readInteger()), 1);
  EXPECT_TRUE(cantFail(cursor.nextElement()));
  EXPECT_EQ(cantFail(cursor.readInteger()), -2);
  EXPECT_TRUE(cantFail(cursor.nextElement()));
  EXPECT_EQ(message(cursor.beginArray()), "");
  EXPECT_FALSE(cantFail(cursor.nextElement()));
  EXPECT_FALSE(cantFail(cursor.nextElement()));
  EXPECT_TRUE(cantFail(cursor.nextKey(key)));
  EXPECT_EQ(key, "b");
  EXPECT_EQ(message(cursor.beginObject()), "");
  EXPECT_FALSE(cantFail(cursor.nextKey(key)));
  EXPECT_TRUE(cantFail(cursor.nextKey(key)));
  EXPECT_EQ(key, "");
  EXPECT_EQ(cantFail(cursor.readString()), "x");
  EXPECT_FALSE(cantFail(cursor.nextKey(key)));
  EXPECT_EQ(message(cursor.finish()), "");
}

TEST(JsonCursor, AcceptsAllOfTheGrammar) {
  for (StringRef text :
       {"null", " true ", "false", "\"\"", "0", "-0", "10.25e-3", "1E+5", "[]", "{}", "[[],{}]",
        "[1,\"a\",null]", "{\"a\":{\"b\":[{}]},\"c\":0}", "\t\r\n[ 1 , 2 ]\n"}) {
    EXPECT_EQ(check(text), "") << text.str();
  }
}

TEST(JsonCursor, RefusesWhatIsNotJson) {
  std::pair<StringRef, StringRef> cases[] = {
      {"", "t: line 1, column 1: expected a value, found the end"},
      {"nul", "t: line 1, column 1: expected a value, found 'n'"},
      {"[1,]", "t: line 1, column 4: expected a value, found ']'"},
      {"[,1]", "t: line 1, column 2: expected a value, found ','"},
      {"[1 2]", "t: line 1, column 4: expected ',' or ']', found '2'"},
      {"[1}", "t: line 1, column 3: expected ',' or ']', found '}'"},
      {"[", "t: line 1, column 2: expected a value, found the end"},
      {"{\"a\":1,}", "t: line 1, column 8: expected a string, found '}'"},
      {"{a:1}", "t: line 1, column 2: expected a string, found 'a'"},
      {"{\"a\" 1}", "t: line 1, column 6: expected ':', found '1'"},
      {"{\"a\":1 \"b\":2}", "t: line 1, column 8: expected ',' or '}', found a string"},
      {"{\"a\":1", "t: line 1, column 7: expected ',' or '}', found the end"},
      {"[1]\n\n  x", "t: line 3, column 3: expected the end, found 'x'"},
      {"1.", "t: line 1, column 3: expected a digit, found the end"},
      {"1e", "t: line 1, column 3: expected a digit, found the end"},
      {"-", "t: line 1, column 2: expected a digit, found the end"},
      {"01", "t: line 1, column 2: expected the end, found '1'"},
      {"\"ab", "t: line 1, column 4: expected '\"' at the end of a string, found the end"},
      {"\"a\nb\"", "t: line 1, column 3: expected '\"' at the end of a string, found byte 0x0a"},
      {"\"\\x\"", "t: line 1, column 3: expected an escape sequence, found 'x'"},
      {"\xc3\xa9", "t: line 1, column 1: expected a value, found '\xc3\xa9'"},
      {"\"\xff\"", "t: line 1, column 2: expected UTF-8, found byte 0xff"},
      {"{\"a\":1,\n\"\\u0061\":2}",
       "t: line 2, column 10: expected each key once, found 'a' again"},
  };
  for (auto [text, expected] : cases) {
    EXPECT_EQ(check(text), expected.str()) << text.str();
  }
  // The same key in different objects is none of its business.
  EXPECT_EQ(check("{\"a\":{\"a\":[{\"a\":1},{\"a\":1}]}}"), "");
}

TEST(JsonCursor, NestingIsLimitedAndDoesNotGrowTheStack) {
  auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(check(nested(maxJsonDepth)), "");
  EXPECT_EQ(check(nested(maxJsonDepth + 1)),
            "t: line 1, column 65: expected at most 64 levels of nesting");
  EXPECT_EQ(check(std::string(1 << 22, '[')),
            "t: line 1, column 65: expected at most 64 levels of nesting");
}

TEST(JsonCursor, Strings) {
  EXPECT_EQ(readString(R"("a\"\\\/\b\f\n\r\tz")"), "a\"\\/\b\f\n\r\tz");
  EXPECT_EQ(readString(R"("\u0041\u00e9\u20AC\ud83d\ude00")"),
            "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(readString(R"("\u0000")"), std::string(1, '\0'));
  StringRef half = "error: t: line 1, column 2: expected a Unicode character, found half of a "
                   "surrogate pair";
  EXPECT_EQ(readString(R"("\ud83d")"), half.str());
  EXPECT_EQ(readString(R"("\ud83dx")"), half.str());
  EXPECT_EQ(readString(R"("\ude00")"), half.str());
  EXPECT_EQ(readString(R"("\ud83d\u0041")"), half.str());
  EXPECT_EQ(readString(R"("\u12g4")"),
            "error: t: line 1, column 4: expected four hexadecimal digits after \\u");
  EXPECT_EQ(readString(R"("\u12)"),
            "error: t: line 1, column 4: expected four hexadecimal digits after \\u");
  EXPECT_EQ(readString(R"("\)"),
            "error: t: line 1, column 3: expected an escape sequence, found the end");
  EXPECT_EQ(readString("5"), "error: t: line 1, column 1: expected a string, found '5'");
}

TEST(JsonCursor, Integers) {
  EXPECT_EQ(readInteger("0"), "0");
  EXPECT_EQ(readInteger("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(readInteger("-9223372036854775808"), "-9223372036854775808");
  auto refused = [](const std::string &text) {
    return "error: t: line 1, column 1: expected an integer of 64 bits, found " + text;
  };
  for (const char *text : {"9223372036854775808", "-9223372036854775809", "1.0", "1e3", "2.5"}) {
    EXPECT_EQ(readInteger(text), refused(text));
  }
  EXPECT_EQ(readInteger("\"1\""),
            "error: t: line 1, column 1: expected an integer, found a string");
  EXPECT_EQ(readInteger(""), "error: t: line 1, column 1: expected an integer, found the end");
  EXPECT_EQ(readInteger("true"), "error: t: line 1, column 1: expected an integer, found 't'");
}

} // namespace
