#include "gateway/cli/decisions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "filters/registry.h"
#include "gateway/api/node.h"

namespace trackly::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

/// The shipped configuration, and where it decides what.
class Decisions : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    Problems problems;
    configuration = config::load_configuration(
        TRACKLY_SOURCE_DIR "/config/gateway.yaml", filters::registry(),
        [](const std::string&) { return std::nullopt; }, problems);
    ASSERT_NE(configuration, nullptr);
    rows = decisions(*configuration);
  }
  static void TearDownTestSuite() {
    configuration = nullptr;
    rows.clear();
  }

  static std::shared_ptr<const config::Configuration> configuration;
  static std::map<std::string, std::vector<std::string>> rows;
};

std::shared_ptr<const config::Configuration> Decisions::configuration;
std::map<std::string, std::vector<std::string>> Decisions::rows;

TEST_F(Decisions, NameTheEndpointTheFilterAndTheLine) {
  EXPECT_THAT(rows["missing_to"],
              Contains(MatchesRegex("POST /api/v2/send: schema \\(openapi.yaml:[0-9]+\\)")));
  EXPECT_THAT(rows["too_many_phones"],
              ElementsAre("POST /api/v1/phone/validate/batch: batch_limit (x-batch)"));
}

TEST_F(Decisions, NameEndpointsThatShareARuleTogether) {
  EXPECT_THAT(rows["invalid_phone.recipient"],
              Contains(MatchesRegex("POST /api/v2/send, POST /api/v2/send-raw: schema .*")));
}

TEST_F(Decisions, DoNotListWhatIsTheSameEverywhere) {
  EXPECT_THAT(rows["payload_too_large"], Contains("every operation: payload_limit (max_bytes)"));
  EXPECT_THAT(rows["missing_api_key"], ElementsAre(HasSubstr(" operations: api_key (X-Api-Key)")));
}

TEST_F(Decisions, TellWhatTheEdgeKnowsFromWhatTheRequestSays) {
  EXPECT_THAT(rows["invalid_api_key"], ElementsAre(testing::StartsWith("state: ")));
  EXPECT_THAT(rows["rate_limited"],
              ElementsAre("state: every operation: rate_limit (rule single)"));
}

TEST_F(Decisions, LeaveNoRowOfThePageOut) {
  for (const ErrorEntry& entry : configuration->errors.entries()) {
    EXPECT_TRUE(rows.contains(entry.id) || !entry.decided_by.empty())
        << entry.id << ": no rule of the shipped configuration names it, and errors.yaml does not "
        << "say who decides it";
  }
}

TEST_F(Decisions, LeaveToTheServiceOnlyWhatNoRuleDecides) {
  for (const ErrorEntry& entry : configuration->errors.entries()) {
    const bool is_left =
        entry.decided_by.starts_with("service") || entry.decided_by.starts_with("off");
    EXPECT_FALSE(is_left && rows.contains(entry.id)) << entry.id;
  }
}

}  // namespace
}  // namespace trackly::cli
