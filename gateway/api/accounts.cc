#include "gateway/api/accounts.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/api/ascii.h"

namespace trackly {
namespace {

constexpr std::size_t kIdDigits = 16;

constexpr std::array<std::pair<std::string_view, AccountStatus>, 4> kStatuses{{
    {"active", AccountStatus::active},
    {"suspended", AccountStatus::suspended},
    {"billing_blocked", AccountStatus::billing_blocked},
    {"fraud_blocked", AccountStatus::fraud_blocked},
}};

}  // namespace

std::string to_hex(const KeyDigest& digest) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const std::uint8_t byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::optional<KeyDigest> parse_key_digest(std::string_view text) {
  KeyDigest digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const char high = text[2 * i];
    const char low = text[2 * i + 1];
    if (hex_value(high) < 0 || hex_value(low) < 0 || high != ascii_lower(high) ||
        low != ascii_lower(low)) {
      return std::nullopt;
    }
    digest[i] = static_cast<std::uint8_t>(hex_value(high) * 16 + hex_value(low));
  }
  return digest;
}

std::string key_id(const KeyDigest& digest) { return to_hex(digest).substr(0, kIdDigits); }

std::string_view to_string(AccountStatus status) {
  for (const auto& [word, value] : kStatuses) {
    if (value == status) return word;
  }
  return "";
}

std::optional<AccountStatus> parse_account_status(std::string_view word) {
  for (const auto& [known, value] : kStatuses) {
    if (known == word) return value;
  }
  return std::nullopt;
}

bool is_account_id(std::string_view id) {
  return !id.empty() &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool is_calling_code(std::string_view code) {
  return !code.empty() && code.size() <= 15 && code.front() != '0' &&
         std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_possible(const AccountLimit& limit) {
  if (limit.tokens == 0 || limit.tokens > kMostTokens) return false;
  if (limit.burst == 0 || limit.burst > kMostTokens) return false;
  if (limit.period <= Duration::zero() ||
      limit.period % std::chrono::microseconds(1) != Duration()) {
    return false;
  }
  const auto refill = static_cast<double>(limit.burst) / static_cast<double>(limit.tokens) *
                      static_cast<double>(limit.period.count());
  return refill <= static_cast<double>(kLongestRefill.count());
}

}  // namespace trackly
