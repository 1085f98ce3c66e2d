// The vendor's error-codes page, row by row: each of its 147 rows is shown by requests to the real
// program, over HTTP/1.1 and HTTP/2, byte for byte as the page has it. What is expected comes from
// the page (tests/contract/data/error-codes.tsv), never from the gateway's own catalogue; what is
// requested comes from the vendor's pages, never from the gateway's own rules.
//
// error_rows/ has the table: page.* the rows and who decides them, examples_of_* the requests.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <map>
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
  EXPECT_EQ(counts[DecidedBy::state], 11);
  EXPECT_EQ(counts[DecidedBy::both], 4);
  EXPECT_EQ(counts[DecidedBy::service], 27);
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
    case Variant::broken:
      config.upstream = "http://" + nowhere;
      config.upstream_options = "circuit_breaker: {consecutive_failures: 1, open_for: 1h}";
      break;
  }
  return config;
}

/// A request of an example, or one that comes before it.
struct Turn {
  CurlRequest request;
  const Example* example = nullptr;  // nullptr: what comes before one, whatever becomes of it
  std::string id = {};
};

/// All that one gateway is asked.
std::vector<Turn> turns_of(Variant variant, const Examples& examples) {
  std::vector<Turn> turns;
  for (const Example& example : examples) {
    if (example.variant != variant) continue;
    for (const CurlRequest& before : example.after) turns.push_back({before});
    const std::string id = "row-" + std::to_string(example.row) + "-example-" +
                           std::to_string(&example - examples.data());
    turns.push_back({example.request, &example, id});
    std::vector<std::string>& fields = turns.back().request.fields;
    fields.push_back("X-Request-Id: " + id);
    fields.push_back(std::string(kWish) + ": " + wish_of(example));
  }
  return turns;
}

std::vector<CurlAnswer> ask(const Gateway& gateway, Downstream downstream,
                            const std::vector<Turn>& turns) {
  std::vector<CurlRequest> requests;
  requests.reserve(turns.size());
  for (const Turn& turn : turns) requests.push_back(turn.request);
  return gateway.request(downstream, requests);
}

/// What holds of every answer, whoever gives it.
void expect_shown(const Turn& turn, const CurlAnswer& answer) {
  const Example& example = *turn.example;
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
  EXPECT_EQ(answer.field("x-request-id"), turn.id);
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
    const std::vector<Turn> turns = turns_of(variant, examples);
    const std::vector<CurlAnswer> answers = ask(gateway, downstream, turns);
    for (std::size_t i = 0; i < turns.size(); ++i) {
      if (turns[i].example == nullptr) continue;
      expect_shown(turns[i], answers[i]);
      if (turns[i].example->by != AnsweredBy::gateway) for_the_service.insert(turns[i].id);
    }
  }

  std::multiset<std::string> seen;
  for (const HttpMessage& request : service.requests().all()) {
    const std::string id = request.field("x-request-id");
    if (id.starts_with("row-")) seen.insert(id);
  }
  EXPECT_EQ(seen, for_the_service);
}

