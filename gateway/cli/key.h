#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "gateway/api/stores.h"

namespace trackly::cli {

/// "trk_" and 32 letters or digits; nullopt where the system has no randomness to give.
std::optional<std::string> random_key();

/// `key new`: a new API key on the first line, shown only this once, and on the second the entry
/// for `keys:` in keys.yaml that makes it known. Returns the exit code.
int new_key(Hasher& hasher, std::ostream& out, std::ostream& err);

/// `key hash`: reads a key from `in` (an argument would stand in the shell's history and in the
/// list of processes) and prints its entry for keys.yaml. The key is never printed.
int hash_key(Hasher& hasher, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace trackly::cli
