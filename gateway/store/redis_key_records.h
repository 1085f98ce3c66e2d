#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/api/loop.h"
#include "gateway/api/stores.h"
#include "gateway/store/redis_protocol.h"

namespace trackly::store {

// How keys and accounts are kept in Redis.
//
//   trackly:key:<digest>     hash: account, name, and for a key that ends: expires (Unix time, ms)
//   trackly:account:{<id>}   hash: status, and what the account has of: products, features,
//                            calling_codes (comma between them; empty: none), batch_maximum,
//                            limit:<rule> ("<tokens> <period in microseconds> <burst>")
//   trackly:keys:{<id>}      hash: name of a key to its digest; for people, gateways never read it
//   trackly:accounts         set of account ids; for people too
//
// A key and its account are two records, because a key is found by its digest alone: in a cluster
// they lie on different nodes. An account and the list of its keys lie on one.
//
// Whoever changes the record of a key or an account publishes it on kChangesChannel in the same
// step.

inline constexpr std::string_view kChangesChannel = "trackly:changes";
inline constexpr std::string_view kAccountsKey = "trackly:accounts";

std::string redis_key_of(const KeyDigest& digest);
std::string redis_key_of_account(std::string_view id);
std::string redis_key_of_keys(std::string_view account_id);

/// What is published of a change.
std::string change_of_key(const KeyDigest& digest);
std::string change_of_account(std::string_view id);

/// A message on kChangesChannel; neither: somebody else's.
struct Change {
  std::optional<KeyDigest> key;
  std::string account;
};
Change parse_change(std::string_view message);

/// The record of a key.
struct StoredKey {
  std::string account;
  std::string name;
  std::optional<WallTime> expires;
};
/// What HMGET is to be asked for, in this order.
inline constexpr std::string_view kKeyFields[] = {"account", "name", "expires"};
enum class KeyReading : std::uint8_t { known, unknown, unreadable };
/// Of the reply to such an HMGET.
KeyReading read_key(const RedisReply& reply, StoredKey& key);

/// A field of an account's record that carries a limit.
std::string field_of_limit(std::string_view rule);
std::string write_limit(const AccountLimit& limit);
/// Of the reply to HGETALL. nullptr: there is no such account, or what stands there cannot be
/// understood (`unreadable` then names the field).
std::shared_ptr<const Account> read_account(std::string id, const RedisReply& reply,
                                            std::string& unreadable);

}  // namespace trackly::store
