#include "gateway/net/dns_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/fake_dns.h"
#include "tests/support/temp_dir.h"

namespace trackly::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::DnsAnswer;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr std::uint16_t kPort = 9000;
constexpr std::string_view kToCome = "to come";

/// What became of a question.
struct Outcome {
  bool answered() const { return addresses || fault; }

  std::unique_ptr<Resolver::Lookup> lookup;
  std::optional<std::vector<std::string>> addresses;
  Duration ttl{};
  /// The family of which nothing is known, and why.
  std::string unknown;
  std::optional<std::string> fault;
  int answers = 0;
};

std::string text_of(const ResolvedName::Unknown& unknown) {
  const std::string family = unknown.family == AF_INET ? "IPv4: " : "IPv6: ";
  return family + (unknown.fault ? unknown.fault->text : std::string(kToCome));
}

class DnsResolverTest : public testing::Test {
 protected:
  DnsResolverTest() {
    hosts("");
    setenv("CARES_HOSTS", (dir_ / "hosts").c_str(), 1);
    settings_.timeout = seconds(10);
  }
  ~DnsResolverTest() override { unsetenv("CARES_HOSTS"); }

  void hosts(std::string_view lines) { dir_.write("hosts", lines); }
  void name(const std::string& text, DnsAnswer answer) { dns_.set(text, std::move(answer)); }
  /// Of one attempt: for tests in which a name server says nothing.
  void short_timeout() { settings_.timeout = milliseconds(100); }

  DnsResolver& resolver() {
    if (resolver_ == nullptr) resolver_ = std::make_unique<DnsResolver>(*loop_, settings_);
    return *resolver_;
  }
  void ask(const std::string& text, Outcome& outcome) {
    outcome.lookup = resolver().resolve(text, kPort, [&](Result<ResolvedName> found) {
      ASSERT_TRUE(!outcome.answered() || outcome.unknown.ends_with(kToCome)) << "answered twice";
      ++outcome.answers;
      if (found) {
        outcome.unknown = found->unknown ? text_of(*found->unknown) : "";
        outcome.addresses.emplace();
        for (const SocketAddress& a : found->addresses) outcome.addresses->push_back(a.to_string());
        outcome.ttl = found->ttl;
      } else {
        outcome.fault = found.error().text;
      }
      loop_->stop();
    });
  }
  /// The test's own time limit bounds the wait.
  void await(const Outcome& outcome) {
    while (!outcome.answered()) loop_->run();
  }
  void await_the_rest(const Outcome& outcome) {
    while (outcome.answers < 2) loop_->run();
  }
  Outcome resolve(const std::string& text) {
    Outcome outcome;
    ask(text, outcome);
    while (!outcome.answered() || outcome.unknown.ends_with(kToCome)) loop_->run();
    outcome.lookup.reset();
    return outcome;
  }
  /// So long that an answer would have come.
  void pass(Duration time) {
    const auto over = loop_->timer([this] { loop_->stop(); });
    over->arm(time);
    loop_->run();
  }

  test::FakeDns dns_;
  test::TempDir dir_;
  ResolverSettings settings_{.servers = {dns_.address()}};
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::unique_ptr<DnsResolver> resolver_;
};

TEST_F(DnsResolverTest, ANameHasTheAddressesThatTheNameServerKnows) {
  name("api.test", {.addresses = {"10.0.0.7"}, .ttl = 30});
  const Outcome outcome = resolve("api.test");
  EXPECT_THAT(outcome.addresses, testing::Optional(ElementsAre("10.0.0.7:9000")));
  EXPECT_EQ(outcome.ttl, seconds(30));
}

TEST_F(DnsResolverTest, AddressesOfBothFamiliesCount) {
  name("api.test", {.addresses = {"10.0.0.7", "2001:db8::7", "10.0.0.8"}});
  EXPECT_THAT(resolve("api.test").addresses,
              testing::Optional(
                  UnorderedElementsAre("10.0.0.7:9000", "10.0.0.8:9000", "[2001:db8::7]:9000")));
}

TEST_F(DnsResolverTest, AnAliasThatHoldsShorterThanTheAddressesDecidesHowLongTheyHold) {
  name("api.test",
       {.addresses = {"10.0.0.7"}, .ttl = 300, .alias = "api.cloud.test", .alias_ttl = 10});
  const Outcome outcome = resolve("api.test");
  EXPECT_THAT(outcome.addresses, testing::Optional(ElementsAre("10.0.0.7:9000")));
  EXPECT_EQ(outcome.ttl, seconds(10));
}

