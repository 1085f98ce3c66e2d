#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/curl.h"
#include "tests/support/gateway.h"
#include "tests/support/sample_requests.h"

namespace trackly::test {

/// The gateway that an example is put to.
enum class Variant : std::uint8_t {
  shipped,   // the shipped rules, in front of a service
  rules_on,  // rules_that_are_off.yaml, in front of a service: what is shipped as a comment
  limited,   // the shipped rules and some token buckets, in front of a service
  forsaken,  // the shipped rules; neither the service nor the limiter's Redis is there
  broken,    // the shipped rules; the service is not there, and one failure opens the breaker
};
inline constexpr Variant kEveryVariant[] = {Variant::shipped, Variant::rules_on, Variant::limited,
                                            Variant::forsaken, Variant::broken};

/// Who gives the answer, and what the service sees.
enum class AnsweredBy : std::uint8_t {
  gateway,              // the service sees nothing
  gateway_for_service,  // the service gets the request and closes the connection
  service,
};

/// A request that shows a row of the page.
struct Example {
  int row = 0;
  CurlRequest request = {};
  Variant variant = Variant::shipped;
  AnsweredBy by = AnsweredBy::gateway;
  std::string values = {};  // that fill the row's template
  /// Requests that have to be made before.
  std::vector<CurlRequest> after = {};
};
using Examples = std::vector<Example>;

/// Tables of examples, in the order of the page. All requests are derived from the vendor's pages.
Examples examples_of_messages();   // rows 1 to 24
Examples examples_of_input();      // 25 to 43
Examples examples_of_creatives();  // 44 to 55
Examples examples_of_audiences();  // 56 to 89
Examples examples_of_schedules();  // 90 to 102
Examples examples_of_offers();     // 103 to 110
Examples examples_of_resources();  // 111 to 128
Examples examples_of_accounts();   // 129 to 147

// ------------------------------------------------------------------------- to write examples with

/// A JSON object whose members keep their order; values are JSON.
class Body {
 public:
  using Member = std::pair<std::string, std::string>;
  Body(std::initializer_list<Member> members) : members_(members) {}

  /// The same with another value, or with one more member at the end.
  Body with(std::string_view name, std::string_view json) const;
  Body without(std::string_view name) const;
  std::string json() const;

 private:
  std::vector<Member> members_;
};

/// A JSON string of `size` characters, `tail` at its end.
std::string text_of(std::size_t size, std::string_view tail = {});

/// With a key of an active account; a body is sent as JSON.
CurlRequest request(std::string_view method, std::string_view path, const std::string& body = {});
inline CurlRequest request(std::string_view method, std::string_view path, const Body& body) {
  return request(method, path, body.json());
}
inline CurlRequest post(std::string_view path, const Body& body) { return post(path, body.json()); }
inline CurlRequest put(std::string_view path, const Body& body) {
  return request("PUT", path, body);
}
inline CurlRequest get(std::string_view path) { return request("GET", path); }

CurlRequest without_key(CurlRequest request);
CurlRequest with_key(CurlRequest request, std::string_view key);

/// The service answers the request with that row, in its own spelling.
Example by_service(int row, CurlRequest request, std::string values = {});
/// Judged by a rule that is shipped as a comment.
Example rule_on(int row, CurlRequest request);

// Valid requests to begin with.
inline constexpr std::string_view kSendRawPath = "/api/v2/send-raw";
inline constexpr std::string_view kRawBulkPath = "/api/v2/send-raw/bulk";
inline constexpr std::string_view kContactBulkPath = "/api/v2/contacts/bulk";
inline constexpr std::string_view kOtpPath = "/api/v2/otp/send";
inline constexpr std::string_view kOtpVerifyPath = "/api/v2/otp/verify";
inline constexpr std::string_view kMessagesV1Path = "/api/v1/messages";
inline constexpr std::string_view kBulkV1Path = "/api/v1/messages/bulk";
inline constexpr std::string_view kLookupPath = "/api/v1/phone/validate";
inline constexpr std::string_view kLookupBatchPath = "/api/v1/phone/validate/batch";
inline constexpr std::string_view kCreativesPath = "/api/v2/creatives";
inline constexpr std::string_view kCreativePath = "/api/v2/creatives/42";
inline constexpr std::string_view kAudiencesPath = "/api/v2/audiences";
inline constexpr std::string_view kAudiencePath = "/api/v2/audiences/507f1f77bcf86cd799439011";
inline constexpr std::string_view kSchedulesPath = "/api/v2/schedules";
inline constexpr std::string_view kSchedulePath = "/api/v2/schedules/507f1f77bcf86cd799439012";
inline constexpr std::string_view kOffersPath = "/api/v2/offers";
inline constexpr std::string_view kOfferPath = "/api/v2/offers/offer_123";
inline constexpr std::string_view kRevenuePath = "/api/v2/revenue";
inline constexpr std::string_view kRevenueBulkPath = "/api/v2/revenue/bulk";
inline constexpr std::string_view kHistorySendsPath = "/api/v2/history/sends";
inline constexpr std::string_view kHistoryClicksPath = "/api/v2/history/clicks";
inline constexpr std::string_view kHistoryRevenuePath = "/api/v2/history/revenue";
inline constexpr std::string_view kHistoryClearPath = "/api/v2/history/clear";
inline constexpr std::string_view kLinksPath = "/api/v2/links";
inline constexpr std::string_view kShortenPath = "/api/v2/links/shorten";

Body message();
Body message_v1();
Body contact();  // also for the update, with its custom_fields
Body otp();
Body creative();
Body audience();
Body blast_schedule();  // once, in one blast
Body weekly_schedule();
Body offer();
Body revenue();
Body link();
Body shortening();

/// {"<name>":[item, item, …]}
std::string list_of(std::string_view name, std::size_t count, std::string_view item = "{}");

}  // namespace trackly::test
