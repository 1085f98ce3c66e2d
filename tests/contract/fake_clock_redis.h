#pragma once

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/store/redis.h"
#include "gateway/store/token_bucket_script.h"

namespace trackly::store {

/// A real Redis, in which the script of the buckets goes by a clock that the test sets, expiry
/// included. Everything else is Redis's own.
class FakeClockRedis final : public Redis {
 public:
  using Micros = std::chrono::microseconds;

  /// `redis` outlives this.
  explicit FakeClockRedis(Redis& redis) : redis_(redis) {}

  void set(Micros since_epoch) { now_ = since_epoch; }
  Micros now() const { return now_; }

  TimePoint deadline() const override { return redis_.deadline(); }
  PendingPtr send(std::string_view key, std::span<const std::string_view> words, TimePoint deadline,
                  Callback callback) override {
    const std::string now = std::to_string(now_.count());
    return redis_.send(key, with_clock(words, now), deadline, std::move(callback));
  }
  void send(std::string_view key, std::span<const std::string_view> words) override {
    const std::string now = std::to_string(now_.count());
    redis_.send(key, with_clock(words, now));
  }

 private:
  /// Stands before the script and takes the place of `redis`. The time is one more argument.
  static constexpr std::string_view kPrologue = R"(
    local real, now = redis, tonumber(table.remove(ARGV))
    local dues = 'dues-of-keys'
    local redis = {}
    local function expire(key, ms)
      real.call('HSET', dues, key, string.format('%.0f', now + ms * 1000))
    end
    function redis.call(name, ...)
      if name == 'TIME' then
        return {math.floor(now / 1000000), now % 1000000}
      end
      local words = {...}
      local key = words[1]
      local due = real.call('HGET', dues, key)
      if due and tonumber(due) <= now then
        real.call('DEL', key)
        real.call('HDEL', dues, key)
      end
      if name == 'PEXPIRE' then
        return expire(key, words[2])
      elseif name == 'SET' then
        assert(words[3] == 'PX')
        expire(key, words[4])
        return real.call('SET', key, words[2])
      elseif name == 'DEL' then
        real.call('HDEL', dues, key)
      end
      return real.call(name, ...)
    end
  )";

  std::vector<std::string_view> with_clock(std::span<const std::string_view> words,
                                           std::string_view now) const {
    std::vector<std::string_view> all(words.begin(), words.end());
    all[1] = words[0] == "EVAL" ? std::string_view(script_) : digest_;
    all.push_back(now);
    return all;
  }

  static std::string sha1(const std::string& text) {
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
    EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
    std::string hex;
    for (const unsigned char byte : digest) hex += two_digits(byte);
    return hex;
  }
  static std::string two_digits(unsigned char byte) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    return {kHex[byte >> 4], kHex[byte & 15]};
  }

  Redis& redis_;
  const std::string script_ = std::string(kPrologue) + std::string(kTokenBucketScript);
  const std::string digest_ = sha1(script_);
  Micros now_{};
};

}  // namespace trackly::store
