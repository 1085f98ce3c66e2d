#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "gateway/api/node_reader.h"
#include "gateway/api/settings.h"

namespace trackly::config {

// Values that stand in several places of gateway.yaml.

/// Shorter deadlines than this are slips of the pen: nothing could meet them.
inline constexpr std::chrono::milliseconds kShortestTimeout{1};

/// `path` as seen from `folder`.
std::string resolved_path(const std::filesystem::path& folder, const std::string& path);

/// A key that has no default: that it is absent is a problem, and nullptr.
const Node* required(MappingReader& reader, std::string_view key);

/// The required path of a file that can be read, as seen from `folder`.
std::string readable_file(MappingReader& reader, std::string_view key,
                          const std::filesystem::path& folder);

/// `certificate` and `private_key`, both required.
CertificateSettings read_certificate(MappingReader& reader, const std::filesystem::path& folder);

/// `ca`, `server_name`, `certificate` and `private_key`: how we speak TLS to others.
UpstreamTlsSettings read_client_tls(const Node& node, const std::filesystem::path& folder,
                                    Problems& problems);

}  // namespace trackly::config
