// Programs that we did not write: nginx and nghttpd as the service, nghttp and h2load as clients.

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "tests/integration/nginx.h"
#include "tests/integration/protocol_pairs.h"
#include "tests/support/gateway.h"
#include "tests/support/process.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

class NginxBehind : public testing::TestWithParam<Downstream> {
 protected:
  void expect_served(const std::string& endpoint, const Nginx& nginx) {
    Gateway gateway({.upstream = endpoint});
    CurlAnswer answer = first_answer(gateway, GetParam(), send_message());
    EXPECT_EQ(answer.status(), 200) << answer.body << nginx.diagnostics();
    EXPECT_EQ(answer.body, kAccepted);
    EXPECT_EQ(answer.field("x-seen-account"), "acct_active");
    EXPECT_EQ(answer.field("x-seen-length"), std::to_string(kMessage.size()));

    CurlRequest contact{.path = "/api/v2/contacts/%2B14155551234?a=%20+b", .fields = {key_field()}};
    answer = gateway.request(GetParam(), contact);
    EXPECT_EQ(answer.field("x-seen-uri"), contact.path);

    answer = gateway.request(GetParam(), send_message(message_of_size(5 * 1024 * 1024)));
    EXPECT_EQ(answer.status(), 200) << answer.error;
    EXPECT_EQ(answer.field("x-seen-length"), std::to_string(5 * 1024 * 1024));

    // Its own error page is not the documented JSON.
    answer =
        gateway.request(GetParam(), {.path = "/api/v2/contacts/broken", .fields = {key_field()}});
    EXPECT_TRUE(answer.status() == 400 || answer.status() == 502) << answer.status();
    if (answer.status() == 502) {
      EXPECT_EQ(answer.body, R"({"error":"Provider sync failed","code":"provider_sync_failed"})");
    }
  }
};

TEST_P(NginxBehind, OverTcpIsServed) {
  const std::uint16_t port = free_port();
  const Nginx nginx("127.0.0.1:" + std::to_string(port));
  expect_served("http://127.0.0.1:" + std::to_string(port), nginx);
}

TEST_P(NginxBehind, OverAUnixSocketIsServed) {
  const TempDir directory;
  const Nginx nginx("unix:" + (directory / "nginx.sock"));
  expect_served("unix:" + (directory / "nginx.sock"), nginx);
}

INSTANTIATE_TEST_SUITE_P(, NginxBehind, testing::ValuesIn(kEveryDownstream),
                         [](const auto& test) { return pair_name(test.param, Upstream::h1); });

/// nghttpd serves files: GET gets them, POST too.
class NghttpdBehind : public testing::TestWithParam<Downstream> {};

TEST_P(NghttpdBehind, IsServed) {
  const TempDir files;
  std::filesystem::create_directories(files.path() / "api/v2/contacts");
  files.write("api/v2/send", kAccepted);
  files.write("api/v2/contacts/+14155551234", std::string(1'000'000, 'x'));
  const std::uint16_t port = free_port();
  Process nghttpd({"nghttpd", "--no-tls", "--address=127.0.0.1",
                   "--htdocs=" + files.path().string(), std::to_string(port)});
  Gateway gateway({.upstream = "h2c://127.0.0.1:" + std::to_string(port)});

  CurlAnswer answer = first_answer(gateway, GetParam(), send_message());
  EXPECT_EQ(answer.status(), 200) << answer.body << nghttpd.err();
  EXPECT_EQ(answer.body, kAccepted);

  answer = gateway.request(GetParam(),
                           {.path = "/api/v2/contacts/%2B14155551234", .fields = {key_field()}});
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body.size(), 1'000'000u);
}

INSTANTIATE_TEST_SUITE_P(, NghttpdBehind, testing::ValuesIn(kEveryDownstream),
                         [](const auto& test) { return pair_name(test.param, Upstream::h2); });

/// What h2load says of a run: "status codes: 2000 2xx, 0 3xx, 0 4xx, 0 5xx".
void expect_all_answered(const CommandResult& h2load, int requests) {
  EXPECT_EQ(h2load.exit_code, 0) << h2load.err;
  EXPECT_NE(
      h2load.out.find("status codes: " + std::to_string(requests) + " 2xx, 0 3xx, 0 4xx, 0 5xx"),
      std::string::npos)
      << h2load.out;
}

class ManyRequests : public testing::TestWithParam<ProtocolPair> {};

