#include "config/path_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trackly::config {
namespace {

using testing::ElementsAre;

TEST(PathTemplate, ParametersComeInTheOrderOfThePath) {
  const auto path = parse_path_template("/v2/{b}/x/{a}");
  EXPECT_THAT(path->parameters, ElementsAre("b", "a"));
  EXPECT_EQ(path->shape, "/v2/{}/x/{}");
}

TEST(PathTemplate, ATrailingSlashIsAnotherPath) {
  EXPECT_EQ(parse_path_template("/a/")->shape, "/a/");
  EXPECT_EQ(parse_path_template("/")->shape, "/");
}

TEST(PathTemplate, LiteralsCannotPassForParameters) {
  EXPECT_FALSE(parse_path_template("/a{}").ok());
  EXPECT_FALSE(parse_path_template("/{a").ok());
  EXPECT_FALSE(parse_path_template("/a?b").ok());
  EXPECT_FALSE(parse_path_template("/a#b").ok());
}

}  // namespace
}  // namespace trackly::config
