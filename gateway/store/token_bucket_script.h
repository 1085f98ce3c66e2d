#pragma once

#include <string_view>

namespace trackly::store {

/// token_bucket.lua, as it stands in the source tree, and the SHA-1 that Redis knows it by
/// (lower-case hex). Made by embed_script.cmake when the program is built.
extern const std::string_view kTokenBucketScript;
extern const std::string_view kTokenBucketScriptSha1;

}  // namespace trackly::store
