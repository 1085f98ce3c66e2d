#include "gateway/cli/key.h"

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

constexpr std::string_view kPrefix = "trk_";
constexpr std::size_t kRandomLength = 32;
constexpr std::string_view kAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

bool is_key(std::string_view text) {
  if (!text.starts_with(kPrefix)) return false;
  text.remove_prefix(kPrefix.size());
  return text.size() == kRandomLength && std::all_of(text.begin(), text.end(), [](char c) {
           return kAlphabet.find(c) != std::string_view::npos;
         });
}

void print_entry(std::string_view key, Hasher& hasher, std::ostream& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out << "- {sha256: ";
  for (const std::uint8_t byte : hasher.sha256(key))
    out << kDigits[byte >> 4] << kDigits[byte & 15];
  out << ", account: ACCOUNT, name: NAME}\n";
}

}  // namespace

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

int new_key(Hasher& hasher, std::ostream& out, std::ostream& err) {
  const auto key = random_key();
  if (!key) {
    err << "the system has no randomness to give\n";
    return kProblem;
  }
  out << *key << '\n';
  print_entry(*key, hasher, out);
  return kFine;
}

int hash_key(Hasher& hasher, std::istream& in, std::ostream& out, std::ostream& err) {
  std::string line;
  std::getline(in, line);
  if (line.ends_with('\r')) line.pop_back();
  const std::string_view key = trim_ows(line);
  if (!is_key(key)) {
    err << "standard input: expected an API key: " << kPrefix << " and " << kRandomLength
        << " letters or digits\n";
    return kProblem;
  }
  print_entry(key, hasher, out);
  return kFine;
}

}  // namespace trackly::cli