TEST_P(ErrorRows, HaveAnotherStatusForBatchesThatAreTooLongOnV1) {
  const auto [downstream, upstream] = GetParam();
  const Service service(upstream);
  const Gateway gateway({.upstream = service.url()});
  const std::string batch = R"({"from_phone_number_id":42,)" + list_of("messages", 1001).substr(1);
  const CurlAnswer answer = gateway.request(downstream, post(kBulkV1Path, batch));
  // The pages of v1 say 400, the error-codes page, which is about v2, 413.
  EXPECT_EQ(answer.status(), 400);
  EXPECT_EQ(answer.body, expected(row(123)).json());
  EXPECT_EQ(answer.field("x-api-deprecated"), "v1 is deprecated");
  EXPECT_EQ(answer.field("deprecation"), "true");
  EXPECT_EQ(service.requests().size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(, ErrorRows,
                         testing::Values(ProtocolPair(Downstream::h1, Upstream::h1),
                                         ProtocolPair(Downstream::h2, Upstream::h2),
                                         ProtocolPair(Downstream::tls_h1, Upstream::h2),
                                         ProtocolPair(Downstream::tls_h2, Upstream::h1)),
                         [](const auto& test) { return pair_name(test); });

// ----------------------------------------------------------------------------- and nothing else is

class ErrorRowsH1H1 : public testing::Test {
 protected:
  std::vector<CurlAnswer> ask_shipped_rules(const std::vector<CurlRequest>& requests) const {
    return gateway_.request(Downstream::h1, requests);
  }

 private:
  const Service service_{Upstream::h1};
  const Gateway gateway_{GatewayConfig{.upstream = service_.url()}};
};

TEST_F(ErrorRowsH1H1, AreShownByFaultsInRequestsThatPassWithoutThem) {
  constexpr std::size_t kMostBytes = 5UL * 1024 * 1024;
  const std::vector<CurlRequest> requests = {
      post(kSendPath, message()),
      post(kSendRawPath, message()),
      post(kBulkPath, list_of("messages", 1000)),
      post(kRawBulkPath, list_of("messages", 1000)),
      post(kMessagesV1Path, message_v1()),
      post(kContactsPath, contact()),
      put(kContactsPath, contact()),
      request("DELETE", kContactsPath, contact()),
      post(kContactBulkPath, list_of("contacts", 1000)),
      get("/api/v2/contacts/%2B14155556789"),
      get("/api/v2/contacts?list_number=%2B14155551234"),
      post(kOtpPath, otp()),
      with_key(post(kOtpPath, otp()), keys::kRestricted),
      with_key(post(kSendPath, message()), keys::kRestricted),
      with_key(get(kContactsPath), keys::kBillingBlocked),
      with_key(get(kContactsPath), keys::kFraudBlocked),
      post(kOtpVerifyPath, R"({"phone_number":"+14155556789","code":"123456"})"),
      post(kLookupPath, R"({"phone":"+14155556789","force":true})"),
      post(kLookupBatchPath, list_of("phones", 500, R"("+14155556789")")),
      post(kCreativesPath, creative()),
      put(kCreativePath, creative()),
      post(kAudiencesPath, audience()),
      put(kAudiencePath, audience()),
      post(kSchedulesPath, blast_schedule()),
      put(kSchedulePath, blast_schedule()),
      post(kSchedulesPath, weekly_schedule()),
      put(kSchedulePath, weekly_schedule()),
      post(kOffersPath, offer()),
      put(kOfferPath, offer()),
      post(kRevenuePath, revenue()),
      post(kRevenueBulkPath, list_of("records", 1000)),
      post(kHistorySendsPath, list_of("records", 1000)),
      post(kHistoryClicksPath, list_of("records", 1000)),
      post(kHistoryRevenuePath, list_of("records", 1000)),
      request("DELETE", kHistoryClearPath, R"({"entities":["sends","clicks"],"confirm":true})"),
      post(kLinksPath, link()),
      post(kShortenPath, shortening()),
      post(kSendPath, message_of_size(kMostBytes)),
  };
  const std::vector<CurlAnswer> answers = ask_shipped_rules(requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(answers[i].body, kAccepted)
        << requests[i].method << " " << requests[i].path << " " << requests[i].body.substr(0, 400);
  }
}

TEST_F(ErrorRowsH1H1, ThatAreShippedAsCommentsRefuseNothing) {
  std::vector<CurlRequest> requests;
  for (const Example& example : all_examples()) {
    if (example.variant == Variant::rules_on) requests.push_back(example.request);
  }
  const std::vector<CurlAnswer> answers = ask_shipped_rules(requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const bool has_endpoint = answers[i].status() != 404;
    EXPECT_TRUE(!has_endpoint || answers[i].body == kAccepted)
        << requests[i].method << " " << requests[i].path << " " << requests[i].body.substr(0, 400)
        << "\n"
        << answers[i].body;
  }
}

}  // namespace
}  // namespace trackly::test
