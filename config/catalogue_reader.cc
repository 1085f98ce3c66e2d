#include "config/catalogue_reader.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "gateway/api/node_reader.h"

namespace trackly::config {
namespace {

constexpr std::array<std::string_view, 17> kRequired = {
    "missing_api_key",
    "invalid_api_key",
    "account_suspended",
    "invalid_input",
    "invalid_input.uri_too_long",
    "invalid_input.head_too_large",
    "invalid_input.timeout",
    "invalid_input.expectation",
    "validation_failed",
    "payload_too_large",
    "not_found",
    "rate_limited",
    "send_failed",
    "provider_sync_failed",
    "provider_error",
    "circuit_open",
    "redis_unavailable",
};

constexpr std::array<std::string_view, 3> kPlaceholders = {"values", "PRODUCT", "product"};

constexpr int kLowestStatus = 400;
constexpr int kHighestStatus = 599;

/// The first {name} that no rule fills; empty where there is none. {{name}} is literal text.
std::string_view unknown_placeholder(std::string_view text) {
  std::size_t open = 0;
  while ((open = text.find('{', open)) != std::string_view::npos) {
    if (text.substr(open).starts_with("{{")) {
      const std::size_t literal_end = text.find("}}", open);
      if (literal_end == std::string_view::npos) return text.substr(open);
      open = literal_end + 2;
      continue;
    }
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) return text.substr(open);
    const std::string_view name = text.substr(open + 1, close - open - 1);
    if (std::find(kPlaceholders.begin(), kPlaceholders.end(), name) == kPlaceholders.end()) {
      return text.substr(open, close - open + 1);
    }
    open = close + 1;
  }
  return {};
}

void check_placeholders(std::string_view key, std::string_view text, const Mark& mark,
                        Problems& problems) {
  const std::string_view unknown = unknown_placeholder(text);
  if (unknown.empty()) return;
  problems.add(mark, std::string(key) + ": unknown placeholder \"" + std::string(unknown) +
                         "\"; there are {values}, {PRODUCT} and {product}");
}

int read_status(MappingReader& reader, std::string_view key) {
  return static_cast<int>(reader.count(key, 0, kLowestStatus, kHighestStatus));
}

class CatalogueReader {
 public:
  explicit CatalogueReader(Problems& problems) : problems_(problems) {}

  void read(const Node& root) {
    MappingReader reader(&root, problems_);
    for (const Node* item : reader.list("errors")) read_entry(*item);
    reader.finish();
    check_required(root.mark);
  }

  void apply(const ErrorOverride& change) {
    const auto found = index_.find(change.id);
    if (found == index_.end()) {
      problems_.add(change.mark, unknown_id(change.id));
      return;
    }
    ErrorEntry& entry = entries_[found->second];
    if (change.status && *change.status != entry.status) {
      entry.status = *change.status;
      entry.reason = entry.status == entry.documented_status ? "" : "set by errors.overrides";
    }
    if (change.text) {
      check_placeholders("text", *change.text, change.mark, problems_);
      entry.text = *change.text;
    }
  }

  std::vector<ErrorEntry> take_entries() { return std::move(entries_); }

 private:
  void read_entry(const Node& node) {
    MappingReader reader(&node, problems_);
    ErrorEntry entry;
    entry.mark = node.mark;
    entry.id = reader.string("id", "");
    entry.documented_status = read_status(reader, "documented_status");
    entry.status = read_status(reader, "status");
    entry.reason = reader.string("reason", "");
    entry.code = reader.string("code", "");
    entry.text = reader.string("text", "");
    entry.section = reader.string("section", "");
    entry.decided_by = reader.string("decided_by", "");
    reader.finish();
    if (!node.is_mapping()) return;
    if (entry.status == 0) entry.status = entry.documented_status;
    check(entry, node);

    if (entry.id.empty()) return;
    const auto [first, is_new] = index_.emplace(entry.id, entries_.size());
    if (!is_new) {
      problems_.add(node.mark, "id: \"" + entry.id + "\" is taken by " +
                                   entries_[first->second].mark.to_string());
      return;
    }
    entries_.push_back(std::move(entry));
  }

  void check_required(const Mark& mark) {
    std::string missing;
    for (const std::string_view id : kRequired) {
      if (!index_.contains(id)) missing.append(missing.empty() ? "" : ", ").append(id);
    }
    if (!missing.empty()) {
      problems_.add(mark, "errors: the gateway itself needs entries that are missing: " + missing);
    }
  }

  void check(const ErrorEntry& entry, const Node& node) {
    if (entry.id.empty()) problems_.add(node.mark, "missing key \"id\"");
    if (entry.text.empty()) problems_.add(node.mark, "missing key \"text\"");
    if (node.find("status") == nullptr && node.find("documented_status") == nullptr) {
      problems_.add(node.mark, "missing key \"documented_status\" or \"status\"");
    }
    const bool differs = entry.documented_status != 0 && entry.status != entry.documented_status;
    if (differs && entry.reason.empty()) {
      problems_.add(node.mark,
                    "missing key \"reason\": the status differs from the documented one");
    }
    if (!differs && !entry.reason.empty()) {
      problems_.add(node.mark, "reason: the status does not differ from the documented one");
    }
    check_placeholders("code", entry.code, node.mark, problems_);
    check_placeholders("text", entry.text, node.mark, problems_);
  }

  std::string unknown_id(const std::string& id) const {
    std::vector<std::string_view> known;
    for (const ErrorEntry& entry : entries_) known.emplace_back(entry.id);
    std::string text = "overrides: unknown error \"" + id + "\"";
    const std::string_view nearest = nearest_word(id, known);
    if (!nearest.empty()) text += "; did you mean \"" + std::string(nearest) + "\"?";
    return text;
  }

  Problems& problems_;
  std::vector<ErrorEntry> entries_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace

std::span<const std::string_view> required_errors() { return kRequired; }

ErrorCatalogue read_catalogue(const Node& root, const std::vector<ErrorOverride>& overrides,
                              Problems& problems) {
  CatalogueReader reader(problems);
  reader.read(root);
  for (const ErrorOverride& change : overrides) reader.apply(change);
  return ErrorCatalogue(reader.take_entries());
}

}  // namespace trackly::config
