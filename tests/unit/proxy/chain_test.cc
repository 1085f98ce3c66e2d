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
  void on_shadow_wants_body() override { journal_.emplace_back("body wanted in shadow"); }
  void on_shadow_failed(std::string_view what) override {
    journal_.push_back("failed in shadow " + std::string(what));
  }

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

// ------------------------------------------------------------------------------------------ shadow

class ShadowTest : public ChainTest {
 protected:
  void shadow(const std::string& name, ScriptedFilter::Script script) {
    filter(name, std::move(script));
    chain_.links.back().shadow = true;
  }
  /// "filter code" of each finding, or "filter: why it could not judge".
  std::vector<std::string> findings() const {
    std::vector<std::string> all;
    for (const ShadowFinding& finding : exchange_.shadow) {
      all.push_back(std::string(finding.filter) + (finding.error == nullptr
                                                       ? ": " + std::string(finding.unjudged)
                                                       : " " + finding.error->code));
    }
    return all;
  }
};

using Findings = std::vector<std::string>;

TEST_F(ShadowTest, ARefusalIsNotedAndTheNextFilterIsAsked) {
  shadow("a", [](Exchange&, Resume) { return Verdict::reject(error("no")); });
  filter("b", pass);
  run();
  EXPECT_EQ(journal_, (Journal{"a?", "b?", "passed"}));
  EXPECT_EQ(findings(), Findings{"a no"});
  EXPECT_EQ(exchange_.refused_by, "");
}

TEST_F(ShadowTest, APassLeavesNoTrace) {
  shadow("a", pass);
  run();
  EXPECT_EQ(findings(), Findings{});
}

TEST_F(ShadowTest, ALaterFilterThatIsNotInShadowRefuses) {
  shadow("a", [](Exchange&, Resume) { return Verdict::reject(error("noted")); });
  filter("b", [](Exchange&, Resume) { return Verdict::reject(error("no")); });
  run();
  EXPECT_EQ(journal_, (Journal{"a?", "b?", "refused no"}));
  EXPECT_EQ(findings(), Findings{"a noted"});
  EXPECT_EQ(exchange_.refused_by, "b");
}

TEST_F(ShadowTest, WhatItSaysToTheClientIsNotSaid) {
  exchange_.response_fields.set("Deprecation", "true");
  shadow("a", [](Exchange& exchange, Resume) {
    exchange.response_fields.set("Retry-After", "5");
    exchange.response_fields.set("Deprecation", "no");
    return Verdict::next();
  });
  run();
  EXPECT_EQ(exchange_.response_fields.find("Retry-After"), std::nullopt);
  EXPECT_EQ(exchange_.response_fields.find("Deprecation"), "true");
}

TEST_F(ShadowTest, WhatALimiterThatDecidesHasFoundIsKept) {
  filter("a", [](Exchange& exchange, Resume) {
    exchange.limiter = {"real", 5, "local"};
    return Verdict::next();
  });
  shadow("b", [](Exchange& exchange, Resume) {
    exchange.limiter = {"tried", 0, "local", true};
    return Verdict::reject(error("limited"));
  });
  run();
  EXPECT_EQ(exchange_.limiter.rule, "real");
  ASSERT_EQ(findings(), Findings{"b limited"});
  EXPECT_EQ(exchange_.shadow[0].rule, "tried");
}

TEST_F(ShadowTest, ARefusalAfterAWaitIsNoted) {
  std::optional<Resume> resume;
  exchange_.response_fields.set("Deprecation", "true");
  shadow("a", [&](Exchange&, Resume later) {
    resume = later;
    return Verdict::wait(std::make_unique<Wait>(journal_));
  });
  filter("b", pass);
  run();
  exchange_.response_fields.set("Retry-After", "5");
  (*resume)(Verdict::reject(error("late")));
  EXPECT_EQ(journal_, (Journal{"a?", "b?", "passed"}));
  EXPECT_EQ(findings(), Findings{"a late"});
  EXPECT_EQ(exchange_.response_fields.find("Retry-After"), std::nullopt);
  EXPECT_EQ(exchange_.response_fields.find("Deprecation"), "true");
}

TEST_F(ShadowTest, AnAnswerOfTheCoreDuringAWaitHasItsFields) {
  exchange_.response_fields.set("Deprecation", "true");
  shadow("a", [&](Exchange&, Resume) { return Verdict::wait(std::make_unique<Wait>(journal_)); });
  run().respond();
  EXPECT_EQ(exchange_.response_fields.find("Deprecation"), "true");
}

TEST_F(ShadowTest, ABodyThatIsHeldForItIsJudged) {
  shadow("a", [](Exchange& exchange, Resume) {
    return exchange.body == nullptr ? Verdict::hold_body() : Verdict::reject(error("no"));
  });
  ChainRun& chain = run();
  EXPECT_EQ(journal_, (Journal{"a?", "body wanted in shadow"}));
  exchange_.body = &body_;
  chain.body_ready();
  EXPECT_EQ(journal_.back(), "passed");
  EXPECT_EQ(findings(), Findings{"a no"});
}

TEST_F(ShadowTest, ABodyThatCannotBeHeldIsNotJudged) {
  shadow("a", [](Exchange&, Resume) { return Verdict::hold_body(); });
  filter("b", [](Exchange&, Resume) { return Verdict::hold_body(); });
  run().body_unavailable();
  EXPECT_EQ(journal_, (Journal{"a?", "body wanted in shadow", "b?", "body wanted"}));
  EXPECT_EQ(findings(), Findings{"a: body_memory"});
}

TEST_F(ShadowTest, ACapIsWatchedBesideTheOneInForce) {
  filter("wide", [](Exchange& exchange, Resume) {
    exchange.body_cap = {100, error("too_large"), 0};
    return Verdict::next();
  });
  shadow("narrow", [](Exchange& exchange, Resume) {
    exchange.body_cap = {10, error("noted"), 0};
    return Verdict::next();
  });
  ChainRun& chain = run();
  EXPECT_EQ(exchange_.body_cap.max_bytes, 100U);
  EXPECT_EQ(exchange_.shadow_cap.max_bytes, 10U);
  chain.note_over_shadow_cap();
  EXPECT_EQ(findings(), Findings{"narrow noted"});
  EXPECT_EQ(exchange_.shadow_cap.max_bytes, UINT64_MAX) << "once is enough";
  chain.refuse_over_cap();
  EXPECT_EQ(journal_.back(), "refused too_large");
  EXPECT_EQ(exchange_.refused_by, "wide");
}

TEST_F(ShadowTest, OneThatThrowsIsPassedOver) {
  exchange_.response_fields.set("Deprecation", "true");
  shadow("a", [](Exchange&, Resume) -> Verdict { throw std::bad_alloc(); });
  filter("b", pass);
  run();
  EXPECT_EQ(journal_, (Journal{"a?", "failed in shadow a: std::bad_alloc", "b?", "passed"}));
  EXPECT_EQ(findings(), Findings{"a: fault"});
  EXPECT_EQ(exchange_.response_fields.find("Deprecation"), "true");
}

TEST_F(ShadowTest, ItsHooksAreCalledLikeThoseOfOthers) {
  shadow("a", [](Exchange&, Resume) { return Verdict::reject(error("no")); });
  filter("b", pass);
  ChainRun& chain = run();
  journal_.clear();
  chain.respond();
  chain.end();
  EXPECT_EQ(journal_, (Journal{"b.", "a.", "a!", "b!"}));
}

}  // namespace
}  // namespace trackly::proxy
