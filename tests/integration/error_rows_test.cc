// The vendor's error-codes page, row by row: each of its 147 rows is shown by requests to the real
// program, over HTTP/1.1 and HTTP/2, byte for byte as the page has it. What is expected comes from
// the page (tests/contract/data/error-codes.tsv), never from the gateway's own catalogue; what is
// requested comes from the vendor's pages, never from the gateway's own rules.
//
// error_rows/ has the table: page.* the rows and who decides them, examples_of_* the requests.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/error_rows/example.h"
#include "tests/integration/error_rows/page.h"
#include "tests/integration/protocol_pairs.h"
#include "tests/support/service.h"

namespace trackly::test {
namespace {

Examples all_examples() {
  Examples all;
  for (const auto& examples :
       {examples_of_messages(), examples_of_input(), examples_of_creatives(),
        examples_of_audiences(), examples_of_schedules(), examples_of_offers(),
        examples_of_resources(), examples_of_accounts()}) {
    all.insert(all.end(), examples.begin(), examples.end());
  }
  return all;
}

std::string name_of(const PageRow& row) {
  return "row " + std::to_string(row.number) + ", " + row.code;
}

// ------------------------------------------------------------------------------- the table itself

bool is_answered_by_gateway(const Example& example) { return example.by != AnsweredBy::service; }

/// Whether one example of the row is answered by the gateway, and whether one by the service.
struct Proof {
  bool by_gateway = false;
  bool by_service = false;
};

std::map<int, Proof> proofs() {
  std::map<int, Proof> proofs;
  for (const Example& example : all_examples()) {
    Proof& proof = proofs[example.row];
    (is_answered_by_gateway(example) ? proof.by_gateway : proof.by_service) = true;
  }
  return proofs;
}

TEST(ErrorRowsTable, HasAnExampleForEveryRowFromWhoeverDecidesIt) {
  std::map<int, Proof> shown = proofs();
  for (const PageRow& row : page()) {
    const Proof proof = shown[row.number];
    const bool is_the_gateways = row.decided_by != DecidedBy::service;
    const bool is_the_services =
        row.decided_by == DecidedBy::service || row.decided_by == DecidedBy::both;
    EXPECT_TRUE(proof.by_gateway || !is_the_gateways) << name_of(row);
    EXPECT_TRUE(proof.by_service || !is_the_services) << name_of(row);
  }
}

TEST(ErrorRowsTable, HasExamplesOfRowsOfThePageOnly) {
  for (const Example& example : all_examples()) {
    EXPECT_NO_THROW(row(example.row)) << example.row << ": " << example.request.path;
  }
}

TEST(ErrorRowsTable, CountsWhoDecides) {
  std::map<DecidedBy, int> counts;
  for (const PageRow& row : page()) ++counts[row.decided_by];
  EXPECT_EQ(page().size(), 147u);
  EXPECT_EQ(counts[DecidedBy::request], 105);
  EXPECT_EQ(counts[DecidedBy::state], 10);  // 11 with a circuit breaker, which there is not
  EXPECT_EQ(counts[DecidedBy::both], 4);
  EXPECT_EQ(counts[DecidedBy::service], 28);
}

// ------------------------------------------------------------------------- the program's answers

/// By this field a request says what it wants of the service.
constexpr std::string_view kWish = "x-test-wish";
constexpr std::string_view kNoAnswer = "none";

std::string wish_of(const Example& example) {
  if (example.by == AnsweredBy::gateway_for_service) return std::string(kNoAnswer);
  const std::string row = std::to_string(example.row);
  return example.values.empty() ? row : row + " " + example.values;
}

Reaction grant(const HttpMessage& request) {
  const std::string wish = request.field(kWish);
  if (wish.empty()) return {};
  if (wish == kNoAnswer) return {.kind = Reaction::Kind::close_connection};
  const auto space = wish.find(' ');
  const std::string values = space == wish.npos ? std::string() : wish.substr(space + 1);
  const Expected answer = expected(row(std::atoi(wish.c_str())), values);
  Reaction reaction{.status = answer.status,
                    .fields = {{"content-type", "application/json"}, {"x-from-the-service", "yes"}},
                    .body = answer.printed_json()};
  // The service on HTTP/1.1 says it anyway.
  if (request.has(":method")) {
    reaction.fields.emplace_back("content-length", std::to_string(reaction.body.size()));
  }
  return reaction;
}

/// One bucket for each row that tells of one, each so small that a second request is too many.
constexpr std::string_view kSmallBuckets =
    "{store: local, rules: ["
    "{name: single, key: api_key, rate: 1/h, match: {tags: [contacts]}}, "
    "{name: daily, key: account, quota: 1000/day, cost: items, error: daily_cap_exceeded, "
    "match: {tags: [send]}}, "
    "{name: recipient, key: {pointer: /phone_number}, rate: 1/h, error: cooling_off, "
    "match: {tags: [otp]}}, "
    "{name: free, key: account, quota: 1/30day, error: limit_reached, match: {tags: [phone]}}]}";

GatewayConfig config_of(Variant variant, const Service& service, const RefusingPort& nobody) {
  const std::string nowhere = "127.0.0.1:" + std::to_string(nobody.number());
  GatewayConfig config{.upstream = service.url()};
  switch (variant) {
    case Variant::shipped:
      break;
    case Variant::rules_on:
      config.api =
          std::string(TRACKLY_SOURCE_DIR) + "/tests/integration/error_rows/rules_that_are_off.yaml";
      break;
    case Variant::limited:
      config.rate_limit = kSmallBuckets;
      break;
    case Variant::forsaken:
      config.upstream = "http://" + nowhere;
      config.rate_limit =
          "{store: redis, on_store_failure: deny, rules: "
          "[{name: single, key: account, rate: 100/s, match: {tags: [otp]}}]}";
      config.more = "redis: {url: 'redis://" + nowhere + "'}\n";
      break;
  }
  return config;
}

/// The requests of all examples that are put to one gateway.
struct Round {
  std::vector<CurlRequest> requests;
  std::vector<const Example*> shown;  // by request; nullptr: what has to come before an example
  std::vector<std::string> ids;       // by request

