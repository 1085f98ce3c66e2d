// What a client sees, and what the log says, when the service fails: each stage, on each pair of
// protocols. The promise behind it: a 503 of ours means "not delivered, safe to repeat", a 502 of
// ours means "perhaps delivered".

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "tests/integration/protocol_pairs.h"
#include "tests/support/gateway.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

using Kind = Reaction::Kind;
using Then = Reaction::Then;

constexpr std::string_view kNotDelivered =
    R"({"error":"Provider unavailable","code":"provider_error"})";
constexpr std::string_view kPerhapsDelivered =
    R"({"error":"Provider sync failed","code":"provider_sync_failed"})";
constexpr std::string_view kPage = "<html><body>Internal Server Error</body></html>";
constexpr std::string_view kDocumented = R"( {"code": "send_failed", "error":"Send failed" } )";

/// A service that fails in one way, and what becomes of it.
struct Failure {
  std::string stage = {};
  Reaction reaction = {};
  int status = 0;
  std::string_view body = {};
  std::string proxy_status = {};  // what follows "trackly-gateway; "
  std::string logged = {};        // upstream_error of the access log
  bool delivered = true;
  std::vector<Upstream> upstreams = {Upstream::h1, Upstream::h2};
  std::string response_timeout = "500ms";

  friend void PrintTo(const Failure& failure, std::ostream* out) { *out << failure.stage; }
};

Reaction foreign(int status, std::string body = std::string(kPage), Then then = Then::end) {
  return {.status = status,
          .fields = {{"content-type", "text/html"}, {"retry-after", "17"}},
          .body = std::move(body),
          .then = then};
}

std::vector<Failure> failures() {
  const std::vector<Upstream> h1 = {Upstream::h1};
  const std::vector<Upstream> h2 = {Upstream::h2};
  return {
      {"HangsBeforeTheHead",
       {.kind = Kind::hang},
       502,
       kPerhapsDelivered,
       "error=http_response_timeout",
       "response_timeout"},
      {"ClosesBeforeTheHead",
       {.kind = Kind::close_connection},
       502,
       kPerhapsDelivered,
       "error=connection_terminated",
       "connection_closed"},
      {"ResetsBeforeTheHead",
       {.kind = Kind::abort_connection},
       502,
       kPerhapsDelivered,
       "error=connection_terminated",
       "connection_closed"},
      {"ClosesWithinTheHead",
       {.kind = Kind::partial_head},
       502,
       kPerhapsDelivered,
       "error=",
       "connection_closed",
       true,
       h1},
      {"AnswersWithAMalformedHead",
       {.kind = Kind::malformed_head},
       502,
       kPerhapsDelivered,
       "error=http_protocol_error",
       "malformed_response"},
      {"ResetsTheStream",
       {.kind = Kind::reset_stream},
       502,
       kPerhapsDelivered,
       "error=connection_terminated",
       "connection_closed",
       true,
       h2},
      {"RefusesTheStream",
       {.kind = Kind::refuse_stream},
       503,
       kNotDelivered,
       "error=destination_unavailable",
       "refused_stream",
       false,
       h2},
      {"ExcludesTheStreamByGoaway",
       {.kind = Kind::exclude_stream},
       503,
       kNotDelivered,
       "error=destination_unavailable",
       "refused_stream",
       false,
       h2},

      {"AnswersWithAForeign500", foreign(500), 502, kPerhapsDelivered, "received-status=500",
       "foreign_error"},
      {"AnswersWithAForeign502", foreign(502), 502, kPerhapsDelivered, "received-status=502",
       "foreign_error"},
      {"AnswersWithAForeign504", foreign(504), 502, kPerhapsDelivered, "received-status=504",
       "foreign_error"},
      {"AnswersWithAForeign599", foreign(599), 502, kPerhapsDelivered, "received-status=599",
       "foreign_error"},
      {"AnswersWithAForeign503", foreign(503), 503, kNotDelivered, "received-status=503",
       "foreign_error"},
      {"AnswersWithABodiless500", foreign(500, ""), 502, kPerhapsDelivered, "received-status=500",
       "foreign_error"},
      {"AnswersWithJsonThatIsNotTheErrorShape", foreign(500, R"({"error":{"text":"x"}})"), 502,
       kPerhapsDelivered, "received-status=500", "foreign_error"},
      {"AnswersWithAnArrayOfErrors", foreign(500, R"([{"error":"x"}])"), 502, kPerhapsDelivered,
       "received-status=500", "foreign_error"},
      {"AnswersWithAnEndless500",
       foreign(500, R"({"error":")" + std::string(70'000, 'x') + R"("})"), 502, kPerhapsDelivered,
       "received-status=500", "foreign_error"},
      {"AnswersWithATruncated500", foreign(500, R"({"error":"x)", Then::close_connection), 502,
       kPerhapsDelivered, "received-status=500", "foreign_error"},
      // Judged for two seconds.
      {"AnswersWithASlow500",
       foreign(500, R"({"error":"x)", Then::hang),
       502,
       kPerhapsDelivered,
       "received-status=500",
       "foreign_error",
       true,
       {Upstream::h1, Upstream::h2},
       "10s"},
  };
}

