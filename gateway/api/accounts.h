#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/stores.h"

namespace trackly {

// What may stand in the records of keys and accounts, wherever they are kept, and how it is
// written.

/// 64 lower-case hexadecimal digits, as `sha256sum` prints them.
std::string to_hex(const KeyDigest& digest);
std::optional<KeyDigest> parse_key_digest(std::string_view text);

/// KeyRecord::id: the first 16 of these digits.
std::string key_id(const KeyDigest& digest);

/// "active", "suspended", "billing_blocked" or "fraud_blocked".
std::string_view to_string(AccountStatus status);
std::optional<AccountStatus> parse_account_status(std::string_view word);

/// One or more visible ASCII characters: it is sent to the service, in X-Account-Id.
bool is_account_id(std::string_view id);

/// Codes begin at "1", and no E.164 number has more than 15 digits.
bool is_calling_code(std::string_view code);

/// What BucketPolicy asks of its numbers.
bool is_possible(const AccountLimit& limit);

}  // namespace trackly