TEST_F(DnsResolverTest, ATimeToLiveThatLooksNegativeIsZero) {
  name("api.test", {.addresses = {"10.0.0.7"}, .ttl = 0x80000001});
  EXPECT_EQ(resolve("api.test").ttl, Duration::zero());
}

TEST_F(DnsResolverTest, AnAddressStandsForItself) {
  EXPECT_THAT(resolve("10.0.0.9").addresses, testing::Optional(ElementsAre("10.0.0.9:9000")));
  EXPECT_THAT(resolve("::1").addresses, testing::Optional(ElementsAre("[::1]:9000")));
}

TEST_F(DnsResolverTest, ANameThatDoesNotExistIsNoSuchName) {
  EXPECT_EQ(resolve("nobody.test").fault, "no such name");
}

TEST_F(DnsResolverTest, ANameWithoutAnAddressHasNone) {
  name("mail.test", {});
  EXPECT_EQ(resolve("mail.test").fault, "the name has no address");
}

TEST_F(DnsResolverTest, WhatIsNoNameIsNotAskedFor) {
  EXPECT_EQ(resolve(std::string(64, 'x') + ".test").fault, "not a valid name");
}

TEST_F(DnsResolverTest, ASilentNameServerIsNoAnswerInTime) {
  short_timeout();
  name("api.test", {.kind = DnsAnswer::Kind::silence});
  EXPECT_EQ(resolve("api.test").fault, "no answer in time");
  EXPECT_EQ(dns_.questions("api.test"), 4U) << "twice for each family";
}

TEST_F(DnsResolverTest, ALostQuestionIsAskedAgain) {
  short_timeout();
  name("api.test", {.addresses = {"10.0.0.7"}, .lost = 2});
  EXPECT_THAT(resolve("api.test").addresses, testing::Optional(ElementsAre("10.0.0.7:9000")));
}

// ------------------------------------------------------------------------------- half an answer

TEST_F(DnsResolverTest, AFamilyThatTheNameServerFailsForIsUnknown) {
  name("api.test", {.addresses = {"10.0.0.7", "2001:db8::7"}, .of_ipv4 = DnsAnswer::Kind::failure});
  const Outcome outcome = resolve("api.test");
  EXPECT_THAT(outcome.addresses, testing::Optional(ElementsAre("[2001:db8::7]:9000")));
  EXPECT_EQ(outcome.unknown, "IPv4: server failure");
}

TEST_F(DnsResolverTest, AFamilyWithoutAddressesIsKnown) {
  name("api.test", {.addresses = {"10.0.0.7"}});
  EXPECT_EQ(resolve("api.test").unknown, "");
}

TEST_F(DnsResolverTest, ANameWithoutAddressesOfOneFamilyAndFailuresForTheOtherDoesNotResolve) {
  name("api.test", {.of_ipv4 = DnsAnswer::Kind::failure});
  EXPECT_EQ(resolve("api.test").fault, "server failure");
}

TEST_F(DnsResolverTest, ANameServerThatIgnoresIpv6QuestionsCostsNoTime) {
  name("api.test", {.addresses = {"10.0.0.7"}, .of_ipv6 = DnsAnswer::Kind::silence});
  Outcome outcome;
  ask("api.test", outcome);
  await(outcome);
  EXPECT_THAT(outcome.addresses, testing::Optional(ElementsAre("10.0.0.7:9000")));
  EXPECT_EQ(outcome.unknown, "IPv6: to come");
}

TEST_F(DnsResolverTest, WhatAnotherFamilyHasComesLater) {
  settings_.timeout = milliseconds(200);
  name("api.test", {.addresses = {"10.0.0.7", "2001:db8::7"}, .of_ipv6 = DnsAnswer::Kind::silence});
  Outcome outcome;
  ask("api.test", outcome);
  await(outcome);
  EXPECT_EQ(outcome.unknown, "IPv6: to come");

  name("api.test", {.addresses = {"10.0.0.7", "2001:db8::7"}});  // when it is asked again
  await_the_rest(outcome);
  EXPECT_THAT(outcome.addresses,
              testing::Optional(ElementsAre("[2001:db8::7]:9000", "10.0.0.7:9000")));
  EXPECT_EQ(outcome.unknown, "");
}

TEST_F(DnsResolverTest, AFamilyThatNobodyAnswersForIsUnknownInTheEnd) {
  short_timeout();
  name("api.test", {.addresses = {"10.0.0.7"}, .of_ipv6 = DnsAnswer::Kind::silence});
  Outcome outcome;
  ask("api.test", outcome);
  await(outcome);
  await_the_rest(outcome);
  EXPECT_THAT(outcome.addresses, testing::Optional(ElementsAre("10.0.0.7:9000")));
  EXPECT_EQ(outcome.unknown, "IPv6: no answer in time");
}