using FailureOn = std::tuple<Downstream, Upstream, Failure>;

std::vector<FailureOn> failures_on_every_pair() {
  std::vector<FailureOn> all;
  for (const Downstream downstream : kEveryDownstream) {
    for (const Failure& failure : failures()) {
      for (const Upstream upstream : failure.upstreams) {
        all.emplace_back(downstream, upstream, failure);
      }
    }
  }
  return all;
}

/// The log line of a failed request. Prints a row for tests/bench/failure_table.
void expect_logged(Gateway& gateway, std::string_view stage, const CurlAnswer& answer,
                   std::string_view upstream_error, bool delivered) {
  const auto found = gateway.log_of("the-request");
  ASSERT_TRUE(found);
  const LogLine& line = *found;
  if (answer.status() != 0) {
    EXPECT_EQ(line["/status"], std::to_string(answer.status())) << line.json();
  }
  EXPECT_EQ(line["/delivered"], delivered ? "true" : "false") << line.json();
  EXPECT_EQ(line["/upstream_error"], upstream_error) << line.json();
  EXPECT_EQ(line["/upstream"], "default") << line.json();

  const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string pair = test.substr(test.find('/') + 1);
  std::cout << "| " << stage << " | " << pair.substr(0, pair.find('_')) << " | " << answer.status()
            << (answer.exit_code == 0 ? "" : " cut") << " | " << answer.field("proxy-status")
            << " | attempts " << line["/attempts"] << " | upstream_error "
            << line["/upstream_error"] << " | upstream_status " << line["/upstream_status"]
            << " | delivered " << line["/delivered"] << " |\n";
}

CurlRequest identified(CurlRequest request) {
  request.fields.emplace_back("X-Request-Id: the-request");
  return request;
}

class UpstreamFailure : public testing::TestWithParam<FailureOn> {};

TEST_P(UpstreamFailure, IsAnsweredAndLogged) {
  const auto& [downstream, upstream, failure] = GetParam();
  Service service(upstream, always(failure.reaction));
  Gateway gateway({.upstream = service.url(),
                   .timeouts = "connect: 1s, response: " + failure.response_timeout});

  const CurlAnswer answer = gateway.request(downstream, identified(send_message()));
  EXPECT_EQ(answer.exit_code, 0) << answer.error;
  EXPECT_EQ(answer.status(), failure.status);
  EXPECT_EQ(answer.body, failure.body);
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_EQ(answer.field("content-length"), std::to_string(failure.body.size()));
  EXPECT_EQ(answer.field("x-request-id"), "the-request");
  EXPECT_TRUE(answer.field("proxy-status").starts_with("trackly-gateway; " + failure.proxy_status))
      << answer.field("proxy-status");
  if (failure.status == 503) {
    EXPECT_GE(std::atoi(answer.field("retry-after").c_str()), 1);
  }
  if (failure.proxy_status == "received-status=503") {
    EXPECT_EQ(answer.field("retry-after"), "17");
  }
  // One of ours is safe to repeat exactly if it carries no received-status and is a 503.
  const bool safe_to_repeat = failure.status == 503 && !failure.delivered;
  EXPECT_EQ(safe_to_repeat,
            answer.status() == 503 &&
                answer.field("proxy-status").find("received-status") == std::string::npos);

  expect_logged(gateway, failure.stage, answer, failure.logged, failure.delivered);
  if (failure.delivered) {
    EXPECT_EQ(service.requests().size(), 1u);  // never sent twice
  }
}

