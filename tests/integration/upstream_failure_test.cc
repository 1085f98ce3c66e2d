// Answers of a failing service that fault_matrix_test.cc has not: what passes byte for byte, what
// coding hides, and what comes before the request has ended.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/integration/protocol_pairs.h"
#include "tests/support/gateway.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

constexpr std::string_view kPerhapsDelivered =
    R"({"error":"Provider sync failed","code":"provider_sync_failed"})";
constexpr std::string_view kPage = "<html><body>Internal Server Error</body></html>";
constexpr std::string_view kDocumented = R"( {"code": "send_failed", "error":"Send failed" } )";

// ----------------------------------------------------------------- the service's own error answers

class DocumentedError : public testing::TestWithParam<ProtocolPair> {
 protected:
  void expect_untouched(Reaction reaction) {
    Service service(std::get<1>(GetParam()), always(reaction));
    Gateway gateway({.upstream = service.url()});
    const CurlAnswer answer = gateway.request(std::get<0>(GetParam()), send_message());
    EXPECT_EQ(answer.exit_code, 0) << answer.error;
    EXPECT_EQ(answer.status(), reaction.status);
    EXPECT_TRUE(answer.body == reaction.body) << answer.body;
    EXPECT_FALSE(answer.has("proxy-status")) << answer.field("proxy-status");
    for (const auto& [name, value] : reaction.fields) EXPECT_EQ(answer.field(name), value);
  }
};

TEST_P(DocumentedError, PassesByteForByte) {
  for (const int status : {500, 502, 503, 504}) {
    expect_untouched({.status = status,
                      .fields = {{"content-type", "text/plain"}, {"retry-after", "9"}},
                      .body = std::string(kDocumented)});
  }
}

TEST_P(DocumentedError, PassesWithFurtherMembers) {
  expect_untouched({.status = 500, .body = R"({"error":"x","more":[1,{"y":null}],"big":1e999})"});
}

TEST_P(DocumentedError, PassesGzipCoded) {
  const CommandResult gzip =
      run({"gzip", "--no-name", "--stdout"}, {.input = std::string(kDocumented)});
  ASSERT_EQ(gzip.exit_code, 0);
  expect_untouched({.status = 500,
                    .fields = {{"content-type", "application/json"}, {"content-encoding", "gzip"}},
                    .body = gzip.out});
}

TEST_P(DocumentedError, ThatIsLongerThanWhatIsJudgedIsForeign) {
  const std::string text = R"({"error":")" + std::string(70'000, 'x') + R"("})";
  Service service(std::get<1>(GetParam()), always({.status = 500, .body = text}));
  Gateway gateway({.upstream = service.url()});
  const CurlAnswer answer = gateway.request(std::get<0>(GetParam()), send_message());
  EXPECT_EQ(answer.status(), 502);
  EXPECT_EQ(answer.body, kPerhapsDelivered);
}

INSTANTIATE_TEST_SUITE_P(, DocumentedError, every_pair(),
                         [](const auto& test) { return pair_name(test); });

TEST(ForeignErrorH1H1, ThatIsGzipCodedIsReplaced) {
  const CommandResult gzip = run({"gzip", "--stdout"}, {.input = std::string(kPage)});
  Service service(
      Upstream::h1,
      always({.status = 500, .fields = {{"content-encoding", "gzip"}}, .body = gzip.out}));
  Gateway gateway({.upstream = service.url()});
  const CurlAnswer answer = gateway.request(Downstream::h1, send_message());
  EXPECT_EQ(answer.status(), 502);
  EXPECT_EQ(answer.body, kPerhapsDelivered);
  EXPECT_FALSE(answer.has("content-encoding"));
}

TEST(ForeignErrorH1H1, OnHeadHasNoBodyButOurStatus) {
  Service service(Upstream::h1, always({.status = 500, .body = std::string(kDocumented)}));
  Gateway gateway({.upstream = service.url()});
  CurlRequest head = get_contacts();
  head.method = "HEAD";
  const CurlAnswer answer = gateway.request(Downstream::h1, head);
  EXPECT_EQ(answer.status(), 502);
  EXPECT_EQ(answer.body, "");
}

TEST(EarlyAnswer, ReachesAClientThatIsStillUploading) {
  FakeService service([](FakeService&, Wire& wire) {
    wire.read_until("\r\n\r\n");
    wire.send(http1_answer(400, R"({"error":"Early"})", "Connection: close\r\n"));
    wire.wait_for_end();
  });
  Gateway gateway({.upstream = service.url(), .more = "unknown_paths: forward\n"});
  for (const Downstream downstream : kEveryDownstream) {
    SCOPED_TRACE(to_string(downstream));
    CurlRequest sent = post("/api/v9/upload", std::string(4'000'000, 'x'));
    sent.fields.emplace_back("Expect:");
    const CurlAnswer answer = gateway.request(downstream, sent);
    EXPECT_EQ(answer.status(), 400) << answer.error;
    EXPECT_EQ(answer.body, R"({"error":"Early"})");
  }
}

}  // namespace
}  // namespace trackly::test
