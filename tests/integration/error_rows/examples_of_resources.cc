// Lists, contacts and other resources, limits, what is not there: rows 111 to 128.

#include "tests/integration/error_rows/example.h"

namespace trackly::test {

Examples examples_of_resources() {
  return {
      // contact_not_found, list_contact_not_found, message_not_found
      by_service(111, put(kContactsPath, contact())),
      by_service(112, put(kContactsPath, contact())),
      by_service(113, post(kRevenuePath, revenue())),
      // missing_message_id
      {114, post(kRevenuePath, "{}")},
      {114, post(kRevenuePath, revenue().without("message_id"))},
      // missing_list_identifier
      {115, post(kLinksPath, link().without("listId"))},
      {115, post(kShortenPath, shortening().without("listId"))},
      // missing_tracking_url
      {116, post(kOffersPath, offer().without("tracking_url"))},
      // missing_timestamp
      by_service(
          117, post(kHistoryClicksPath,
                    list_of("records", 1,
                            R"({"message_id":"a","offer_id":"b","phone_number":"+14155556789"})"))),
      // id_collision and already_active, among the 400s
      by_service(118, post(kHistorySendsPath, list_of("records", 1))),
      by_service(119, post(kContactsPath, contact())),
      // voice_not_enabled
      {120, with_key(post(kOtpPath, otp().with("channel", R"("voice")")), keys::kRestricted)},
      // otp_not_active, invalid_code
      by_service(121, post(kOtpVerifyPath, R"({"phone_number":"+14155556789","code":"123456"})")),
      by_service(122, post(kOtpVerifyPath, R"({"phone_number":"+14155556789","code":"123456"})")),

      // too_many_messages
      {123, post(kBulkPath, list_of("messages", 1001))},
      {123, post(kRawBulkPath, list_of("messages", 1001))},
      // too_many_contacts
      {124, post(kContactBulkPath, list_of("contacts", 1001))},
      // too_many_contacts_with_validation: the smaller number is not stated.
      rule_on(125, post(kContactBulkPath, list_of("contacts", 501, R"({"use_validation":true})"))),
      // too_many_records
      {126, post(kRevenueBulkPath, list_of("records", 1001))},
      {126, post(kHistorySendsPath, list_of("records", 1001))},
      {126, post(kHistoryClicksPath, list_of("records", 1001))},
      {126, post(kHistoryRevenuePath, list_of("records", 1001))},
      // too_many_phones
      {127, post(kLookupBatchPath, list_of("phones", 501, R"("+14155556789")"))},

      // not_found
      {128, get("/api/v2/nothing")},
      {128, get("/api/v2/contacts/")},
      {128, get("/api/v3/send")},
      {128, get("/")},
      {128, request("PATCH", kSendPath)},
      {128, get("/api/v1/nothing")},
      by_service(128, get("/api/v2/lists/7")),
      by_service(128, get(kCreativePath)),
      by_service(128, get(kAudiencePath)),
      by_service(128, request("DELETE", kOfferPath)),
      by_service(128, get(kSchedulePath)),
      by_service(128, get("/api/v2/contacts/%2B14155556789")),
  };
}

}  // namespace trackly::test
