#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/environment.h"
#include "gateway/api/node.h"

namespace trackly::config {

/// Reads one YAML document. Scalars are typed from their tag and text by the core schema of YAML
/// 1.2; a quoted scalar is a string. Keys become their text, whatever their type (`200:` is "200").
///
/// Refused, with the place: duplicate keys, keys that are no scalars, merge keys (`<<`), tags
/// beyond the core schema, a second document, invalid UTF-8 and control characters, nesting beyond
/// 200 levels, aliases that would expand to more than 16 MiB or contain themselves.
///
/// With an environment, ${NAME} is replaced in values (not in keys); a plain scalar is typed after
/// that.
///
/// `file` is what marks call the text. After any problem there may still be a tree, so that more
/// problems can be found; nullopt where the text has no structure. An empty text is a null node.
std::optional<Node> read_yaml(std::string_view text, const std::string& file, Problems& problems,
                              const Environment* environment = nullptr);

/// The same for a file. A file that cannot be read is a problem at `referrer`, the place that names
/// it, if there is one.
std::optional<Node> read_yaml_file(const std::string& path, Problems& problems,
                                   const Environment* environment = nullptr,
                                   const Mark& referrer = {});

}  // namespace trackly::config
