#include "filters/key_table.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include "gateway/api/ascii.h"

namespace trackly::filters {
namespace {

constexpr std::size_t kIdDigits = 16;

/// 64 lower-case hexadecimal digits, as `sha256sum` prints them.
std::optional<KeyDigest> parse_digest(std::string_view text) {
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

/// It is sent to the service, in X-Account-Id.
bool can_stand_in_a_field(std::string_view id) {
  return !id.empty() &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; });
}

/// Codes begin at "1", and no E.164 number has more than 15 digits.
bool is_calling_code(std::string_view code) {
  return !code.empty() && code.size() <= 15 && code.front() != '0' &&
         std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::shared_ptr<const Account> read_account(std::string id, const Node& node, Problems& problems) {
  auto account = std::make_shared<Account>();
  account->id = std::move(id);
  MappingReader reader(&node, problems);
  account->status =
      reader.choice<AccountStatus>("status",
                                   {{"active", AccountStatus::active},
                                    {"suspended", AccountStatus::suspended},
                                    {"billing_blocked", AccountStatus::billing_blocked},
                                    {"fraud_blocked", AccountStatus::fraud_blocked}},
                                   AccountStatus::active);
  if (reader.has("products")) account->products = reader.strings("products");
  if (reader.has("features")) account->features = reader.strings("features");
  if (reader.has("calling_codes")) {
    account->calling_codes = reader.strings("calling_codes");
    for (const std::string& code : *account->calling_codes) {
      if (is_calling_code(code)) continue;
      problems.add(reader.mark(), "calling_codes: \"" + code +
                                      "\" is none; expected the first digits of a number, quoted, "
                                      "such as '44'");
    }
  }
  reader.finish();
  return account;
}

}  // namespace

std::size_t KeyTable::DigestHash::operator()(const KeyDigest& digest) const {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof(hash));
  return hash;
}

std::shared_ptr<KeyTable> KeyTable::read(const Node& file, Problems& problems) {
  auto table = std::make_shared<KeyTable>();
  MappingReader reader(&file, problems);
  const Accounts accounts = read_accounts(reader.take("accounts"), problems);
  KeyNames names;
  for (const Node* key : reader.list("keys")) table->read_key(*key, accounts, names, problems);
  reader.finish();
  return table;
}

KeyTable::Accounts KeyTable::read_accounts(const Node* node, Problems& problems) {
  Accounts accounts;
  if (node == nullptr || node->is_null()) return accounts;
  if (!node->is_mapping()) {
    problems.add(node->mark, "accounts: expected a mapping of account ids");
    return accounts;
  }
  for (const Node::Entry& entry : node->entries) {
    if (!can_stand_in_a_field(entry.key)) {
      problems.add(entry.key_mark, "accounts: an id is one or more visible ASCII characters");
    }
    accounts.emplace(entry.key, read_account(entry.key, entry.value, problems));
  }
  return accounts;
}

void KeyTable::read_key(const Node& node, const Accounts& accounts, KeyNames& names,
                        Problems& problems) {
  MappingReader reader(&node, problems);
  const std::string sha256 = reader.string("sha256", "");
  const std::string account_id = reader.string("account", "");
  const std::string name = reader.string("name", "");
  reader.finish();

  const auto digest = parse_digest(sha256);
  if (!digest) {
    problems.add(node.mark,
                 "sha256: expected the 64 lower-case hexadecimal digits that `key hash` prints");
  }
  const auto account = accounts.find(account_id);
  if (account == accounts.end()) {
    problems.add(node.mark, "account: \"" + account_id + "\" is not among the accounts");
  }
  if (name.empty()) {
    problems.add(node.mark, "name: a key needs one, for the access log");
  } else if (!names.emplace(account_id, name).second) {
    problems.add(node.mark, "name: the account has a key \"" + name + "\" already");
  }
  if (!digest || account == accounts.end() || name.empty()) return;

  auto record = std::make_shared<KeyRecord>();
  record->id = sha256.substr(0, kIdDigits);
  record->name = name;
  record->account = account->second;
  if (!records_.emplace(*digest, std::move(record)).second) {
    problems.add(node.mark, "sha256: this key is in the file already");
  }
}

Lookup<KeyAnswer> KeyTable::find(const KeyDigest& digest, Callback) {
  const auto found = records_.find(digest);
  if (found == records_.end()) return KeyAnswer{KeyAnswer::Status::unknown, nullptr};
  return KeyAnswer{KeyAnswer::Status::known, found->second};
}

}  // namespace trackly::filters
