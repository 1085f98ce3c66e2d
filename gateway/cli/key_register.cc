#include "gateway/cli/key_register.h"

#include <algorithm>
#include <utility>

#include "gateway/api/accounts.h"
#include "gateway/store/redis_key_records.h"

namespace trackly::cli {
namespace {

using store::RedisReply;

// ARGV: channel, message, then fields and their values.
constexpr std::string_view kAddKey = R"(
if redis.call('EXISTS', KEYS[1]) == 1 then return 'exists' end
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 'ok')";

// The same, for a key that is there.
constexpr std::string_view kChangeKey = R"(
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 'ok')";

constexpr std::string_view kRemoveKey = R"(
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 'ok')";

// ARGV: channel, message, how many fields to remove, these, then fields and their values.
constexpr std::string_view kSetAccount = R"(
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('HSET', KEYS[1], 'status', 'active') end
local set = 4 + tonumber(ARGV[3])
for i = 4, set - 1 do redis.call('HDEL', KEYS[1], ARGV[i]) end
for i = set, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 'ok')";

// KEYS: account, names of its keys. ARGV: name, digest, a digest that may be replaced.
constexpr std::string_view kEnterName = R"(
if redis.call('EXISTS', KEYS[1]) == 0 then return 'no account' end
local taken = redis.call('HGET', KEYS[2], ARGV[1])
if taken and taken ~= ARGV[3] then return taken end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 'ok')";

// ARGV: name, its digest, the digest that takes its place, the name that it gets.
constexpr std::string_view kPassNameOn = R"(
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 'changed' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], ARGV[4], ARGV[2])
return 'ok')";

// ARGV: name, its digest.
constexpr std::string_view kStrikeName = R"(
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 'ok')";

Fault unknown_account(std::string_view id) {
  return {"there is no account \"" + std::string(id) + "\"; `account set` makes one"};
}

Fault unknown_key(std::string_view account, std::string_view name) {
  return {"account \"" + std::string(account) + "\" has no key \"" + std::string(name) + "\""};
}

std::string milliseconds(WallTime time) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

}  // namespace

bool can_be_registered(std::string_view id) {
  // Braces would choose another node of a cluster for each of its records.
  return is_account_id(id) && id.find_first_of("{}") == std::string_view::npos;
}

std::optional<Fault> KeyRegister::add(const RegisteredKey& key) {
  if (auto fault = enter_name(key)) return fault;
  const std::string record = store::redis_key_of(key.digest);
  const auto added = redis_.call(
      record, {"EVAL", kAddKey, "1", record, store::kChangesChannel,
               store::change_of_key(key.digest), "account", key.account, "name", key.name});
  if (!added) return added.error();
  if (added->text == "exists") return Fault{"this key is registered already"};
  return std::nullopt;
}

std::optional<Fault> KeyRegister::enter_name(const RegisteredKey& key) {
  const std::string account = store::redis_key_of_account(key.account);
  const std::string names = store::redis_key_of_keys(key.account);
  const std::string digest = to_hex(key.digest);
  std::string replaced = digest;
  while (true) {
    const auto entered =
        redis_.call(account, {"EVAL", kEnterName, "2", account, names, key.name, digest, replaced});
    if (!entered) return entered.error();
    if (entered->text == "ok") return std::nullopt;
    if (entered->text == "no account") return unknown_account(key.account);
    // A name without a key is what is left of a command that was cut off.
    const auto holder = parse_key_digest(entered->text);
    if (holder && replaced != entered->text) {
      const auto there = read(*holder);
      if (!there) return there.error();
      if (!*there) {
        replaced = entered->text;
        continue;
      }
    }
    return Fault{"account \"" + key.account + "\" has a key \"" + key.name + "\" already"};
  }
}

std::optional<Fault> KeyRegister::revoke(const RegisteredKey& key) {
  const std::string record = store::redis_key_of(key.digest);
  const auto removed = redis_.call(record, {"EVAL", kRemoveKey, "1", record, store::kChangesChannel,
                                            store::change_of_key(key.digest)});
  if (!removed) return removed.error();
  const std::string names = store::redis_key_of_keys(key.account);
  const auto struck =
      redis_.call(names, {"EVAL", kStrikeName, "1", names, key.name, to_hex(key.digest)});
  return struck ? std::nullopt : std::optional(struck.error());
}

