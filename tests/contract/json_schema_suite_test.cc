#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "filters/json_schema/validate.h"
#include "gateway/json/parser.h"
#include "gateway/json/read_node.h"

// The official JSON-Schema-Test-Suite, as `trackly-gateway validate` sees it.

namespace trackly::json_schema {
namespace {

namespace fs = std::filesystem;

const fs::path kSuite =
    TRACKLY_SOURCE_DIR "/tests/contract/data/json-schema-test-suite/tests/draft2020-12";

/// What is not supported, and so must be refused when the schema is loaded.
struct Unsupported {
  std::string_view file;
  std::string_view group;  // empty: all of the file
  std::string_view reason;
};

constexpr std::string_view kDynamic = "references are static";
constexpr std::string_view kUnevaluated = "unevaluated* is not supported";
constexpr std::string_view kRemote = "other documents are never fetched";
constexpr std::string_view kVocabulary = "2020-12 is the only dialect";

constexpr Unsupported kUnsupported[] = {
    {"defs", "validate definition against metaschema", kRemote},
    {"dynamicRef", "", kDynamic},
    {"not", "collect annotations inside a 'not', even if collection is disabled", kUnevaluated},
    {"ref", "ref creates new scope when adjacent to keywords", kUnevaluated},
    {"ref", "remote ref, containing refs itself", kRemote},
    {"refRemote", "", kRemote},
    {"unevaluatedItems", "", kUnevaluated},
    {"unevaluatedProperties", "", kUnevaluated},
    {"vocabulary", "", kVocabulary},
    {"optional/cross-draft", "refs to historic drafts are processed as historic drafts", kRemote},
    {"optional/dependencies-compatibility", "", "a keyword of older dialects"},
    {"optional/dynamicRef", "", kDynamic},
    {"optional/format-assertion", "", kVocabulary},
};

struct Group {
  std::string name;  // "ref_12_ref_overrides_…"
  std::string file;  // "optional/bignum"
  std::string description;
  std::size_t index = 0;
};

void PrintTo(const Group& group, std::ostream* out) {
  *out << group.file << ": " << group.description;
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string as_test_name(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return text;
}

std::vector<Group> all_groups() {
  std::vector<Group> groups;
  json::Parser parser;
  for (const auto& entry : fs::recursive_directory_iterator(kSuite)) {
    if (entry.path().extension() != ".json") continue;
    const std::string file = fs::relative(entry.path(), kSuite).replace_extension().string();
    const std::string text = text_of(entry.path());
    const auto root = parser.parse(text, json::kMaxDepth, json::Root::any);
    std::size_t index = 0;
    for (const json::Value group : root->items()) {
      const std::string description(group.find("description")->string());
      groups.push_back({as_test_name(file + "_" + std::to_string(index) + "_" + description), file,
                        description, index});
      ++index;
    }
  }
  std::sort(groups.begin(), groups.end(),
            [](const Group& a, const Group& b) { return a.name < b.name; });
  return groups;
}

/// Formats assert only where that is asked for.
bool is_about_asserted_formats(const std::string& file) {
  return file.starts_with("optional/format/") && file != "optional/format/unknown";
}

const Unsupported* why_unsupported(const Group& group) {
  const auto found = std::find_if(
      std::begin(kUnsupported), std::end(kUnsupported), [&group](const Unsupported& entry) {
        return entry.file == group.file &&
               (entry.group.empty() || entry.group == group.description);
      });
  return found == std::end(kUnsupported) ? nullptr : found;
}

class Suite : public testing::TestWithParam<Group> {
 protected:
  void SetUp() override {
    text_ = text_of(kSuite / (GetParam().file + ".json"));
    Problems problems;
    document_ = json::read_node(text_, GetParam().file + ".json", problems);
    ASSERT_TRUE(problems.empty()) << problems.lines().front();
  }

  Node schema() const {
    Node schema = *document_.items[GetParam().index].find("schema");
    if (is_about_asserted_formats(GetParam().file)) {
      Node yes;
      yes.kind = Node::Kind::boolean;
      yes.boolean = true;
      schema.entries.push_back({"x-assert-formats", Mark(), yes});
    }
    return schema;
  }
  /// The tests of the group, with the instances as they are written.
  json::Items tests() {
    const auto root = parser_.parse(text_, json::kMaxDepth, json::Root::any);
    auto group = root->items().begin();
    for (std::size_t i = 0; i < GetParam().index; ++i) ++group;
    return (*group).find("tests")->items();
  }

 private:
  std::string text_;
  Node document_;
  json::Parser parser_;
};

TEST_P(Suite, AgreesOrRefusesTheSchema) {
  const Unsupported* unsupported = why_unsupported(GetParam());
  for (const json::Value test : tests()) {
    const std::string_view instance = test.find("data")->bytes();
    Problems problems;
    const Validation result = validate(schema(), instance, problems);
    if (unsupported != nullptr) {
      EXPECT_FALSE(result.compiled) << unsupported->reason;
      EXPECT_FALSE(problems.empty());
      continue;
    }
    ASSERT_TRUE(result.compiled) << problems.lines().front();
    EXPECT_EQ(!result.invalid, test.find("valid")->boolean())
        << test.find("description")->string() << "\n  " << instance;
  }
}

INSTANTIATE_TEST_SUITE_P(JsonSchema, Suite, testing::ValuesIn(all_groups()),
                         [](const auto& test) { return test.param.name; });

TEST(SuiteList, NamesOnlyGroupsThatExist) {
  const auto groups = all_groups();
  EXPECT_GT(groups.size(), 400U);
  for (const Unsupported& entry : kUnsupported) {
    EXPECT_TRUE(std::any_of(groups.begin(), groups.end(),
                            [&entry](const Group& group) {
                              return entry.file == group.file &&
                                     (entry.group.empty() || entry.group == group.description);
                            }))
        << entry.file << " " << entry.group;
  }
}

}  // namespace
}  // namespace trackly::json_schema
