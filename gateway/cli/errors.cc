#include "gateway/cli/errors.h"

#include <algorithm>
#include <iomanip>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "config/catalogue_reader.h"
#include "config/yaml_reader.h"
#include "gateway/api/error.h"
#include "gateway/cli/decisions.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/load.h"

namespace trackly::cli {
namespace {

constexpr std::string_view kOwnSection = "Not in the vendor's tables";

void print_table(const ErrorCatalogue& catalogue, std::ostream& out) {
  std::size_t id_width = 0;
  std::size_t code_width = 0;
  for (const ErrorEntry& entry : catalogue.entries()) {
    id_width = std::max(id_width, entry.id.size());
    code_width = std::max(code_width, entry.code.size());
  }
  for (const ErrorEntry& entry : catalogue.entries()) {
    out << entry.status << "  " << std::left << std::setw(static_cast<int>(id_width)) << entry.id
        << "  " << std::setw(static_cast<int>(code_width)) << entry.code << "  " << entry.text
        << '\n';
  }
}

void print_member(std::string_view name, std::string_view value, std::ostream& out) {
  if (!value.empty()) out << ", \"" << name << "\": \"" << json_escaped(value) << '"';
}

/// By id; what no rule decides is left to `decided_by`.
using Decisions = std::map<std::string, std::vector<std::string>>;

std::vector<std::string> decided(const ErrorEntry& entry, const Decisions& decisions) {
  std::vector<std::string> lines;
  if (const auto found = decisions.find(entry.id); found != decisions.end()) lines = found->second;
  if (!entry.decided_by.empty()) lines.push_back(entry.decided_by);
  return lines;
}

void print_json(const ErrorCatalogue& catalogue, const Decisions& decisions, std::ostream& out) {
  out << "[";
  const char* separator = "\n";
  for (const ErrorEntry& entry : catalogue.entries()) {
    out << separator << "  {\"id\": \"" << json_escaped(entry.id)
        << "\", \"status\": " << entry.status;
    if (entry.documented_status != 0) out << ", \"documented_status\": " << entry.documented_status;
    print_member("code", entry.code, out);
    print_member("text", entry.text, out);
    print_member("section", entry.section, out);
    print_member("reason", entry.reason, out);
    out << ", \"decided\": [";
    const char* comma = "";
    for (const std::string& line : decided(entry, decisions)) {
      out << comma << '"' << json_escaped(line) << '"';
      comma = ", ";
    }
    out << "]}";
    separator = ",\n";
  }
  out << "\n]\n";
}

/// A cell of a Markdown table: "|" would end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out.append(c == '|' ? "\\" : "").append(1, c);
  return out;
}

void print_markdown(const ErrorCatalogue& catalogue, const Decisions& decisions,
                    std::ostream& out) {
  std::string_view section;
  for (const ErrorEntry& entry : catalogue.entries()) {
    const std::string_view own = entry.section.empty() ? kOwnSection : entry.section;
    if (own != section) {
      out << (section.empty() ? "" : "\n") << "## " << own
          << "\n\n| Status | Code | Text | Id | Decided |\n|---|---|---|---|---|\n";
      section = own;
    }
    out << "| " << entry.status;
    if (!entry.reason.empty() && entry.documented_status != 0) {
      out << " (documented: " << entry.documented_status << "; " << cell(entry.reason) << ")";
    }
    out << " | " << (entry.code.empty() ? "" : "`" + entry.code + "`") << " | " << cell(entry.text)
        << " | `" << entry.id << "` | ";
    const char* separator = "";
    for (const std::string& line : decided(entry, decisions)) {
      out << separator << cell(line);
      separator = "<br>";
    }
    out << " |\n";
  }
}

void print_as(CatalogueFormat format, const ErrorCatalogue& catalogue, const Decisions& decisions,
              std::ostream& out) {
  switch (format) {
    case CatalogueFormat::table:
      return print_table(catalogue, out);
    case CatalogueFormat::json:
      return print_json(catalogue, decisions, out);
    case CatalogueFormat::markdown:
      return print_markdown(catalogue, decisions, out);
  }
}

}  // namespace

int print_catalogue(const std::string& catalogue_path, CatalogueFormat format, std::ostream& out,
                    std::ostream& err) {
  Problems problems;
  const auto root = config::read_yaml_file(catalogue_path, problems);
  ErrorCatalogue catalogue;
  if (root) catalogue = config::read_catalogue(*root, {}, problems);
  print(problems, err);
  if (!problems.empty()) return kProblem;
  print_as(format, catalogue, {}, out);
  return kFine;
}

int print_configured_catalogue(const std::string& config_path, CatalogueFormat format,
                               std::ostream& out, std::ostream& err) {
  const auto configuration = load(config_path, err);
  if (configuration == nullptr) return kProblem;
  print_as(format, configuration->errors, decisions(*configuration), out);
  return kFine;
}

}  // namespace trackly::cli
