#include "gateway/store/redis_token_bucket.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/store/redis_client.h"
#include "gateway/store/redis_protocol.h"
#include "gateway/store/token_bucket_script.h"
#include "tests/support/fake_connector.h"
#include "tests/support/manual_loop.h"

namespace trackly::store {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kNoScript = "-NOSCRIPT No matching script. Please use EVAL.\r\n";
/// Granted; of a bucket of 10/s that lacks half a second.
constexpr std::string_view kGranted = "*3\r\n:1\r\n:500000\r\n:0\r\n";

/// The conversation with Redis, word by word; what Redis makes of it is the contract test's matter.
class RedisTokenBucketTest : public testing::Test {
 protected:
  RedisTokenBucketTest() {
    redis().accept();
    loop_.run_posted();
    redis().send("+PONG\r\n");
    loop_.run_posted();
    redis().take_writes();
  }

  test::FakePeer& redis() { return connector_.peer(); }

  void take(const std::vector<BucketTake>& takes) {
    auto found = store_.take(takes, [this](TakeAnswer answer) {
      EXPECT_FALSE(answer_) << "answered twice";
      answer_ = std::move(answer);
      pending_.reset();  // as the chain may do
    });
    pending_ = std::get<PendingPtr>(std::move(found));
    EXPECT_FALSE(answer_) << "answered inside the call";
    loop_.run_posted();
  }
  void take() { take({{&policy_, "account.a/k1", 3}}); }
  void reply(std::string_view bytes) {
    redis().send(bytes);
    loop_.run_posted();
  }
  std::string sent() {
    std::string bytes;
    for (const std::string& write : redis().take_writes()) bytes += write;
    return bytes;
  }
  static std::string command(const std::vector<std::string_view>& words) {
    return format_redis_command(words);
  }
  /// A bucket's word: the kind and its numbers.
  static std::string rate(const std::array<double, 5>& numbers) { return word('r', numbers); }
  static std::string quota(const std::array<double, 5>& numbers) { return word('q', numbers); }
  static std::string word(char kind, const std::array<double, 5>& numbers) {
    return kind + std::string(reinterpret_cast<const char*>(numbers.data()), sizeof(numbers));
  }
  /// What the answer says of the failure; "ok" where there is none.
  std::string failure() const {
    if (!answer_) return "not answered";
    return answer_->status == TakeAnswer::Status::ok ? "ok" : answer_->failure;
  }

