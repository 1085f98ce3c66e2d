#include "gateway/proxy/reply.h"

#include <array>
#include <ctime>

#include "gateway/api/request_id.h"

namespace trackly::proxy {
namespace {

constexpr std::string_view kName = "trackly-gateway";

bool needs_retry_after(int status) { return status == 429 || status == 503; }

/// RFC 9110 section 10.2.3: whole seconds, at least one, or a date in the form of section 5.6.7. A
/// service's value that is neither would tell a client nothing.
bool is_retry_after(std::string_view value) {
  constexpr std::size_t kDateSize = std::string_view("Sun, 06 Nov 1994 08:49:37 GMT").size();
  if (value.size() == kDateSize) return value.substr(3, 2) == ", " && value.ends_with(" GMT");
  return !value.empty() && value.find_first_not_of("0123456789") == value.npos &&
         value.find_first_not_of('0') != value.npos;
}

/// Who refuses is told apart: a rule (denied) from a request that could not be read or routed
/// (error).
std::string_view refusal_type(const Exchange& exchange) {
  if (exchange.local_reply->status >= 500) return "proxy_internal_error";
  return exchange.refused_by.empty() ? "http_request_error" : "http_request_denied";
}

}  // namespace

CoreErrors::CoreErrors(const ErrorCatalogue& catalogue)
    : malformed(catalogue.reply("invalid_input")),
      uri_too_long(catalogue.reply("invalid_input.uri_too_long")),
      head_too_large(catalogue.reply("invalid_input.head_too_large")),
      too_slow(catalogue.reply("invalid_input.timeout")),
      expectation_failed(catalogue.reply("invalid_input.expectation")),
      not_found(catalogue.reply("not_found")),
      unavailable(catalogue.reply("provider_error")),
      circuit_open(catalogue.reply("circuit_open")),
      outcome_unknown(catalogue.reply("provider_sync_failed")),
      internal(catalogue.reply("send_failed")) {}

const ErrorRef& CoreErrors::of(http::HeadFault fault) const {
  switch (fault) {
    case http::HeadFault::malformed:
      return malformed;
    case http::HeadFault::uri_too_long:
      return uri_too_long;
    case http::HeadFault::head_too_large:
      return head_too_large;
    case http::HeadFault::timeout:
      return too_slow;
  }
  return malformed;
}

std::string proxy_status(const Exchange& exchange) {
  std::string member(kName);
  if (exchange.failure != UpstreamFailure::none) {
    const std::string_view error = proxy_status_error(exchange.failure);
    if (!error.empty()) member.append("; error=").append(error);
    if (exchange.failure == UpstreamFailure::foreign_error) {
      member += "; received-status=" + std::to_string(exchange.received_status);
    }
    return member;
  }
  member.append("; error=").append(refusal_type(exchange));
  const ErrorReply& reply = *exchange.local_reply;
  // A filter's reason is its code; without one, the flag is more exact than a code for many faults.
  const bool use_flag = exchange.refused_by.empty() && !exchange.flag.empty();
  const std::string_view reason = use_flag ? exchange.flag : std::string_view(reply.code);
  // Codes and ids of the catalogue are words: nothing in them needs to be escaped.
  return member.append("; details=\"").append(reason.empty() ? reply.id : reason).append("\"");
}

LocalReply write_reply(const Exchange& exchange, const std::string& message, WallTime now) {
  const ErrorReply& error = *exchange.local_reply;
  LocalReply reply;
  reply.body = message.empty() ? error.body : error.body_with_message(message);
  reply.head.status = error.status;
  reply.head.content_length = reply.body.size();
  FieldList& fields = reply.head.fields;
  fields.add("Content-Type", "application/json");
  fields.add("Date", http_date(now));
  fields.add("Proxy-Status", proxy_status(exchange));
  for (const FieldList::Field& field : exchange.response_fields)
    fields.add(field.name, field.value);
  if (needs_retry_after(error.status) && !is_retry_after(fields.find("Retry-After").value_or(""))) {
    fields.set("Retry-After", "1");
  }
  fields.set(kRequestIdField, exchange.request_id);
  return reply;
}

std::string http_date(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  // One line a second is formatted, for each worker.
  thread_local std::time_t formatted_for = -1;
  thread_local std::string text;
  if (seconds != formatted_for) {
    static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                         "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> kMonths = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 32> buffer{};
    // Not strftime: its names follow the process locale.
    std::snprintf(buffer.data(), buffer.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                  kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                  kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                  utc.tm_min, utc.tm_sec);
    text = buffer.data();
    formatted_for = seconds;
  }
  return text;
}

}  // namespace trackly::proxy
