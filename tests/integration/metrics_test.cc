// What /metrics says after traffic whose outcome is known.

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <thread>

#include "tests/support/client.h"
#include "tests/support/gateway.h"
#include "tests/support/metrics_page.h"
#include "tests/support/patience.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

using Series = MetricsPage::Series;

/// Requests are counted when they have ended, which may be just after their answer came.
MetricsPage page_after(std::uint16_t admin, double requests) {
  const Deadline deadline(kPatience);
  while (true) {
    MetricsPage page = scrape(admin);
    if (page.sum_of("requests_total") >= requests || deadline.passed()) return page;
    std::this_thread::sleep_for(Milliseconds(2));
  }
}

// ------------------------------------------------------------------------------ routes and filters

class MetricsOfRefusals : public testing::TestWithParam<Downstream> {};

TEST_P(MetricsOfRefusals, CountEachAnswerOnceWhereItBelongs) {
  const Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(),
                   .payload_limit = "max_bytes: 100KiB",
                   .rate_limit = "{rules: [{name: few, key: api_key, rate: 1/h, burst: 3}]}",
                   .more = std::string(kAdmin)});
  const auto ask = [&](CurlRequest request, int status) {
    EXPECT_EQ(gateway.request(GetParam(), request).status(), status) << request.body.substr(0, 99);
  };
  const auto with_key = [](CurlRequest request, std::string_view key) {
    request.fields.front() = key_field(key);
    return request;
  };
  CurlRequest without_key = send_message();
  without_key.fields.erase(without_key.fields.begin());

  for (int i = 0; i < 3; ++i) ask(send_message(), 200);
  ask(send_message(), 429);
  ask(without_key, 401);
  ask(with_key(send_message(), keys::kUnknown), 401);
  ask(with_key(send_message(), keys::kSuspended), 403);
  ask(send_message(message_of_size(100 * 1024 + 1)), 413);
  ask(post(kBulkPath, R"({"messages":[]})"), 400);
  ask(send_message(R"({"list_number":"+14155551234","body":"Hello!"})"), 400);
  ask(with_key({.path = "/api/v2/contacts/+14155556789", .fields = {""}}, keys::kOther), 200);
  ask({.path = "/nowhere"}, 404);
  ask({.path = "/nowhere/else"}, 404);
  ask({.method = "DELETE", .path = std::string(kSendPath)}, 404);

  const MetricsPage page = page_after(admin_port(gateway), 14);
  EXPECT_EQ(page.of("requests_total"),
            (Series{{R"({route="/api/v2/send",method="POST",status="200"})", 3},
                    {R"({route="/api/v2/send",method="POST",status="400"})", 1},
                    {R"({route="/api/v2/send",method="POST",status="401"})", 2},
                    {R"({route="/api/v2/send",method="POST",status="403"})", 1},
                    {R"({route="/api/v2/send",method="POST",status="413"})", 1},
                    {R"({route="/api/v2/send",method="POST",status="429"})", 1},
                    {R"({route="/api/v2/send/bulk",method="POST",status="400"})", 1},
                    {R"({route="/api/v2/contacts/{phone_number}",method="GET",status="200"})", 1},
                    {R"({route="unknown",method="GET",status="404"})", 2},
                    {R"({route="unknown",method="DELETE",status="404"})", 1}}));
  const auto refusal = [](const std::string& filter, const std::string& code,
                          const std::string& route = R"(route="/api/v2/send",method="POST")") {
    return "{" + route + ",filter=\"" + filter + "\",code=\"" + code + "\"}";
  };
  EXPECT_EQ(page.of("refusals_total"),
            (Series{{refusal("api_key", "missing_api_key"), 1},
                    {refusal("api_key", "invalid_api_key"), 1},
                    {refusal("api_key", "none"), 1},
                    {refusal("payload_limit", "payload_too_large"), 1},
                    {refusal("schema", "missing_to"), 1},
                    {refusal("rate_limit", "rate_limited"), 1},
                    {refusal("batch_limit", "missing_messages",
                             R"(route="/api/v2/send/bulk",method="POST")"),
                     1},
                    {refusal("gateway", "not_found", R"(route="unknown",method="GET")"), 2},
                    {refusal("gateway", "not_found", R"(route="unknown",method="DELETE")"), 1}}));
  EXPECT_EQ(page.of("request_duration_seconds_count").size(), 5U);
  EXPECT_EQ(page.sum_of("request_duration_seconds_count"), 14);
  EXPECT_EQ(page.of("upstream_requests_total"), (Series{{R"({upstream="default"})", 4}}));
  EXPECT_EQ(page["upstream_response_seconds_count{upstream=\"default\"}"], 4);
  EXPECT_EQ(page.sum_of("upstream_failures_total"), 0);
  EXPECT_EQ(page.sum_of("access_log_lines_total") + page["access_log_lines_waiting"], 14);
  EXPECT_EQ(page[R"(access_log_lines_total{outcome="lost"})"], 0);
  EXPECT_EQ(page["connections_total"], 14);
  EXPECT_EQ(page["workers"], 2);
}

