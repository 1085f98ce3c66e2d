#include "tests/fuzz/support/client_end.h"

#include <utility>
#include <vector>

#include "tests/fuzz/support/require.h"

namespace trackly::fuzz {

ClientPolicy ClientPolicy::from(Input& input) {
  ClientPolicy policy;
  policy.exchanges = 1 + input.below(4);
  static constexpr std::string_view kMethods[] = {"GET", "POST", "HEAD", "PUT"};
  policy.method = input.pick(kMethods);
  static constexpr std::size_t kSizes[] = {0, 5, 100, 101, 1000};
  policy.body_bytes = input.pick(kSizes);
  policy.announces_length = !input.flag();
  policy.later = input.flag();
  policy.credits = input.below(4) != 1;
  policy.cancels = input.below(4) == 1;
  return policy;
}

ClientEnd::ClientEnd(Version version, const http::CodecLimits& limits, const ClientPolicy& policy)
    : policy_(policy), codec_(version, http::Side::client, limits, *this) {
  turn();
}

void ClientEnd::receive(std::string_view bytes, Cuts* cuts, bool turns) {
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

void ClientEnd::turn() {
  if (policy_.later && policy_.credits) {
    for (auto& [id, exchange] : open_) codec_.credit(id, std::exchange(exchange.owed, 0));
  }
  produce();
  while (asked_ < policy_.exchanges && !failed_ && codec_.available_streams() > 0) ask();
  produce();
}

void ClientEnd::ask() {
  const http::StreamId id = codec_.open();
  ++asked_;
  Head head;
  head.method = policy_.method;
  head.scheme = "http";
  head.authority = "service";
  head.target = "/a";
  const bool end = policy_.body_bytes == 0;
  if (policy_.announces_length && !end) head.content_length = policy_.body_bytes;
  open_[id].unsent = std::string(policy_.body_bytes, 'q');
  codec_.send_head(id, head, end);
  send_more(id);
}

void ClientEnd::send_more(http::StreamId id) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  std::string& unsent = found->second.unsent;
  for (int i = 0; i < 2 && !unsent.empty(); ++i) {
    unsent.erase(0, codec_.send_body(id, unsent, true));
  }
}

void ClientEnd::produce() {
  int idle_calls = 0;
  bool more = true;
  while (more) {
    const std::size_t before = output_.size();
    more = codec_.produce(output_, 1000);
    idle_calls = output_.size() == before ? idle_calls + 1 : 0;
    require(idle_calls < 4, "who has more to produce produces it");
  }
}

void ClientEnd::end() {
  codec_.receive_eof();
  produce();
}

void ClientEnd::end_exchanges() {
  for (const auto& [id, exchange] : std::exchange(open_, {})) {
    codec_.reset(id, http::ResetReason::cancelled);
  }
  produce();
}

void ClientEnd::on_head(http::StreamId id, Head head, bool end) {
  Answer& answer = answers_[id];
  answer.head = std::move(head);
  answer.ended = end;
  if (policy_.cancels && id % 3 == 0) {
    open_.erase(id);
    codec_.reset(id, http::ResetReason::cancelled);
  }
}

void ClientEnd::on_body(http::StreamId id, std::string_view bytes) {
  answers_[id].body.append(bytes);
  Exchange& exchange = open_[id];
  exchange.owed += bytes.size();
  if (policy_.credits && !policy_.later) codec_.credit(id, std::exchange(exchange.owed, 0));
}

void ClientEnd::on_trailers(http::StreamId id, FieldList trailers) {
  answers_[id].trailers = std::move(trailers);
}

}  // namespace trackly::fuzz
