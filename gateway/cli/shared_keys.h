#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "gateway/api/stores.h"

namespace trackly::cli {

// Commands on the keys and accounts in the Redis of a configuration. Gateways learn of each change
// at once. They return the exit code; `--json` prints one JSON object a line.

/// Which key: of an account by its name, or by the digest.
struct KeyChoice {
  std::string config;
  bool json = false;
  std::string account;
  std::string name;
  std::string sha256;
};

/// A new key, shown only this once; where a digest is given, the key that has it.
int add_key(const KeyChoice& choice, Hasher& hasher, std::ostream& out, std::ostream& err);
int revoke_key(const KeyChoice& choice, std::ostream& out, std::ostream& err);
/// Of one account, or of all.
int list_keys(const KeyChoice& choice, std::ostream& out, std::ostream& err);
/// A new key takes the place of the named one, which ends after `grace`.
int rotate_key(const KeyChoice& choice, std::chrono::seconds grace, Hasher& hasher,
               std::ostream& out, std::ostream& err);

/// What of an account is to be as follows; what is not named stays as it is.
struct AccountChanges {
  std::string status;
  /// "rule=500/s", "rule=500/s,1000" with a burst, "rule=none" for what the rule says for all.
  std::vector<std::string> limits;
  /// "all", "none", or what the account has, with commas between.
  std::optional<std::string> products;
  std::optional<std::string> features;
  std::optional<std::string> calling_codes;
  /// 0: as the operations say.
  std::optional<std::uint64_t> batch_maximum;
};

int set_account(const std::string& config, const std::string& id, const AccountChanges& changes,
                bool json, std::ostream& out, std::ostream& err);
int show_account(const std::string& config, const std::string& id, bool json, std::ostream& out,
                 std::ostream& err);

}  // namespace trackly::cli
