// The shipped rules: which row of the catalogue answers which request. Runs the filters that judge
// bodies and parameters as the gateway would, without sockets.

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/configuration.h"
#include "filters/json_schema/compiler.h"
#include "filters/registry.h"
#include "gateway/json/held_body.h"
#include "gateway/json/parser.h"
#include "tests/support/manual_loop.h"
#include "tests/support/temp_dir.h"

namespace trackly {
namespace {

const std::string kSource = TRACKLY_SOURCE_DIR;
constexpr std::size_t kDepth = 64;
/// The verdict of filters that all let a request pass.
constexpr std::string_view kPasses = "passes";

constexpr std::string_view kSend = "POST /api/v2/send";
constexpr std::string_view kSendBulk = "POST /api/v2/send/bulk";
constexpr std::string_view kSendRaw = "POST /api/v2/send-raw";
constexpr std::string_view kSendRawBulk = "POST /api/v2/send-raw/bulk";
constexpr std::string_view kCreateContact = "POST /api/v2/contacts";
constexpr std::string_view kUpdateContact = "PUT /api/v2/contacts";
constexpr std::string_view kRemoveContact = "DELETE /api/v2/contacts";
constexpr std::string_view kContactBulk = "POST /api/v2/contacts/bulk";
constexpr std::string_view kListContacts = "GET /api/v2/contacts";
constexpr std::string_view kGetContact = "GET /api/v2/contacts/{phone_number}";
constexpr std::string_view kSendV1 = "POST /api/v1/messages";
constexpr std::string_view kSendBulkV1 = "POST /api/v1/messages/bulk";
constexpr std::string_view kLookup = "POST /api/v1/phone/validate";
constexpr std::string_view kLookupBatch = "POST /api/v1/phone/validate/batch";

/// Filters that look at bodies and parameters need neither digests nor buckets.
class NoHasher final : public Hasher {
 public:
  KeyDigest sha256(std::string_view) override { return {}; }
};
class NoBuckets final : public TokenBucketStore {
 public:
  Lookup<TakeAnswer> take(std::span<const BucketTake>, Callback) override { return TakeAnswer{}; }
  void refund(std::span<const BucketTake>) override {}
};

struct Request {
  std::string_view operation;  // method and template
  std::string body;
  std::string query;
  std::vector<std::string> path_values;
};

std::shared_ptr<const config::Configuration> load_shipped_rules() {
  const test::TempDir directory;
  const std::string path =
      directory.write("gateway.yaml",
                      "listeners: [{address: '127.0.0.1:0'}]\n"
                      "upstreams: {default: {endpoints: ['http://127.0.0.1:9']}}\n"
                      "filters: [{batch_limit: {}}, {schema: {}}]\n"
                      "api: " +
                          kSource +
                          "/config/trackly/openapi.yaml\n"
                          "errors: {catalogue: " +
                          kSource + "/config/trackly/errors.yaml}\n");
  Problems problems;
  auto configuration = config::load_configuration(
      path, filters::registry(), [](const std::string&) { return std::nullopt; }, problems);
  for (const std::string& line : problems.lines()) ADD_FAILURE() << line;
  return configuration;
}

class Rules : public testing::Test {
 protected:
  static void SetUpTestSuite() { shipped_ = load_shipped_rules(); }
  static void TearDownTestSuite() { shipped_ = nullptr; }
  void SetUp() override { ASSERT_NE(shipped_, nullptr); }

  const Operation* find(std::string_view method_and_path) const {
    for (const Operation& operation : shipped_->api.operations) {
      if (operation.method + " " + operation.path == method_and_path) return &operation;
    }
    ADD_FAILURE() << "no operation " << method_and_path;
    return nullptr;
  }

