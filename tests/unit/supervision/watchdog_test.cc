#include "gateway/supervision/watchdog.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include "tests/support/manual_loop.h"

namespace trackly {
namespace {

using namespace std::chrono_literals;

/// A thread that does what it is asked to only when the test lets it.
class LazyThread {
 public:
  Watchdog::Submit submit() {
    return [this](std::function<void()> task) { tasks_.push_back(std::move(task)); };
  }
  void work() {
    for (const auto& task : std::exchange(tasks_, {})) task();
  }
  std::size_t asked() const { return tasks_.size(); }

 private:
  std::vector<std::function<void()>> tasks_;
};

class WatchdogTest : public testing::Test {
 protected:
  void all_work() {
    one_.work();
    other_.work();
    loop_.run_posted();
  }

  test::ManualLoop loop_;
  LazyThread one_;
  LazyThread other_;
  int signs_ = 0;
  Watchdog watchdog_{loop_, 10s, {one_.submit(), other_.submit()}, [this] { ++signs_; }};
};

TEST_F(WatchdogTest, GivesASignTwiceInEachInterval) {
  all_work();
  EXPECT_EQ(signs_, 1);
  loop_.advance(5s);
  all_work();
  EXPECT_EQ(signs_, 2);
  loop_.advance(5s);
  all_work();
  EXPECT_EQ(signs_, 3);
}

TEST_F(WatchdogTest, GivesNoneWhereOneThreadIsStuck) {
  all_work();
  for (int i = 0; i < 4; ++i) {
    loop_.advance(5s);
    one_.work();
    loop_.run_posted();
  }
  EXPECT_EQ(signs_, 1);
}

TEST_F(WatchdogTest, AsksAThreadThatIsStuckNotMoreThanOnce) {
  for (int i = 0; i < 4; ++i) loop_.advance(5s);
  EXPECT_EQ(one_.asked(), 1u);
}

TEST_F(WatchdogTest, GoesOnWhenAThreadIsStuckNoLonger) {
  loop_.advance(30s);
  EXPECT_EQ(signs_, 0);
  all_work();
  EXPECT_EQ(signs_, 1);
  loop_.advance(5s);
  all_work();
  EXPECT_EQ(signs_, 2);
}

}  // namespace
}  // namespace trackly
