#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/json/document.h"

namespace trackly::json {

/// A JSON text in one normal form: strings unescaped and length-prefixed, numbers as written, no
/// white space.
std::string normal_form(Value value);

/// The same, by a plain recursive parser that was written from the RFCs without any thought of
/// speed; nullopt where the text is not one unambiguous document.
std::optional<std::string> reference_normal_form(std::string_view text, std::size_t max_depth);

}  // namespace trackly::json
