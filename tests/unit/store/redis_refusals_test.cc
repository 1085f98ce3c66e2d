// What a Redis that answers refuses, and how much of it is still sent there.

#include "gateway/store/redis_refusals.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace trackly::store {
namespace {

using namespace std::chrono_literals;

class RedisRefusalsTest : public testing::Test {
 protected:
  static constexpr auto kInterval = 200ms;

  bool is_sent(std::string_view name) { return !refusals_.blocks(name, now_, random_); }
  /// All three: whether there is something new to be said of it.
  bool refuse(std::string_view name, std::string_view code = "OOM") {
    return refusals_.refused(name, code, now_, random_);
  }
  bool accept(std::string_view name) { return refusals_.accepted(name); }
  bool block(std::string_view name) {
    refuse(name);
    refuse(name);
    return refuse(name);
  }

  TimePoint now_{1h};
  std::uint64_t random_ = 0;  // no jitter
  RedisRefusals refusals_{{.failures = 3, .probe_interval = kInterval}};
};

TEST_F(RedisRefusalsTest, ACommandThatIsRefusedSoOftenInARowIsNoLongerSent) {
  EXPECT_FALSE(refuse("SET"));
  EXPECT_FALSE(refuse("SET"));
  EXPECT_TRUE(is_sent("SET"));
  EXPECT_TRUE(refuse("SET"));
  EXPECT_FALSE(is_sent("SET"));
}

TEST_F(RedisRefusalsTest, AnAcceptedOneBetweenThemBeginsTheRowAnew) {
  refuse("SET");
  refuse("SET");
  EXPECT_FALSE(accept("SET"));
  refuse("SET");
  refuse("SET");
  EXPECT_TRUE(is_sent("SET"));
}

TEST_F(RedisRefusalsTest, EachNameIsJudgedByItself) {
  block("SET");
  refuse("EVALSHA");
  refuse("EVALSHA");
  EXPECT_FALSE(is_sent("SET"));
  EXPECT_TRUE(is_sent("EVALSHA"));
  EXPECT_TRUE(is_sent("GET"));
  EXPECT_FALSE(accept("GET")) << "which says nothing about the others";
  EXPECT_FALSE(is_sent("SET"));
}

TEST_F(RedisRefusalsTest, OneInEachIntervalTries) {
  block("SET");
  for (int i = 0; i < 3; ++i) {
    now_ += kInterval - 1us;
    EXPECT_FALSE(is_sent("SET"));
    now_ += 1us;
    EXPECT_TRUE(is_sent("SET")) << "whatever became of the one before";
    EXPECT_FALSE(is_sent("SET")) << "another already tries";
  }
}

TEST_F(RedisRefusalsTest, TheRestOfABatchThatIsRefusedDoesNotPutTheTrialOff) {
  block("SET");
  now_ += kInterval / 2;
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(refuse("SET"));
  now_ += kInterval / 2;
  EXPECT_TRUE(is_sent("SET"));
}

TEST_F(RedisRefusalsTest, AnAcceptedTrialHasAllOfThemSentAgain) {
  block("SET");
  EXPECT_TRUE(accept("SET"));
  EXPECT_TRUE(is_sent("SET"));
  EXPECT_TRUE(is_sent("SET"));
  EXPECT_TRUE(refusals_.empty());
  refuse("SET");
  refuse("SET");
  EXPECT_TRUE(is_sent("SET")) << "it takes all failures again";
}

TEST_F(RedisRefusalsTest, TrialsOfManyAreSpreadOverHalfOfTheInterval) {
  random_ = UINT64_MAX;
  block("SET");
  now_ += kInterval / 2 - 1us;
  EXPECT_FALSE(is_sent("SET"));
  now_ += kInterval / 2 + 1us;
  EXPECT_TRUE(is_sent("SET"));
}

TEST_F(RedisRefusalsTest, WhatIsWrongIsSaidOfWhatIsNotSent) {
  refuse("SET", "LOADING");
  EXPECT_EQ(refusals_.describe(), "");
  refuse("EVALSHA", "LOADING");
  refuse("EVALSHA", "LOADING");
  EXPECT_TRUE(refuse("EVALSHA", "OOM"));
  EXPECT_EQ(refusals_.describe(), "EVALSHA is refused: OOM");
  EXPECT_TRUE(refuse("EVALSHA", "READONLY")) << "that is something else";
  EXPECT_EQ(refusals_.describe(), "EVALSHA is refused: READONLY");
  EXPECT_TRUE(accept("EVALSHA"));
  EXPECT_EQ(refusals_.describe(), "");
}

TEST_F(RedisRefusalsTest, AnotherServerBeginsWithoutAny) {
  block("SET");
  refusals_.clear();
  EXPECT_TRUE(refusals_.empty());
  EXPECT_TRUE(is_sent("SET"));
}

TEST(RedisRefusalCode, IsWhatRedisSaysOfItsOwnState) {
  const auto code = [](std::string text, RedisReply::Kind kind = RedisReply::Kind::error) {
    RedisReply reply;
    reply.kind = kind;
    reply.text = std::move(text);
    return std::string(refusal_code(reply));
  };
  for (const std::string one : {"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS",
                                "OOM", "MISCONF", "BUSY", "NOAUTH", "WRONGPASS", "NOPERM"}) {
    EXPECT_EQ(code(one + " and why"), one);
    EXPECT_EQ(code(one), one);
    EXPECT_EQ(code("ERR Error running script (call to f_5f): @user_script:1: -" + one + " why"),
              one);
  }
  for (const char* other :
       {"", "WRONGTYPE Operation against a key", "MOVED 1 a:1", "OOMPH", "ERR value is: -OOM-like",
        "WRONGTYPE of a value: -OOM", "BUSYGROUP Consumer Group name exists"}) {
    EXPECT_EQ(code(other), "") << other;
  }
  EXPECT_EQ(code("OOM", RedisReply::Kind::string), "") << "somebody's value";
}

TEST(JitteredPause, LiesBetweenHalfOfItAndAllOfIt) {
  EXPECT_EQ(jittered(100ns, 0), 100ns);
  EXPECT_EQ(jittered(100ns, 49), 51ns);
  EXPECT_EQ(jittered(100ns, 50), 100ns);
  for (const std::uint64_t random : {std::uint64_t{12345678901234567}, UINT64_MAX}) {
    EXPECT_GT(jittered(1s, random), 500ms);
    EXPECT_LE(jittered(1s, random), 1s);
  }
  EXPECT_EQ(jittered(1ns, 7), 1ns);
  EXPECT_EQ(jittered(0ns, 7), 0ns);
}

}  // namespace
}  // namespace trackly::store
