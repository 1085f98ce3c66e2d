#include "gateway/cli/shared_keys.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <utility>

#include "filters/rate_limit/rules.h"
#include "gateway/api/accounts.h"
#include "gateway/api/node_reader.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/key.h"
#include "gateway/cli/key_register.h"
#include "gateway/cli/load.h"
#include "gateway/cli/redis_session.h"
#include "gateway/observe/json_line.h"
#include "gateway/store/redis_key_records.h"

namespace trackly::cli {
namespace {

using observe::JsonLine;

int fail(const Fault& fault, std::ostream& err) {
  err << fault.text << '\n';
  return kProblem;
}

/// nullptr after problems, which went to `err`.
std::unique_ptr<RedisSession> open_redis(const std::string& config, std::ostream& err) {
  const auto settings = load_settings(config, err);
  if (!settings) return nullptr;
  auto session = RedisSession::open(*settings);
  if (session) return std::move(session).value();
  err << config << ": " << session.error().text << '\n';
  return nullptr;
}

/// What a terminal and a log show as it is.
bool is_name(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(),
                                       [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
}

/// A fault where no key is named, or a digest that is none.
Result<RegisteredKey> find_key(KeyRegister& keys, const KeyChoice& choice) {
  if (choice.sha256.empty()) {
    if (choice.name.empty()) return Fault{"which key? --account and --name, or --sha256"};
    return keys.find(choice.account, choice.name);
  }
  const auto digest = parse_key_digest(choice.sha256);
  if (!digest) return Fault{"--sha256: expected 64 lower-case hexadecimal digits"};
  return keys.find(*digest);
}

std::string time_of(WallTime time) {
  std::string text;
  observe::append_time(text, time);
  return text;
}

/// `secret`: the key itself, where it is to be shown.
void print_key(const RegisteredKey& key, std::string_view secret, bool json, std::ostream& out) {
  if (!json) {
    if (!secret.empty()) {
      out << secret << '\n';
      return;
    }
    out << key_id(key.digest) << "  " << key.account << "  " << key.name;
    if (key.expires) out << "  ends " << time_of(*key.expires);
    out << '\n';
    return;
  }
  std::string text;
  JsonLine line(text);
  if (!secret.empty()) line.text("key", secret);
  line.text("sha256", to_hex(key.digest));
  line.text("account", key.account);
  line.text("name", key.name);
  if (key.expires) line.time("expires", *key.expires);
  line.end();
  out << text;
}

/// Fields that hold a list: nothing removes the field, which means all there are.
std::optional<std::string> list_value(const std::string& text) {
  if (text == "all") return std::nullopt;
  return text == "none" ? std::string() : text;
}

bool are_calling_codes(std::string_view list) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (!is_calling_code(list.substr(0, end))) return false;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return true;
}

/// Nothing in the value: the limit is removed.
using Field = KeyRegister::Fields::value_type;
Result<Field> read_limit(std::string_view text, const std::set<std::string>& rules) {
  const Fault fault{
      "--limit " + std::string(text) +
      ": expected such as single=500/s, single=500/s,1000 (its burst) or single=none"};
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) return fault;
  AccountLimit limit;
  limit.rule = text.substr(0, equals);
  text.remove_prefix(equals + 1);
  // A limit for a rule that is gone can still be removed.
  if (text == "none") return Field{store::field_of_limit(limit.rule), std::nullopt};
  if (!rules.empty() && !rules.contains(limit.rule)) {
    return Fault{"--limit: " + unknown_word("rule", limit.rule, {rules.begin(), rules.end()})};
  }
  const std::size_t comma = std::min(text.find(','), text.size());
  BucketPolicy policy;
  if (!filters::rate_limit::parse_rate(text.substr(0, comma), policy)) return fault;
  limit.tokens = limit.burst = policy.tokens;
  limit.period = policy.period;
  if (comma < text.size()) {
    const std::string_view burst = text.substr(comma + 1);
    const auto [end, error] =
        std::from_chars(burst.data(), burst.data() + burst.size(), limit.burst);
    if (error != std::errc() || end != burst.data() + burst.size()) return fault;
  }
  if (!is_possible(limit)) return fault;
  return Field{store::field_of_limit(limit.rule), store::write_limit(limit)};
}

/// `rules`: the names of those that the configuration has; empty: it has no limiter.
Result<KeyRegister::Fields> read_changes(const AccountChanges& changes,
                                         const std::set<std::string>& rules) {
  KeyRegister::Fields fields;
  if (!changes.status.empty()) {
    if (!parse_account_status(changes.status)) {
      return Fault{"--status: expected active, suspended, billing_blocked or fraud_blocked"};
    }
    fields.emplace_back("status", changes.status);
  }
  if (changes.products) fields.emplace_back("products", list_value(*changes.products));
  if (changes.features) fields.emplace_back("features", list_value(*changes.features));
  if (changes.calling_codes) {
    auto codes = list_value(*changes.calling_codes);
    if (codes && !are_calling_codes(*codes)) {
      return Fault{"--calling-codes: expected the first digits of numbers, such as 1,44"};
    }
    fields.emplace_back("calling_codes", std::move(codes));
  }
  if (changes.batch_maximum) {
    fields.emplace_back("batch_maximum",
                        *changes.batch_maximum == 0
                            ? std::nullopt
                            : std::optional(std::to_string(*changes.batch_maximum)));
  }
  for (const std::string& text : changes.limits) {
    auto limit = read_limit(text, rules);
    if (!limit) return limit.error();
    fields.push_back(std::move(limit).value());
  }
  return fields;
}

void write_list(JsonLine& line, std::string_view name,
                const std::optional<std::vector<std::string>>& list) {
  if (!list) return;
  line.begin_array(name);
  for (const std::string& item : *list) line.item_text(item);
  line.end_array();
}

void print_json(const Account& account, std::ostream& out) {
  std::string text;
  JsonLine line(text);
  line.text("account", account.id);
  line.text("status", to_string(account.status));
  write_list(line, "products", account.products);
  write_list(line, "features", account.features);
  write_list(line, "calling_codes", account.calling_codes);
  if (account.batch_maximum) line.number("batch_maximum", *account.batch_maximum);
  line.begin_array("limits");
  for (const AccountLimit& limit : account.limits) {
    line.begin_item_object();
    line.text("rule", limit.rule);
    line.number("tokens", limit.tokens);
    line.milliseconds("period_ms", limit.period);
    line.number("burst", limit.burst);
    line.end_object();
  }
  line.end_array();
  line.end();
  out << text;
}

void print_list(std::string_view name, const std::optional<std::vector<std::string>>& list,
                std::ostream& out) {
  out << name << ':';
  if (!list) {
    out << " all";
  } else if (list->empty()) {
    out << " none";
  } else {
    for (const std::string& item : *list) out << ' ' << item;
  }
  out << '\n';
}

void print_table(const Account& account, std::ostream& out) {
  out << "account: " << account.id << "\nstatus: " << to_string(account.status) << '\n';
  print_list("products", account.products, out);
  print_list("features", account.features, out);
  print_list("calling codes", account.calling_codes, out);
  if (account.batch_maximum) out << "batch maximum: " << *account.batch_maximum << '\n';
  for (const AccountLimit& limit : account.limits) {
    out << "limit " << limit.rule << ": " << limit.tokens << " per "
        << std::chrono::duration<double>(limit.period).count() << " s, burst " << limit.burst
        << '\n';
  }
}

}  // namespace

