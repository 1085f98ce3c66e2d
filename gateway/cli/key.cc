#include "gateway/cli/key.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <istream>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "gateway/api/ascii.h"
#include "gateway/cli/exit_code.h"

namespace trackly::cli {
namespace {

// A key is "trk_" and 32 letters or digits.
constexpr std::string_view kPrefix = "trk_";
constexpr std::size_t kRandomLength = 32;
constexpr std::string_view kAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// nullopt where the system has no randomness to give.
std::optional<std::string> random_key() {
  // Bytes beyond the last whole alphabet are thrown away, or its first letters would come more
  // often.
  constexpr unsigned kFair = 256 / kAlphabet.size() * kAlphabet.size();
  std::string key(kPrefix);
  while (key.size() < kPrefix.size() + kRandomLength) {
    std::array<unsigned char, 64> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return std::nullopt;
    for (const unsigned char byte : bytes) {
      if (byte < kFair && key.size() < kPrefix.size() + kRandomLength) {
        key += kAlphabet[byte % kAlphabet.size()];
      }
    }
  }
  return key;
}

bool is_key(std::string_view text) {
  if (!text.starts_with(kPrefix)) return false;
  text.remove_prefix(kPrefix.size());
  return text.size() == kRandomLength && std::all_of(text.begin(), text.end(), [](char c) {
           return kAlphabet.find(c) != std::string_view::npos;
         });
}

std::string sha256_hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

void print_entry(std::string_view key, std::ostream& out) {
  out << "- {sha256: " << sha256_hex(key) << ", account: ACCOUNT, name: NAME}\n";
}

}  // namespace

int new_key(std::ostream& out, std::ostream& err) {
  const auto key = random_key();
  if (!key) {
    err << "the system has no randomness to give\n";
    return kProblem;
  }
  out << *key << '\n';
  print_entry(*key, out);
  return kFine;
}

int hash_key(std::istream& in, std::ostream& out, std::ostream& err) {
  std::string line;
  std::getline(in, line);
  if (line.ends_with('\r')) line.pop_back();
  const std::string_view key = trim_ows(line);
  if (!is_key(key)) {
    err << "standard input: expected an API key: " << kPrefix << " and " << kRandomLength
        << " letters or digits\n";
    return kProblem;
  }
  print_entry(key, out);
  return kFine;
}

}  // namespace trackly::cli
