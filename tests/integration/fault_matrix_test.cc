// Every way in which the service can fail, in every stage of a request, on each pair of protocols:
// what the client gets, and what the log says. No cell is written by hand: the faults are listed in
// fault_matrix/{fault,h1_faults,h2_faults}.cc, the rules in fault_matrix/expectation.cc.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/fault_matrix/expectation.h"
#include "tests/integration/fault_matrix/faulty_service.h"
#include "tests/support/client.h"
#include "tests/support/gateway.h"
#include "tests/support/sample_requests.h"

namespace trackly::test {
namespace {

using Clock = std::chrono::steady_clock;

/// Timeouts of gateways that are not to have any say, and of those that are.
constexpr Milliseconds kNever{60'000};
constexpr Milliseconds kSoon{300};
/// What a busy machine may add.
constexpr Milliseconds kMargin{8'000};

/// A 5xx has its own two seconds to be judged in.
bool is_judged(Stage stage) {
  return stage == Stage::error_body || stage == Stage::unavailable_body;
}

bool waits_for_timeout(const Cell& cell) {
  return (cell.fault.effect == Effect::silent && !is_judged(cell.stage)) ||
         cell.fault.effect == Effect::not_accepted;
}

std::string timeouts(Milliseconds all) {
  const std::string ms = std::to_string(all.count()) + "ms";
  return "connect: " + ms + ", handshake: " + ms + ", response: " + ms + ", body: " + ms;
}

GatewayConfig configuration(const std::string& endpoint, const std::string& authorities,
                            Milliseconds timeout) {
  GatewayConfig config{.upstream = endpoint, .timeouts = timeouts(timeout), .workers = 1};
  config.upstream_options = "retries: {limit: 1, budget_percent: 100}";
  if (!authorities.empty()) {
    config.upstream_options += ", tls: {ca: '" + authorities + "', server_name: localhost}";
  }
  config.payload_limit = "max_bytes: 64MiB";
  config.more = "unknown_paths: forward\n";
  return config;
}

/// A service and two gateways in front of it: with one of them every error has to come at once,
/// with the other one silence is noticed soon.
struct Stand {
  explicit Stand(Link link)
      : service(link),
        patient(configuration(service.url(), service.authorities(), kNever)),
        hasty(configuration(service.url(), service.authorities(), kSoon)) {}

  FaultyService service;
  Gateway patient;
  Gateway hasty;
};

/// Where no connection can be made: the gateway's endpoint is the fault.
struct Nowhere {
  Nowhere(Link link, Effect effect) {
    const char* scheme = is_tls(link) ? "https" : is_h2(link) ? "h2c" : "http";
    std::string address;
    if (effect == Effect::unresolved) {
      address = "no-such-host.invalid:80";
    } else if (effect == Effect::refused) {
      address = "127.0.0.1:" + std::to_string(nobody.number());
    } else {
      address = "127.0.0.1:" + std::to_string(port_of(full));
      // The system drops what else wants to connect.
      for (int& fd : waiting) fd = connect_without_waiting(port_of(full));
    }
    std::string authorities;
    if (is_tls(link)) authorities = test_certificate().certificate;
    gateway = std::make_unique<Gateway>(
        configuration(scheme + std::string("://") + address, authorities, kSoon));
  }
  ~Nowhere() {
    for (const int fd : waiting) close(fd);
    close(full);
  }
  Nowhere(const Nowhere&) = delete;
  Nowhere& operator=(const Nowhere&) = delete;

  RefusingPort nobody;
  int full = listen_on_free_port(0);
  std::array<int, 4> waiting{-1, -1, -1, -1};
  std::unique_ptr<Gateway> gateway;
};

class FaultMatrix : public testing::TestWithParam<Cell> {
 protected:
  static void TearDownTestSuite() {
    expect_one_line_each();
    std::cout << "fault matrix: " << asked_.size() << " of " << every_cell().size() << " cells\n";
    stands_.clear();
    nowhere_.clear();
  }

  static Stand& stand(Link link) {
    auto& stand = stands_[link];
    if (!stand) stand = std::make_unique<Stand>(link);
    return *stand;
  }
  static Gateway& nowhere(Link link, Effect effect) {
    auto& nowhere = nowhere_[{link, effect}];
    if (!nowhere) nowhere = std::make_unique<Nowhere>(link, effect);
    return *nowhere->gateway;
  }

  static ClientRequest request_of(const Cell& cell, std::string_view id);
  void run(const Cell& cell, Gateway& gateway, FaultyService* service);
  void expect_answer(const Cell& cell, const Outcome& expected, const ClientAnswer& answer);
  void expect_logged(const Outcome& expected, const LogLine& line);

 private:
  static void expect_one_line_each();

  inline static std::map<Link, std::unique_ptr<Stand>> stands_;
  inline static std::map<std::pair<Link, Effect>, std::unique_ptr<Nowhere>> nowhere_;
  inline static std::map<std::string, int> asked_;  // request id -> lines of the log
};

void FaultMatrix::expect_one_line_each() {
  const auto count = [](const Gateway& gateway) {
    for (const LogLine& line : gateway.log()) ++asked_[line["/request_id"]];
  };
  for (const auto& [link, stand] : stands_) {
    count(stand->patient);
    count(stand->hasty);
  }
  for (const auto& [key, nowhere] : nowhere_) count(*nowhere->gateway);
  asked_.erase("before");
  for (const auto& [id, lines] : asked_) EXPECT_EQ(lines, 1) << id;
}

ClientRequest FaultMatrix::request_of(const Cell& cell, std::string_view id) {
  ClientRequest request{
      .path = std::string(kContactsPath),
      .fields = {{"x-api-key", std::string(keys::kActive)}, {"x-request-id", std::string(id)}}};
  if (cell.ask == Ask::contacts) return request;
  request.method = "POST";
  request.fields.emplace_back("content-type", "application/json");
  request.path = cell.ask == Ask::message ? kSendPath : "/api/v9/upload";
  request.body = cell.ask == Ask::message ? std::string(kMessage) : std::string(20'000, 'x');
  if (cell.stage != Stage::part_of_request) return request;
  if (cell.fault.effect == Effect::silent) {
    request.body = std::string(16'000'000, 'x');  // more than fits between the client and a service
  } else {
    request.held_back = 10'000;
  }
  return request;
}

void FaultMatrix::run(const Cell& cell, Gateway& gateway, FaultyService* service) {
  const Outcome expected = expected_outcome(cell);
  const std::string id = name_of(cell);
  asked_[id] = 0;
  Client client(cell.downstream, gateway.port(cell.downstream));
  if (cell.reused || cell.stage == Stage::idle) {
    ASSERT_TRUE(client.send(request_of(cell, "before")));
    ASSERT_EQ(client.read_answer().status(), 200);
    if (cell.stage == Stage::idle) {
      service->proceed();
      ASSERT_TRUE(service->wait_until_played());
    }
  }

  const auto began = Clock::now();
  const ClientRequest request = request_of(cell, id);
  client.send(request);
  client.read_head(kSoon + kMargin);
  if (service != nullptr) service->proceed();
  const ClientAnswer& answer = client.read_answer(kMargin);
  const auto took = Clock::now() - began;

  expect_answer(cell, expected, answer);
  if (waits_for_timeout(cell)) {
    EXPECT_GE(took, kSoon);
  }
  EXPECT_LE(took, kMargin);
  const auto line = gateway.log_of(id);
  ASSERT_TRUE(line) << "no line";
  expect_logged(expected, *line);
  // For tests/bench/failure_table.
  RecordProperty("seen", std::to_string(answer.status()) + (answer.complete ? "" : " cut") + " | " +
                             answer.field("proxy-status") + " | upstream_error " +
                             (*line)["/upstream_error"] + " | delivered " + (*line)["/delivered"] +
                             " | attempts " + (*line)["/attempts"]);
  if (service == nullptr || cell.stage == Stage::handshake) return;
  const int before = cell.reused || cell.stage == Stage::idle ? 1 : 0;
  const int requests = before + expected.attempts;
  // On a busy machine the answer that a request has timed out may come before it was read.
  eventually([&] { return service->requests() >= requests; });
  EXPECT_EQ(service->requests(), requests) << "requests that the service got";
}

void FaultMatrix::expect_answer(const Cell& cell, const Outcome& expected,
                                const ClientAnswer& answer) {
  EXPECT_EQ(answer.status(), expected.status);
  EXPECT_EQ(answer.complete, !expected.cut);
  EXPECT_TRUE(expected.cut ? answer.body.starts_with(expected.body) : answer.body == expected.body)
      << answer.body;
  EXPECT_EQ(answer.field("x-request-id"), name_of(cell));
  const std::string status = answer.field("proxy-status");
  if (expected.proxy_status.empty()) {
    EXPECT_EQ(status, "");
  } else {
    EXPECT_TRUE(status.starts_with("trackly-gateway; " + expected.proxy_status)) << status;
    EXPECT_EQ(answer.field("content-type"), "application/json");
    EXPECT_EQ(answer.field("content-length"), std::to_string(expected.body.size()));
    // Of our own making, and safe to repeat: exactly what was not delivered.
    const bool safe = answer.status() == 503 && status.find("received-status") == std::string::npos;
    EXPECT_EQ(safe, !expected.delivered);
    if (answer.status() == 503) {
      EXPECT_GE(std::atoi(answer.field("retry-after").c_str()), 1);
    }
  }
  if (!expected.retry_after.empty()) {
    EXPECT_EQ(answer.field("retry-after"), expected.retry_after);
  }
  const auto got_interim = [&](int which) {
    return std::count(answer.interim.begin(), answer.interim.end(), which) > 0;
  };
  EXPECT_FALSE(got_interim(100));
  EXPECT_EQ(got_interim(103), cell.stage == Stage::after_hints);
}

void FaultMatrix::expect_logged(const Outcome& expected, const LogLine& line) {
  EXPECT_EQ(line["/status"], std::to_string(expected.status)) << line.json();
  EXPECT_EQ(line["/upstream_error"], expected.upstream_error) << line.json();
  EXPECT_EQ(line["/delivered"], expected.delivered ? "true" : "false") << line.json();
  EXPECT_EQ(line["/attempts"], std::to_string(expected.attempts)) << line.json();
  EXPECT_EQ(line["/upstream"], "default") << line.json();
}

TEST_P(FaultMatrix, IsAnsweredAndLoggedByTheRules) {
  const Cell& cell = GetParam();
  if (cell.stage == Stage::connecting) {
    return run(cell, nowhere(cell.link, cell.fault.effect), nullptr);
  }
  Stand& where = stand(cell.link);
  constexpr int kEveryTime = 1'000'000;
  const bool before = cell.reused || cell.stage == Stage::idle;
  where.service.play({.stage = cell.stage,
                      .fault = cell.fault,
                      .streamed = cell.ask == Ask::upload,
                      .healthy_before = before ? 1 : 0,
                      .faulty = cell.stage == Stage::idle ? 0
                                : cell.once               ? 1
                                                          : kEveryTime});
  run(cell, waits_for_timeout(cell) ? where.hasty : where.patient, &where.service);
  where.service.stop();
}

INSTANTIATE_TEST_SUITE_P(, FaultMatrix, testing::ValuesIn(every_cell()),
                         [](const auto& test) { return name_of(test.param); });

}  // namespace
}  // namespace trackly::test