int add_key(const KeyChoice& choice, Hasher& hasher, std::ostream& out, std::ostream& err) {
  if (!is_name(choice.name)) {
    return fail({"--name: a key needs one, for logs, without control characters"}, err);
  }
  std::string secret;
  RegisteredKey key{{}, choice.account, choice.name, {}};
  if (choice.sha256.empty()) {
    const auto fresh = random_key();
    if (!fresh) return fail({"the system has no randomness to give"}, err);
    secret = *fresh;
    key.digest = hasher.sha256(secret);
  } else if (const auto digest = parse_key_digest(choice.sha256)) {
    key.digest = *digest;
  } else {
    return fail({"--sha256: expected 64 lower-case hexadecimal digits"}, err);
  }
  const auto redis = open_redis(choice.config, err);
  if (redis == nullptr) return kProblem;
  if (const auto fault = KeyRegister(*redis).add(key)) return fail(*fault, err);
  print_key(key, secret, choice.json, out);
  return kFine;
}

int revoke_key(const KeyChoice& choice, std::ostream& out, std::ostream& err) {
  const auto redis = open_redis(choice.config, err);
  if (redis == nullptr) return kProblem;
  KeyRegister keys(*redis);
  const auto key = find_key(keys, choice);
  if (!key) return fail(key.error(), err);
  if (const auto fault = keys.revoke(*key)) return fail(*fault, err);
  print_key(*key, {}, choice.json, out);
  return kFine;
}