TEST_F(DnsResolverTest, AFirstAnswerMayDestroyItsLookup) {
  short_timeout();
  name("api.test", {.addresses = {"10.0.0.7"}, .of_ipv6 = DnsAnswer::Kind::silence});
  int answers = 0;
  std::unique_ptr<Resolver::Lookup> lookup =
      resolver().resolve("api.test", kPort, [&](const Result<ResolvedName>&) {
        ++answers;
        lookup.reset();
        loop_->stop();
      });
  loop_->run();
  pass(milliseconds(400));
  EXPECT_EQ(answers, 1);
}

TEST_F(DnsResolverTest, FamiliesOfDifferentSearchDomainsAreNotMixed) {
  setenv("LOCALDOMAIN", "first.test second.test", 1);
  name("api.first.test", {.addresses = {"10.0.0.7"}});
  name("api.second.test", {.addresses = {"10.9.9.9", "2001:db8::9"}});
  EXPECT_THAT(resolve("api").addresses, testing::Optional(ElementsAre("10.0.0.7:9000")));

  name("v6.first.test", {.addresses = {"2001:db8::7"}});
  name("v6.second.test", {.addresses = {"10.9.9.9"}});
  EXPECT_THAT(resolve("v6").addresses, testing::Optional(ElementsAre("[2001:db8::7]:9000")));

  name("with.dot", {.addresses = {"10.0.0.8"}});
  name("with.dot.first.test", {.addresses = {"2001:db8::9"}});
  EXPECT_THAT(resolve("with.dot").addresses, testing::Optional(ElementsAre("10.0.0.8:9000")));
  unsetenv("LOCALDOMAIN");
}

TEST_F(DnsResolverTest, AnAliasIsNoOtherName) {
  name("api.test", {.addresses = {"10.0.0.7", "2001:db8::7"}, .alias = "api.cloud.test"});
  EXPECT_THAT(resolve("api.test").addresses, testing::Optional(SizeIs(2)));
}

// -------------------------------------------------------------------------------------- failures

TEST_F(DnsResolverTest, AFailingNameServerIsAServerFailure) {
  name("api.test", {.kind = DnsAnswer::Kind::failure});
  EXPECT_EQ(resolve("api.test").fault, "server failure");
  name("api.test", {.kind = DnsAnswer::Kind::refusal});
  EXPECT_EQ(resolve("api.test").fault, "server failure");
}

TEST_F(DnsResolverTest, ANameServerThatIsNotThereIsAServerFailure) {
  settings_.servers = {"127.0.0.1:1"};
  EXPECT_EQ(resolve("api.test").fault, "server failure");
}

TEST_F(DnsResolverTest, AMalformedAnswerIsAFault) {
  name("api.test", {.kind = DnsAnswer::Kind::garbage});
  EXPECT_EQ(resolve("api.test").fault, "malformed answer");
}

TEST_F(DnsResolverTest, NoiseIsNotTakenForAnAnswer) {
  short_timeout();
  name("api.test", {.kind = DnsAnswer::Kind::noise});
  EXPECT_EQ(resolve("api.test").fault, "no answer in time");
}

TEST_F(DnsResolverTest, TheNextNameServerIsAskedWhereOneSaysNothing) {
  short_timeout();
  test::FakeDns silent;
  silent.set("api.test", {.kind = DnsAnswer::Kind::silence});
  settings_.servers = {silent.address(), dns_.address()};
  name("api.test", {.addresses = {"10.0.0.7"}});
  EXPECT_THAT(resolve("api.test").addresses, testing::Optional(ElementsAre("10.0.0.7:9000")));
}

TEST_F(DnsResolverTest, AnAnswerThatIsTooLongForUdpComesOverTcp) {
  DnsAnswer answer{.kind = DnsAnswer::Kind::truncated};
  for (int i = 1; i <= 100; ++i) answer.addresses.push_back("10.0.1." + std::to_string(i));
  name("api.test", answer);
  EXPECT_THAT(resolve("api.test").addresses, testing::Optional(SizeIs(100)));
}

TEST_F(DnsResolverTest, ANameOfTheHostsFileHasNoFurtherAddressesInDns) {
  hosts("10.1.1.1 api.test\n2001:db8::1 v6.test\n");
  name("api.test", {.addresses = {"2001:db8::7"}});
  name("v6.test", {.addresses = {"10.0.0.7"}});
  EXPECT_THAT(resolve("api.test").addresses, testing::Optional(ElementsAre("10.1.1.1:9000")));
  EXPECT_THAT(resolve("v6.test").addresses, testing::Optional(ElementsAre("[2001:db8::1]:9000")));
}

