#include "gateway/proxy/chain.h"

#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <string>
#include <vector>

#include "gateway/json/held_body.h"
#include "gateway/json/parser.h"
#include "tests/support/manual_loop.h"

namespace trackly::proxy {
namespace {

using test::ManualLoop;

/// What happened, in order: "a?" filter a was asked, "a." its answer hook, "a!" its end hook.
using Journal = std::vector<std::string>;

class ScriptedFilter final : public Filter {
 public:
  using Script = std::function<Verdict(Exchange&, Resume)>;
  ScriptedFilter(std::string name, Journal& journal, Script script)
      : name_(std::move(name)), journal_(journal), script_(std::move(script)) {}

  Verdict on_request(Exchange& exchange, Resume resume) const override {
    journal_.push_back(name_ + "?");
    return script_(exchange, resume);
  }
  void on_response(Exchange&) const override { journal_.push_back(name_ + "."); }
  void on_end(Exchange&) const override { journal_.push_back(name_ + "!"); }

 private:
  std::string name_;
  Journal& journal_;
  Script script_;
};

Verdict pass(Exchange&, Resume) { return Verdict::next(); }

ErrorRef error(std::string_view code) {
  auto reply = std::make_shared<ErrorReply>();
  reply->code = code;
  return reply;
}

/// A wait that says when it was cancelled.
class Wait final : public Pending {
 public:
  explicit Wait(Journal& journal) : journal_(journal) {}
  ~Wait() override { journal_.push_back("wait gone"); }

 private:
  Journal& journal_;
};

class ChainTest : public testing::Test, protected ChainEvents {
 protected:
  void filter(const std::string& name, ScriptedFilter::Script script) {
    chain_.links.push_back(
        {name, std::make_unique<ScriptedFilter>(name, journal_, std::move(script))});
  }
  ChainRun& run() {
    run_ = std::make_unique<ChainRun>(chain_, exchange_, loop_, static_cast<ChainEvents&>(*this));
    run_->start();
    return *run_;
  }

  void on_chain_passed() override { journal_.emplace_back("passed"); }
  void on_chain_refused(ErrorRef why, const std::string&) override {
    journal_.push_back("refused " + why->code);
  }
  void on_chain_failed(std::string_view what) override {
    journal_.push_back("failed " + std::string(what));
  }
  void on_chain_wants_body() override { journal_.emplace_back("body wanted"); }