Result<std::string> KeyRegister::rotate(const RegisteredKey& old, const KeyDigest& fresh,
                                        WallTime old_ends) {
  const std::string names = store::redis_key_of_keys(old.account);
  // No two keys of an account are called the same, in any log.
  constexpr std::size_t kDigits = 8;
  const std::string old_name = old.name + '~' + key_id(old.digest).substr(0, kDigits);
  const auto passed = redis_.call(names, {"EVAL", kPassNameOn, "1", names, old.name,
                                          to_hex(old.digest), to_hex(fresh), old_name});
  if (!passed) return passed.error();
  if (passed->text != "ok") return Fault{"somebody else has changed this key just now"};
  RegisteredKey key = old;
  key.digest = fresh;
  if (auto fault = add(key)) return *std::move(fault);
  const std::string record = store::redis_key_of(old.digest);
  const auto changed = redis_.call(record, {"EVAL", kChangeKey, "1", record, store::kChangesChannel,
                                            store::change_of_key(old.digest), "name", old_name,
                                            "expires", milliseconds(old_ends)});
  if (!changed) {
    return Fault{changed.error().text + "; the old key is called \"" + old_name +
                 "\" now and does not end: rotate \"" + old.name +
                 "\" once more for a key that is shown, and revoke that one"};
  }
  return old_name;
}

Result<RegisteredKey> KeyRegister::find(std::string_view account, std::string_view name) {
  const std::string names = store::redis_key_of_keys(account);
  const auto reply = redis_.call(names, {"HGET", names, name});
  if (!reply) return reply.error();
  const auto digest = parse_key_digest(reply->text);
  if (!digest) return unknown_key(account, name);
  auto key = read(*digest);
  if (!key) return key.error();
  // Also what is left of a command that was cut off can be revoked.
  RegisteredKey found = key->value_or(RegisteredKey{*digest, {}, {}, {}});
  found.account = account;
  found.name = name;
  return found;
}

Result<RegisteredKey> KeyRegister::find(const KeyDigest& digest) {
  auto key = read(digest);
  if (!key) return key.error();
  if (!*key) return Fault{"there is no such key"};
  return **std::move(key);
}

Result<std::optional<RegisteredKey>> KeyRegister::read(const KeyDigest& digest) {
  const std::string record = store::redis_key_of(digest);
  const auto reply = redis_.call(
      record, {"HMGET", record, store::kKeyFields[0], store::kKeyFields[1], store::kKeyFields[2]});
  if (!reply) return reply.error();
  store::StoredKey stored;
  switch (store::read_key(*reply, stored)) {
    case store::KeyReading::known:
      break;
    case store::KeyReading::unknown:
      return std::optional<RegisteredKey>();
    case store::KeyReading::unreadable:
      return Fault{record + " cannot be understood"};
  }
  return std::optional(
      RegisteredKey{digest, std::move(stored.account), std::move(stored.name), stored.expires});
}

Result<std::vector<RegisteredKey>> KeyRegister::keys_of(std::string_view account) {
  const std::string names = store::redis_key_of_keys(account);
  const auto reply = redis_.call(names, {"HVALS", names});
  if (!reply) return reply.error();
  std::vector<RegisteredKey> keys;
  for (const RedisReply& item : reply->items) {
    const auto digest = parse_key_digest(item.text);
    if (!digest) continue;
    auto key = read(*digest);
    if (!key) return key.error();
    if (*key) keys.push_back(**std::move(key));
  }
  std::sort(keys.begin(), keys.end(),
            [](const RegisteredKey& a, const RegisteredKey& b) { return a.name < b.name; });
  return keys;
}

Result<std::vector<std::string>> KeyRegister::accounts() {
  std::vector<std::string> ids;
  std::string cursor = "0";
  do {
    const auto reply =
        redis_.call(store::kAccountsKey, {"SSCAN", store::kAccountsKey, cursor, "COUNT", "1000"});
    if (!reply) return reply.error();
    if (reply->items.size() != 2) return Fault{"Redis said something unexpected"};
    cursor = reply->items[0].text;
    for (const RedisReply& item : reply->items[1].items) ids.push_back(item.text);
  } while (cursor != "0");
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

Result<std::shared_ptr<const Account>> KeyRegister::account(const std::string& id) {
  const std::string record = store::redis_key_of_account(id);
  const auto reply = redis_.call(record, {"HGETALL", record});
  if (!reply) return reply.error();
  std::string unreadable;
  auto account = store::read_account(id, *reply, unreadable);
  if (!unreadable.empty()) return Fault{record + ": " + unreadable + " cannot be understood"};
  if (account == nullptr) return unknown_account(id);
  return account;
}

std::optional<Fault> KeyRegister::set_account(const std::string& id, const Fields& fields) {
  const auto listed = redis_.call(store::kAccountsKey, {"SADD", store::kAccountsKey, id});
  if (!listed) return listed.error();
  const std::string record = store::redis_key_of_account(id);
  const std::string message = store::change_of_account(id);
  const auto removed = static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [](const auto& field) { return !field.second; }));
  const std::string count = std::to_string(removed);
  std::vector<std::string_view> words{"EVAL",  kSetAccount, "1", record, store::kChangesChannel,
                                      message, count};
  for (const auto& [name, value] : fields) {
    if (!value) words.push_back(name);
  }
  for (const auto& [name, value] : fields) {
    if (value) words.insert(words.end(), {name, *value});
  }
  const auto set = redis_.call(record, words);
  return set ? std::nullopt : std::optional(set.error());
}

}  // namespace trackly::cli
