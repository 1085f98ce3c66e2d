#include "gateway/observe/diagnostics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

namespace trackly::observe {
namespace {

TEST(Diagnostics, GoToStandardErrorWithTimeAndLevel) {
  testing::internal::CaptureStderr();
  {
    const auto diagnostics = Diagnostics::start();
    ASSERT_TRUE(diagnostics.ok());
    spdlog::info("listening on {}", "127.0.0.1:8080");
    spdlog::warn("slow");
  }
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::MatchesRegex("[-0-9]+T[0-9:.]+Z info listening on 127.0.0.1:8080\n"
                                    "[-0-9]+T[0-9:.]+Z warning slow\n"));
}

TEST(Diagnostics, EndWithTheObject) {
  testing::internal::CaptureStderr();
  { const auto diagnostics = Diagnostics::start(); }
  spdlog::error("nobody listens");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace trackly::observe
