#include "gateway/store/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace trackly::store {
namespace {

std::string hex(const KeyDigest& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// FIPS 180-4's own examples.
TEST(Sha256Test, AgreesWithTheStandardsExamples) {
  Sha256 hasher;
  EXPECT_EQ(hex(hasher.sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(hasher.sha256("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256Test, OneTextLeavesNoTraceInTheNext) {
  Sha256 hasher;
  const KeyDigest first = hasher.sha256("trk_a");
  hasher.sha256("trk_b");
  EXPECT_EQ(hasher.sha256("trk_a"), first);
}

}  // namespace
}  // namespace trackly::store
