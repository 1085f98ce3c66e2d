#include "gateway/store/fleet.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

namespace trackly::store {
namespace {

constexpr std::string_view kKey = "trackly:{gateways}";

/// Scores are the times at which a gateway was heard of. One in the future is of a clock that was
/// set back since, and would never end.
constexpr std::string_view kScript = R"(
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local alive_for = tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - alive_for)
redis.call('ZREMRANGEBYSCORE', KEYS[1], string.format('(%.0f', now), '+inf')
redis.call('PEXPIRE', KEYS[1], alive_for)
return redis.call('ZCARD', KEYS[1]))";

std::string random_name(Loop& loop) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string name;
  for (int half = 0; half < 2; ++half) {
    std::uint64_t bits = loop.random();
    for (int digit = 0; digit < 16; ++digit, bits >>= 4) name += kHex[bits & 15];
  }
  return name;
}

}  // namespace

FleetHeartbeat::FleetHeartbeat(Loop& loop, Redis& redis, Fleet& fleet)
    : loop_(loop),
      redis_(redis),
      fleet_(fleet),
      name_(random_name(loop)),
      next_(loop.timer([this] { beat(); })) {}

void FleetHeartbeat::start() { beat(); }

void FleetHeartbeat::beat() {
  static const std::string alive_for = std::to_string(kAliveFor / std::chrono::milliseconds(1));
  const std::array<std::string_view, 6> words{"EVAL", kScript, "1", kKey, name_, alive_for};
  // Nobody waits for it, so it may take its time; the next one is due then.
  pending_ = redis_.send(kKey, words, loop_.now() + kInterval,
                         [this](const RedisAnswer& answer) { on_answer(answer); });
  next_->arm(kInterval);
}

void FleetHeartbeat::on_answer(const RedisAnswer& answer) {
  if (!answer || answer->kind != RedisReply::Kind::integer) return;
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  fleet_.set(static_cast<std::uint32_t>(std::clamp<std::int64_t>(answer->integer, 1, kMost)));
}

void FleetHeartbeat::leave() {
  next_->disarm();
  pending_.reset();
  const std::array<std::string_view, 3> words{"ZREM", kKey, name_};
  redis_.send(kKey, words);
}

}  // namespace trackly::store
