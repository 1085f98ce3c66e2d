#include "gateway/cli/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "gateway/cli/exit_code.h"

namespace trackly::cli {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr const char* kKey = "trk_[0-9A-Za-z]+";

/// A digest that shows the length of what was hashed.
class LengthHasher final : public Hasher {
 public:
  KeyDigest sha256(std::string_view text) override {
    KeyDigest digest{};
    digest.front() = static_cast<std::uint8_t>(text.size());
    digest.back() = 0xAB;
    return digest;
  }
};

/// The entry that LengthHasher makes of a whole key: 36 characters.
const std::string kEntry =
    "- {sha256: 24" + std::string(60, '0') + "ab, account: ACCOUNT, name: NAME}\n";

class Keys : public testing::Test {
 protected:
  int hash(const std::string& input) {
    std::istringstream in(input);
    return hash_key(hasher_, in, out_, err_);
  }

  LengthHasher hasher_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Keys, ANewKeyStandsOnTheFirstLineAndItsEntryOnTheSecond) {
  EXPECT_EQ(new_key(hasher_, out_, err_), kFine);
  const std::string text = out_.str();
  const std::string key = text.substr(0, text.find('\n'));
  EXPECT_EQ(key.size(), 36U);
  EXPECT_THAT(key, MatchesRegex(kKey));
  EXPECT_EQ(text.substr(37), kEntry);
}

TEST_F(Keys, NewKeysDiffer) {
  std::set<std::string> keys;
  for (int i = 0; i < 100; ++i) {
    std::ostringstream out;
    new_key(hasher_, out, err_);
    keys.insert(out.str().substr(0, 36));
  }
  EXPECT_EQ(keys.size(), 100U);
}

TEST_F(Keys, TheHashOfAKeyDoesNotShowIt) {
  const std::string key = "trk_0123456789ABCDEFGHIJabcdefghij01";
  EXPECT_EQ(hash(key + "\n"), kFine);
  EXPECT_EQ(out_.str(), kEntry);
}

TEST_F(Keys, SpaceAroundAKeyIsNoPartOfIt) {
  EXPECT_EQ(hash(" \ttrk_0123456789ABCDEFGHIJabcdefghij01 \r\n"), kFine);
  EXPECT_EQ(out_.str(), kEntry);
}

TEST_F(Keys, WhatIsNoKeyIsRefusedWithoutBeingRepeated) {
  for (const std::string input :
       {"", "\n", "trk_short", "0123456789ABCDEFGHIJabcdefghij0123456",
        "trk_0123456789ABCDEFGHIJabcdefghij0-", "trk_0123456789ABCDEFGHIJabcdefghij012"}) {
    EXPECT_EQ(hash(input), kProblem) << input;
  }
  EXPECT_EQ(out_.str(), "");
  EXPECT_THAT(err_.str(), Not(HasSubstr("0123")));
}

}  // namespace
}  // namespace trackly::cli