  void add(CurlRequest request, const Example* example, const std::string& id) {
    request.fields.push_back("X-Request-Id: " + id);
    if (example != nullptr) {
      request.fields.push_back(std::string(kWish) + ": " + wish_of(*example));
    }
    requests.push_back(std::move(request));
    shown.push_back(example);
    ids.push_back(id);
  }
  bool reaches_the_service(std::size_t i) const {
    return shown[i] == nullptr || shown[i]->by != AnsweredBy::gateway;
  }
};

Round round_of(Variant variant, const Examples& examples) {
  Round round;
  for (const Example& example : examples) {
    if (example.variant != variant) continue;
    const std::string id = "row-" + std::to_string(example.row) + "-example-" +
                           std::to_string(&example - examples.data());
    for (const CurlRequest& before : example.after) round.add(before, nullptr, id + "-before");
    round.add(example.request, &example, id);
  }
  return round;
}

/// What holds of every answer, whoever gives it.
void expect_shown(const Example& example, const std::string& id, const CurlAnswer& answer) {
  const CurlRequest& request = example.request;
  SCOPED_TRACE(name_of(row(example.row)) + ": " + request.method + " " + request.path + " " +
               request.body.substr(0, 400));
  const Expected want = expected(row(example.row), example.values);
  const bool ours = is_answered_by_gateway(example);
  const std::string body = ours ? want.json() : want.printed_json();

  EXPECT_EQ(answer.exit_code, 0) << answer.error;
  EXPECT_EQ(answer.status(), want.status);
  EXPECT_EQ(answer.body, body);
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_EQ(answer.field("content-length"), std::to_string(body.size()));
  EXPECT_EQ(answer.count("x-request-id"), 1u);
  EXPECT_EQ(answer.field("x-request-id"), id);
  EXPECT_EQ(answer.has("proxy-status"), ours) << answer.field("proxy-status");
  EXPECT_EQ(answer.has("x-from-the-service"), !ours);
  const bool may_be_repeated = want.status == 429 || want.status == 503;
  EXPECT_EQ(std::atoi(answer.field("retry-after").c_str()) >= 1, ours && may_be_repeated);
  const bool v1 = request.path.starts_with("/api/v1/");
  EXPECT_EQ(answer.field("x-api-deprecated"), v1 ? "v1 is deprecated" : "");
  EXPECT_EQ(answer.field("deprecation"), v1 ? "true" : "");
}

class ErrorRows : public testing::TestWithParam<ProtocolPair> {};

TEST_P(ErrorRows, AreAnsweredAsThePageHasThem) {
  const auto [downstream, upstream] = GetParam();
  const Examples examples = all_examples();
  const RefusingPort nobody;
  const Service service(upstream, [](const HttpMessage& r, std::size_t) { return grant(r); });

  std::multiset<std::string> for_the_service;
  for (const Variant variant : kEveryVariant) {
    const Gateway gateway(config_of(variant, service, nobody));
    const Round round = round_of(variant, examples);
    const std::vector<CurlAnswer> answers = gateway.request(downstream, round.requests);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (round.reaches_the_service(i)) for_the_service.insert(round.ids[i]);
      if (round.shown[i] != nullptr) {
        expect_shown(*round.shown[i], round.ids[i], answers[i]);
      } else {
        EXPECT_EQ(answers[i].status(), 200) << round.ids[i] << " " << answers[i].body;
      }
    }
  }

  std::multiset<std::string> seen;
  for (const HttpMessage& request : service.requests().all()) {
    seen.insert(request.field("x-request-id"));
  }
  EXPECT_EQ(seen, for_the_service);
}

INSTANTIATE_TEST_SUITE_P(, ErrorRows,
                         testing::Values(ProtocolPair(Downstream::h1, Upstream::h1),
                                         ProtocolPair(Downstream::h2, Upstream::h2),
                                         ProtocolPair(Downstream::tls_h1, Upstream::h2),
                                         ProtocolPair(Downstream::tls_h2, Upstream::h1)),
                         [](const auto& test) { return pair_name(test); });

}  // namespace
}  // namespace trackly::test
