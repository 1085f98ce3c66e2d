#include "gateway/net/event_loop.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace trackly::net {
namespace {

using std::chrono::milliseconds;

class EventLoopTest : public testing::Test {
 protected:
  void note(std::string what) { journal_.push_back(std::move(what)); }
  /// Runs turns until somebody stops the loop.
  void run() { loop_->run(); }

  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::vector<std::string> journal_;
};

/// Says when it is destroyed.
class Noted final : public Deferred {
 public:
  explicit Noted(std::function<void()> on_end) : on_end_(std::move(on_end)) {}
  ~Noted() override { on_end_(); }

 private:
  std::function<void()> on_end_;
};

TEST_F(EventLoopTest, RunsPostedTasksInOrderAndWhatTheyPostInTheSameTurn) {
  loop_->post([&] {
    note("first");
    loop_->post([&] { note("third"); });
  });
  loop_->post([&] { note("second"); });
  loop_->stop();
  run();
  EXPECT_EQ(journal_, (std::vector<std::string>{"first", "second", "third"}));
}

TEST_F(EventLoopTest, DestroysWhatWasDeferredAfterTheTasksOfTheTurn) {
  loop_->defer_delete(std::make_unique<Noted>([&] { note("destroyed"); }));
  loop_->post([&] { note("task"); });
  loop_->stop();
  run();
  EXPECT_EQ(journal_, (std::vector<std::string>{"task", "destroyed"}));
}

TEST_F(EventLoopTest, ADestructorMayDeferAndPost) {
  loop_->defer_delete(std::make_unique<Noted>([&] {
    note("outer");
    loop_->post([&] { note("posted by outer"); });
    loop_->defer_delete(std::make_unique<Noted>([&] { note("inner"); }));
  }));
  loop_->stop();
  run();
  EXPECT_EQ(journal_, (std::vector<std::string>{"outer", "posted by outer", "inner"}));
}

TEST_F(EventLoopTest, TimersFireInTheOrderOfTheirDeadlines) {
  const auto late = loop_->timer([&] {
    note("late");
    loop_->stop();
  });
  const auto early = loop_->timer([&] { note("early"); });
  late->arm(milliseconds(4));
  early->arm(milliseconds(1));
  run();
  EXPECT_EQ(journal_, (std::vector<std::string>{"early", "late"}));
}

TEST_F(EventLoopTest, AMovedDeadlineFiresOnceAndNotBeforeItsTime) {
  const TimePoint begin = loop_->now();
  TimePoint fired{};
  int times = 0;
  const auto timer = loop_->timer([&] {
    ++times;
    fired = loop_->exact_now();
  });
  const auto end = loop_->timer([&] { loop_->stop(); });
  timer->arm(milliseconds(2));
  timer->arm(milliseconds(20));
  end->arm(milliseconds(40));
  run();
  EXPECT_EQ(times, 1);
  EXPECT_GE(fired - begin, milliseconds(20));
}

TEST_F(EventLoopTest, AShorterDeadlineTakesThePlaceOfALongerOne) {
  const auto timer = loop_->timer([&] {
    note("fired");
    loop_->stop();
  });
  timer->arm(std::chrono::hours(1));
  timer->arm(milliseconds(1));
  run();
  EXPECT_EQ(journal_.size(), 1U);
}

TEST_F(EventLoopTest, ADisarmedOrDestroyedTimerIsSilent) {
  const auto disarmed = loop_->timer([&] { note("disarmed"); });
  auto destroyed = loop_->timer([&] { note("destroyed"); });
  const auto end = loop_->timer([&] { loop_->stop(); });
  disarmed->arm(milliseconds(1));
  destroyed->arm(milliseconds(1));
  end->arm(milliseconds(5));
  disarmed->disarm();
  destroyed.reset();
  run();
  EXPECT_TRUE(journal_.empty());
}

TEST_F(EventLoopTest, OtherThreadsSubmit) {
  std::thread other([&] {
    loop_->submit([&] { note("from afar"); });
    loop_->stop();
  });
  run();
  other.join();
  EXPECT_EQ(journal_, std::vector<std::string>{"from afar"});
}

TEST_F(EventLoopTest, ATurnHasOneTime) {
  loop_->post([&] {
    const TimePoint first = loop_->now();
    while (loop_->exact_now() == first) {
    }
    EXPECT_EQ(loop_->now(), first);
  });
  loop_->stop();
  run();
}

TEST_F(EventLoopTest, ALoopThatEndsDropsTasksWhoseObjectsMayBeGone) {
  loop_->post([&] { note("task"); });
  loop_->defer_delete(std::make_unique<Noted>([&] { note("destroyed"); }));
  loop_.reset();
  EXPECT_EQ(journal_, std::vector<std::string>{"destroyed"});
}

TEST_F(EventLoopTest, RandomNumbersDoNotRepeat) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(loop_->random());
  EXPECT_EQ(seen.size(), 1000U);
}

}  // namespace
}  // namespace trackly::net
