#include "tests/fuzz/support/server_end.h"

#include <algorithm>
#include <utility>

#include "tests/fuzz/support/require.h"

namespace trackly::fuzz {

ServerPolicy ServerPolicy::from(Input& input) {
  ServerPolicy policy;
  policy.answer = static_cast<Answer>(input.below(4));
  policy.later = input.flag();
  // Whoever waits for the whole body has to take what there is of it.
  policy.credits = policy.answer == Answer::at_the_end || input.flag();
  policy.cancels = input.below(4) == 1;
  policy.interim = input.below(4) == 1;
  policy.announces_length = !input.flag();
  static constexpr std::size_t kSizes[] = {5, 0, 99, 100, 101, 1000};
  policy.answer_bytes = input.pick(kSizes);
  return policy;
}

ServerEnd::ServerEnd(Version version, const http::CodecLimits& limits, const ServerPolicy& policy)
    : policy_(policy), codec_(version, http::Side::server, limits, *this) {}

void ServerEnd::receive(std::string_view bytes, Cuts* cuts, bool turns) {
  while (!bytes.empty() && !failed_) {
    const std::size_t piece = cuts != nullptr ? cuts->next(bytes.size()) : bytes.size();
    const bool wanted = codec_.wants_input();
    const auto taken = codec_.receive(bytes.substr(0, piece));
    failed_ = !taken;
    if (failed_) codec_.require_all_ended();
    const std::size_t count = taken ? *taken : 0;
    require(failed_ || !wanted || count > 0, "who wants input takes some");
    bytes.remove_prefix(count);
    if (turns) turn();
    if (count == 0 && !codec_.wants_input()) break;
  }
  took_all_ = bytes.empty();
}

void ServerEnd::turn() {
  for (const auto& [id, status] : std::exchange(due_, {})) answer(id, status);
  if (policy_.later && policy_.credits) {
    for (auto& [id, exchange] : open_) codec_.credit(id, std::exchange(exchange.owed, 0));
  }
  produce();
}

void ServerEnd::produce() {
  int idle_calls = 0;
  bool more = true;
  while (more) {
    const std::size_t before = output_.size();
    more = codec_.produce(output_, 1000);
    idle_calls = output_.size() == before ? idle_calls + 1 : 0;
    // The connection calls again as long as there is more: it would spin.
    require(idle_calls < 4, "who has more to produce produces it");
  }
}

void ServerEnd::end() {
  codec_.receive_eof();
  turn();
}

void ServerEnd::end_exchanges() {
  std::vector<http::StreamId> ids;
  for (const auto& [id, exchange] : open_) ids.push_back(id);
  for (const http::StreamId id : ids) answer(id, 200);
  produce();
  for (const http::StreamId id : ids) {
    if (open_.erase(id) > 0) codec_.reset(id, http::ResetReason::internal_error);
  }
  produce();
}

void ServerEnd::on_head(http::StreamId id, Head, bool end) {
  open_[id];
  if (end ? policy_.answer != ServerPolicy::Answer::never
          : policy_.answer == ServerPolicy::Answer::at_the_head) {
    wants_answer(id, 200);
  }
}

void ServerEnd::on_bad_head(http::StreamId id, Head, http::HeadFault) {
  open_[id];
  wants_answer(id, 400);
}

void ServerEnd::on_bad_body(http::StreamId id) { wants_answer(id, 400); }

void ServerEnd::on_body(http::StreamId id, std::string_view bytes) {
  Exchange& exchange = open_[id];
  exchange.owed += bytes.size();
  if (policy_.credits && !policy_.later) codec_.credit(id, std::exchange(exchange.owed, 0));
  if (policy_.answer == ServerPolicy::Answer::at_the_body) wants_answer(id, 200);
}

void ServerEnd::on_end(http::StreamId id) {
  if (policy_.answer != ServerPolicy::Answer::never) wants_answer(id, 200);
}

void ServerEnd::on_room(http::StreamId id) { send_more(id); }

void ServerEnd::wants_answer(http::StreamId id, int status) {
  if (policy_.later) {
    due_.emplace_back(id, status);
  } else {
    answer(id, status);
  }
}

void ServerEnd::answer(http::StreamId id, int status) {
  const auto found = open_.find(id);
  if (found == open_.end() || std::exchange(found->second.answered, true)) return;
  Head head;
  if (policy_.interim) {
    head.status = 103;
    codec_.send_informational(id, head);
  }
  head.status = status;
  head.fields.add("x-answer", "1");
  if (policy_.announces_length) head.content_length = policy_.answer_bytes;
  found->second.unsent = std::string(policy_.answer_bytes, 'a');
  codec_.send_head(id, head, policy_.answer_bytes == 0);
  if (policy_.cancels && id % 3 == 0) {
    open_.erase(found);
    return codec_.reset(id, http::ResetReason::internal_error);
  }
  if (policy_.answer_bytes > 0) send_more(id);
}

void ServerEnd::send_more(http::StreamId id) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  std::string& unsent = found->second.unsent;
  // Twice: who takes nothing of the rest asks for it later.
  for (int i = 0; i < 2 && !unsent.empty(); ++i) {
    unsent.erase(0, codec_.send_body(id, unsent, true));
  }
}

}  // namespace trackly::fuzz
