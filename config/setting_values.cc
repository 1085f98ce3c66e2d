#include "config/setting_values.h"

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

}  // namespace trackly::config
