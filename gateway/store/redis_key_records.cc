#include "gateway/store/redis_key_records.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "gateway/api/accounts.h"

namespace trackly::store {
namespace {

constexpr std::string_view kLimitPrefix = "limit:";
constexpr std::string_view kKeyChange = "key ";
constexpr std::string_view kAccountChange = "account ";

bool is_text(const RedisReply& reply) { return reply.kind == RedisReply::Kind::string; }

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::optional<AccountLimit> parse_limit(std::string_view rule, std::string_view text) {
  const std::vector<std::string> words = split(text, ' ');
  if (rule.empty() || words.size() != 3) return std::nullopt;
  const auto tokens = parse_number<std::uint64_t>(words[0]);
  const auto period = parse_number<std::uint64_t>(words[1]);
  const auto burst = parse_number<std::uint64_t>(words[2]);
  constexpr auto kLongest =
      std::chrono::duration_cast<std::chrono::microseconds>(kLongestRefill).count();
  if (!tokens || !period || !burst || *period > static_cast<std::uint64_t>(kLongest)) {
    return std::nullopt;
  }
  AccountLimit limit{std::string(rule), *tokens, std::chrono::microseconds(*period), *burst};
  return is_possible(limit) ? std::optional(std::move(limit)) : std::nullopt;
}

/// False where the value cannot be understood. Fields of later versions are left alone.
bool read_field(Account& account, std::string_view field, const std::string& value) {
  if (field == "status") {
    const auto status = parse_account_status(value);
    if (status) account.status = *status;
    return status.has_value();
  }
  if (field == "products") {
    account.products = split(value, ',');
  } else if (field == "features") {
    account.features = split(value, ',');
  } else if (field == "calling_codes") {
    account.calling_codes = split(value, ',');
    return std::all_of(account.calling_codes->begin(), account.calling_codes->end(),
                       is_calling_code);
  } else if (field == "batch_maximum") {
    account.batch_maximum = parse_number<std::uint64_t>(value);
    return account.batch_maximum.value_or(0) > 0;
  } else if (field.starts_with(kLimitPrefix)) {
    auto limit = parse_limit(field.substr(kLimitPrefix.size()), value);
    if (!limit) return false;
    account.limits.push_back(*std::move(limit));
  }
  return true;
}

}  // namespace

std::string redis_key_of(const KeyDigest& digest) { return "trackly:key:" + to_hex(digest); }

std::string redis_key_of_account(std::string_view id) {
  return "trackly:account:{" + std::string(id) + '}';
}

std::string redis_key_of_keys(std::string_view account_id) {
  return "trackly:keys:{" + std::string(account_id) + '}';
}

std::string change_of_key(const KeyDigest& digest) {
  return std::string(kKeyChange) + to_hex(digest);
}

std::string change_of_account(std::string_view id) {
  return std::string(kAccountChange) + std::string(id);
}

Change parse_change(std::string_view message) {
  Change change;
  if (message.starts_with(kKeyChange)) {
    change.key = parse_key_digest(message.substr(kKeyChange.size()));
  } else if (message.starts_with(kAccountChange)) {
    change.account = message.substr(kAccountChange.size());
  }
  return change;
}

KeyReading read_key(const RedisReply& reply, StoredKey& key) {
  if (reply.kind != RedisReply::Kind::array || reply.items.size() != std::size(kKeyFields)) {
    return KeyReading::unreadable;
  }
  const RedisReply& account = reply.items[0];
  const RedisReply& name = reply.items[1];
  const RedisReply& expires = reply.items[2];
  if (account.kind == RedisReply::Kind::nil) return KeyReading::unknown;
  if (!is_text(account) || !is_text(name) || !is_account_id(account.text)) {
    return KeyReading::unreadable;
  }
  key.account = account.text;
  key.name = name.text;
  if (expires.kind == RedisReply::Kind::nil) return KeyReading::known;
  const auto milliseconds = parse_number<std::int64_t>(expires.text);
  // Beyond that the clock's type would overflow; it is the year 2262.
  constexpr auto kLast =
      std::chrono::duration_cast<std::chrono::milliseconds>(WallTime::duration::max()).count();
  if (!milliseconds || *milliseconds < 0 || *milliseconds > kLast) return KeyReading::unreadable;
  key.expires = WallTime(std::chrono::milliseconds(*milliseconds));
  return KeyReading::known;
}

std::string field_of_limit(std::string_view rule) {
  return std::string(kLimitPrefix) + std::string(rule);
}

std::string write_limit(const AccountLimit& limit) {
  const auto period = std::chrono::duration_cast<std::chrono::microseconds>(limit.period).count();
  return std::to_string(limit.tokens) + ' ' + std::to_string(period) + ' ' +
         std::to_string(limit.burst);
}

std::shared_ptr<const Account> read_account(std::string id, const RedisReply& reply,
                                            std::string& unreadable) {
  unreadable.clear();
  if (reply.kind != RedisReply::Kind::array || reply.items.size() % 2 != 0) {
    unreadable = "the record";
    return nullptr;
  }
  if (reply.items.empty()) return nullptr;
  auto account = std::make_shared<Account>();
  account->id = std::move(id);
  for (std::size_t i = 0; i < reply.items.size(); i += 2) {
    const std::string& field = reply.items[i].text;
    if (read_field(*account, field, reply.items[i + 1].text)) continue;
    unreadable = field;
    return nullptr;
  }
  return account;
}

}  // namespace trackly::store
