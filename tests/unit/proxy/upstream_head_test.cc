#include "gateway/proxy/upstream_head.h"

#include <gtest/gtest.h>

namespace trackly::proxy {
namespace {

class UpstreamHead : public ::testing::Test {
 protected:
  UpstreamHead() {
    exchange_.request.method = "POST";
    exchange_.request.scheme = "http";
    exchange_.request.authority = "api.example:80";
    exchange_.request.target = "/api/v2/contacts/%2B1555?q=%2B&r=a+b";
    exchange_.request.content_length = 5;
    exchange_.request_id = "id-1";
    exchange_.trace_context = {.trace_high = 1, .trace_low = 2, .span = 3, .flags = 1};
  }
  void client_sends(std::string_view name, std::string_view value) {
    exchange_.request.fields.add(name, value);
  }
  Head head(bool peer_is_trusted = false) {
    return make_upstream_head(exchange_, peer_is_trusted, "1.2.3.4");
  }
  /// All values of one field of the head, "" where there is none.
  std::string sent(std::string_view name, bool peer_is_trusted = false) {
    std::string values;
    for (const auto& field : head(peer_is_trusted).fields) {
      if (!values.empty() && field.name == name) values += " | ";
      if (field.name == name) values += field.value;
    }
    return values;
  }

  Exchange exchange_;
};

TEST_F(UpstreamHead, KeepsWhatTheClientAskedFor) {
  client_sends("X-Api-Key", "trk_1");
  client_sends("Content-Type", "application/json");
  const Head sent_head = head();
  EXPECT_EQ(sent_head.method, "POST");
  EXPECT_EQ(sent_head.authority, "api.example:80");
  EXPECT_EQ(sent_head.target, "/api/v2/contacts/%2B1555?q=%2B&r=a+b");
  EXPECT_EQ(sent_head.content_length, 5u);
  EXPECT_EQ(sent("X-Api-Key"), "trk_1");
  EXPECT_EQ(sent("Content-Type"), "application/json");
}

TEST_F(UpstreamHead, ConsumesTheExpectation) {
  client_sends("Expect", "100-continue");
  EXPECT_EQ(sent("Expect"), "");
}

TEST_F(UpstreamHead, SaysWhoAsked) {
  client_sends("X-Forwarded-For", "6.6.6.6");
  client_sends("X-Forwarded-Proto", "https");
  client_sends("X-Forwarded-Host", "evil");
  EXPECT_EQ(sent("X-Forwarded-For"), "1.2.3.4");
  EXPECT_EQ(sent("X-Forwarded-Proto"), "http");
  EXPECT_EQ(sent("X-Forwarded-Host"), "api.example:80");
  exchange_.tls = true;
  EXPECT_EQ(sent("X-Forwarded-Proto"), "https");
}

TEST_F(UpstreamHead, ContinuesWhatATrustedProxySaid) {
  client_sends("X-Forwarded-For", "6.6.6.6");
  client_sends("x-forwarded-for", "7.7.7.7");
  client_sends("X-Forwarded-Proto", "https");
  client_sends("X-Forwarded-Host", "public.example");
  EXPECT_EQ(sent("X-Forwarded-For", true), "6.6.6.6, 7.7.7.7, 1.2.3.4");
  EXPECT_EQ(sent("X-Forwarded-Proto", true), "https");
  EXPECT_EQ(sent("X-Forwarded-Host", true), "public.example");
}

TEST_F(UpstreamHead, AddsItselfToVia) {
  EXPECT_EQ(sent("Via"), "1.1 trackly-gateway");
  exchange_.protocol = Protocol::http2;
  EXPECT_EQ(sent("Via"), "2 trackly-gateway");
  client_sends("Via", "1.0 a");
  client_sends("via", "1.1 b");
  EXPECT_EQ(sent("Via"), "1.0 a, 1.1 b, 2 trackly-gateway");
}

TEST_F(UpstreamHead, SetsTheRequestId) {
  client_sends("X-Request-Id", "mine");
  client_sends("X_Request_Id", "mine");
  EXPECT_EQ(sent("X-Request-Id"), "id-1");
  EXPECT_EQ(sent("X_Request_Id"), "");
}

TEST_F(UpstreamHead, NamesItsOwnSpan) {
  client_sends("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(sent("traceparent"), "00-00000000000000010000000000000002-0000000000000003-01");
}

TEST_F(UpstreamHead, PassesTheStateOfTheClientsTraceOnly) {
  client_sends("tracestate", "a=1");
  client_sends("tracestate", "b=2");
  EXPECT_EQ(sent("tracestate"), "");
  exchange_.trace_context.parent_span = 4;
  EXPECT_EQ(sent("tracestate"), "a=1 | b=2");
}

TEST_F(UpstreamHead, SetsTheAccountAndLetsNobodyElse) {
  for (const char* name : {"X-Account-Id", "x-account-id", "X_Account_Id", "X-ACCOUNT_ID"}) {
    client_sends(name, "evil");
  }
  EXPECT_EQ(sent("X-Account-Id"), "");
  exchange_.upstream_fields.set("X-Account-Id", "acct_42");
  const Head with_key = head();
  for (const auto& [name, value] : with_key.fields) EXPECT_NE(value, "evil") << name;
  EXPECT_EQ(sent("X-Account-Id"), "acct_42");
}

TEST_F(UpstreamHead, RemovesWhatFiltersSay) {
  client_sends("x-api-key", "trk_1");
  client_sends("X_Api_Key", "trk_1");
  client_sends("X-Other", "1");
  exchange_.removed_upstream_fields.push_back("X-Api-Key");
  exchange_.upstream_fields.set("X-Other", "2");
  const Head sent_head = head();
  for (const auto& [name, value] : sent_head.fields) EXPECT_NE(value, "trk_1") << name;
  EXPECT_EQ(sent("X-Other"), "2");
}

TEST_F(UpstreamHead, DropsFieldsThatImitateFraming) {
  for (const char* name : {"Content_Length", "Transfer_Encoding"}) {
    client_sends(name, "evil");
  }
  client_sends("X_Custom", "fine");
  EXPECT_EQ(sent("Content_Length"), "");
  EXPECT_EQ(sent("Transfer_Encoding"), "");
  EXPECT_EQ(sent("X_Custom"), "fine");
}

TEST_F(UpstreamHead, ASecondKeyInAnotherSpellingDoesNotReachTheService) {
  client_sends("X-Api-Key", "trk_1");
  client_sends("X_Api_Key", "evil");
  EXPECT_EQ(sent("X-Api-Key"), "trk_1");
  EXPECT_EQ(sent("X_Api_Key"), "");
}

TEST_F(UpstreamHead, TrailersCannotSayWhatTheHeadMayNot) {
  FieldList trailers;
  trailers.add("X-Account-Id", "evil");
  trailers.add("x_forwarded_for", "evil");
  trailers.add("Checksum", "1");
  const FieldList passed = make_upstream_trailers(trailers, exchange_);
  EXPECT_EQ(passed.size(), 1U);
  EXPECT_EQ(passed.find("checksum"), "1");
}

}  // namespace
}  // namespace trackly::proxy
