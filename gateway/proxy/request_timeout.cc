#include "gateway/proxy/request_timeout.h"

#include <charconv>

namespace trackly::proxy {

std::optional<Duration> parse_request_timeout(std::string_view text) {
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  Duration timeout = std::chrono::milliseconds(number);
  if (unit == "s") {
    timeout = std::chrono::seconds(number);
  } else if (unit == "m") {
    timeout = std::chrono::minutes(number);
  } else if (!unit.empty() && unit != "ms") {
    return std::nullopt;
  }
  if (timeout > std::chrono::hours(24)) return std::nullopt;
  return timeout;
}

}  // namespace trackly::proxy
