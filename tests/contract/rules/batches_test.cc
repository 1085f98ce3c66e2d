// Bulk requests: the edge judges the envelope, the service the items.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/contract/rules/description.h"
#include "tests/contract/rules/rules.h"

namespace trackly::test {
namespace {

struct Batch {
  std::string_view operation;
  std::string_view array;
  std::size_t maximum;
  std::string_view missing;
  std::string_view too_many;
  std::string_view rest = "";  // members that the request needs besides

  std::string of(std::string_view items) const {
    return rest.empty() ? object(array, items)
                        : with("{" + std::string(rest) + "}",
                               "\"" + std::string(array) + "\":" + std::string(items));
  }
};

constexpr Batch kBatches[] = {
    {"POST /api/v2/send/bulk", "messages", 1000, "missing_messages", "too_many_messages"},
    {"POST /api/v2/send-raw/bulk", "messages", 1000, "missing_messages", "too_many_messages"},
    {"POST /api/v2/contacts/bulk", "contacts", 1000, "missing_contacts", "too_many_contacts"},
    {"POST /api/v2/revenue/bulk", "records", 1000, "missing_records", "too_many_records"},
    {"POST /api/v2/history/sends", "records", 1000, "missing_records", "too_many_records"},
    {"POST /api/v2/history/clicks", "records", 1000, "missing_records", "too_many_records"},
    {"POST /api/v2/history/revenue", "records", 1000, "missing_records", "too_many_records"},
    {"POST /api/v1/messages/bulk", "messages", 1000, "missing_messages", "too_many_messages.v1",
     R"("from_phone_number_id":42)"},
    {"POST /api/v1/phone/validate/batch", "phones", 500, "missing_phones", "too_many_phones"},
};

TEST_F(Rules, BatchesAreAllListedHere) {
  for (const Operation& operation : shipped().api().operations) {
    if (!operation.batch) continue;
    bool listed = false;
    for (const Batch& batch : kBatches) listed = listed || batch.operation == name_of(operation);
    EXPECT_TRUE(listed) << name_of(operation);
  }
}

TEST_F(Rules, BatchesNeedAnArrayThatIsNotEmpty) {
  for (const Batch& batch : kBatches) {
    expect(batch.operation, {{with(batch.of("[{}]"), R"("unknown":[])"), kPasses},
                             {"{" + std::string(batch.rest) + "}", batch.missing},
                             {batch.of("null"), batch.missing},
                             {batch.of(R"("")"), batch.missing},
                             {batch.of("[]"), batch.missing},
                             {batch.of("{}"), batch.missing},
                             {batch.of("true"), batch.missing},
                             {batch.of(R"("x")"), batch.missing}});
  }
}

TEST_F(Rules, BatchesMayHoldAsManyItemsAsThePageSays) {
  for (const Batch& batch : kBatches) {
    expect(batch.operation, {{batch.of(array_of(batch.maximum, "{}")), kPasses},
                             {batch.of(array_of(batch.maximum + 1, "{}")), batch.too_many}});
  }
}

TEST_F(Rules, BatchesPassWhoseItemsAreAllWrong) {
  for (const Batch& batch : kBatches) {
    for (const std::string_view item :
         {"null", R"("")", "5", "true", "[]", "{}", R"({"to":"1415","list_number":5,"body":""})",
          R"({"phone_number":true,"custom_fields":[],"use_validation":"x"})",
          R"({"message_id":null,"revenue":-1,"attribution_type":"x","timestamp":"yesterday"})",
          R"({"id":"","to_number":"1415","timestamp":{}})", R"({"to_msisdn":"none"})"}) {
      expect(batch.operation, {{batch.of(array_of(batch.maximum, item)), kPasses}});
    }
  }
}

TEST_F(Rules, BatchesOfRevenueMayBeImported) {
  const std::string batch = R"({"records":[{}]})";
  for (const std::string_view imported : {"true", "false", "null", R"("yes")", "1"}) {
    expect("POST /api/v2/revenue/bulk",
           {{with(batch, "\"imported\":" + std::string(imported)), kPasses}});
  }
}

}  // namespace
}  // namespace trackly::test
