// The shipped error catalogue against the vendor's page: data/error-codes.tsv holds the 147 rows of
// its tables.

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "config/catalogue_reader.h"
#include "config/yaml_reader.h"

namespace trackly {
namespace {

constexpr std::size_t kRowsOfThePage = 147;
const std::string kSource = TRACKLY_SOURCE_DIR;

struct Row {
  std::string section;
  int status = 0;
  std::string code;
  std::string text;
};

std::vector<std::string> columns_of(const std::string& line) {
  std::vector<std::string> columns;
  std::istringstream stream(line);
  for (std::string column; std::getline(stream, column, '\t');) columns.push_back(column);
  return columns;
}

std::vector<Row> page() {
  std::ifstream file(kSource + "/tests/contract/data/error-codes.tsv");
  std::string line;
  std::getline(file, line);  // the names of the columns
  std::vector<Row> rows;
  while (std::getline(file, line)) {
    const std::vector<std::string> columns = columns_of(line);
    if (columns.size() < 4) {
      ADD_FAILURE() << "not a row: " << line;
      continue;
    }
    rows.push_back({columns[0], std::stoi(columns[1]), columns[2], columns[3]});
  }
  return rows;
}

ErrorCatalogue shipped() {
  Problems problems;
  const auto root = config::read_yaml_file(kSource + "/config/trackly/errors.yaml", problems);
  ErrorCatalogue catalogue = config::read_catalogue(root.value_or(Node{}), {}, problems);
  for (const std::string& line : problems.lines()) ADD_FAILURE() << line;
  return catalogue;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// As the page prints a template: "…" for values, and the pattern's name for its code.
std::string as_printed(const std::string& text) { return replaced(text, "{values}", "…"); }
std::string code_as_printed(const std::string& code) {
  return replaced(code, "{product}_not_enabled", "product_not_enabled");
}

TEST(Catalogue, HasEveryRowOfThePageInItsOrder) {
  const std::vector<Row> rows = page();
  ASSERT_EQ(rows.size(), kRowsOfThePage);
  const ErrorCatalogue catalogue = shipped();
  ASSERT_GE(catalogue.entries().size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ErrorEntry& entry = catalogue.entries()[i];
    SCOPED_TRACE("row " + std::to_string(i + 1) + ", " + entry.mark.to_string());
    EXPECT_EQ(entry.section, rows[i].section);
    EXPECT_EQ(entry.documented_status, rows[i].status);
    EXPECT_EQ(code_as_printed(entry.code), rows[i].code);
    EXPECT_EQ(as_printed(entry.text), rows[i].text);
    EXPECT_TRUE(entry.id == rows[i].code || entry.id.starts_with(rows[i].code + "."))
        << "rules should find " << entry.id << " by its code";
  }
}

TEST(Catalogue, MarksItsOwnEntriesAsNotOfThePage) {
  const ErrorCatalogue catalogue = shipped();
  for (std::size_t i = kRowsOfThePage; i < catalogue.entries().size(); ++i) {
    const ErrorEntry& entry = catalogue.entries()[i];
    EXPECT_EQ(entry.documented_status, 0) << entry.id;
    EXPECT_EQ(entry.section, "") << entry.id;
  }
}

TEST(Catalogue, AnswersASuspendedAccountWithoutACode) {
  const ErrorRef reply = shipped().reply("account_suspended");
  ASSERT_NE(reply, nullptr);
  EXPECT_EQ(reply->status, 403);
  EXPECT_EQ(reply->body, R"({"error":"Account is suspended"})");
}

TEST(Catalogue, AnswersTooManyMessagesWith413AndOnV1With400) {
  const ErrorCatalogue catalogue = shipped();
  const std::string body =
      R"({"error":"Maximum 1000 messages per request","code":"too_many_messages"})";
  EXPECT_EQ(catalogue.reply("too_many_messages")->status, 413);
  EXPECT_EQ(catalogue.reply("too_many_messages")->body, body);
  EXPECT_EQ(catalogue.reply("too_many_messages.v1")->status, 400);
  EXPECT_EQ(catalogue.reply("too_many_messages.v1")->body, body);
}

TEST(Catalogue, HasUniqueIds) {
  std::set<std::string> ids;
  const ErrorCatalogue catalogue = shipped();
  for (const ErrorEntry& entry : catalogue.entries()) {
    EXPECT_TRUE(ids.insert(entry.id).second) << entry.id;
  }
}

TEST(Catalogue, DiffersFromThePageOnlyInThePayloadStatusAndSaysWhy) {
  const ErrorCatalogue catalogue = shipped();
  for (const ErrorEntry& entry : catalogue.entries()) {
    if (entry.documented_status == 0 || entry.status == entry.documented_status) continue;
    EXPECT_EQ(entry.id, "payload_too_large");
    EXPECT_EQ(entry.status, 413);
    EXPECT_NE(entry.reason, "");
  }
}

TEST(Catalogue, FillsItsTemplates) {
  const ErrorCatalogue catalogue = shipped();
  EXPECT_EQ(catalogue.reply("invalid_status", {{"values", "active, paused"}})->body,
            R"({"error":"status must be one of: active, paused","code":"invalid_status"})");
  EXPECT_EQ(
      catalogue.reply("product_not_enabled", {{"product", "email"}, {"PRODUCT", "EMAIL"}})->body,
      R"({"error":"EMAIL product not enabled for this account","code":"email_not_enabled"})");
  EXPECT_EQ(catalogue.reply("missing_link_placeholder")->text,
            "message must contain at least one {{linkN}} placeholder");
}

}  // namespace
}  // namespace trackly
