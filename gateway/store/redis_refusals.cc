#include "gateway/store/redis_refusals.h"

#include <algorithm>
#include <array>

namespace trackly::store {
namespace {

constexpr std::array<std::string_view, 11> kRefusals = {
    "LOADING",     // it reads its data set from disk
    "READONLY",    // it is a replica
    "MASTERDOWN",  // it is a replica that has lost its primary
    "CLUSTERDOWN", "NOREPLICAS", "OOM",
    "MISCONF",  // it cannot write to its disk
    "BUSY",     // a script of somebody's runs on and on
    "NOAUTH",      "WRONGPASS",  "NOPERM"};

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

}  // namespace

std::string_view refusal_code(const RedisReply& reply) {
  if (reply.kind != RedisReply::Kind::error) return {};
  const std::string_view text = reply.text;
  std::string_view code = first_word(text);
  // Before Redis 7, what was refused to a script stands in an error of the script:
  // "ERR Error running script (call to f_…): @user_script:1: -OOM command not allowed…".
  constexpr std::string_view kInScript = ": -";
  if (const std::size_t inner = text.find(kInScript);
      code == "ERR" && inner != std::string_view::npos) {
    code = first_word(text.substr(inner + kInScript.size()));
  }
  return std::find(kRefusals.begin(), kRefusals.end(), code) == kRefusals.end() ? std::string_view()
                                                                                : code;
}

Duration jittered(Duration pause, std::uint64_t random) {
  const auto half = static_cast<std::uint64_t>(pause.count() / 2);
  return half == 0 ? pause : pause - Duration(static_cast<std::int64_t>(random % half));
}

RedisRefusals::Name* RedisRefusals::find(std::string_view name) {
  const auto found = std::find_if(names_.begin(), names_.end(),
                                  [name](const Name& one) { return one.name == name; });
  return found == names_.end() ? nullptr : &*found;
}

bool RedisRefusals::blocks(std::string_view name, TimePoint now, std::uint64_t random) {
  Name* const known = find(name);
  if (known == nullptr || !is_blocked(*known)) return false;
  if (now < known->next_trial) return true;
  known->next_trial = now + jittered(settings_.probe_interval, random);
  return false;
}

bool RedisRefusals::refused(std::string_view name, std::string_view code, TimePoint now,
                            std::uint64_t random) {
  Name* known = find(name);
  if (known == nullptr) {
    known = &names_.emplace_back();
    known->name = name;
  }
  const bool was_blocked = is_blocked(*known);
  const bool is_other = known->code != code;
  known->code = code;
  if (!was_blocked) ++known->in_a_row;
  if (!is_blocked(*known)) return false;
  if (!was_blocked) known->next_trial = now + jittered(settings_.probe_interval, random);
  return !was_blocked || is_other;
}

bool RedisRefusals::accepted(std::string_view name) {
  const Name* const known = find(name);
  if (known == nullptr) return false;
  const bool was_blocked = is_blocked(*known);
  names_.erase(names_.begin() + (known - names_.data()));
  return was_blocked;
}

std::string RedisRefusals::describe() const {
  const auto blocked = std::find_if(names_.begin(), names_.end(),
                                    [this](const Name& one) { return is_blocked(one); });
  if (blocked == names_.end()) return {};
  return blocked->name + " is refused: " + blocked->code;
}

}  // namespace trackly::store