  /// The id of the row that answers the request, or "passes".
  std::string judge(const Request& request) {
    const Operation* operation = find(request.operation);
    if (operation == nullptr) return "?";
    json::HeldBody body(parser_, kDepth);
    body.append(request.body);
    Exchange exchange;
    exchange.operation = operation;
    exchange.request.method = operation->method;
    exchange.request.content_length = request.body.size();
    exchange.request.fields.add("Content-Type", "application/json");
    exchange.query = request.query;
    exchange.path_values = request.path_values;

    for (std::size_t i = 0; i < shipped_->filters.size(); ++i) {
      const auto filter = shipped_->factory_for(i, *operation).make(*operation, services_);
      if (filter == nullptr) continue;
      Verdict verdict = filter->on_request(exchange, Resume(nullptr));
      if (verdict.kind() == Verdict::Kind::hold_body) {
        exchange.body = &body;
        verdict = filter->on_request(exchange, Resume(nullptr));
      }
      if (verdict.kind() == Verdict::Kind::reject) return verdict.error()->id;
      EXPECT_EQ(verdict.kind(), Verdict::Kind::next);
    }
    return std::string(kPasses);
  }

  /// With the values that the description itself shows for the parameters of the path.
  std::string judge(std::string_view operation, std::string body) {
    return judge(Request{operation, std::move(body), {}, path_examples(operation)});
  }

  std::vector<std::string> path_examples(std::string_view operation) const {
    std::vector<std::string> values;
    for (const Parameter& parameter : find(operation)->parameters) {
      const Node* example = parameter.node->find("example");
      if (parameter.in == Parameter::In::path) values.push_back(example->text);
    }
    return values;
  }

  struct Case {
    std::string body;
    std::string_view verdict;
  };
  void expect(std::string_view operation, const std::vector<Case>& cases) {
    for (const Case& one : cases) {
      EXPECT_EQ(judge(operation, one.body), one.verdict) << operation << " " << one.body;
    }
  }

  static std::shared_ptr<const config::Configuration> shipped_;