TEST_P(ManyRequests, AreAllAnswered) {
  const auto [downstream, upstream] = GetParam();
  const TempDir directory;
  Service service(upstream);
  Gateway gateway({.upstream = service.url()});
  std::vector<std::string> command = {"h2load",
                                      "-n",
                                      "2000",
                                      "-c",
                                      "10",
                                      "-m",
                                      "10",
                                      "-H",
                                      key_field(),
                                      "-H",
                                      "Content-Type: application/json",
                                      "-d",
                                      directory.write("body", kMessage)};
  if (!is_h2(downstream)) command.emplace_back("--h1");
  command.push_back((is_tls(downstream) ? "https" : "http") + std::string("://127.0.0.1:") +
                    std::to_string(gateway.port(downstream)) + std::string(kSendPath));
  expect_all_answered(run(command), 2000);
  EXPECT_EQ(service.requests().size(), 2000u);
  EXPECT_EQ(gateway.stop(), 0);
  EXPECT_EQ(gateway.log().size(), 2000u);
}

INSTANTIATE_TEST_SUITE_P(, ManyRequests, every_pair(),
                         [](const auto& test) { return pair_name(test); });

TEST(NghttpH2H1, ReadsARefusalFrameByFrame) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url()});
  const CommandResult nghttp = run(
      {"nghttp", "-v", "http://127.0.0.1:" + std::to_string(gateway.port()) + "/api/v2/contacts"});
  EXPECT_EQ(nghttp.exit_code, 0) << nghttp.err;
  EXPECT_NE(nghttp.out.find(":status: 401"), std::string::npos) << nghttp.out;
  EXPECT_NE(nghttp.out.find(R"({"error":"API key required","code":"missing_api_key"})"),
            std::string::npos)
      << nghttp.out;
  EXPECT_EQ(nghttp.out.find("RST_STREAM"), std::string::npos) << nghttp.out;
}

/// Trailers both ways, where curl has none to offer.
class Trailers : public testing::TestWithParam<Upstream> {};

TEST_P(Trailers, PassBothWays) {
  Reaction reaction;
  reaction.trailers = {{"x-answer-sum", "43"}};
  Service service(GetParam(), always(reaction));
  Gateway gateway({.upstream = service.url(), .more = "unknown_paths: forward\n"});
  const TempDir directory;
  const CommandResult nghttp =
      run({"nghttp", "-v", "--header=" + key_field(), "--trailer=x-request-sum: 42",
           "--no-content-length", "--data=" + directory.write("body", "some body"),
           "http://127.0.0.1:" + std::to_string(gateway.port()) + "/api/v9/upload"});
  EXPECT_EQ(nghttp.exit_code, 0) << nghttp.err;
  EXPECT_NE(nghttp.out.find("x-answer-sum: 43"), std::string::npos) << nghttp.out;
  ASSERT_EQ(service.requests().size(), 1u);
  EXPECT_EQ(service.requests().all()[0].body, "some body");
  EXPECT_EQ(service.requests().all()[0].trailer("x-request-sum"), "42");
}

INSTANTIATE_TEST_SUITE_P(, Trailers, testing::ValuesIn(kEveryUpstream),
                         [](const auto& test) { return pair_name(Downstream::h2, test.param); });

class Tls : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Tls, AgreesOnTheClientsProtocolAndVersion) {
  const auto& [version, option] = GetParam();
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url()});
  for (const Downstream downstream : {Downstream::tls_h1, Downstream::tls_h2}) {
    CurlRequest sent = get_contacts();
    sent.options = {option, "--tls-max", version};
    const CurlAnswer answer = gateway.request(downstream, sent);
    EXPECT_EQ(answer.exit_code, 0) << answer.error;
    EXPECT_EQ(answer.status(), 200);
    EXPECT_TRUE(answer.start_line.starts_with(is_h2(downstream) ? "HTTP/2" : "HTTP/1.1"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    , Tls, testing::Values(std::pair{"1.2", "--tlsv1.2"}, std::pair{"1.3", "--tlsv1.3"}),
    [](const auto& test) {
      return std::string("Version") + test.param.first[0] + "_" + test.param.first[2];
    });

TEST(TlsH1, IsSpokenWithAClientWithoutAlpn) {
  Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url()});
  CurlRequest sent = get_contacts();
  sent.options = {"--no-alpn"};
  EXPECT_EQ(gateway.request(Downstream::tls_h1, sent).status(), 200);
}

TEST(TlsOld, IsNotSpoken) {
  Gateway gateway({});
  CurlRequest sent = get_contacts();
  sent.options = {"--tlsv1.0", "--tls-max", "1.1"};
  EXPECT_NE(gateway.request(Downstream::tls_h1, sent).exit_code, 0);
}

}  // namespace
}  // namespace trackly::test
