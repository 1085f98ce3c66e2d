#include "gateway/observe/metrics_text.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

namespace trackly::observe {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(MetricsText, NamesAFamilyOnceAndThenItsSamples) {
  MetricsText text;
  text.counter("requests_total", "Finished requests.");
  text.sample({{"route", "/a"}, {"status", "200"}}, 3);
  text.sample({{"route", "/b"}, {"status", "404"}}, 18446744073709551615U);
  text.gauge("workers", "Threads.");
  text.sample(2);
  EXPECT_EQ(text.text(),
            "# HELP trackly_gateway_requests_total Finished requests.\n"
            "# TYPE trackly_gateway_requests_total counter\n"
            "trackly_gateway_requests_total{route=\"/a\",status=\"200\"} 3\n"
            "trackly_gateway_requests_total{route=\"/b\",status=\"404\"} 18446744073709551615\n"
            "# HELP trackly_gateway_workers Threads.\n"
            "# TYPE trackly_gateway_workers gauge\n"
            "trackly_gateway_workers 2\n");
}

TEST(MetricsText, EscapesLabelsAndHelp) {
  MetricsText text;
  text.gauge("target_up", "a \\ and \"b\"\nand c");
  text.sample({{"target", "unix:/a\"b\\c\nd"}}, 1);
  EXPECT_EQ(text.text(),
            "# HELP trackly_gateway_target_up a \\\\ and \"b\"\\nand c\n"
            "# TYPE trackly_gateway_target_up gauge\n"
            "trackly_gateway_target_up{target=\"unix:/a\\\"b\\\\c\\nd\"} 1\n");
}

TEST(MetricsText, CountsAHistogramUpToEachBound) {
  MetricsText text;
  text.histogram("wait_seconds", "A wait.");
  text.sample_histogram({{"upstream", "media"}},
                        std::array<Duration, 3>{milliseconds(1), microseconds(2500), seconds(30)},
                        std::array<std::uint64_t, 4>{2, 0, 3, 1}, seconds(41) + nanoseconds(70));
  EXPECT_EQ(text.text(),
            "# HELP trackly_gateway_wait_seconds A wait.\n"
            "# TYPE trackly_gateway_wait_seconds histogram\n"
            "trackly_gateway_wait_seconds_bucket{upstream=\"media\",le=\"0.001\"} 2\n"
            "trackly_gateway_wait_seconds_bucket{upstream=\"media\",le=\"0.0025\"} 2\n"
            "trackly_gateway_wait_seconds_bucket{upstream=\"media\",le=\"30\"} 5\n"
            "trackly_gateway_wait_seconds_bucket{upstream=\"media\",le=\"+Inf\"} 6\n"
            "trackly_gateway_wait_seconds_sum{upstream=\"media\"} 41.00000007\n"
            "trackly_gateway_wait_seconds_count{upstream=\"media\"} 6\n");
}

TEST(MetricsText, WritesAHistogramWithoutLabelsOfItsOwn) {
  MetricsText text;
  text.histogram("wait_seconds", "A wait.");
  text.sample_histogram({}, std::array<Duration, 1>{seconds(1)}, std::array<std::uint64_t, 2>{0, 0},
                        Duration::zero());
  EXPECT_TRUE(
      text.text().ends_with("trackly_gateway_wait_seconds_bucket{le=\"1\"} 0\n"
                            "trackly_gateway_wait_seconds_bucket{le=\"+Inf\"} 0\n"
                            "trackly_gateway_wait_seconds_sum 0\n"
                            "trackly_gateway_wait_seconds_count 0\n"));
}

TEST(MetricsText, WritesMomentsWithoutRounding) {
  MetricsText text;
  text.gauge("start_time_seconds", "The start.");
  text.sample_seconds({}, seconds(1795487029) + nanoseconds(793507703));
  EXPECT_TRUE(text.text().ends_with("trackly_gateway_start_time_seconds 1795487029.793507703\n"));
}

}  // namespace
}  // namespace trackly::observe