INSTANTIATE_TEST_SUITE_P(, UpstreamFailure, testing::ValuesIn(failures_on_every_pair()),
                         [](const auto& test) {
                           return pair_name(std::get<0>(test.param), std::get<1>(test.param)) +
                                  "_" + std::get<2>(test.param).stage;
                         });

class UnreachableService : public testing::TestWithParam<ProtocolPair> {
 protected:
  std::string url(std::uint16_t port) const {
    const char* scheme = std::get<1>(GetParam()) == Upstream::h1 ? "http" : "h2c";
    return scheme + std::string("://127.0.0.1:") + std::to_string(port);
  }
  void expect_not_delivered(Gateway& gateway, std::string_view stage, std::string_view error,
                            std::string_view logged) {
    const CurlAnswer answer = gateway.request(std::get<0>(GetParam()), identified(send_message()));
    EXPECT_EQ(answer.status(), 503) << answer.error;
    EXPECT_EQ(answer.body, kNotDelivered);
    EXPECT_TRUE(
        answer.field("proxy-status").starts_with("trackly-gateway; error=" + std::string(error)))
        << answer.field("proxy-status");
    EXPECT_GE(std::atoi(answer.field("retry-after").c_str()), 1);
    expect_logged(gateway, stage, answer, logged, false);
  }
};

TEST_P(UnreachableService, ThatNobodyServesIs503) {
  const RefusingPort nobody;
  Gateway gateway({.upstream = url(nobody.number())});
  expect_not_delivered(gateway, "RefusesTheConnection", "connection_refused", "connection_refused");
}

TEST_P(UnreachableService, ThatDoesNotAcceptInTimeIs503) {
  // A full accept queue: the system drops what else wants to connect.
  const int listening = listen_on_free_port(0);
  std::vector<int> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(connect_without_waiting(port_of(listening)));
  }
  Gateway gateway(
      {.upstream = url(port_of(listening)), .timeouts = "connect: 300ms, response: 5s"});
  expect_not_delivered(gateway, "DoesNotAccept", "connection_timeout", "connect_timeout");
  for (const int fd : waiting) close(fd);
  close(listening);
}

TEST_P(UnreachableService, WhoseNameDoesNotResolveIs503) {
  const char* scheme = std::get<1>(GetParam()) == Upstream::h1 ? "http" : "h2c";
  Gateway gateway({.upstream = scheme + std::string("://no-such-host.invalid:80")});
  expect_not_delivered(gateway, "HasNoAddress", "d", "unresolved");
}

INSTANTIATE_TEST_SUITE_P(, UnreachableService, every_pair(),
                         [](const auto& test) { return pair_name(test); });

// ------------------------------------------------------- the answer is on its way when it fails

struct Cut {
  std::string stage;
  Then then;
  std::string logged;
  std::vector<Upstream> upstreams = {Upstream::h1, Upstream::h2};
};

using CutOn = std::tuple<Downstream, Upstream, Cut>;

std::vector<CutOn> cuts_on_every_pair() {
  const std::vector<Cut> cuts = {
      {"ClosesWithinTheBody", Then::close_connection, "truncated_response"},
      {"ResetsWithinTheBody", Then::abort_connection, "truncated_response"},
      {"HangsWithinTheBody", Then::hang, "body_timeout"},
      {"ResetsTheStreamWithinTheBody", Then::reset_stream, "truncated_response", {Upstream::h2}}};
  std::vector<CutOn> all;
  for (const Downstream downstream : kEveryDownstream) {
    for (const Cut& cut : cuts) {
      for (const Upstream upstream : cut.upstreams) all.emplace_back(downstream, upstream, cut);
    }
  }
  return all;
}

class CutAnswer : public testing::TestWithParam<CutOn> {};

