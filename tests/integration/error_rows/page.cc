#include "tests/integration/error_rows/page.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

namespace trackly::test {
namespace {

/// The class of a row, which the last column of the file states, and the exceptions.
DecidedBy decided_by(int number, const std::string& column) {
  static const std::map<int, DecidedBy> kExceptions = {
      // Fields of the records of POST /v2/history/sends and /clicks, and of nothing else: bulk
      // requests succeed in part, so the service judges their items.
      {12, DecidedBy::service},   // missing_to_number
      {27, DecidedBy::service},   // missing_id
      {117, DecidedBy::service},  // missing_timestamp

      // Unknown paths and methods here, unknown resources there.
      {128, DecidedBy::both},  // not_found
      // A service that fails is answered for, and a service speaks of failures behind itself.
      {144, DecidedBy::both},  // provider_sync_failed
      {145, DecidedBy::both},  // provider_error
      {146, DecidedBy::both},  // redis_unavailable
  };
  // Row 141, send_failed, is also what the gateway answers where the system has no memory left for
  // a request; exhaustion_test.cc brings that about, which would disturb the other rows here.
  const auto exception = kExceptions.find(number);
  if (exception != kExceptions.end()) return exception->second;
  if (column == "E") return DecidedBy::request;
  return column == "S" ? DecidedBy::state : DecidedBy::service;
}

std::vector<PageRow> read_page() {
  std::ifstream file(std::string(TRACKLY_SOURCE_DIR) + "/tests/contract/data/error-codes.tsv");
  std::vector<PageRow> rows;
  std::string line;
  std::getline(file, line);  // the names of the columns
  while (std::getline(file, line)) {
    std::istringstream columns(line);
    std::string section, status, code, text, decision;
    for (std::string* column : {&section, &status, &code, &text, &decision}) {
      std::getline(columns, *column, '\t');
    }
    const int number = static_cast<int>(rows.size()) + 1;
    rows.push_back({number, std::stoi(status), code, text, decided_by(number, decision)});
  }
  return rows;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

}  // namespace

const std::vector<PageRow>& page() {
  static const std::vector<PageRow> rows = read_page();
  return rows;
}

const PageRow& row(int number) {
  if (number < 1) throw std::out_of_range("rows count from 1");
  return page().at(static_cast<std::size_t>(number) - 1);
}

std::string Expected::json() const {
  return R"({"error":")" + text + R"(","code":")" + code + R"("})";
}

std::string Expected::printed_json() const {
  return "{\n  \"error\": \"" + text + "\",\n  \"code\": \"" + code + "\"\n}\n";
}

Expected expected(const PageRow& row, const std::string& values) {
  Expected result{row.status, row.code, row.text};
  // 413 by two of the vendor's three pages, and by HTTP itself; the third has it among the 400s.
  if (row.code == "payload_too_large") result.status = 413;
  // The page: "the actual code follows the pattern {product}_not_enabled".
  if (row.code == "product_not_enabled") {
    result.code = values + "_not_enabled";
    result.text = replaced(row.text, "{PRODUCT}", upper_case(values));
  }
  result.text = replaced(result.text, "…", values);
  return result;
}

}  // namespace trackly::test
