#pragma once

#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "gateway/api/node_reader.h"
#include "gateway/api/stores.h"

namespace trackly::filters {

/// The keys and accounts of a keys.yaml, in memory. Immutable after load and shared by all workers.
class KeyTable {
 public:
  /// Names of limiter rules; empty: there are none that limits could be checked against.
  using RuleNames = std::set<std::string>;

  /// Reads `accounts` and `keys`; what is wrong goes to `problems`.
  static std::shared_ptr<KeyTable> read(const Node& file, const RuleNames& rules,
                                        Problems& problems);

  /// Known or unknown.
  KeyAnswer find(const KeyDigest& digest) const;
  std::size_t size() const { return records_.size(); }

 private:
  struct DigestHash {
    // A digest is as random as a hash can be.
    std::size_t operator()(const KeyDigest& digest) const;
  };
  using Accounts = std::unordered_map<std::string, std::shared_ptr<const Account>>;
  /// Account and name: what the access log calls a key has to name one.
  using KeyNames = std::set<std::pair<std::string, std::string>>;

  static Accounts read_accounts(const Node* node, const RuleNames& rules, Problems& problems);
  void read_key(const Node& node, const Accounts& accounts, KeyNames& names, Problems& problems);

  std::unordered_map<KeyDigest, std::shared_ptr<const KeyRecord>, DigestHash> records_;
};

}  // namespace trackly::filters
