#include "gateway/cli/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace trackly::cli {
namespace {

using testing::HasSubstr;

class Validate : public testing::Test {
 protected:
  // Tests run side by side.
  Validate() : folder_(testing::TempDir() + "validate-" + std::to_string(getpid())) {
    std::filesystem::create_directory(folder_);
  }
  ~Validate() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  int judge(const std::string& schema_path, const std::string& instance) {
    return validate(schema_path, file("instance.json", instance), out_, err_);
  }

  const std::string folder_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Validate, AValidInstanceIsCalledValid) {
  EXPECT_EQ(judge(file("s.json", R"({"type": "object"})"), "{}"), 0);
  EXPECT_EQ(out_.str(), "valid\n");
  EXPECT_EQ(err_.str(), "");
}

TEST_F(Validate, TheFirstViolationIsNamedByPointerAndKeyword) {
  const std::string schema = file("s.yaml", "properties: {a: {items: {type: integer}}}\n");
  EXPECT_EQ(judge(schema, R"({"a": [1, "x"]})"), 1);
  EXPECT_EQ(out_.str(), "/a/1: type\n");
}

TEST_F(Validate, AnyValueMayBeTheRoot) {
  EXPECT_EQ(judge(file("s.json", "true"), "5"), 0);
  EXPECT_EQ(judge(file("s.json", R"({"type": "string"})"), "5"), 1);
  EXPECT_EQ(out_.str(), "valid\n: type\n");
}

TEST_F(Validate, AFileWithoutExtensionMayBeEither) {
  EXPECT_EQ(judge(file("schema", "type: integer\n"), "5"), 0);
  EXPECT_EQ(judge(file("schema", R"({"const": "\ud83d\ude00"})"), R"("\ud83d\ude00")"), 0);
}

TEST_F(Validate, ASchemaThatCannotBeCompiledHasItsPlace) {
  EXPECT_EQ(judge(file("s.yaml", "type: object\nunknownKeyword: 1\n"), "{}"), 2);
  EXPECT_EQ(out_.str(), "");
  EXPECT_THAT(err_.str(), HasSubstr("s.yaml:2:"));
}

TEST_F(Validate, AFileThatCannotBeReadIsNotJudged) {
  EXPECT_EQ(judge("/nowhere.json", "{}"), 2);
  EXPECT_EQ(err_.str(), "cannot read /nowhere.json: No such file or directory\n");
  EXPECT_EQ(validate(file("s.json", "{}"), "/nowhere.json", out_, err_), 2);
  EXPECT_EQ(judge(file("s.json", "{"), "{}"), 2);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(Validate, AnInstanceThatIsNoJsonIsNotValid) {
  EXPECT_EQ(judge(file("s.json", "true"), "{"), 1);
  EXPECT_THAT(out_.str(), HasSubstr("not JSON: "));
}

}  // namespace
}  // namespace trackly::cli
