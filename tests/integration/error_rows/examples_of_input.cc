// Generic input validation: rows 25 to 43.

#include "tests/integration/error_rows/example.h"

namespace trackly::test {

Examples examples_of_input() {
  constexpr std::size_t kMostBytes = 5UL * 1024 * 1024;
  return {
      // invalid_input
      {25, post(kSendPath, R"({"to":"+14155556789",)")},
      {25, post(kSendPath, "[]")},
      {25, post(kSchedulesPath, "to=nobody")},
      {25, request("PUT", kOfferPath, R"("text")")},
      {25, request("DELETE", kHistoryClearPath, R"({"confirm":true,"confirm":true})")},
      {25, post(kMessagesV1Path, "\xff")},
      // missing_fields
      rule_on(26, post("/api/v2/onboarding", R"({"email":"ada@shop.example"})")),
      // missing_id
      by_service(27, post(kHistorySendsPath,
                          list_of("records", 1,
                                  R"({"to_number":"+14155556789","timestamp":"2025-03-14"})"))),
      // missing_url
      rule_on(28, post("/api/v2/webhooks", R"({"events":["delivery"]})")),
      // missing_url_or_offer
      {29, post(kShortenPath, shortening().without("url"))},
      {29, post(kShortenPath, "{}")},
      // invalid_url
      {30, post(kShortenPath, shortening().with("url", R"("not a url")"))},
      {30, post(kShortenPath, shortening().with("url", "7"))},
      {30, post(kOffersPath, offer().with("tracking_url", R"("not a url")"))},
      {30, put(kOfferPath, Body{{"tracking_url", R"("not a url")"}})},
      // invalid_url_scheme
      {31, post(kShortenPath, shortening().with("url", R"("ftp://shop.example/spring")"))},
      {31, post(kOffersPath, offer().with("tracking_url", R"("javascript:void")"))},
      {31, put(kOfferPath, Body{{"tracking_url", R"("ftp://shop.example/")"}})},
      // unsafe_url
      by_service(32, post(kShortenPath, shortening())),
      // url_too_long, field_too_long, too_long: nobody states the caps.
      rule_on(33, post("/api/v2/webhooks",
                       Body{{"url", text_of(2049)}, {"events", R"(["delivery"])"}})),
      rule_on(34, post("/api/v2/onboarding",
                       Body{{"email", R"("ada@shop.example")"}, {"company", text_of(101)}})),
      rule_on(35, post("/api/v2/notes", Body{{"note", text_of(101)}})),
      // invalid_metadata
      {36, post(kSendPath, message().with("metadata", R"("spring")"))},
      {36, post(kSendRawPath, message().with("metadata", "[]"))},
      {36, post(kShortenPath, shortening().with("metadata", "7"))},
      {36, post(kOtpPath, otp().with("metadata", "true"))},
      {36, post(kOffersPath, offer().with("metadata", R"("spring")"))},
      {36, post(kOffersPath, offer().with("metadata", R"({"season":7})"))},
      // metadata_too_large
      {37, post(kOtpPath, otp().with("metadata", R"({"note":)" + text_of(1024) + "}"))},
      // invalid_ip_address
      {38, post(kContactsPath, contact().with("ip_address", R"("203.0.113.256")"))},
      {38, post(kOtpPath, otp().with("ip_address", R"("2001:db8:::1")"))},
      // invalid_timestamp
      {39, post(kContactsPath, contact().with("signup_date", R"("yesterday")"))},
      {39, post(kRevenuePath, revenue().with("timestamp", R"("2025-13-14T09:26:53Z")"))},
      {39, request("DELETE", kHistoryClearPath,
                   R"({"entities":["sends"],"confirm":true,"before_date":"last week"})")},
      // mutually_exclusive: nobody states which fields are.
      rule_on(40,
              post("/api/v2/notes", R"({"note":"x","list_id":7,"list_number":"+14155551234"})")),
      // payload_too_large
      {41, post(kSendPath, message_of_size(kMostBytes + 1))},
      {41, post(kBulkPath, std::string(kMostBytes + 1, ' '))},
      {41, post(kContactsPath, contact().with("notes", text_of(4000)))},
      // required: nobody states of what.
      rule_on(42, post("/api/v2/notes", R"({"list_id":7})")),
      // validation_failed: of a number that was looked up; and here of a keyword without a row,
      // which the shipped rules do not have.
      by_service(43, post(kContactsPath, contact().with("use_validation", "true"))),
      rule_on(43, post("/api/v2/notes", R"({"note":"x","color":"green"})")),
  };
}

}  // namespace trackly::test
