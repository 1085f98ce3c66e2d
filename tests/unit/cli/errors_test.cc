#include "gateway/cli/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "config/catalogue_reader.h"
#include "gateway/cli/exit_code.h"

namespace trackly::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class Errors : public testing::Test {
 protected:
  Errors() {
    std::ofstream file(path_);
    file << "errors:\n";
    for (const std::string_view id : config::required_errors()) {
      if (id == "payload_too_large") {
        file
            << "  - {id: payload_too_large, documented_status: 400, status: 413, reason: HTTP | C1,"
               " code: payload_too_large, text: 'Too \"large\"', section: Input, decided_by: the | "
               "service}\n";
      } else {
        file << "  - {id: " << id << ", status: 400, text: t}\n";
      }
    }
  }

  ~Errors() override { std::remove(path_.c_str()); }

  std::string printed(CatalogueFormat format) {
    EXPECT_EQ(print_catalogue(path_, format, out_, err_), kFine) << err_.str();
    return out_.str();
  }

  // Tests run side by side.
  const std::string path_ = testing::TempDir() + "errors-" + std::to_string(getpid()) + ".yaml";
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Errors, TableHasALineForEachEntry) {
  const std::string text = printed(CatalogueFormat::table);
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')),
            config::required_errors().size());
  EXPECT_THAT(text, HasSubstr("413  payload_too_large"));
}

TEST_F(Errors, JsonHasEveryFieldThatIsThere) {
  const std::string text = printed(CatalogueFormat::json);
  EXPECT_THAT(text, HasSubstr("{\"id\": \"payload_too_large\", \"status\": 413, "
                              "\"documented_status\": 400, \"code\": \"payload_too_large\", "
                              "\"text\": \"Too \\\"large\\\"\", \"section\": \"Input\", "
                              "\"reason\": \"HTTP | C1\", \"decided\": [\"the | service\"]}"));
  EXPECT_THAT(
      text,
      HasSubstr("{\"id\": \"not_found\", \"status\": 400, \"text\": \"t\", \"decided\": []}"));
  EXPECT_THAT(text, EndsWith("}\n]\n"));
}

TEST_F(Errors, MarkdownHasATableForEachSection) {
  const std::string text = printed(CatalogueFormat::markdown);
  EXPECT_THAT(text, HasSubstr("## Input\n\n| Status | Code | Text | Id | Decided |\n"
                              "|---|---|---|---|---|\n"
                              "| 413 (documented: 400; HTTP \\| C1) | `payload_too_large` | "
                              "Too \"large\" | `payload_too_large` | the \\| service |\n"));
  EXPECT_THAT(text, HasSubstr("## Not in the vendor's tables\n"));
}

TEST_F(Errors, ACatalogueWithProblemsIsNotPrinted) {
  EXPECT_EQ(print_catalogue("/nowhere.yaml", CatalogueFormat::table, out_, err_), kProblem);
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(err_.str(), "cannot read /nowhere.yaml: No such file or directory\n");
}

}  // namespace
}  // namespace trackly::cli
