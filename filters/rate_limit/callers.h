#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/api/exchange.h"
#include "gateway/api/stores.h"

namespace trackly::filters::rate_limit {

/// Whose bucket a rule draws on. A request without an API key counts for its client's address.
enum class Caller : std::uint8_t { api_key, account, address, global };

/// The key of the buckets of a request's caller: "account/key", so that a store can keep the keys
/// of an account together with it. What clients or operators chose is escaped in it.
std::string bucket_key(const Exchange& exchange, Caller caller);

/// Stands for a text that is nobody's business in a store, such as a recipient's number.
std::string digest_of(std::string_view text, Hasher& hasher);

}  // namespace trackly::filters::rate_limit