TEST_P(CutAnswer, IsVisibleToTheClientAndLogged) {
  const auto& [downstream, upstream, cut] = GetParam();
  Reaction reaction;
  reaction.body = std::string(10'000, 'x');
  reaction.then = cut.then;
  Service service(upstream, always(reaction));
  Gateway gateway({.upstream = service.url(), .timeouts = "connect: 1s, response: 500ms, body: 500ms"});

  const CurlAnswer answer = gateway.request(downstream, identified(send_message()));
  EXPECT_NE(answer.exit_code, 0) << "curl took it for a whole answer";
  // The cut may overtake the head.
  EXPECT_TRUE(answer.status() == 200 || answer.status() == 0) << answer.status();
  EXPECT_LE(answer.body.size(), reaction.body.size());
  expect_logged(gateway, cut.stage, answer, cut.logged, true);
  EXPECT_EQ(service.requests().size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(, CutAnswer, testing::ValuesIn(cuts_on_every_pair()),
                         [](const auto& test) {
                           return pair_name(std::get<0>(test.param), std::get<1>(test.param)) +
                                  "_" + std::get<2>(test.param).stage;
                         });

TEST(CutAnswerH1H1, OfAnUnknownLengthMissesItsLastChunk) {
  FakeService service([](FakeService& self, Wire& wire) {
    self.receive(wire);
    wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + http1_chunk("half"));
  });
  Gateway gateway({.upstream = service.url()});
  const auto client = gateway.connect();
  client->send(http1_request("GET", kContactsPath, key_field() + "\r\n"));
  const HttpMessage answer = client->read_message();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_FALSE(answer.complete);
  EXPECT_NE(client->ended(), Wire::End::open);
}

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

// --------------------------------------------------------------------- what may be tried again

/// Breaks the n-th request in one way and answers the others.
React breaking(std::size_t nth, Reaction::Kind kind) {
  return [nth, kind](const HttpMessage&, std::size_t n) {
    return n == nth ? Reaction{.kind = kind} : Reaction{};
  };
}

class Retry : public testing::TestWithParam<Downstream> {};

TEST_P(Retry, FollowsARefusedStream) {
  for (const Kind refusal : {Kind::refuse_stream, Kind::exclude_stream}) {
    Service service(Upstream::h2, breaking(0, refusal));
    Gateway gateway({.upstream = service.url()});
    const CurlAnswer answer = gateway.request(GetParam(), identified(send_message()));
    EXPECT_EQ(answer.status(), 200) << answer.body;
    const auto line = gateway.log_of("the-request");
    ASSERT_TRUE(line);
    EXPECT_EQ((*line)["/attempts"], "2") << line->json();
    EXPECT_EQ((*line)["/delivered"], "true") << line->json();
  }
}

TEST_P(Retry, FollowsAReusedConnectionThatDiedWhereTheMethodIsIdempotent) {
  Service service(Upstream::h1, breaking(1, Kind::close_connection));
  Gateway gateway({.upstream = service.url(), .workers = 1});
  EXPECT_EQ(gateway.request(GetParam(), get_contacts()).status(), 200);
  EXPECT_EQ(gateway.request(GetParam(), get_contacts()).status(), 200);
  EXPECT_EQ(service.requests().size(), 3u);
}

TEST_P(Retry, NeverSendsAMessageTwice) {
  Service service(Upstream::h1, breaking(1, Kind::close_connection));
  Gateway gateway({.upstream = service.url(), .workers = 1});
  EXPECT_EQ(gateway.request(GetParam(), send_message()).status(), 200);
  const CurlAnswer answer = gateway.request(GetParam(), send_message());
  EXPECT_EQ(answer.status(), 502);
  EXPECT_EQ(answer.body, kPerhapsDelivered);
  EXPECT_EQ(service.requests().size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(, Retry, testing::ValuesIn(kEveryDownstream),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST(PooledConnection, ThatTheServiceClosedIsNotUsedAgain) {
  FakeService service([](FakeService& self, Wire& wire) {
    if (self.receive(wire).complete) wire.send(http1_answer(200, kAccepted));
  });
  Gateway gateway({.upstream = service.url(), .workers = 1});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(gateway.request(Downstream::h1, send_message()).status(), 200) << i;
  }
  EXPECT_EQ(service.connections(), 5);
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
