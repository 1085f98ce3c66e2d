#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace trackly::cli {

enum class CatalogueFormat : std::uint8_t { table, json, markdown };

/// `errors`: the catalogue as it stands in a file. Returns the exit code; problems go to `err`.
int print_catalogue(const std::string& catalogue_path, CatalogueFormat format, std::ostream& out,
                    std::ostream& err);
/// The catalogue as a gateway with this configuration answers, overrides applied, and where each
/// row is decided.
int print_configured_catalogue(const std::string& config_path, CatalogueFormat format,
                               std::ostream& out, std::ostream& err);

}  // namespace trackly::cli
