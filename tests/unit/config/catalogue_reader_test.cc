#include "config/catalogue_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/yaml_reader.h"

namespace trackly::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A catalogue that has what the gateway itself needs, and the row of each test.
class Overrides : public testing::Test {
 protected:
  Overrides() {
    std::string text = "errors:\n";
    for (const std::string_view id : required_errors()) {
      text += "  - {id: " + std::string(id) + ", documented_status: 400, text: text}\n";
    }
    text +=
        "  - {id: capped, documented_status: 400, status: 413, reason: HTTP, code: c, text: Big}\n";
    root_ = *read_yaml(text, "errors.yaml", problems_);
  }

  ErrorEntry with(const ErrorOverride& change) {
    const ErrorCatalogue catalogue = read_catalogue(root_, {change}, problems_);
    const ErrorEntry* entry = catalogue.find(change.id);
    return entry == nullptr ? ErrorEntry() : *entry;
  }

  Problems problems_;
  Node root_;
};

TEST_F(Overrides, AnotherStatusSaysWhoSetIt) {
  const ErrorEntry entry = with({"not_found", 410, std::nullopt, {}});
  EXPECT_EQ(entry.status, 410);
  EXPECT_EQ(entry.documented_status, 400);
  EXPECT_EQ(entry.reason, "set by errors.overrides");
}

TEST_F(Overrides, BackToTheDocumentedStatusNeedsNoReason) {
  const ErrorEntry entry = with({"capped", 400, std::nullopt, {}});
  EXPECT_EQ(entry.status, 400);
  EXPECT_EQ(entry.reason, "");
}

TEST_F(Overrides, AnotherTextLeavesTheStatusAlone) {
  const ErrorEntry entry = with({"capped", std::nullopt, "Too big", {}});
  EXPECT_EQ(entry.status, 413);
  EXPECT_EQ(entry.text, "Too big");
  EXPECT_EQ(entry.reason, "HTTP");
}

TEST_F(Overrides, TextsMayHoldOnlyKnownPlaceholders) {
  with({"capped", std::nullopt, "Over {limit}", {}});
  EXPECT_THAT(problems_.lines(), ElementsAre(HasSubstr("unknown placeholder \"{limit}\"")));
}

}  // namespace
}  // namespace trackly::config