  test::ManualLoop loop_;
  test::FakeConnector connector_;
  RedisClient client_{loop_, connector_, RedisSettings{}};
  RedisTokenBucketStore store_{client_};
  const BucketPolicy policy_{.name = "single", .tokens = 10, .period = 1s, .burst = 20};
  std::optional<TakeAnswer> answer_;
  PendingPtr pending_;
};

TEST_F(RedisTokenBucketTest, ATakeIsTheScriptsDigestItsKeysAndItsFigures) {
  take();
  EXPECT_EQ(sent(),
            command({"EVALSHA", kTokenBucketScriptSha1, "1", "trackly:{account.a}/k1:single",
                     "take", rate({10, 300000, 0, 2000000, 0})}));
}

TEST_F(RedisTokenBucketTest, TakesOfARequestAreOneCommand) {
  const BucketPolicy sevenths{.name = "daily", .tokens = 7, .period = 24h, .burst = 7};
  take({{&policy_, "account.a/k1", 1}, {&sevenths, "account.a", 2}});
  EXPECT_EQ(sent(),
            command({"EVALSHA", kTokenBucketScriptSha1, "2", "trackly:{account.a}/k1:single",
                     "trackly:{account.a}:daily", "take", rate({10, 100000, 0, 2000000, 0}),
                     rate({7, 24685714285, 5, 86400000000, 0})}));
}

TEST_F(RedisTokenBucketTest, ARefundSaysWhatATakeSaid) {
  const BucketPolicy sevenths{.name = "daily", .tokens = 7, .period = 1s, .burst = 7};
  store_.refund(std::vector<BucketTake>{{&sevenths, "account.a", 1}});
  loop_.run_posted();
  EXPECT_EQ(sent(), command({"EVALSHA", kTokenBucketScriptSha1, "1", "trackly:{account.a}:daily",
                             "refund", rate({7, 142857, 1, 1000000, 0})}));
}

TEST_F(RedisTokenBucketTest, AGrantSaysWhatIsLeft) {
  take();
  reply(kGranted);
  ASSERT_EQ(failure(), "ok");
  EXPECT_TRUE(answer_->granted);
  ASSERT_EQ(answer_->states.size(), 1U);
  EXPECT_EQ(answer_->states[0].remaining, 15U);
  EXPECT_EQ(answer_->states[0].retry_after, 0s);
  EXPECT_EQ(answer_->states[0].reset, 500ms);
}

TEST_F(RedisTokenBucketTest, ARefusalSaysHowLongItTakes) {
  take();
  reply("*3\r\n:0\r\n:1800000\r\n:1\r\n");
  ASSERT_EQ(failure(), "ok");
  EXPECT_FALSE(answer_->granted);
  EXPECT_EQ(answer_->states[0].remaining, 1U);
  EXPECT_EQ(answer_->states[0].retry_after, 100'001us);  // rounded up
  EXPECT_EQ(answer_->states[0].reset, 1'800'001us);
}

TEST_F(RedisTokenBucketTest, TheScriptFollowsWhereRedisDoesNotKnowIt) {
  take();
  sent();
  reply(kNoScript);
  EXPECT_EQ(sent(), command({"EVAL", kTokenBucketScript, "1", "trackly:{account.a}/k1:single",
                             "take", rate({10, 300000, 0, 2000000, 0})}));
  reply(kGranted);
  EXPECT_EQ(failure(), "ok");
}

TEST_F(RedisTokenBucketTest, DigestAndScriptShareOneDeadline) {
  take();
  loop_.advance(30ms);
  reply(kNoScript);
  loop_.advance(20ms - 1us);
  EXPECT_EQ(failure(), "not answered");
  loop_.advance(1us);
  EXPECT_EQ(failure(), "timeout");
}

TEST_F(RedisTokenBucketTest, AnErrorIsAFailureByItsFirstWord) {
  take();
  reply("-READONLY You can't write against a read only replica.\r\n");
  EXPECT_EQ(failure(), "READONLY");
}

TEST_F(RedisTokenBucketTest, AnAnswerOfAnotherShapeIsAFailure) {
  for (const char* bytes :
       {"+OK\r\n", ":1\r\n", "$-1\r\n", "*0\r\n", "*1\r\n:1\r\n", "*2\r\n:1\r\n:5\r\n",
        "*4\r\n:1\r\n:5\r\n:0\r\n:0\r\n", "*3\r\n:1\r\n$1\r\n5\r\n:0\r\n",
        "*3\r\n$-1\r\n$-1\r\n$-1\r\n", "*3\r\n:1\r\n:-5\r\n:0\r\n"}) {
    answer_.reset();
    take();
    reply(bytes);
    EXPECT_EQ(failure(), "unexpected reply") << bytes;
  }
}

TEST_F(RedisTokenBucketTest, ACancelledTakeSendsNoScript) {
  take();
  sent();
  pending_.reset();
  reply(kNoScript);
  EXPECT_EQ(sent(), "");
  EXPECT_EQ(failure(), "not answered");
}

TEST_F(RedisTokenBucketTest, AGrantThatNobodyWaitsForAnyMoreIsGivenBack) {
  take();
  sent();
  pending_.reset();
  reply(kGranted);
  EXPECT_EQ(sent(),
            command({"EVALSHA", kTokenBucketScriptSha1, "1", "trackly:{account.a}/k1:single",
                     "refund", rate({10, 300000, 0, 2000000, 0})}));
  EXPECT_EQ(failure(), "not answered");
}

TEST_F(RedisTokenBucketTest, SuchAGrantIsGivenBackToThePartOfAQuotaThatItCameFrom) {
  const BucketPolicy daily{
      .name = "daily", .tokens = 5, .period = 24h, .burst = 5, .refill = Refill::calendar};
  take({{&daily, "account.a", 2}, {&policy_, "account.a/k1", 3}});
  sent();
  pending_.reset();
  reply("*7\r\n:1\r\n:3\r\n:0\r\n:1000\r\n:77\r\n:500000\r\n:0\r\n");
  EXPECT_EQ(
      sent(),
      command({"EVALSHA", kTokenBucketScriptSha1, "2",
               "trackly:{account.a}:daily:calendar.86400000000", "trackly:{account.a}/k1:single",
               "refund", quota({5, 2, 86400000000, 0, 77}), rate({10, 300000, 0, 2000000, 0})}));
}

TEST_F(RedisTokenBucketTest, WhatWasNotGrantedIsNotGivenBack) {
  for (const char* answer : {"*3\r\n:0\r\n:1800000\r\n:1\r\n", "-OOM command not allowed\r\n",
                             "*2\r\n:1\r\n:5\r\n", "+OK\r\n"}) {
    take();
    sent();
    pending_.reset();
    reply(answer);
    EXPECT_EQ(sent(), "") << answer;
  }
}

TEST_F(RedisTokenBucketTest, ALostConnectionIsAFailure) {
  take();
  redis().close();
  loop_.run_posted();
  EXPECT_EQ(failure(), "connection lost");
}

}  // namespace
}  // namespace trackly::store
