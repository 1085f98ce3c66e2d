#include "gateway/observe/shadow_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "gateway/observe/access_format.h"

namespace trackly::observe {
namespace {

using testing::HasSubstr;
using testing::Not;

ErrorRef error(std::string_view code) {
  auto reply = std::make_shared<ErrorReply>();
  reply->id = reply->code = code;
  reply->status = 400;
  return reply;
}

class ShadowFindingsTest : public testing::Test {
 protected:
  ShadowFindingsTest() {
    operation_.method = "POST";
    operation_.path = "/send";
    exchange_.operation = &operation_;
  }

  void note(const std::string& key = {}) {
    auto record = std::make_shared<KeyRecord>();
    record->name = key;
    exchange_.key = key.empty() ? nullptr : record;
    findings_.note(exchange_);
  }
  std::string page() const {
    MetricsText text;
    findings_.append(text);
    return text.text();
  }

  Operation operation_;
  Exchange exchange_;
  ShadowFindings findings_;
};

TEST_F(ShadowFindingsTest, CountsByRouteFilterCodeAndKey) {
  exchange_.shadow = {{"schema", error("missing_to"), "", ""}};
  note("production");
  note("production");
  note();
  EXPECT_THAT(page(), HasSubstr("shadow_refusals_total{route=\"/send\",method=\"POST\","
                                "filter=\"schema\",code=\"missing_to\",key=\"production\"} 2"));
  EXPECT_THAT(page(), HasSubstr("code=\"missing_to\",key=\"\"} 1"));
}

TEST_F(ShadowFindingsTest, CountsApartWhatCouldNotBeJudged) {
  exchange_.shadow = {{"schema", nullptr, "", "body_memory"}};
  note();
  EXPECT_THAT(page(), Not(HasSubstr("shadow_refusals_total{")));
  EXPECT_THAT(page(), HasSubstr("shadow_unjudged_total{route=\"/send\",method=\"POST\","
                                "filter=\"schema\",key=\"\"} 1"));
}

TEST_F(ShadowFindingsTest, HasNoMoreSeriesHoweverManyKeysThereAre) {
  exchange_.shadow = {{"rate_limit", error("rate_limited"), "single", ""}};
  for (std::size_t i = 0; i < ShadowFindings::kMostSeriesByKey + 5; ++i) {
    note("key" + std::to_string(i));
  }
  note("key0");
  const std::string text = page();
  EXPECT_THAT(text, HasSubstr("key=\"key0\"} 2"));
  EXPECT_THAT(text, HasSubstr("key=\"key999\"} 1"));
  EXPECT_THAT(text, Not(HasSubstr("key=\"key1000\"")));
  EXPECT_THAT(text, HasSubstr("key=\"other\"} 5"));
}

TEST_F(ShadowFindingsTest, AreInTheLogInBothItsForms) {
  exchange_.shadow = {{"rate_limit", error("rate_limited"), "single", ""},
                      {"schema", nullptr, "", "body_memory"}};
  std::string json;
  AccessFormat({}, ApiDescription()).append(json, exchange_);
  EXPECT_THAT(json, HasSubstr(R"("shadow":[{"filter":"rate_limit","status":400,)"
                              R"("code":"rate_limited","error":"rate_limited","rule":"single"},)"
                              R"({"filter":"schema","unjudged":"body_memory"}])"));
  AccessLogSettings settings;
  settings.format = "%{shadow}";
  std::string text;
  AccessFormat(settings, ApiDescription()).append(text, exchange_);
  EXPECT_EQ(text, "rate_limit:rate_limited,schema:body_memory\n");
}

TEST_F(ShadowFindingsTest, AreNeverSampledOut) {
  AccessLogSettings settings;
  settings.sample_successes = 0;
  exchange_.status = 200;
  const AccessFormat format(settings, ApiDescription());
  EXPECT_EQ(format.share_of(exchange_), 0);
  exchange_.shadow = {{"schema", error("missing_to"), "", ""}};
  EXPECT_EQ(format.share_of(exchange_), 1);
}

}  // namespace
}  // namespace trackly::observe
