#include "gateway/api/node_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trackly {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

Node string(std::string text) {
  Node node;
  node.kind = Node::Kind::string;
  node.text = std::move(text);
  return node;
}

Node number(std::string text) {
  Node node = string(std::move(text));
  node.kind = Node::Kind::number;
  return node;
}

Node list(std::vector<Node> items) {
  Node node;
  node.kind = Node::Kind::sequence;
  node.items = std::move(items);
  return node;
}

/// A mapping to read, and what was wrong with it.
class Mapping : public testing::Test {
 protected:
  Mapping() { node_.kind = Node::Kind::mapping; }

  MappingReader with(std::string key, Node value) {
    node_.entries.push_back({std::move(key), {}, std::move(value)});
    return MappingReader(&node_, problems_);
  }
  /// Of key "k".
  MappingReader of(Node value) {
    node_.entries.clear();
    return with("k", std::move(value));
  }

  Node node_;
  Problems problems_;
};

TEST_F(Mapping, AbsentKeysHaveTheirDefaults) {
  MappingReader reader(nullptr, problems_);
  EXPECT_EQ(reader.string("k", "x"), "x");
  EXPECT_EQ(reader.count("k", 5, 1, 3), 5U);
  EXPECT_EQ(reader.bytes("k", 7, 10), 7U);
  EXPECT_EQ(reader.duration("k", seconds(2), seconds(3)), seconds(2));
  EXPECT_TRUE(reader.boolean("k", true));
  EXPECT_THAT(reader.strings("k"), IsEmpty());
  reader.finish();
  EXPECT_TRUE(problems_.empty());
}

TEST_F(Mapping, NullIsAnEmptyMapping) {
  const Node null;
  MappingReader reader(&null, problems_);
  EXPECT_EQ(reader.string("k", "x"), "x");
  EXPECT_TRUE(problems_.empty());
}

TEST_F(Mapping, SizesHaveBinaryUnits) {
  EXPECT_EQ(of(string("5MiB")).bytes("k", 0), 5U << 20);
  EXPECT_EQ(of(string("64KiB")).bytes("k", 0), 64U << 10);
  EXPECT_EQ(of(string("1GiB")).bytes("k", 0), 1U << 30);
  EXPECT_EQ(of(string("12B")).bytes("k", 0), 12U);
  EXPECT_EQ(of(number("12")).bytes("k", 0), 12U);
  EXPECT_TRUE(problems_.empty());
}

TEST_F(Mapping, SizesThatAreNone) {
  for (const char* text : {"", "MiB", "5MB", "5 MiB", "-1", "1.5KiB", "99999999999999999999",
                           "9999999999999GiB", "5MiBx"}) {
    EXPECT_EQ(of(string(text)).bytes("k", 3), 3U) << text;
  }
  EXPECT_EQ(problems_.size(), 9U);
}

TEST_F(Mapping, TimesHaveAUnit) {
  EXPECT_EQ(of(string("7us")).duration("k", {}), microseconds(7));
  EXPECT_EQ(of(string("250ms")).duration("k", {}), milliseconds(250));
  EXPECT_EQ(of(string("1s")).duration("k", {}), seconds(1));
  EXPECT_EQ(of(string("5m")).duration("k", {}), seconds(300));
  EXPECT_EQ(of(string("2h")).duration("k", {}), hours(2));
  EXPECT_EQ(of(string("1d")).duration("k", {}), hours(24));
  EXPECT_TRUE(problems_.empty());
}

TEST_F(Mapping, TimesThatAreNone) {
  EXPECT_EQ(of(number("30")).duration("k", seconds(1)), seconds(1));
  for (const char* text : {"", "s", "1 s", "-1s", "1.5s", "1sec", "999999999999d"}) {
    EXPECT_EQ(of(string(text)).duration("k", seconds(1)), seconds(1)) << text;
  }
  EXPECT_EQ(problems_.size(), 8U);
}

TEST_F(Mapping, LimitsOfAValueHold) {
  EXPECT_EQ(of(string("1ms")).duration("k", seconds(1), milliseconds(2)), seconds(1));
  EXPECT_EQ(of(string("365d")).duration("k", {}), hours(24 * 365));
  EXPECT_EQ(of(string("366d")).duration("k", seconds(1)), seconds(1));
  EXPECT_EQ(of(string("1KiB")).bytes("k", 4096, 2048), 4096U);
  EXPECT_EQ(of(number("4")).count("k", 1, 0, 3), 1U);
  EXPECT_THAT(problems_.lines(), ElementsAre("k: expected a longer time, found \"1ms\"",
                                             "k: expected at most 365d, found \"366d\"",
                                             "k: expected at least 2048 bytes, found \"1KiB\"",
                                             "k: expected a whole number from 0 to 3, found 4"));
}

TEST_F(Mapping, CountsAreWholeNumbers) {
  EXPECT_EQ(of(number("18446744073709551615")).count("k", 0), UINT64_MAX);
  EXPECT_TRUE(problems_.empty());
  EXPECT_EQ(of(number("18446744073709551616")).count("k", 1), 1U);
  EXPECT_EQ(of(number("1.0")).count("k", 1), 1U);
  EXPECT_EQ(of(string("5")).count("k", 1), 1U);
  EXPECT_EQ(problems_.size(), 3U);
}

TEST_F(Mapping, OneStringIsAListOfOne) {
  EXPECT_THAT(of(string("a")).strings("k"), ElementsAre("a"));
  EXPECT_THAT(of(list({string("a"), string("b")})).strings("k"), ElementsAre("a", "b"));
  EXPECT_TRUE(problems_.empty());
  EXPECT_THAT(of(list({string("a"), number("1")})).strings("k"), IsEmpty());
  EXPECT_EQ(problems_.size(), 1U);
}

TEST_F(Mapping, UnknownKeysNameTheNearest) {
  MappingReader reader = with("max_bites", number("1"));
  reader.bytes("max_bytes", 1);
  reader.count("min", 1);
  reader.finish();
  EXPECT_THAT(problems_.lines(),
              ElementsAre("unknown key \"max_bites\"; did you mean \"max_bytes\"?"));
}

TEST_F(Mapping, UnknownKeysWithoutANearOneNameAll) {
  MappingReader reader = with("circuit_breaker", number("1"));
  reader.take("endpoints");
  reader.take("endpoints");
  reader.ignore({"timeouts"});
  reader.finish();
  EXPECT_THAT(problems_.lines(),
              ElementsAre("unknown key \"circuit_breaker\"; known here: endpoints, timeouts"));
}

TEST(NearestWord, IsASlipOfThePenAway) {
  EXPECT_EQ(nearest_word("listner", {"limits", "listeners"}), "listeners");
  EXPECT_EQ(nearest_word("xyz", {"limits", "listeners"}), "");
  EXPECT_EQ(nearest_word("a", {}), "");
}

}  // namespace
}  // namespace trackly