TEST_F(DnsResolverTest, TheHostsFileComesFirst) {
  hosts("10.1.1.1 api.test other.test\n");
  name("api.test", {.addresses = {"10.0.0.7"}});
  const Outcome outcome = resolve("api.test");
  EXPECT_THAT(outcome.addresses, testing::Optional(ElementsAre("10.1.1.1:9000")));
  EXPECT_EQ(outcome.ttl, Duration::zero());
  EXPECT_EQ(dns_.questions("api.test"), 0U);
}

TEST_F(DnsResolverTest, AChangedHostsFileCountsAtOnce) {
  hosts("10.1.1.1 api.test\n");
  resolve("api.test");
  hosts("10.1.1.2 api.test\n2001:db8::2 api.test\n");
  EXPECT_THAT(resolve("api.test").addresses,
              testing::Optional(UnorderedElementsAre("10.1.1.2:9000", "[2001:db8::2]:9000")));
}

TEST_F(DnsResolverTest, NoAnswerComesFromInsideTheQuestion) {
  hosts("10.1.1.1 api.test\n");
  Outcome outcome;
  ask("api.test", outcome);
  EXPECT_FALSE(outcome.answered());
  await(outcome);
}

TEST_F(DnsResolverTest, AWithdrawnQuestionIsNotAnswered) {
  hosts("10.1.1.1 known.test\n");
  name("api.test", {.addresses = {"10.0.0.7"}});
  Outcome from_file;
  Outcome from_server;
  ask("known.test", from_file);
  ask("api.test", from_server);
  from_file.lookup.reset();
  from_server.lookup.reset();
  resolve("nobody.test");
  pass(milliseconds(20));
  EXPECT_FALSE(from_file.answered());
  EXPECT_FALSE(from_server.answered());
}

TEST_F(DnsResolverTest, AnAnswerMayDestroyItsLookupAndAskAgain) {
  name("api.test", {.addresses = {"10.0.0.7"}});
  Outcome second;
  std::unique_ptr<Resolver::Lookup> first =
      resolver().resolve("api.test", kPort, [&](const Result<ResolvedName>&) {
        first.reset();
        ask("api.test", second);
      });
  await(second);
  EXPECT_TRUE(second.addresses.has_value());
}

TEST_F(DnsResolverTest, AResolverThatGoesAwayTakesItsQuestionsAlong) {
  name("api.test", {.kind = DnsAnswer::Kind::silence});
  Outcome outcome;
  ask("api.test", outcome);
  pass(milliseconds(5));
  resolver_.reset();
  pass(milliseconds(5));
  EXPECT_FALSE(outcome.answered());
}

TEST_F(DnsResolverTest, AFailureDoesNotDisturbQuestionsThatAreUnderWay) {
  settings_.timeout = milliseconds(500);
  name("broken.test", {.kind = DnsAnswer::Kind::failure});
  name("slow.test", {.addresses = {"10.0.0.7"}, .lost = 2});
  Outcome slow;
  ask("slow.test", slow);
  EXPECT_EQ(resolve("broken.test").fault, "server failure");
  EXPECT_FALSE(slow.answered());

  name("api.test", {.addresses = {"10.0.0.8"}});
  EXPECT_THAT(resolve("api.test").addresses, testing::Optional(ElementsAre("10.0.0.8:9000")));
  await(slow);
  EXPECT_THAT(slow.addresses, testing::Optional(ElementsAre("10.0.0.7:9000")));
}

TEST_F(DnsResolverTest, ANameServerThatComesBackIsAskedAgain) {
  short_timeout();
  name("api.test", {.kind = DnsAnswer::Kind::silence});
  EXPECT_EQ(resolve("api.test").fault, "no answer in time");
  name("api.test", {.addresses = {"10.0.0.7"}});
  EXPECT_TRUE(resolve("api.test").addresses.has_value());
}

TEST_F(DnsResolverTest, ServersThatAreNoAddressesAreAFault) {
  settings_.servers = {"not an address"};
  EXPECT_THAT(*resolve("api.test").fault, testing::HasSubstr("cannot resolve names"));
}

TEST_F(DnsResolverTest, ManyQuestionsAtOnceAreAllAnswered) {
  std::vector<Outcome> outcomes(100);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const std::string text = "n" + std::to_string(i) + ".test";
    name(text, {.addresses = {"10.0.0." + std::to_string(i)}});
    ask(text, outcomes[i]);
  }
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    await(outcomes[i]);
    EXPECT_THAT(outcomes[i].addresses,
                testing::Optional(ElementsAre("10.0.0." + std::to_string(i) + ":9000")));
  }
}

}  // namespace
}  // namespace trackly::net