int list_keys(const KeyChoice& choice, std::ostream& out, std::ostream& err) {
  const auto redis = open_redis(choice.config, err);
  if (redis == nullptr) return kProblem;
  KeyRegister keys(*redis);
  std::vector<std::string> accounts{choice.account};
  if (choice.account.empty()) {
    auto all = keys.accounts();
    if (!all) return fail(all.error(), err);
    accounts = std::move(all).value();
  } else if (const auto account = keys.account(choice.account); !account) {
    return fail(account.error(), err);
  }
  for (const std::string& account : accounts) {
    const auto of_account = keys.keys_of(account);
    if (!of_account) return fail(of_account.error(), err);
    for (const RegisteredKey& key : *of_account) print_key(key, {}, choice.json, out);
  }
  return kFine;
}

int rotate_key(const KeyChoice& choice, std::chrono::seconds grace, Hasher& hasher,
               std::ostream& out, std::ostream& err) {
  const auto redis = open_redis(choice.config, err);
  if (redis == nullptr) return kProblem;
  KeyRegister keys(*redis);
  const auto old = find_key(keys, choice);
  if (!old) return fail(old.error(), err);
  const auto secret = random_key();
  if (!secret) return fail({"the system has no randomness to give"}, err);
  RegisteredKey fresh = *old;
  fresh.digest = hasher.sha256(*secret);
  fresh.expires.reset();
  const WallTime end = redis->now() + grace;
  const auto old_name = keys.rotate(*old, fresh.digest, end);
  if (!old_name) return fail(old_name.error(), err);
  print_key(fresh, *secret, choice.json, out);
  print_key({old->digest, old->account, *old_name, end}, {}, choice.json, out);
  return kFine;
}

namespace {

/// The names that limits may have; empty also where there are none to be named. nullopt after
/// problems, which went to `err`.
std::optional<std::set<std::string>> rules_for(const AccountChanges& changes,
                                               const std::string& config, std::ostream& err) {
  if (changes.limits.empty()) return std::set<std::string>();
  const auto configuration = load(config, err);
  if (configuration == nullptr) return std::nullopt;
  return filters::rate_limit::rule_names(configuration->settings, configuration->api);
}

}  // namespace

int set_account(const std::string& config, const std::string& id, const AccountChanges& changes,
                bool json, std::ostream& out, std::ostream& err) {
  if (!can_be_registered(id)) {
    return fail({"an account's id is visible ASCII characters without braces"}, err);
  }
  const auto rules = rules_for(changes, config, err);
  if (!rules) return kProblem;
  const auto fields = read_changes(changes, *rules);
  if (!fields) return fail(fields.error(), err);
  const auto redis = open_redis(config, err);
  if (redis == nullptr) return kProblem;
  KeyRegister keys(*redis);
  if (const auto fault = keys.set_account(id, *fields)) return fail(*fault, err);
  const auto account = keys.account(id);
  if (!account) return fail(account.error(), err);
  json ? print_json(**account, out) : print_table(**account, out);
  return kFine;
}

int show_account(const std::string& config, const std::string& id, bool json, std::ostream& out,
                 std::ostream& err) {
  const auto redis = open_redis(config, err);
  if (redis == nullptr) return kProblem;
  const auto account = KeyRegister(*redis).account(id);
  if (!account) return fail(account.error(), err);
  json ? print_json(**account, out) : print_table(**account, out);
  return kFine;
}

}  // namespace trackly::cli
