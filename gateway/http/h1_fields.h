#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/api/fields.h"

namespace trackly::http {

enum class FieldsFault : std::uint8_t { none, malformed, too_many };

/// Parses the field lines of a section that SectionReader collected, its empty line included, into
/// `fields`; those before the fault where there is one.
FieldsFault parse_fields(std::string_view lines, std::size_t max_count, FieldList& fields);

}  // namespace trackly::http