INSTANTIATE_TEST_SUITE_P(, MetricsOfRefusals, testing::ValuesIn(kEveryDownstream),
                         [](const auto& test) { return std::string(to_string(test.param)); });

// --------------------------------------------------------------------------------------- upstreams

/// An upstream for the paths below its name.
std::string upstream(const std::string& name, const std::string& url, const std::string& options) {
  return "  " + name + ": {paths: [/" + name + "], endpoints: ['" + url + "'], " + options + "}\n";
}

TEST(MetricsOfUpstreams, CountEachFailureByWhatItWas) {
  using Kind = Reaction::Kind;
  const Reaction page{.status = 500, .fields = {{"content-type", "text/html"}}, .body = "<p>"};
  const Service well(Upstream::h1);
  const Service hanging(Upstream::h1, always({.kind = Kind::hang}));
  const Service foreign(Upstream::h1, always(page));
  const Service overloaded(Upstream::h1, always({.status = 503, .fields = {}, .body = "busy"}));
  const Service cutting(Upstream::h1, always({.then = Reaction::Then::close_connection}));
  const Service garbled(Upstream::h1, always({.kind = Kind::malformed_head}));
  const Service refusing(Upstream::h2, [](const HttpMessage&, std::size_t nth) {
    return Reaction{.kind = nth < 2 ? Kind::refuse_stream : Kind::answer};
  });
  const Service sick(Upstream::h1, always({.status = 503, .body = "{}"}));
  const Service shaky(Upstream::h1, always({.kind = Kind::close_connection}));
  const Service shaky_too(Upstream::h1, always({.kind = Kind::close_connection}));

  Gateway gateway({.upstream = well.url(),
                   .more_upstreams =
                       upstream("gone", "unix:/nowhere.sock", "max_connections: 4") +
                       upstream("hanging", hanging.url(), "timeouts: {response: 50ms}") +
                       upstream("foreign", foreign.url(),
                                "circuit_breaker: {consecutive_failures: 2, open_for: 1h}") +
                       upstream("overloaded", overloaded.url(), "circuit_breaker: {}") +
                       upstream("cutting", cutting.url(), "max_connections: 4") +
                       upstream("garbled", garbled.url(), "max_connections: 4") +
                       upstream("refusing", refusing.url(), "max_connections: 4") +
                       upstream("sick", sick.url(), "health_check: {interval: 1h, timeout: 20s}") +
                       upstream("shaky", shaky.url() + "', '" + shaky_too.url(),
                                "ejection: {consecutive_failures: 1, eject_for: 1h}"),
                   .workers = 1,
                   .more = "unknown_paths: forward\n" + std::string(kAdmin)});
  ASSERT_TRUE(gateway.process().wait_for_err(sick.url() + " fails its health check"));
  const auto ask = [&](const std::string& path, int status, int times = 1) {
    for (int i = 0; i < times; ++i) {
      EXPECT_EQ(gateway.request(Downstream::h1, post(path, "{}")).status(), status) << path;
    }
  };
  ask("/elsewhere", 200, 3);
  EXPECT_EQ(scrape(admin_port(gateway))["upstream_connections{upstream=\"default\"}"], 1);
  ask("/gone", 503, 2);
  ask("/hanging", 502);
  ask("/foreign", 502, 2);
  ask("/foreign", 503, 3);
  ask("/overloaded", 503);
  ask("/cutting", 200);
  ask("/garbled", 502);
  EXPECT_EQ(
      gateway.request(Downstream::h1, {.path = "/refusing", .fields = {key_field()}}).status(),
      200);
  ask("/sick", 503, 2);
  ask("/shaky", 502);

  const MetricsPage metrics = page_after(admin_port(gateway), 18);
  const auto each = [](const std::map<std::string, double>& values) {
    Series series;
    for (const auto& [name, value] : values) series["{upstream=\"" + name + "\"}"] = value;
    return series;
  };
  EXPECT_EQ(metrics.of("upstream_requests_total"), each({{"default", 3},
                                                         {"gone", 2},
                                                         {"hanging", 1},
                                                         {"foreign", 5},
                                                         {"overloaded", 1},
                                                         {"cutting", 1},
                                                         {"garbled", 1},
                                                         {"refusing", 1},
                                                         {"sick", 2},
                                                         {"shaky", 1}}));
  EXPECT_EQ(metrics.of("upstream_attempts_total"), each({{"default", 3},
                                                         {"gone", 2},
                                                         {"hanging", 1},
                                                         {"foreign", 2},
                                                         {"overloaded", 1},
                                                         {"cutting", 1},
                                                         {"garbled", 1},
                                                         {"refusing", 3},
                                                         {"shaky", 1}}));
  EXPECT_EQ(metrics.of("upstream_repeats_total"), each({{"refusing", 2}}));
  EXPECT_EQ(metrics.of("upstream_undelivered_total"),
            each({{"gone", 2}, {"foreign", 3}, {"sick", 2}}));
  EXPECT_EQ(metrics.of("upstream_outcome_unknown_total"),
            each({{"hanging", 1}, {"foreign", 2}, {"garbled", 1}, {"shaky", 1}}));
  EXPECT_EQ(metrics.of("upstream_failures_total"),
            (Series{{R"({upstream="gone",error="connection_refused"})", 2},
                    {R"({upstream="hanging",error="response_timeout"})", 1},
                    {R"({upstream="foreign",error="foreign_error"})", 2},
                    {R"({upstream="foreign",error="circuit_open"})", 3},
                    {R"({upstream="overloaded",error="foreign_error"})", 1},
                    {R"({upstream="cutting",error="truncated_response"})", 1},
                    {R"({upstream="garbled",error="malformed_response"})", 1},
                    {R"({upstream="sick",error="no_healthy_endpoint"})", 2},
                    {R"({upstream="shaky",error="connection_closed"})", 1}}));
  EXPECT_EQ(
      metrics.of("upstream_response_seconds_count"),
      each({{"default", 3}, {"foreign", 2}, {"overloaded", 1}, {"cutting", 1}, {"refusing", 1}}));
  EXPECT_EQ(metrics.of("circuit_open"), each({{"foreign", 1}}));
  EXPECT_EQ(metrics.of("circuit_openings_total"), each({{"foreign", 1}}));
  EXPECT_EQ(metrics["circuit_open{upstream=\"overloaded\"}"], 0);
  EXPECT_EQ(metrics["circuit_open{upstream=\"default\"}"], -1);  // it has no breaker

  EXPECT_EQ(metrics["target_up{upstream=\"sick\",target=\"" + sick.url() + "\"}"], 0);
  EXPECT_EQ(metrics["target_up{upstream=\"default\",target=\"" + well.url() + "\"}"], 1);
  EXPECT_EQ(metrics.sum_of("target_up"), 10);
  const double ejected =
      metrics["target_ejected{upstream=\"shaky\",target=\"" + shaky.url() + "\"}"] +
      metrics["target_ejected{upstream=\"shaky\",target=\"" + shaky_too.url() + "\"}"];
  EXPECT_EQ(ejected, 1);
  EXPECT_EQ(metrics.sum_of("target_ejected"), 1);
  EXPECT_EQ(metrics["upstream_connections{upstream=\"gone\"}"], 0);
  EXPECT_EQ(metrics.sum_of("refusals_total"), 0);
}

