#include "config/setting_values.h"

#include "config/address.h"
#include "config/file.h"

namespace trackly::config {

std::string resolved_path(const std::filesystem::path& folder, const std::string& path) {
  return (folder / path).lexically_normal().string();
}

const Node* required(MappingReader& reader, std::string_view key) {
  const Node* node = reader.take(key);
  if (node == nullptr) {
    reader.problems().add(reader.mark(), "missing key \"" + std::string(key) + "\"");
  }
  return node;
}

std::string readable_file(MappingReader& reader, std::string_view key,
                          const std::filesystem::path& folder) {
  const Node* node = required(reader, key);
  if (node == nullptr) return {};
  std::string file = resolved_path(folder, reader.string(key, ""));
  if (!node->is_string()) return file;
  const auto text = read_file(file);
  if (!text) {
    reader.problems().add(node->mark,
                          std::string(key) + ": cannot read " + file + ": " + text.error().text);
  }
  return file;
}

CertificateSettings read_certificate(MappingReader& reader, const std::filesystem::path& folder) {
  return {readable_file(reader, "certificate", folder),
          readable_file(reader, "private_key", folder)};
}

UpstreamTlsSettings read_client_tls(const Node& node, const std::filesystem::path& folder,
                                    Problems& problems) {
  MappingReader reader(&node, problems);
  reader.ignore({"ca", "certificate", "private_key"});  // has() alone does not make them known
  UpstreamTlsSettings tls;
  if (reader.has("ca")) tls.ca = readable_file(reader, "ca", folder);
  if (const Node* name = reader.take("server_name")) {
    tls.server_name = reader.string("server_name", "");
    if (name->is_string() && !is_host_name(tls.server_name) && !is_ip_address(tls.server_name)) {
      problems.add(name->mark, "server_name: expected a host name without a port");
    }
  }
  if (reader.has("certificate") || reader.has("private_key")) {
    tls.client_certificate = read_certificate(reader, folder);
  }
  reader.finish();
  return tls;
}

}  // namespace trackly::config
