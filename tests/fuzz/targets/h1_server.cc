// What a client may send over HTTP/1.1. The input is that, and behind it some bytes that say how
// the network and the program behind the codec behave.

#include <cstdint>

#include "tests/fuzz/support/require.h"
#include "tests/fuzz/support/server_end.h"
#include "tests/fuzz/support/strict_http.h"

namespace trackly::fuzz {
namespace {

http::CodecLimits small_limits() {
  http::CodecLimits limits;
  limits.header_bytes = 512;
  limits.header_count = 8;
  limits.uri_bytes = 128;
  limits.initial_window = 16;
  limits.open_window = 64;
  limits.send_buffer = 100;
  limits.linger_bytes = 200;
  return limits;
}

/// The connection's whole life; what was told is in the codec's story.
void live(ServerEnd& server, std::string_view bytes, Cuts* cuts) {
  server.receive(bytes, cuts);
  if (server.took_all()) {
    server.end();
  } else {
    require(server.codec().finished() || server.codec().open_exchanges() > 0,
            "who takes nothing more has finished, or waits for us");
  }
}

/// Every answer is a message of its own, in the order of the requests.
void require_answers(const ServerEnd& server, const ServerPolicy& policy, std::size_t count) {
  std::string_view output = server.output();
  for (std::size_t i = 0; i < count; ++i) {
    StrictMessage answer = strict_response(output, "GET");
    while (answer.state == StrictMessage::State::complete && answer.status / 100 == 1) {
      output.remove_prefix(answer.size);
      answer = strict_response(output, "GET");
    }
    require(answer.state == StrictMessage::State::complete, "each request has an answer");
    require(answer.body == std::string(policy.answer_bytes, 'a'), "an answer is what was given");
    output.remove_prefix(answer.size);
  }
  require(output.empty(), "nothing follows the last answer");
}

void run(Input input) {
  Input decisions = input.tail(12);
  const std::string_view bytes = input.rest();
  const ServerPolicy policy = ServerPolicy::from(decisions);
  Cuts cuts(decisions);

  ServerEnd server(Version::http1, small_limits(), policy);
  live(server, bytes, &cuts);
  if (policy.answer == ServerPolicy::Answer::never) {
    server.end_exchanges();
    server.end();
  }
  server.codec().require_all_ended();
  require(server.codec().active_streams() == 0, "nothing is left");
  require(server.codec().finished(), "a connection whose client has gone has finished");

  ServerPolicy plain;
  plain.later = policy.later;
  plain.answer_bytes = policy.answer_bytes;
  ServerEnd pieces(Version::http1, small_limits(), plain);
  live(pieces, bytes, &cuts);
  ServerEnd whole(Version::http1, small_limits(), plain);
  live(whole, bytes, nullptr);
  pieces.codec().require_same_story(whole.codec());
  // HEAD and HTTP/1.0 shape answers otherwise.
  const bool is_simple = bytes.find("HEAD") == std::string_view::npos &&
                         bytes.find("HTTP/1.0") == std::string_view::npos;
  if (is_simple) require_answers(whole, plain, whole.codec().exchanges());
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
