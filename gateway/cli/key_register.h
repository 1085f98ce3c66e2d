#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/api/result.h"
#include "gateway/api/stores.h"
#include "gateway/cli/redis_session.h"

namespace trackly::cli {

/// A key as people know it.
struct RegisteredKey {
  KeyDigest digest{};
  std::string account;
  std::string name;
  std::optional<WallTime> expires;
};

/// Changes to the keys and accounts in Redis (store/redis_key_records.h). What gateways read is
/// changed in one step each, which is published with it; the lists for people are changed before a
/// key begins and after it ends, so that no key works that is not on one. Faults are for a person.
class KeyRegister {
 public:
  explicit KeyRegister(RedisSession& redis) : redis_(redis) {}

  /// The account has to exist, and to have no other key of that name.
  std::optional<Fault> add(const RegisteredKey& key);
  std::optional<Fault> revoke(const RegisteredKey& key);
  /// `fresh` takes the old key's account and name; the old one ends at `old_ends`, under the name
  /// that is returned.
  Result<std::string> rotate(const RegisteredKey& old, const KeyDigest& fresh, WallTime old_ends);
  Result<RegisteredKey> find(std::string_view account, std::string_view name);
  Result<RegisteredKey> find(const KeyDigest& digest);
  /// Of one account, ordered by name.
  Result<std::vector<RegisteredKey>> keys_of(std::string_view account);

  /// Ordered.
  Result<std::vector<std::string>> accounts();
  /// A fault also where there is none.
  Result<std::shared_ptr<const Account>> account(const std::string& id);
  /// Fields of its record; a value of nothing removes the field. Makes the account where there is
  /// none, active unless `fields` say otherwise.
  using Fields = std::vector<std::pair<std::string, std::optional<std::string>>>;
  std::optional<Fault> set_account(const std::string& id, const Fields& fields);

 private:
  std::optional<Fault> enter_name(const RegisteredKey& key);
  /// Nothing: there is no such record.
  Result<std::optional<RegisteredKey>> read(const KeyDigest& digest);

  RedisSession& redis_;
};

/// Whether an account with this id can be kept in Redis.
bool can_be_registered(std::string_view account_id);

}  // namespace trackly::cli