TEST(MetricsOfUpstreams, FollowTheHealthOfATarget) {
  std::atomic<bool> ill = false;
  const Service service(Upstream::h1, [&](const HttpMessage&, std::size_t) {
    return Reaction{.status = ill ? 503 : 200};
  });
  Gateway gateway(
      {.upstream = service.url(),
       .upstream_options = "health_check: {interval: 20ms, timeout: 20s, failures: 1, passes: 1}",
       .more = std::string(kAdmin)});
  const std::uint16_t admin = admin_port(gateway);
  const auto up = [&] {
    return scrape(admin)["target_up{upstream=\"default\",target=\"" + service.url() + "\"}"];
  };
  EXPECT_EQ(up(), 1);
  ill = true;
  EXPECT_TRUE(eventually([&] { return up() == 0; }));
  ill = false;
  EXPECT_TRUE(eventually([&] { return up() == 1; }));
}

// ----------------------------------------------------------------------------- memory and
// incidents

TEST(MetricsOfLimits, TellWhatBodiesTakeAndWhoTookTooMuch) {
  const Service service(Upstream::h1);
  Gateway gateway(
      {.upstream = service.url(), .limits = "body_memory: 64KiB", .more = std::string(kAdmin)});
  const std::uint16_t admin = admin_port(gateway);
  const auto wire = gateway.connect();
  const std::string body = message_of_size(30'000);
  ASSERT_TRUE(wire->send(
      http1_request("POST", kSendPath, key_field() + "\r\nContent-Type: application/json\r\n", body)
          .substr(0, 1000)));
  EXPECT_TRUE(eventually([&] { return scrape(admin)["body_memory_bytes"] == 30'000; }));
  EXPECT_EQ(scrape(admin)["body_memory_limit_bytes"], 64 * 1024);
  EXPECT_EQ(scrape(admin)["requests_in_flight"], 1);
  EXPECT_EQ(scrape(admin)["connections"], 1);
  wire->close();
  EXPECT_TRUE(eventually([&] { return scrape(admin)["body_memory_bytes"] == 0; }));

  EXPECT_EQ(gateway.request(Downstream::h1, send_message(message_of_size(70'000))).status(), 503);
  const MetricsPage page = page_after(admin, 2);
  EXPECT_EQ(page.of("incidents_total"), (Series{{R"({kind="body_memory"})", 1}}));
}

TEST(MetricsOfRequests, ARequestWhoseClientHasLeftHasNoStatus) {
  const Service service(Upstream::h1, always({.kind = Reaction::Kind::hang}));
  Gateway gateway({.upstream = service.url(), .more = std::string(kAdmin)});
  const auto wire = gateway.connect();
  ASSERT_TRUE(wire->send(http1_request("GET", kContactsPath, key_field() + "\r\n")));
  ASSERT_TRUE(service.requests().wait_for(0));
  wire->reset();
  const MetricsPage page = page_after(admin_port(gateway), 1);
  EXPECT_EQ(page.of("requests_total"),
            (Series{{R"({route="/api/v2/contacts",method="GET",status="none"})", 1}}));
  EXPECT_EQ(page.of("upstream_requests_total"), (Series{{R"({upstream="default"})", 1}}));
  EXPECT_EQ(page.sum_of("upstream_outcome_unknown_total"), 0);
}

// ------------------------------------------------------------------------------------ certificates

TEST(MetricsOfCertificates, TellWhenEachExpires) {
  Gateway gateway({.more = std::string(kAdmin)});
  const MetricsPage page = scrape(admin_port(gateway));
  const Series expiries = page.of("certificate_expiry_time_seconds");
  ASSERT_EQ(expiries.size(), 1U);
  EXPECT_TRUE(expiries.begin()->first.ends_with(".crt\"}")) << expiries.begin()->first;
  EXPECT_GT(expiries.begin()->second, page["start_time_seconds"]);
  EXPECT_LT(expiries.begin()->second, page["start_time_seconds"] + 400.0 * 86400);
}

// ---------------------------------------------------------------------------------------- the log

/// How often each value stands at that place of the log; lines that have nothing there do not
/// count.
std::map<std::string, double> counts_in_log(const std::vector<LogLine>& log,
                                            std::string_view pointer) {
  std::map<std::string, double> counts;
  for (const LogLine& line : log) {
    if (line.has(pointer)) ++counts[line[pointer]];
  }
  return counts;
}

/// The sums of a family by the value of one label.
std::map<std::string, double> counts_by(const MetricsPage& page, std::string_view family,
                                        const std::string& label) {
  std::map<std::string, double> counts;
  for (const auto& [labels, value] : page.of(family)) {
    const std::size_t begin = labels.find(label + "=\"") + label.size() + 2;
    counts[labels.substr(begin, labels.find('"', begin) - begin)] += value;
  }
  return counts;
}

TEST(MetricsAndLog, AgreeUnderLoad) {
  using Kind = Reaction::Kind;
  const Service service(Upstream::h1, [](const HttpMessage&, std::size_t nth) {
    switch (nth % 8) {
      case 0:
        return Reaction{.kind = Kind::close_connection};
      case 1:
        return Reaction{.status = 500, .body = "<p>"};
      case 2:
        return Reaction{.status = 404};
      case 3:
        return Reaction{.kind = Kind::malformed_head};
      default:
        return Reaction{};
    }
  });
  Gateway gateway({.upstream = service.url(),
                   .upstream_options = "circuit_breaker: {consecutive_failures: 4, open_for: 20ms}",
                   .more = std::string(kAdmin)});
  const std::uint16_t admin = admin_port(gateway);
  const std::string message = gateway.directory().write("message.json", kMessage);
  const std::string url =
      "http://127.0.0.1:" + std::to_string(gateway.port()) + std::string(kSendPath);
  constexpr int kRequests = 2000;
  Process good({"h2load", "-n", std::to_string(kRequests), "-c", "8", "-m", "8", "-d", message,
                "-H", key_field(), "-H", "Content-Type: application/json", url});
  Process refused({"h2load", "-n", std::to_string(kRequests), "-c", "4", "--h1", "-d", message,
                   "-H", key_field(keys::kUnknown), url});

  // Scraped all the while, no counter goes back.
  double before = 0;
  while (!good.wait(Milliseconds(1)) || !refused.wait(Milliseconds(1))) {
    const double now = scrape(admin).sum_of("requests_total");
    EXPECT_GE(now, before);
    before = now;
  }
  EXPECT_EQ(good.wait(), 0) << good.err();
  EXPECT_EQ(refused.wait(), 0) << refused.err();
  EXPECT_EQ(page_after(admin, 2 * kRequests).sum_of("requests_total"), 2 * kRequests);

  EXPECT_TRUE(eventually([&] { return gateway.log().size() == 2 * kRequests; }));
  const MetricsPage page = scrape(admin);
  const std::vector<LogLine> log = gateway.log();
  EXPECT_EQ(page[R"(access_log_lines_total{outcome="written"})"], 2 * kRequests);
  EXPECT_EQ(page.sum_of("access_log_lines_total"), 2 * kRequests);
  EXPECT_EQ(page["access_log_lines_waiting"], 0);
  EXPECT_EQ(counts_by(page, "requests_total", "status"), counts_in_log(log, "/status"));
  EXPECT_EQ(counts_by(page, "requests_total", "route"), counts_in_log(log, "/route"));
  EXPECT_EQ(counts_by(page, "refusals_total", "filter"), counts_in_log(log, "/refused_by"));
  EXPECT_EQ(counts_by(page, "upstream_requests_total", "upstream"),
            counts_in_log(log, "/upstream"));
  EXPECT_EQ(counts_by(page, "upstream_failures_total", "error"),
            counts_in_log(log, "/upstream_error"));
  EXPECT_GE(counts_by(page, "upstream_failures_total", "error").size(), 3U);
  double attempts = 0;
  double repeats = 0;
  for (const LogLine& line : log) {
    if (line.has("/attempts")) attempts += std::stod(line["/attempts"]);
    if (line.has("/repeats")) repeats += std::stod(line["/repeats"]);
  }
  EXPECT_EQ(page.sum_of("upstream_attempts_total"), attempts);
  EXPECT_EQ(page.sum_of("upstream_repeats_total"), repeats);
  EXPECT_EQ(page["requests_in_flight"], 0);
}

// ------------------------------------------------------------------------------- what clients make
// up

TEST(MetricsSeries, StayTheSameWhateverClientsMakeUp) {
  const Service service(Upstream::h1);
  Gateway gateway(
      {.upstream = service.url(), .more = "unknown_paths: forward\n" + std::string(kAdmin)});
  const std::uint16_t admin = admin_port(gateway);
  std::unique_ptr<Client> client;
  int sent = 0;
  const auto ask = [&](int i) {
    const std::string made_up = std::to_string(i * 2654435761U);
    if (client == nullptr || !client->reusable()) {
      client = std::make_unique<Client>(Downstream::h2, gateway.port());
    }
    const std::string key =
        i % 2 == 0 ? std::string(keys::kActive) : "trk_" + made_up + "aaaaaaaaaaaaaaaaaaaaaaaaaa";
    ASSERT_TRUE(client->send(
        {.method = i % 3 == 0 ? "M" + made_up : "GET",
         .path = i % 5 == 0 ? "/api/v2/lists/" + made_up : "/" + made_up + "?" + made_up,
         .fields = {{"x-api-key", key}, {"x-" + made_up, made_up}}}));
    ASSERT_TRUE(client->read_answer().complete) << i;
    ++sent;
  };
  for (int i = 0; i < 30; ++i) ask(i);  // every combination of the kinds
  const Series before = page_after(admin, sent).series();
  for (int i = 30; i < 10'000; ++i) ask(i);
  const Series after = page_after(admin, sent).series();
  const auto names = [](const Series& series) {
    std::vector<std::string> all;
    for (const auto& [name, value] : series) all.push_back(name);
    return all;
  };
  EXPECT_EQ(names(after), names(before));
  EXPECT_EQ(scrape(admin).sum_of("requests_total"), 10'000);
}

TEST(MetricsSeries, NameNoKeyNoPhoneNumberAndNoSecret) {
  const Service service(Upstream::h1);
  Gateway gateway({.upstream = service.url(), .more = std::string(kAdmin)});
  const CurlRequest requests[] = {
      send_message(),
      {.path = "/api/v2/contacts/+14155556789?key=" + std::string(keys::kActive),
       .fields = {key_field()}},
      {.path = "/api/v2/contacts/+14155556789/x", .fields = {key_field(keys::kUnknown)}},
      {.method = "POST", .path = "/api/webhook-feedbacks/lime/hush-hush", .body = "{}"},
      {.path = "/" + std::string(keys::kActive), .fields = {"X-Request-Id: +14155556789"}}};
  for (const CurlRequest& request : requests) gateway.request(Downstream::h1, request);
  page_after(admin_port(gateway), std::size(requests));
  const std::string text = curl(Downstream::h1, admin_port(gateway), {.path = "/metrics"}).body;
  for (const char* secret : {"trk_", "4155556789", "hush", "acct_", "127.0.0.1:0"}) {
    EXPECT_EQ(text.find(secret), std::string::npos) << secret;
  }
}

}  // namespace
}  // namespace trackly::test
