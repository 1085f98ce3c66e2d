#pragma once

#include <string>
#include <string_view>

#include "tests/support/curl.h"
#include "tests/support/gateway.h"

namespace trackly::test {

inline constexpr std::string_view kSendPath = "/api/v2/send";
inline constexpr std::string_view kBulkPath = "/api/v2/send/bulk";
inline constexpr std::string_view kContactsPath = "/api/v2/contacts";

/// A message that breaks no rule.
inline constexpr std::string_view kMessage =
    R"({"to":"+14155556789","list_number":"+14155551234","body":"Hello!"})";

/// POST of a JSON body with a good key.
inline CurlRequest post(std::string_view path, std::string_view body) {
  return {.method = "POST",
          .path = std::string(path),
          .fields = {key_field(), "Content-Type: application/json"},
          .body = std::string(body)};
}

inline CurlRequest send_message(std::string_view body = kMessage) { return post(kSendPath, body); }

inline CurlRequest get_contacts() {
  return {.path = std::string(kContactsPath), .fields = {key_field()}};
}

/// {"messages":[item, item, …]}
inline std::string batch_of(std::size_t count, std::string_view item = kMessage) {
  std::string body = R"({"messages":[)";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) body += ',';
    body += item;
  }
  return body + "]}";
}

/// A valid message of exactly `size` bytes.
inline std::string message_of_size(std::size_t size) {
  const std::string start = R"({"to":"+14155556789","list_number":"+14155551234","body":")";
  const std::string end = R"("})";
  return start + std::string(size - start.size() - end.size(), 'x') + end;
}

}  // namespace trackly::test
