#include "gateway/json/member_names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace trackly::json {
namespace {

std::vector<std::string> distinct_names(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i)
    names.push_back("name-of-some-length-" + std::to_string(i));
  return names;
}

TEST(MemberNames, FewAndManyDistinctNamesPass) {
  for (const std::size_t count : {0U, 1U, 2U, 24U, 25U, 1000U}) {
    MemberNames names;
    const auto distinct = distinct_names(count);
    for (const auto& name : distinct) names.add(name);
    EXPECT_FALSE(names.close(0)) << count;
    EXPECT_EQ(names.mark(), 0U);
  }
}

TEST(MemberNames, FewAndManyNamesWithARepetitionDoNot) {
  for (const std::size_t count : {1U, 2U, 24U, 25U, 1000U}) {
    MemberNames names;
    const auto distinct = distinct_names(count);
    for (const auto& name : distinct) names.add(name);
    names.add(distinct[count / 2]);
    EXPECT_EQ(names.close(0), count) << count;
  }
}

TEST(MemberNames, NamesOfTheSameLengthAndEdgesAreToldApart) {
  MemberNames names;
  for (const char* name :
       {"aaaaaaaaXaaaaaaaa", "aaaaaaaaYaaaaaaaa", "", "a", "aa", "aaa", "aaaa"}) {
    names.add(name);
  }
  EXPECT_FALSE(names.close(0));
}

TEST(MemberNames, AnInnerObjectMayRepeatANameOfTheOuterOne) {
  MemberNames names;
  names.add("a");
  const std::size_t inner = names.mark();
  names.add("a");
  EXPECT_FALSE(names.close(inner));
  names.add("b");
  EXPECT_FALSE(names.close(0));
}

}  // namespace
}  // namespace trackly::json
