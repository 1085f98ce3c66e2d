#include "config/configuration.h"

#include <gtest/gtest.h>

namespace trackly::config {
namespace {

class NoFilter final : public FilterFactory {
 public:
  std::unique_ptr<Filter> make(const Operation&, Services&) const override { return nullptr; }
  std::string describe(const Operation&) const override { return ""; }
  std::vector<PossibleAnswer> answers(const Operation&) const override { return {}; }
};

TEST(Configuration, AnOverriddenFilterHasAFactoryOfItsOwnForThatOperationOnly) {
  Configuration all;
  all.api.operations.resize(2);
  all.filters.push_back({"first", std::make_unique<NoFilter>()});
  all.filters.push_back({"second", std::make_unique<NoFilter>()});
  const Operation& plain = all.api.operations[0];
  const Operation& special = all.api.operations[1];
  auto& changed = all.overrides[{1, &special}];
  changed.factory = std::make_unique<NoFilter>();

  EXPECT_EQ(&all.factory_for(1, special), changed.factory.get());
  EXPECT_EQ(&all.factory_for(0, special), all.filters[0].factory.get());
  EXPECT_EQ(&all.factory_for(1, plain), all.filters[1].factory.get());
  EXPECT_EQ(&all.factory_for(1, all.api.unknown), all.filters[1].factory.get());
}

TEST(Configuration, AFileThatIsNotThereIsOneProblem) {
  Problems problems;
  const auto environment = [](const std::string&) { return std::nullopt; };
  EXPECT_EQ(load_configuration("/nowhere.yaml", {}, environment, problems), nullptr);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.lines()[0], "cannot read /nowhere.yaml: No such file or directory");
}

}  // namespace
}  // namespace trackly::config