 private:
  json::Parser parser_;
  test::ManualLoop loop_;
  NoHasher hasher_;
  NoBuckets buckets_;
  Services services_{loop_, hasher_, buckets_, nullptr};
};

std::shared_ptr<const config::Configuration> Rules::shipped_;

/// An object with the fields of `base` and `more`, as JSON text.
std::string with(std::string_view base, std::string_view more) {
  return std::string(base.substr(0, base.size() - 1)) + "," + std::string(more) + "}";
}

std::string array_of(std::size_t count, std::string_view item) {
  std::string array = "[";
  for (std::size_t i = 0; i < count; ++i) array.append(i == 0 ? "" : ",").append(item);
  return array + "]";
}

std::string object(std::string_view name, std::string_view value) {
  return "{\"" + std::string(name) + "\":" + std::string(value) + "}";
}

// ------------------------------------------------------------------------------------ v2, messages

constexpr std::string_view kMessage =
    R"({"list_number":"+14155551234","to":"+14155556789","body":"Hello!"})";

TEST_F(Rules, SendTakesWhatThePageShows) {
  expect(kSend, {{std::string(kMessage), kPasses},
                 {with(kMessage, R"("wrap_links":true,"metadata":{"campaign":"spring"},)"
                                 R"("contact_data":{"first_name":"Ada","timezone":"Europe/London",)"
                                 R"("custom_fields":{"visits":3}})"),
                  kPasses}});
}

TEST_F(Rules, SendNamesTheFirstFieldThatIsMissingInTheOrderOfThePage) {
  expect(kSend, {{R"({})", "missing_to"},
                 {R"({"to":"+14155556789"})", "missing_list_number"},
                 {R"({"body":"Hello!"})", "missing_to"},
                 {R"({"list_number":"+14155551234","to":"+14155556789"})", "missing_body"},
                 {R"({"body":"","list_number":"x","to":"+14155556789"})", "invalid_list_number"}});
}

TEST_F(Rules, SendTreatsNullAndEmptyAsMissing) {
  for (const std::string_view nothing : {R"(null)", R"("")"}) {
    const std::string value(nothing);
    expect(kSend,
           {{R"({"to":)" + value + R"(,"list_number":"+1415","body":"x"})", "missing_to"},
            {R"({"to":"+1415","list_number":)" + value + R"(,"body":"x"})", "missing_list_number"},
            {R"({"to":"+1415","list_number":"+1415","body":)" + value + "}", "missing_body"}});
  }
}

TEST_F(Rules, SendWantsE164) {
  for (const std::string_view good : {"+14155556789", "+12", "+442071838750", "+123456789012345"}) {
    const std::string number = "\"" + std::string(good) + "\"";
    expect(kSend,
           {{R"({"body":"x","to":)" + number + R"(,"list_number":)" + number + "}", kPasses}});
  }
  for (const std::string_view bad :
       {R"("14155556789")", R"("(415) 555-6789")", R"("+04155556789")", R"("+1")",
        R"("+1234567890123456")", R"("+1415555678a")", R"("+14155556789\n")", R"(" +14155556789")",
        R"(14155556789)", R"(true)", R"({})", R"(["+14155556789"])"}) {
    const std::string number(bad);
    expect(
        kSend,
        {{R"({"body":"x","list_number":"+1415","to":)" + number + "}", "invalid_phone.recipient"},
         {R"({"body":"x","to":"+1415","list_number":)" + number + "}", "invalid_list_number"}});
  }
}

TEST_F(Rules, SendWantsATextThatIsAText) {
  expect(kSend,
         {{R"({"to":"+1415","list_number":"+1415","body":5})", "missing_body"},
          {R"({"to":"+1415","list_number":"+1415","body":{}})", "missing_body"},
          {R"({"to":"+1415","list_number":"+1415","body":" "})", kPasses},
          {R"({"to":"+1415","list_number":"+1415","body":")" + std::string(100000, 'x') + "\"}",
           kPasses}});
}

TEST_F(Rules, SendWantsObjectsForMetadataAndCustomFields) {
  for (const std::string_view value : {R"("")", R"("x")", "1", "false", "[]"}) {
    const std::string wrong(value);
    expect(kSend, {{with(kMessage, "\"metadata\":" + wrong), "invalid_metadata"},
                   {with(kMessage, "\"contact_data\":{\"custom_fields\":" + wrong + "}"),
                    "invalid_custom_fields"}});
  }
}

TEST_F(Rules, SendLetsPassWhatNoRowIsAbout) {
  expect(kSend,
         {{with(kMessage, R"("wrap_links":"yes")"), kPasses},
          {with(kMessage, R"("contact_data":5)"), kPasses},
          {with(kMessage, R"("contact_data":{"first_name":1,"timezone":[]})"), kPasses},
          {with(kMessage, R"("from_the_future":{"a":[1,2,null]})"), kPasses},
          {with(kMessage, R"("metadata":null,"wrap_links":null,"contact_data":null)"), kPasses},
          {with(kMessage, R"("contact_data":{"custom_fields":null})"), kPasses},
          {with(kMessage, R"("metadata":{"n":123456789012345678901234567890})"), kPasses}});
}

TEST_F(Rules, SendRawIsJudgedAsSendWhateverItsFlags) {
  expect(kSendRaw,
         {{std::string(kMessage), kPasses},
          {with(kMessage, R"("skip_duplicate_check":true,"skip_rate_limit":"x")"), kPasses},
          {with(kMessage, R"("metadata":"x")"), "invalid_metadata"},
          {R"({"skip_contact_validation":true})", "missing_to"},
          {R"({"to":"1415"})", "invalid_phone.recipient"},
          {R"({"to":"+1415"})", "missing_list_number"},
          {R"({"to":"+1415","list_number":1})", "invalid_list_number"},
          {R"({"to":"+1415","list_number":"+1415"})", "missing_body"}});
}

// ---------------------------------------------------------------------------------------- batches

TEST_F(Rules, BatchesAreJudgedAsAWholeAndNeverByTheirItems) {
  struct Batch {
    std::string_view operation;
    std::string_view array;
    std::string_view missing;
  };
  for (const Batch& batch : {Batch{kSendBulk, "messages", "missing_messages"},
                             Batch{kSendRawBulk, "messages", "missing_messages"},
                             Batch{kContactBulk, "contacts", "missing_contacts"},
                             Batch{kLookupBatch, "phones", "missing_phones"}}) {
    expect(batch.operation, {{R"({})", batch.missing},
                             {object(batch.array, "null"), batch.missing},
                             {object(batch.array, R"("")"), batch.missing},
                             {object(batch.array, "[]"), batch.missing},
                             {object(batch.array, "{}"), batch.missing},
                             {object(batch.array, R"("x")"), batch.missing},
                             {object(batch.array, "[{}]"), kPasses},
                             {object(batch.array, R"([null,"",5,{"to":true},[]])"), kPasses}});
  }
}

TEST_F(Rules, BatchesMayHoldAsManyItemsAsThePageSays) {
  struct Batch {
    std::string_view operation;
    std::string_view array;
    std::size_t maximum;
    std::string_view too_many;
  };
  for (const Batch& batch : {Batch{kSendBulk, "messages", 1000, "too_many_messages"},
                             Batch{kSendRawBulk, "messages", 1000, "too_many_messages"},
                             Batch{kContactBulk, "contacts", 1000, "too_many_contacts"},
                             Batch{kLookupBatch, "phones", 500, "too_many_phones"}}) {
    const auto items = [&](std::size_t count) {
      return object(batch.array, array_of(count, "{}"));
    };
    EXPECT_EQ(judge(batch.operation, items(batch.maximum)), kPasses) << batch.operation;
    EXPECT_EQ(judge(batch.operation, items(batch.maximum + 1)), batch.too_many) << batch.operation;
  }
}

// ---------------------------------------------------------------------------------- v2, contacts

constexpr std::string_view kContact =
    R"({"phone_number":"+14155556789","list_number":"+14155551234"})";

TEST_F(Rules, ContactsNeedTheirNumbers) {
  for (const std::string_view operation : {kCreateContact, kUpdateContact, kRemoveContact}) {
    expect(operation,
           {{R"({})", "missing_phone_number"},
            {R"({"phone_number":""})", "missing_phone_number"},
            {R"({"phone_number":null,"list_number":"x"})", "missing_phone_number"},
            {R"({"phone_number":"4155556789"})", "invalid_phone.e164"},
            {R"({"phone_number":14155556789})", "invalid_phone.e164"},
            {R"({"phone_number":"+14155556789"})", "missing_list_number"},
            {R"({"phone_number":"+14155556789","list_number":"1415"})", "invalid_list_number"},
            {R"({"phone_number":"+14155556789","list_number":false})", "invalid_list_number"}});
  }
  expect(kRemoveContact, {{std::string(kContact), kPasses}});
}

TEST_F(Rules, CreateContactTakesWhatThePageShows) {
  expect(kCreateContact,
         {{std::string(kContact), kPasses},
          {with(kContact, R"("use_journeys":true,"skip_journey_if_exists":false,)"
                          R"("signup_date":"2025-03-14T09:26:53Z","ip_address":"203.0.113.7",)"
                          R"("url":"https://example.com/join","use_validation":false,)"
                          R"("custom_fields":{"name":"Ada","visits":3,"vip":true})"),
           kPasses},
          {with(kContact, R"("signup_date":null,"ip_address":null,"url":null,)"
                          R"("custom_fields":null,"use_validation":null)"),
           kPasses},
          {with(kContact, R"("url":"not a url","use_journeys":"x","consent_method":"any")"),
           kPasses}});
}

TEST_F(Rules, CreateContactReadsTimesInEveryFormOfIso8601) {
  for (const std::string_view good :
       {"2025-03-14T09:26:53Z", "2025-03-14T09:26:53.589793+02:00", "2025-03-14T09:26:53",
        "2025-03-14 09:26:53", "2025-03-14T09:26", "2025-03-14", "20250314T092653Z", "20250314",
        "2025-03", "2025", "2025-W11-5", "2025-073", "2025-03-14T24:00:00Z", "2025-03-14t09:26:53z",
        "2025-03-14T09:26:53,5-0800", "2016-12-31T23:59:60Z"}) {
    const std::string field = "\"signup_date\":\"" + std::string(good) + "\"";
    expect(kCreateContact, {{with(kContact, field), kPasses}});
  }
  for (const std::string_view bad :
       {R"("yesterday")", R"("")", R"("2025-13-01")", R"("2025-03-32")", R"("2025-03-14T25:00")",
        R"("2025-03-14T09:61")", R"("14/03/2025")", R"("1741944413")", R"(1741944413)", R"({})"}) {
    const std::string field = "\"signup_date\":" + std::string(bad);
    expect(kCreateContact, {{with(kContact, field), "invalid_timestamp"}});
  }
}

TEST_F(Rules, CreateContactReadsBothKindsOfAddress) {
  for (const std::string_view good : {"203.0.113.7", "0.0.0.0", "2001:db8::1", "::1",
                                      "::", "::ffff:203.0.113.7", "2001:DB8:0:0:8:800:200C:417A"}) {
    const std::string field = "\"ip_address\":\"" + std::string(good) + "\"";
    expect(kCreateContact, {{with(kContact, field), kPasses}});
  }
  for (const std::string_view bad : {R"("")", R"("256.1.1.1")", R"("1.2.3")", R"("2001:db8")",
                                     R"("example.com")", R"("1.2.3.4:80")", R"(1)", R"([])"}) {
    const std::string field = "\"ip_address\":" + std::string(bad);
    expect(kCreateContact, {{with(kContact, field), "invalid_ip_address"}});
  }
}

TEST_F(Rules, CreateContactWantsPlainValuesInCustomFields) {
  for (const std::string_view bad :
       {R"("")", R"("x")", "[]", "7", R"({"a":{}})", R"({"a":1,"b":[]})"}) {
    expect(kCreateContact,
           {{with(kContact, "\"custom_fields\":" + std::string(bad)), "invalid_custom_fields"}});
  }
  expect(kCreateContact,
         {{with(kContact, R"("custom_fields":{"a":"","b":1.5e400,"c":false,"d":null})"), kPasses}});
}

TEST_F(Rules, CreateContactTakesUpTo4000Bytes) {
  const auto sized = [](std::size_t size) {
    std::string contact = with(kContact, R"("url":"")");
    return contact.insert(contact.size() - 2, std::string(size - contact.size(), 'x'));
  };
  ASSERT_EQ(sized(4000).size(), 4000U);
  expect(kCreateContact, {{sized(4000), kPasses}, {sized(4001), "payload_too_large"}});
}

TEST_F(Rules, CreateContactDoesNotCountWhatAJsonLibraryAdds) {
  const std::string spread = std::string(kContact).insert(1, std::string(4000, ' '));
  std::string escaped;
  for (int i = 0; i < 900; ++i) escaped += R"(\u00e9\/)";
  expect(kCreateContact,
         {{spread, kPasses},
          {with(kContact, "\"url\":\"" + escaped + "\""), kPasses},
          {with(kContact, "\"url\":\"" + escaped + escaped + "\""), "payload_too_large"}});
}

TEST_F(Rules, UpdateContactNeedsCustomFields) {
  expect(kUpdateContact,
         {{std::string(kContact), "missing_custom_fields"},
          {with(kContact, R"("custom_fields":null)"), "missing_custom_fields"},
          {with(kContact, R"("custom_fields":[])"), "invalid_custom_fields"},
          {with(kContact, R"("custom_fields":"x")"), "invalid_custom_fields"},
          {with(kContact, R"("custom_fields":{"visits":4},"merge_fields":false)"), kPasses},
          {with(kContact, R"("custom_fields":{},"merge_fields":"x")"), kPasses}});
}

TEST_F(Rules, ListContactsJudgesTheListNumberAlone) {
  const auto verdict = [this](std::string query) {
    return judge(Request{kListContacts, {}, std::move(query), {}});
  };
  for (const std::string_view good :
       {"", "list_number=%2B14155551234", "list_number=+14155551234", "active=perhaps",
        "page=0&per_page=99999", "page=x", "page=", "unknown=1", "list_number=%2B1415&page=2"}) {
    EXPECT_EQ(verdict(std::string(good)), kPasses) << good;
  }
  for (const std::string_view bad :
       {"list_number=14155551234", "list_number=x", "page=1&list_number=%2B0"}) {
    EXPECT_EQ(verdict(std::string(bad)), "invalid_list_number") << bad;
  }
}

TEST_F(Rules, GetContactWantsE164InThePath) {
  const auto verdict = [this](std::string number) {
    return judge(Request{kGetContact, {}, {}, {std::move(number)}});
  };
  EXPECT_EQ(verdict("+14155556789"), kPasses);
  EXPECT_EQ(verdict("14155556789"), "invalid_phone.e164");
  EXPECT_EQ(verdict("ada"), "invalid_phone.e164");
}

// ---------------------------------------------------------------------------------------------- v1

constexpr std::string_view kMessageV1 =
    R"({"to_msisdn":"4155556789","body":"Hello!","from_phone_number_id":42})";

TEST_F(Rules, SendV1NamesTheFirstFieldThatIsMissingInTheOrderOfThePage) {
  expect(kSendV1, {{std::string(kMessageV1), kPasses},
                   {R"({})", "missing_to"},
                   {R"({"body":"x","from_phone_number_id":42})", "missing_to"},
                   {R"({"to_msisdn":null,"to":""})", "missing_to"},
                   {R"({"to_msisdn":"4155556789"})", "missing_body"},
                   {R"({"to_msisdn":"4155556789","body":""})", "missing_body"},
                   {R"({"to_msisdn":"4155556789","body":7})", "missing_body"},
                   {R"({"to_msisdn":"4155556789","body":"x"})", "missing_from"},
                   {R"({"to_msisdn":"4155556789","body":"x","from_phone_number_id":null})",
                    "missing_from"}});
}

TEST_F(Rules, SendV1TakesTheOlderNameOfTheRecipient) {
  expect(kSendV1,
         {{R"({"to":"+14155556789","body":"x","from_phone_number_id":"a1"})", kPasses},
          {R"({"to":"4155556789","to_msisdn":"","body":"x","from_phone_number_id":1})", kPasses},
          {R"({"to":"?","to_msisdn":"4155556789","body":"x","from_phone_number_id":1})", kPasses},
          {R"({"to":"?","body":"x","from_phone_number_id":1})", "invalid_phone.recipient"}});
}

TEST_F(Rules, V1TakesLooseForms) {
  for (const std::string_view good :
       {R"("14155551234")", R"("4155551234")", R"("(415) 555-1234")", R"("+1 415.555.1234")",
        R"(4155551234)", R"("1-800-FLOWERS")"}) {
    const std::string number(good);
    expect(kSendV1,
           {{R"({"body":"x","from_phone_number_id":1,"to_msisdn":)" + number + "}", kPasses}});
    expect(kLookup, {{object("phone", number), kPasses}});
  }
  for (const std::string_view bad : {R"("none")", R"("+")", "true", "{}", "[]"}) {
    const std::string number(bad);
    expect(kSendV1, {{R"({"body":"x","from_phone_number_id":1,"to_msisdn":)" + number + "}",
                      "invalid_phone.recipient"}});
    expect(kLookup, {{object("phone", number), "invalid_phone.e164"}});
  }
}

TEST_F(Rules, SendV1IgnoresMetadata) {
  expect(kSendV1, {{with(kMessageV1, R"("metadata":"x")"), kPasses},
                   {with(kMessageV1, R"("metadata":null)"), kPasses}});
}

TEST_F(Rules, SendBulkV1HasLimitsOfItsOwn) {
  const auto batch = [](std::string_view messages) {
    return R"({"from_phone_number_id":42,"messages":)" + std::string(messages) + "}";
  };
  expect(kSendBulkV1, {{R"({})", "missing_from"},
                       {R"({"from_phone_number_id":42})", "missing_messages"},
                       {R"({"messages":[{}]})", "missing_from"},
                       {batch("[]"), "missing_messages"},
                       {batch("{}"), "missing_messages"},
                       {batch(R"([{},null,"x"])"), kPasses},
                       {batch(array_of(1000, "{}")), kPasses},
                       {batch(array_of(1001, "{}")), "too_many_messages.v1"}});
}

TEST_F(Rules, ForceIsStrictlyABoolean) {
  for (const std::string_view operation : {kLookup, kLookupBatch}) {
    const std::string_view request =
        operation == kLookup ? R"({"phone":"4155556789"})" : R"({"phones":["x"]})";
    expect(operation, {{std::string(request), kPasses},
                       {with(request, R"("force":true)"), kPasses},
                       {with(request, R"("force":null)"), kPasses},
                       {with(request, R"("force":"true")"), "invalid_force"},
                       {with(request, R"("force":"")"), "invalid_force"},
                       {with(request, R"("force":1)"), "invalid_force"}});
  }
  expect(kLookup, {{R"({"force":1})", "missing_phone"}, {R"({"phone":""})", "missing_phone"}});
}

TEST_F(Rules, ContactsOfV1AcceptAnything) {
  for (const std::string_view operation :
       {"POST /api/v1/contacts", "PUT /api/v1/contacts", "PATCH /api/v1/contacts",
        "DELETE /api/v1/contacts/{msisdn}"}) {
    EXPECT_EQ(judge(Request{operation, "no JSON at all", "a=b", {"?"}}), kPasses) << operation;
  }
}

// ------------------------------------------------------------------------------------ every rule

TEST_F(Rules, ABodyThatCannotBeReadIsInvalidInputEverywhere) {
  for (const Operation& operation : shipped_->api.operations) {
    if (!operation.json_body) continue;
    const std::string name = operation.method + " " + operation.path;
    expect(name, {{"", "invalid_input"},
                  {"{", "invalid_input"},
                  {"[]", "invalid_input"},
                  {R"({"a":1,"a":2})", "invalid_input"},
                  {"\xEF\xBB\xBF{}", "invalid_input"}});
  }
}

TEST_F(Rules, HaveNoKeywordThatRefusesWithoutARow) {
  const auto expect_rows = [this](const Node* schema) {
    if (schema == nullptr) return;
    Problems problems;
    const auto program = json_schema::compile(
        shipped_->api.document, *schema,
        [this](const std::string& id, const std::string&, const Mark&, Problems&) {
          return shipped_->errors.reply(id);
        },
        problems);
    ASSERT_TRUE(program.has_value()) << problems.lines().front();
    for (const auto& [mark, keyword] : program->keywords_without_row()) {
      ADD_FAILURE() << mark.to_string() << ": " << keyword;
    }
  };
  for (const Operation& operation : shipped_->api.operations) {
    expect_rows(operation.body_schema);
    for (const Parameter& parameter : operation.parameters) expect_rows(parameter.schema);
  }
}

TEST_F(Rules, NeverAnswerWithTheRowForRulesThatNameNone) {
  const std::array<std::string, 9> odd = {"null",  "true", "0",    "-1e999", "\"\"",
                                          "\"x\"", "[]",   "[{}]", "{}"};
  for (const Operation& operation : shipped_->api.operations) {
    if (operation.body_schema == nullptr) continue;
    const std::string name = operation.method + " " + operation.path;
    for (const std::string_view field : {"to",
                                         "list_number",
                                         "body",
                                         "wrap_links",
                                         "contact_data",
                                         "metadata",
                                         "messages",
                                         "skip_rate_limit",
                                         "phone_number",
                                         "use_journeys",
                                         "signup_date",
                                         "ip_address",
                                         "url",
                                         "custom_fields",
                                         "use_validation",
                                         "merge_fields",
                                         "contacts",
                                         "to_msisdn",
                                         "from_phone_number_id",
                                         "phone",
                                         "phones",
                                         "force"}) {
      for (const std::string& value : odd) {
        EXPECT_NE(judge(name, object(field, value)), "validation_failed")
            << name << " " << field << " " << value;
      }
    }
  }
}

}  // namespace
}  // namespace trackly
