// What a service may answer over HTTP/1.1. The input is that, and behind it some bytes that say
// what was asked and how the network behaves.

#include <cstdint>

#include "tests/fuzz/support/client_end.h"
#include "tests/fuzz/support/require.h"
#include "tests/fuzz/support/strict_http.h"

namespace trackly::fuzz {
namespace {

http::CodecLimits small_limits() {
  http::CodecLimits limits;
  limits.header_bytes = 512;
  limits.header_count = 8;
  limits.initial_window = 16;
  limits.open_window = 64;
  limits.send_buffer = 100;
  return limits;
}

/// The connection's whole life, up to what the policy leaves unread.
void live(ClientEnd& client, std::string_view bytes, Cuts* cuts) {
  client.receive(bytes, cuts);
  if (client.took_all() && !client.failed()) client.end();
}

StrictMessage final_answer(std::string_view bytes, std::string_view method) {
  StrictMessage answer = strict_response(bytes, method);
  while (answer.state == StrictMessage::State::complete && answer.status / 100 == 1) {
    bytes.remove_prefix(answer.size);
    answer = strict_response(bytes, method);
  }
  return answer;
}

/// What was taken for an answer is the one that another reader sees.
void require_same_answer(const ClientEnd& client, std::string_view bytes, std::string_view method) {
  const auto found = client.answers().find(1);
  if (found == client.answers().end()) return;
  const ClientEnd::Answer& answer = found->second;
  const StrictMessage strict = final_answer(bytes, method);
  require(strict.has_head && strict.status == answer.head.status, "the same status");
  if (!answer.ended) return;
  require(strict.state == StrictMessage::State::complete, "a whole answer is whole");
  require(strict.body == answer.body, "the same body");
  require(strict.trailers.size() == answer.trailers.size(), "the same trailers");
}

void run(Input input) {
  Input decisions = input.tail(10);
  const std::string_view bytes = input.rest();
  ClientPolicy policy = ClientPolicy::from(decisions);
  Cuts cuts(decisions);

  ClientEnd client(Version::http1, small_limits(), policy);
  live(client, bytes, &cuts);
  client.end_exchanges();
  client.codec().require_all_ended();
  require(client.codec().active_streams() == 0, "nothing is left");

  policy.exchanges = 1;
  policy.credits = true;
  policy.cancels = false;
  ClientEnd pieces(Version::http1, small_limits(), policy);
  live(pieces, bytes, &cuts);
  ClientEnd whole(Version::http1, small_limits(), policy);
  live(whole, bytes, nullptr);
  pieces.codec().require_same_story(whole.codec());
  require_same_answer(whole, bytes, policy.method);
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
