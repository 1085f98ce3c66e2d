#include "gateway/observe/access_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "tests/support/manual_loop.h"
#include "tests/support/temp_dir.h"

namespace trackly::observe {
namespace {

using namespace std::chrono_literals;

class AccessLogTest : public testing::Test {
 protected:
  AccessLogTest() {
    success_.status = 200;
    success_.delivered = true;
  }

  /// How many of so many requests like this one got a line.
  std::uint64_t logged(const Exchange& exchange, double share, int times) {
    settings_.sample_successes = share;
    const AccessFormat format(settings_, api_);
    const std::uint64_t before = counts_.lines.value();
    for (int i = 0; i < times; ++i) log_.write(exchange, format);
    return counts_.lines.value() - before;
  }

  const test::TempDir directory_;
  test::ManualLoop loop_;
  AccessLogSettings settings_ = [this] {
    AccessLogSettings settings;
    settings.path = directory_ / "log";
    return settings;
  }();
  ApiDescription api_;
  const std::unique_ptr<LogWriter> writer_ =
      LogWriter::start(access_log_options(settings_)).value();
  AccessLogCounts counts_;
  AccessLog log_{writer_.get(), loop_, counts_};
  Exchange success_;
};

TEST_F(AccessLogTest, WritesEveryRequestUnlessToldOtherwise) {
  EXPECT_EQ(logged(success_, 1, 1000), 1000U);
  EXPECT_EQ(counts_.sampled_out.value(), 0U);
}

TEST_F(AccessLogTest, WritesAShareOfTheSuccesses) {
  const std::uint64_t count = logged(success_, 0.1, 10'000);
  EXPECT_GT(count, 850U);
  EXPECT_LT(count, 1150U);
  EXPECT_EQ(counts_.sampled_out.value(), 10'000 - count);
}

TEST_F(AccessLogTest, WritesNoSuccessWhereNoneIsWanted) {
  EXPECT_EQ(logged(success_, 0, 1000), 0U);
  EXPECT_EQ(counts_.sampled_out.value(), 1000U);
}

TEST_F(AccessLogTest, CannotBeTalkedOutOfALineByARequestId) {
  success_.request_id = "always the same";
  const std::uint64_t count = logged(success_, 0.5, 1000);
  EXPECT_GT(count, 400U);
  EXPECT_LT(count, 600U);
}

TEST_F(AccessLogTest, WritesWhateverIsNoPlainSuccess) {
  Exchange refused;
  refused.status = 400;
  refused.local_reply = std::make_shared<ErrorReply>();
  Exchange of_the_service;
  of_the_service.status = 404;
  Exchange without_answer;
  Exchange cut;
  cut.status = 200;
  cut.cut = true;
  Exchange flagged;
  flagged.status = 200;
  flagged.flag = "limiter_store_unavailable";
  Exchange failed;
  failed.status = 200;
  failed.failure = UpstreamFailure::truncated_response;
  Exchange in_shadow;
  in_shadow.status = 200;
  in_shadow.shadow.emplace_back();
  for (const Exchange* exchange :
       {&refused, &of_the_service, &without_answer, &cut, &flagged, &failed, &in_shadow}) {
    EXPECT_EQ(logged(*exchange, 0, 10), 10U);
  }
  EXPECT_EQ(counts_.sampled_out.value(), 0U);
}

TEST_F(AccessLogTest, AccountsForEveryRequest) {
  logged(success_, 0.5, 10'000);
  EXPECT_TRUE(writer_->stop(10s));
  EXPECT_EQ(writer_->counts().written + writer_->counts().lost + counts_.sampled_out.value(),
            10'000U);
  const std::string text = test::read_file(settings_.path);
  const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  EXPECT_EQ(lines, writer_->counts().written);
}

TEST_F(AccessLogTest, WithoutAWriterLogsNothing) {
  AccessLog(nullptr, loop_, counts_).write(success_, AccessFormat(settings_, api_));
  EXPECT_EQ(counts_.lines.value(), 0U);
  EXPECT_EQ(counts_.sampled_out.value(), 0U);
}

}  // namespace
}  // namespace trackly::observe
