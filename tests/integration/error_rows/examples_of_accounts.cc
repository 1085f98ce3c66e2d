// What an account may do, conflicts, limits of rate, failures: rows 129 to 147.

#include "tests/integration/error_rows/example.h"

namespace trackly::test {
namespace {

/// One request more than its bucket holds.
Example over_the_limit(int row, CurlRequest request, CurlRequest before) {
  return {.row = row,
          .request = std::move(request),
          .variant = Variant::limited,
          .after = {std::move(before)}};
}

/// The service gets it and closes the connection.
Example left_open(int row, CurlRequest request) {
  return {.row = row, .request = std::move(request), .by = AnsweredBy::gateway_for_service};
}

Example forsaken(int row, CurlRequest request) {
  return {.row = row, .request = std::move(request), .variant = Variant::forsaken};
}

}  // namespace

Examples examples_of_accounts() {
  const Body to_london = message().with("to", R"("+442071234567")");
  return {
      // product_not_enabled: of the products that the page names, no endpoint is documented.
      {.row = 129,
       .request = with_key(post("/api/v2/emails", "{}"), keys::kRestricted),
       .variant = Variant::rules_on,
       .values = "email"},
      {.row = 129,
       .request = with_key(get("/api/v2/partnerships"), keys::kRestricted),
       .variant = Variant::rules_on,
       .values = "partnerships"},
      // billing_blocked
      {130, with_key(post(kSendPath, message()), keys::kBillingBlocked)},
      {130, with_key(post(kRawBulkPath, list_of("messages", 1)), keys::kBillingBlocked)},
      // fraud_blocked
      {131, with_key(post(kSendRawPath, message()), keys::kFraudBlocked)},
      {131, with_key(post(kOtpPath, otp()), keys::kFraudBlocked)},
      // geo_restricted
      {132, with_key(post(kSendPath, to_london), keys::kRestricted)},
      {132, with_key(post(kSendRawPath, to_london), keys::kRestricted)},
      {132, with_key(post(kOtpPath, otp().with("phone_number", R"("+442071234567")")),
                     keys::kRestricted)},
      // phone_type_blocked
      by_service(133, post(kOtpPath, otp())),

      // id_collision, already_active, no_domain_configured
      by_service(134, post(kHistorySendsPath, list_of("records", 1))),
      by_service(135, post(kContactsPath, contact())),
      by_service(136, post(kShortenPath, shortening())),
      by_service(136, post(kLinksPath, link())),

      // rate_limited
      over_the_limit(137, get(kContactsPath), get(kContactsPath)),
      // daily_cap_exceeded: a batch counts by its items.
      over_the_limit(138, post(kSendPath, message()), post(kBulkPath, list_of("messages", 1000))),
      // cooling_off: of one recipient, not of others.
      over_the_limit(139, post(kOtpPath, otp()), post(kOtpPath, otp())),
      over_the_limit(139, post(kOtpPath, otp().with("phone_number", R"("+14155550000")")),
                     post(kOtpPath, otp().with("phone_number", R"("+14155550000")"))),
      // limit_reached
      over_the_limit(140, post(kLookupPath, R"({"phone":"+14155556789"})"),
                     post(kLookupPath, R"({"phone":"+14155556789"})")),

      // send_failed, save_error, queue_failed
      by_service(141, post(kSendPath, message())),
      by_service(142, post(kHistoryClicksPath, list_of("records", 1))),
      by_service(143, post(kBulkPath, list_of("messages", 1))),
      // provider_sync_failed
      left_open(144, post(kSendPath, message())),
      left_open(144, post(kMessagesV1Path, message_v1())),
      by_service(144, post(kOffersPath, offer().with("external_platform", R"("tune")"))),
      // provider_error
      forsaken(145, get(kContactsPath)),
      forsaken(145, post(kMessagesV1Path, message_v1())),
      by_service(145, post(kLookupPath, R"({"phone":"+14155556789"})")),
      // redis_unavailable
      forsaken(146, post(kOtpPath, otp())),
      by_service(146, post(kOtpPath, otp())),
      // circuit_open
      {.row = 147,
       .request = post(kSendPath, message()),
       .variant = Variant::broken,
       .after = {get(kContactsPath)}},
      by_service(147, get("/api/v2/lists")),
  };
}

}  // namespace trackly::test