  Journal journal_;
  ManualLoop loop_;
  Chain chain_;
  Exchange exchange_;
  json::Parser parser_;
  json::HeldBody body_{parser_, 64};
  std::unique_ptr<ChainRun> run_;
};

TEST_F(ChainTest, AsksFiltersInOrderAndPasses) {
  filter("a", pass);
  filter("b", pass);
  run();
  EXPECT_EQ(journal_, (Journal{"a?", "b?", "passed"}));
}

TEST_F(ChainTest, AnEmptyChainPasses) {
  run();
  EXPECT_EQ(journal_, Journal{"passed"});
}

TEST_F(ChainTest, ARefusalAsksNobodyElseAndNamesTheFilter) {
  filter("a", pass);
  filter("b", [](Exchange&, Resume) { return Verdict::reject(error("no")); });
  filter("c", pass);
  run();
  EXPECT_EQ(journal_, (Journal{"a?", "b?", "refused no"}));
  EXPECT_EQ(exchange_.refused_by, "b");
}

TEST_F(ChainTest, AFilterThatHoldsTheBodyIsAskedAgainWhenItIsWhole) {
  filter("a", pass);
  filter("b", [](Exchange& exchange, Resume) {
    return exchange.body == nullptr ? Verdict::hold_body() : Verdict::next();
  });
  ChainRun& chain = run();
  EXPECT_EQ(journal_, (Journal{"a?", "b?", "body wanted"}));

  exchange_.body = &body_;
  chain.body_ready();

  EXPECT_EQ(journal_, (Journal{"a?", "b?", "body wanted", "b?", "passed"}));
  EXPECT_EQ(exchange_.trace.size(), 2U);
}

TEST_F(ChainTest, AWaitingFilterIsNotAskedAgainWhenItsVerdictComes) {
  std::optional<Resume> resume;
  filter("a", [&](Exchange&, Resume later) {
    resume = later;
    return Verdict::wait(std::make_unique<Wait>(journal_));
  });
  filter("b", pass);
  run();
  EXPECT_EQ(journal_, Journal{"a?"});

  (*resume)(Verdict::next());

  EXPECT_EQ(journal_, (Journal{"a?", "b?", "passed"}));
  loop_.run_posted();
  EXPECT_EQ(journal_.back(), "wait gone") << "the store may be on the stack until the turn ends";
}

TEST_F(ChainTest, AWaitingFilterCanRefuse) {
  std::optional<Resume> resume;
  filter("a", [&](Exchange&, Resume later) {
    resume = later;
    return Verdict::wait(std::make_unique<Wait>(journal_));
  });
  run();
  (*resume)(Verdict::reject(error("late")));
  EXPECT_EQ(journal_, (Journal{"a?", "refused late"}));
  EXPECT_EQ(exchange_.refused_by, "a");
}

TEST_F(ChainTest, TheEndOfTheRequestCancelsAWait) {
  filter("a", [&](Exchange&, Resume) { return Verdict::wait(std::make_unique<Wait>(journal_)); });
  run().end();
  EXPECT_EQ(journal_, (Journal{"a?", "wait gone", "a!"}));
}

TEST_F(ChainTest, AnAnswerOfTheCoreCancelsAWait) {
  std::optional<Resume> resume;
  filter("a", [&](Exchange&, Resume later) {
    resume = later;
    return Verdict::wait(std::make_unique<Wait>(journal_));
  });
  filter("b", pass);
  ChainRun& chain = run();
  chain.respond();
  EXPECT_EQ(journal_, (Journal{"a?", "wait gone", "a."}));
  chain.end();
  EXPECT_EQ(journal_.back(), "a!");
}

TEST_F(ChainTest, AnswersPassTheAskedFiltersInReverseOrder) {
  filter("a", pass);
  filter("b", [](Exchange&, Resume) { return Verdict::reject(error("no")); });
  filter("c", pass);
  ChainRun& chain = run();
  journal_.clear();
  chain.respond();
  EXPECT_EQ(journal_, (Journal{"b.", "a."}));
}

TEST_F(ChainTest, EndsOnceForEachFilterThatWasAsked) {
  filter("a", pass);
  filter("b", [](Exchange&, Resume) { return Verdict::reject(error("no")); });
  filter("c", pass);
  ChainRun& chain = run();
  journal_.clear();
  chain.end();
  chain.end();
  EXPECT_EQ(journal_, (Journal{"a!", "b!"}));
}

TEST_F(ChainTest, ABodyThatCrossesTheCapIsRefusedInTheNameOfTheFilterThatSetIt) {
  filter("a", pass);
  filter("cap", [](Exchange& exchange, Resume) {
    exchange.body_cap = {10, error("too_large"), 0};
    return Verdict::next();
  });
  filter("b", [](Exchange&, Resume) { return Verdict::hold_body(); });
  ChainRun& chain = run();
  chain.refuse_over_cap();
  EXPECT_EQ(journal_.back(), "refused too_large");
  EXPECT_EQ(exchange_.refused_by, "cap");
}

TEST_F(ChainTest, AFilterThatThrowsEndsTheRunAndIsToldTheEnd) {
  filter("a", pass);
  filter("b", [](Exchange&, Resume) -> Verdict { throw std::bad_alloc(); });
  filter("c", pass);
  ChainRun& run = this->run();
  EXPECT_TRUE(run.settled());
  EXPECT_EQ(exchange_.refused_by, "b");
  run.respond();
  run.end();
  EXPECT_EQ(journal_, Journal({"a?", "b?", "failed b: std::bad_alloc", "b.", "a.", "a!", "b!"}));
}

}  // namespace
}  // namespace trackly::proxy
