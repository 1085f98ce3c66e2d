#include "gateway/proxy/request_timeout.h"

#include <charconv>

namespace trackly::proxy {

std::optional<Duration> parse_request_timeout(std::string_view text) {
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  // In milliseconds until it is known to be no more than a day: nanoseconds would overflow.
  using std::chrono::milliseconds;
  std::optional<milliseconds> timeout;
  if (unit.empty() || unit == "ms") timeout = milliseconds(number);
  if (unit == "s") timeout = milliseconds(std::int64_t{number} * 1000);
  if (unit == "m") timeout = milliseconds(std::int64_t{number} * 60'000);
  if (timeout > std::chrono::hours(24)) return std::nullopt;
  return timeout;
}

}  // namespace trackly::proxy
