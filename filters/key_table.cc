#include "filters/key_table.h"

#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include "filters/rate_limit/rules.h"
#include "gateway/api/accounts.h"

namespace trackly::filters {
namespace {

/// `{rate: 500/s, burst: 1000}` or `{quota: 5000000/day}`.
AccountLimit read_limit(std::string rule, const Node& node, Problems& problems) {
  MappingReader reader(&node, problems);
  const std::string rate = reader.string("rate", "");
  const std::string quota = reader.string("quota", "");
  AccountLimit limit{std::move(rule), 1, std::chrono::seconds(1), 1};
  BucketPolicy policy;
  if (rate.empty() == quota.empty() ||
      !rate_limit::parse_rate(rate.empty() ? quota : rate, policy)) {
    problems.add(node.mark, "limits: expected a rate, such as 500/s, or a quota, such as 5000/day");
  } else {
    limit.tokens = limit.burst = policy.tokens;
    limit.period = policy.period;
  }
  if (quota.empty()) limit.burst = reader.count("burst", limit.tokens, 1, kMostTokens);
  reader.finish();
  if (!is_possible(limit)) {
    problems.add(node.mark, "limits: at this rate the bucket takes more than ten years to fill");
  }
  return limit;
}

std::vector<AccountLimit> read_limits(const Node* node, const KeyTable::RuleNames& rules,
                                      Problems& problems) {
  std::vector<AccountLimit> limits;
  if (node == nullptr || node->is_null()) return limits;
  if (!node->is_mapping()) {
    problems.add(node->mark, "limits: expected a mapping of the names of rules");
    return limits;
  }
  for (const Node::Entry& entry : node->entries) {
    limits.push_back(read_limit(entry.key, entry.value, problems));
    if (rules.empty() || rules.contains(entry.key)) continue;
    problems.add(entry.key_mark,
                 "limits: " + unknown_word("rule", entry.key, {rules.begin(), rules.end()}));
  }
  return limits;
}

std::shared_ptr<const Account> read_account(std::string id, const Node& node,
                                            const KeyTable::RuleNames& rules, Problems& problems) {
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
  account->limits = read_limits(reader.take("limits"), rules, problems);
  if (reader.has("batch_maximum")) account->batch_maximum = reader.count("batch_maximum", 1, 1);
  reader.finish();
  return account;
}

}  // namespace

std::size_t KeyTable::DigestHash::operator()(const KeyDigest& digest) const {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof(hash));
  return hash;
}

std::shared_ptr<KeyTable> KeyTable::read(const Node& file, const RuleNames& rules,
                                         Problems& problems) {
  auto table = std::make_shared<KeyTable>();
  MappingReader reader(&file, problems);
  const Accounts accounts = read_accounts(reader.take("accounts"), rules, problems);
  KeyNames names;
  for (const Node* key : reader.list("keys")) table->read_key(*key, accounts, names, problems);
  reader.finish();
  return table;
}

KeyTable::Accounts KeyTable::read_accounts(const Node* node, const RuleNames& rules,
                                           Problems& problems) {
  Accounts accounts;
  if (node == nullptr || node->is_null()) return accounts;
  if (!node->is_mapping()) {
    problems.add(node->mark, "accounts: expected a mapping of account ids");
    return accounts;
  }
  for (const Node::Entry& entry : node->entries) {
    if (!is_account_id(entry.key)) {
      problems.add(entry.key_mark, "accounts: an id is one or more visible ASCII characters");
    }
    accounts.emplace(entry.key, read_account(entry.key, entry.value, rules, problems));
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

  const auto digest = parse_key_digest(sha256);
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
  record->id = key_id(*digest);
  record->name = name;
  record->account = account->second;
  if (!records_.emplace(*digest, std::move(record)).second) {
    problems.add(node.mark, "sha256: this key is in the file already");
  }
}

KeyAnswer KeyTable::find(const KeyDigest& digest) const {
  const auto found = records_.find(digest);
  if (found == records_.end()) return {KeyAnswer::Status::unknown, nullptr};
  return {KeyAnswer::Status::known, found->second};
}

}  // namespace trackly::filters
