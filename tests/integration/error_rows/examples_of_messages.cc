// Authentication, general and send validation, phone numbers: rows 1 to 24.

#include "tests/integration/error_rows/example.h"

namespace trackly::test {

Examples examples_of_messages() {
  return {
      // missing_api_key
      {1, without_key(post(kSendPath, message()))},
      {1, without_key(get("/api/v2/lists"))},
      {1, without_key(post(kMessagesV1Path, message_v1()))},
      // invalid_api_key
      {2, with_key(post(kSendPath, message()), keys::kUnknown)},
      {2, with_key(get(kContactsPath), "trk_short")},

      // not_found, among the 400s
      by_service(3, get("/api/v2/lists/7")),

      // confirm_required
      {4, request("DELETE", kHistoryClearPath, R"({"entities":["sends"],"confirm":false})")},
      {4, request("DELETE", kHistoryClearPath, R"({"entities":["sends"],"confirm":"true"})")},
      {4, request("DELETE", kHistoryClearPath, R"({"entities":["sends"]})")},

      // missing_to
      {5, post(kSendPath, message().without("to"))},
      {5, post(kSendPath, message().with("to", "null"))},
      {5, post(kSendPath, message().with("to", R"("")"))},
      {5, post(kSendPath, "{}")},
      {5, post(kSendRawPath, message().without("to"))},
      {5, post(kMessagesV1Path, message_v1().without("to_msisdn"))},
      {5, post(kMessagesV1Path, "{}")},
      // missing_list_number
      {6, post(kSendPath, message().without("list_number"))},
      {6, post(kSendRawPath, message().without("list_number"))},
      {6, post(kContactsPath, contact().without("list_number"))},
      {6, put(kContactsPath, contact().without("list_number"))},
      {6, request("DELETE", kContactsPath, contact().without("list_number"))},
      // missing_body
      {7, post(kSendPath, message().without("body"))},
      {7, post(kSendRawPath, message().with("body", R"("")"))},
      {7, post(kMessagesV1Path, message_v1().without("body"))},
      // invalid_phone, of the recipient
      {8, post(kSendPath, message().with("to", R"("4155556789")"))},
      {8, post(kSendPath, message().with("to", "14155556789"))},
      {8, post(kSendRawPath, message().with("to", R"("+0155556789")"))},
      {8, post(kMessagesV1Path, message_v1().with("to_msisdn", R"("nobody")"))},
      // invalid_phone, of anybody else
      {9, post(kContactsPath, contact().with("phone_number", R"("4155556789")"))},
      {9, put(kContactsPath, contact().with("phone_number", R"("+1 415 555 6789")"))},
      {9,
       request("DELETE", kContactsPath, contact().with("phone_number", R"("+12345678901234567")"))},
      {9, get("/api/v2/contacts/4155556789")},
      {9,
       post(kShortenPath, shortening().without("listId").with("phoneNumber", R"("4155556789")"))},
      {9, post(kLinksPath, link().without("listId").with("phoneNumber", R"("4155556789")"))},
      {9, post(kOtpPath, otp().with("phone_number", R"("4155556789")"))},
      {9, post(kOtpVerifyPath, R"({"phone_number":"4155556789","code":"123456"})")},
      {9, post(kLookupPath, R"({"phone":"nobody"})")},
      // invalid_list_number
      {10, post(kSendPath, message().with("list_number", R"("4155551234")"))},
      {10, post(kSendRawPath, message().with("list_number", "true"))},
      {10, post(kContactsPath, contact().with("list_number", R"("list")"))},
      {10, put(kContactsPath, contact().with("list_number", R"("list")"))},
      {10, request("DELETE", kContactsPath, contact().with("list_number", R"("list")"))},
      {10, get("/api/v2/contacts?list_number=4155551234")},
      // missing_from
      {11, post(kMessagesV1Path, message_v1().without("from_phone_number_id"))},
      {11, post(kBulkV1Path, list_of("messages", 1))},
      // missing_to_number
      by_service(12, post(kHistorySendsPath,
                          list_of("records", 1,
                                  R"({"id":"hist_0001","timestamp":"2025-03-14T09:26:53Z"})"))),
      // missing_phones
      {13, post(kLookupBatchPath, "{}")},
      {13, post(kLookupBatchPath, list_of("phones", 0))},
      // invalid_force
      {14, post(kLookupPath, R"({"phone":"+14155556789","force":"true"})")},
      {14, post(kLookupBatchPath, R"({"phones":["+14155556789"],"force":1})")},
      // invalid_channel
      {15, post(kOtpPath, otp().with("channel", R"("pigeon")"))},
      {15, post(kOtpPath, otp().with("channel", "7"))},
      // missing_consent_method, invalid_consent_method: the sample of the page that should have the
      // field leaves it out and succeeds.
      rule_on(16, post(kContactsPath, contact())),
      rule_on(17, post(kContactsPath, contact().with("consent_method", R"("telepathy")"))),
      // verbal_not_valid_for_marketing
      by_service(18, post(kContactsPath, contact().with("consent_method", R"("verbal")"))),
      // missing_messages
      {19, post(kBulkPath, "{}")},
      {19, post(kBulkPath, list_of("messages", 0))},
      {19, post(kBulkPath, R"({"messages":"all"})")},
      {19, post(kRawBulkPath, "{}")},
      {19, post(kBulkV1Path, R"({"from_phone_number_id":42})")},
      {19, post(kBulkV1Path, R"({"from_phone_number_id":42,"messages":[]})")},
      // list_not_found, webhook_not_configured
      by_service(20, post(kSendPath, message())),
      by_service(20, put(kContactsPath, contact())),
      by_service(21, post(kSendRawPath, message())),

      // missing_phone_number
      {22, post(kContactsPath, contact().without("phone_number"))},
      {22, post(kContactsPath, "{}")},
      {22, put(kContactsPath, contact().without("phone_number"))},
      {22, request("DELETE", kContactsPath, contact().without("phone_number"))},
      {22, post(kOtpPath, otp().without("phone_number"))},
      {22, post(kOtpVerifyPath, R"({"code":"123456"})")},
      // missing_phone
      {23, post(kLookupPath, "{}")},
      {23, post(kLookupPath, R"({"phone":""})")},
      // phone_type_blocked, among the 400s
      by_service(24, post(kOtpPath, otp())),
  };
}

}  // namespace trackly::test
