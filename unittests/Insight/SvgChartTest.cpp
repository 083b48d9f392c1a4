//===- SvgChartTest.cpp ---------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SvgChart.h"

#include "llvm/ADT/StringRef.h"

#include "gtest/gtest.h"

using namespace quench::insight;
using llvm::StringRef;

namespace {

TEST(SvgChartTest, PlacesHaveShortLabelsAndBlocks) {
  ChartPlace one = placeOf("model.layers.10.mlp.down_proj");
  EXPECT_EQ(one.name, "model.layers.10.mlp.down_proj");
  EXPECT_EQ(one.label, "down");
  EXPECT_EQ(one.group, "10");
  ChartPlace several = placeOf("model.layers.0.self_attn.{k_proj,q_proj,v_proj}");
  EXPECT_EQ(several.label, "k,q,v");
  EXPECT_EQ(several.group, "0");
  ChartPlace across = placeOf("model.layers.{0.a,1.b}");
  EXPECT_EQ(across.label, "0.a,1.b");
  EXPECT_EQ(across.group, "");
  EXPECT_EQ(placeOf("lm_head").label, "lm_head");
  EXPECT_EQ(placeOf("").label, "");
}

TEST(SvgChartTest, BarsStandOnZeroAndPointTheRightWay) {
  std::vector<ChartPlace> places = {placeOf("a.0.x"), placeOf("a.0.y"), placeOf("a.1.x")};
  std::string svg = drawColumns(places, {{"", 0, {20.0, std::nullopt, -10.0}}}, {}, "dB", 80);
  // The axis goes from -10 to 20 over 220 units below 10: zero is at 156.7.
  EXPECT_NE(svg.find("y=\"10.0\" width=\"284.3\" height=\"146.7\"><title>a.0.x: 20.0 dB</title>"),
            std::string::npos)
      << svg;
  EXPECT_NE(svg.find("y=\"156.7\" width=\"284.3\" height=\"73.3\"><title>a.1.x: -10.0 dB</title>"),
            std::string::npos)
      << svg;
  EXPECT_EQ(StringRef(svg).count("class=\"bar s0\""), 2u);
  // One band, under the second block.
  EXPECT_EQ(StringRef(svg).count("class=\"band\""), 1u);
}

TEST(SvgChartTest, ExactnessDoesNotFlattenTheRest) {
  std::string svg =
      drawColumns({placeOf("a"), placeOf("b")}, {{"", 0, {200.0, 40.0}}}, {}, "dB", 80);
  EXPECT_NE(svg.find("height=\"220.0\"><title>a: exact dB</title>"), std::string::npos) << svg;
  EXPECT_NE(svg.find("height=\"110.0\"><title>b: 40.0 dB</title>"), std::string::npos) << svg;
}

TEST(SvgChartTest, TrailsAreLogarithmic) {
  ChartTrail trail{"", 0, {"first", "then", "last"}, {{1000.0}, {100.0}, {10.0}}};
  std::string svg = drawTrails({placeOf("a")}, trail);
  // Decades 10 to 1000.
  EXPECT_NE(svg.find("class=\"ring s0\" cx=\"579.0\" cy=\"10.0\" r=\"4\""), std::string::npos)
      << svg;
  EXPECT_NE(svg.find("class=\"point s0\" cx=\"579.0\" cy=\"120.0\" r=\"2.5\""), std::string::npos)
      << svg;
  EXPECT_NE(svg.find("class=\"point s0\" cx=\"579.0\" cy=\"230.0\" r=\"4\""), std::string::npos)
      << svg;
  EXPECT_NE(svg.find("<title>a: first 1000 → then 100 → last 10.0</title>"), std::string::npos)
      << svg;
}

TEST(SvgChartTest, NothingToDrawIsStillAChart) {
  for (const std::string &svg :
       {drawColumns({}, {}, {}, "dB", 80), drawTrails({}, {}),
        drawColumns({placeOf("a")}, {{"", 0, {0.0}}}, {}, "dB", 80),
        drawTrails({placeOf("a")}, ChartTrail{"", 0, {"x", "y"}, {{-1.0}, {std::nullopt}}}),
        drawTrails({placeOf("a")}, ChartTrail{"", 0, {"x"}, {{7.0}}})}) {
    EXPECT_TRUE(StringRef(svg).starts_with("<svg ")) << svg;
    EXPECT_TRUE(StringRef(svg).ends_with("</svg>\n")) << svg;
    EXPECT_EQ(svg.find("nan"), std::string::npos) << svg;
    EXPECT_EQ(svg.find("inf"), std::string::npos) << svg;
  }
}

TEST(SvgChartTest, NamesAreEscaped) {
  std::string svg = drawColumns({placeOf("<b>.0.<i>")}, {{"<s>", 0, {1.0}}}, {}, "dB", 80);
  EXPECT_EQ(svg.find("<b>"), std::string::npos);
  EXPECT_EQ(svg.find("<i>"), std::string::npos);
  EXPECT_EQ(svg.find("<s>"), std::string::npos);
}

} // namespace
