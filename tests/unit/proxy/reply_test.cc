#include "gateway/proxy/reply.h"

#include <gtest/gtest.h>

namespace trackly::proxy {
namespace {

ErrorRef error(int status, std::string id, std::string code, std::string text) {
  ErrorEntry entry;
  entry.id = std::move(id);
  entry.status = status;
  entry.code = std::move(code);
  entry.text = std::move(text);
  const std::string key = entry.id;
  return ErrorCatalogue({entry}).reply(key);
}

class ReplyTest : public testing::Test {
 protected:
  LocalReply reply(const std::string& message = {}) {
    return write_reply(exchange_, message, WallTime(std::chrono::seconds(784111777)));
  }
  std::string field(const LocalReply& reply, std::string_view name) {
    EXPECT_LE(reply.head.fields.count(name), 1U);
    return std::string(reply.head.fields.find(name).value_or("(none)"));
  }
  void refuse(ErrorRef with, std::string_view filter) {
    exchange_.local_reply = std::move(with);
    exchange_.refused_by = filter;
    exchange_.request_id = "id-1";
  }

  Exchange exchange_;
};

TEST_F(ReplyTest, HasTheDocumentedFormAndSaysWhoMadeIt) {
  refuse(error(400, "missing_to", "missing_to", "to is required"), "schema");
  const LocalReply answer = reply();
  EXPECT_EQ(answer.head.status, 400);
  EXPECT_EQ(answer.body, R"({"error":"to is required","code":"missing_to"})");
  EXPECT_EQ(answer.head.content_length, answer.body.size());
  EXPECT_EQ(field(answer, "Content-Type"), "application/json");
  EXPECT_EQ(field(answer, "X-Request-Id"), "id-1");
  EXPECT_EQ(field(answer, "Date"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(field(answer, "Proxy-Status"),
            "trackly-gateway; error=http_request_denied; details=\"missing_to\"");
  EXPECT_EQ(field(answer, "Retry-After"), "(none)");
}

TEST_F(ReplyTest, LeavesTheCodeOutWhereThePageDoes) {
  refuse(error(403, "account_suspended", "", "Account is suspended"), "api_key");
  const LocalReply answer = reply();
  EXPECT_EQ(answer.body, R"({"error":"Account is suspended"})");
  EXPECT_EQ(field(answer, "Proxy-Status"),
            "trackly-gateway; error=http_request_denied; details=\"account_suspended\"");
}

TEST_F(ReplyTest, HasAMessageOnlyWhereDetailIsConfigured) {
  refuse(error(400, "missing_to", "missing_to", "to is required"), "schema");
  EXPECT_EQ(reply("/to").body, R"({"error":"to is required","code":"missing_to","message":"/to"})");
}

TEST_F(ReplyTest, TellsWhenToComeBackWith429And503) {
  refuse(error(503, "provider_error", "provider_error", "Provider unavailable"), "");
  exchange_.failure = UpstreamFailure::connection_refused;
  EXPECT_EQ(field(reply(), "Retry-After"), "1");

  refuse(error(429, "rate_limited", "rate_limited", "Rate limit exceeded"), "rate_limit");
  exchange_.failure = UpstreamFailure::none;
  exchange_.response_fields.set("Retry-After", "7");
  EXPECT_EQ(field(reply(), "Retry-After"), "7");
}

TEST_F(ReplyTest, KeepsTheServicesRetryAfterWhereItSaysSomething) {
  refuse(error(503, "provider_error", "provider_error", "Provider unavailable"), "");
  for (const std::string_view kept : {"77", "Fri, 31 Dec 2027 23:59:59 GMT"}) {
    exchange_.response_fields.set("Retry-After", kept);
    EXPECT_EQ(field(reply(), "Retry-After"), kept);
  }
  for (const std::string_view empty :
       {"soon", "", "0", "-3", "1.5", "12345678901234567890123456789x"}) {
    exchange_.response_fields.set("Retry-After", empty);
    EXPECT_EQ(field(reply(), "Retry-After"), "1") << empty;
  }
}

TEST_F(ReplyTest, NamesTheRefusalAndNotWhatHappenedBeforeIt) {
  refuse(error(429, "rate_limited", "rate_limited", "Rate limit exceeded"), "rate_limit");
  exchange_.flag = "limiter_store_unavailable";
  EXPECT_EQ(field(reply(), "Proxy-Status"),
            "trackly-gateway; error=http_request_denied; details=\"rate_limited\"");
}

TEST_F(ReplyTest, NamesTheLimitThatWasUsedUp) {
  refuse(error(503, "provider_error", "provider_error", "Provider unavailable"), "");
  exchange_.flag = "body_memory";
  EXPECT_EQ(field(reply(), "Proxy-Status"),
            "trackly-gateway; error=proxy_internal_error; details=\"body_memory\"");
}

TEST_F(ReplyTest, NamesWhatTheServiceDid) {
  refuse(error(502, "provider_sync_failed", "provider_sync_failed", "Provider sync failed"), "");
  exchange_.failure = UpstreamFailure::response_timeout;
  EXPECT_EQ(field(reply(), "Proxy-Status"), "trackly-gateway; error=http_response_timeout");
}

TEST_F(ReplyTest, ReceivedStatusStandsOnlyWhereTheServiceAnswered) {
  refuse(error(502, "provider_sync_failed", "provider_sync_failed", "Provider sync failed"), "");
  exchange_.failure = UpstreamFailure::foreign_error;
  exchange_.received_status = 500;
  EXPECT_EQ(field(reply(), "Proxy-Status"), "trackly-gateway; received-status=500");
}

TEST_F(ReplyTest, ARequestThatCouldNotBeReadIsAnErrorAndNotDenied) {
  refuse(error(400, "invalid_input", "invalid_input", "Invalid input"), "");
  EXPECT_EQ(field(reply(), "Proxy-Status"),
            "trackly-gateway; error=http_request_error; details=\"invalid_input\"");
}

TEST_F(ReplyTest, CarriesTheFieldsThatTheChainAsksFor) {
  refuse(error(404, "not_found", "not_found", "Resource not found"), "");
  exchange_.response_fields.set("Deprecation", "true");
  EXPECT_EQ(field(reply(), "Deprecation"), "true");
}

}  // namespace
}  // namespace trackly::proxy
