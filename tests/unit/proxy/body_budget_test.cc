#include "gateway/proxy/body_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/manual_loop.h"

namespace trackly::proxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class BodyBudgetTest : public testing::Test {
 protected:
  /// Waits under a name, and keeps what it is given.
  std::unique_ptr<BodyBudget::Waiting> wait(std::string name, std::uint64_t bytes) {
    return budget_.wait(bytes, loop_, [this, name](BodyBudget::Reservation reservation) {
      served_.push_back(name);
      kept_.push_back(std::move(reservation));
    });
  }

  test::ManualLoop loop_;
  BodyBudget budget_{100};
  std::vector<std::string> served_;
  std::vector<BodyBudget::Reservation> kept_;
};

TEST_F(BodyBudgetTest, IsGivenOutUntilItIsUsedUp) {
  const auto most = budget_.reserve(90);
  EXPECT_TRUE(most);
  EXPECT_FALSE(budget_.reserve(11));
  EXPECT_TRUE(budget_.reserve(10));
}

TEST_F(BodyBudgetTest, WhatIsGivenBackCanBeReservedAgain) {
  { const auto all = budget_.reserve(100); }
  auto all = budget_.reserve(100);
  EXPECT_TRUE(all);
  all = {};
  EXPECT_TRUE(budget_.reserve(100));
}

TEST_F(BodyBudgetTest, ServesThoseWhoWaitInTheirOrder) {
  auto all = budget_.reserve(100);
  const auto large = wait("large", 80);
  const auto small = wait("small", 10);
  const auto last = wait("last", 50);
  loop_.run_posted();
  EXPECT_THAT(served_, IsEmpty());
  all = {};
  EXPECT_THAT(served_, IsEmpty()) << "not from inside the call that gave it back";
  loop_.run_posted();
  EXPECT_THAT(served_, ElementsAre("large", "small"));
  kept_.clear();
  loop_.run_posted();
  EXPECT_THAT(served_, ElementsAre("large", "small", "last"));
}

TEST_F(BodyBudgetTest, NobodyOvertakesThoseWhoWait) {
  auto most = budget_.reserve(90);
  const auto waiting = wait("waiting", 20);
  EXPECT_FALSE(budget_.reserve(5));
  most = {};
  EXPECT_TRUE(budget_.reserve(5));
}

TEST_F(BodyBudgetTest, WhoLeavesTheQueueHoldsNobodyUp) {
  const auto most = budget_.reserve(90);
  auto large = wait("large", 50);
  const auto small = wait("small", 10);
  large.reset();
  const auto one_more = wait("one more", 0);
  loop_.run_posted();
  EXPECT_THAT(served_, ElementsAre("small", "one more"));
}

TEST_F(BodyBudgetTest, WhatWasGrantedToOneWhoLeftGoesBack) {
  auto all = budget_.reserve(100);
  auto waiting = wait("waiting", 60);
  all = {};
  waiting.reset();
  loop_.run_posted();
  EXPECT_THAT(served_, IsEmpty());
  EXPECT_TRUE(budget_.reserve(100));
}

TEST_F(BodyBudgetTest, WhoFindsRoomNeedNotWaitLong) {
  const auto waiting = wait("waiting", 60);
  loop_.run_posted();
  EXPECT_THAT(served_, ElementsAre("waiting"));
}

}  // namespace
}  // namespace trackly::proxy
