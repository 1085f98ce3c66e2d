// What a client may send over HTTP/2. The first byte says whether the rest is a list of frames to
// be made (h2_frames.h), or bytes to be sent behind a preface as they are.

#include <algorithm>
#include <cstdint>
#include <string>

#include "tests/fuzz/support/h2_frames.h"
#include "tests/fuzz/support/require.h"
#include "tests/fuzz/support/server_end.h"

namespace trackly::fuzz {
namespace {

http::CodecLimits small_limits() {
  http::CodecLimits limits;
  limits.header_bytes = 512;
  limits.header_count = 8;
  limits.uri_bytes = 128;
  limits.max_streams = 8;
  limits.initial_window = 4096;
  limits.open_window = 8192;
  limits.send_buffer = 100;
  limits.linger_bytes = 20000;
  return limits;
}

/// With every exchange over, the codec has forgotten them, and all that was received has been given
/// back to the client's window.
void require_at_rest(ServerEnd& server, std::string_view received) {
  http::Codec& codec = server.codec();
  for (int i = 0; i < 2; ++i) {
    codec.end_linger();
    server.turn();
  }
  server.codec().require_all_ended();
  require(!codec.lingering(), "nobody lingers when the time is over");
  require(codec.active_streams() <= (codec.head_pending() ? 1U : 0U), "no stream is left");

  const H2Flow flow = h2_flow(server.output(), received);
  const auto whole =
      static_cast<std::int64_t>(small_limits().max_streams * small_limits().open_window);
  // What the codec keeps back is less than half: it tells of more at once.
  require(flow.gave_up || flow.peer_leaves || !server.took_all() || flow.window >= whole / 2,
          "the connection's window is given back: " + std::to_string(flow.window));
}

void require_cuts_mean_nothing(std::string_view bytes, Cuts& cuts, const ServerPolicy& policy) {
  ServerPolicy plain;
  plain.answer_bytes = policy.answer_bytes;
  plain.interim = policy.interim;
  // Without turns and credits: what is said between two pieces would be part of the story.
  plain.credits = false;
  ServerEnd pieces(Version::http2, small_limits(), plain);
  pieces.receive(bytes, &cuts, /*turns=*/false);
  ServerEnd whole(Version::http2, small_limits(), plain);
  whole.receive(bytes, nullptr, /*turns=*/false);
  require(pieces.failed() == whole.failed(), "cuts mean nothing to a fault");
  pieces.codec().require_same_story(whole.codec());
}

void run(Input input) {
  Input decisions = input.tail(12);
  const bool raw = input.below(4) == 3;
  std::string bytes;
  if (raw) {
    bytes = std::string(http::kH2Preface) + h2_frame(4, 0, 0, "");
    bytes += input.rest();
  } else {
    bytes = h2_conversation(input, http::Side::client);
  }
  const ServerPolicy policy = ServerPolicy::from(decisions);
  Cuts cuts(decisions);
  const std::size_t drain = decisions.below(8);

  ServerEnd server(Version::http2, small_limits(), policy);
  server.receive(bytes, &cuts);
  if (drain == 1) server.codec().drain(http::DrainPhase::announce);
  if (drain == 2) server.codec().drain(http::DrainPhase::refuse);
  if (drain == 3) server.codec().expire_head();
  server.turn();
  server.end_exchanges();
  if (!server.failed()) require_at_rest(server, bytes);
  server.end();
  server.codec().require_all_ended();
  require(server.codec().active_streams() == 0, "nothing is left");
  require(server.codec().finished(), "a connection whose client has gone has finished");

  // Who has sent a GOAWAY and has no stream open is not read from any more; when, is nghttp2's
  // choice.
  if (!h2_flow({}, bytes).peer_leaves) require_cuts_mean_nothing(bytes, cuts, policy);
}

}  // namespace
}  // namespace trackly::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trackly::fuzz::run(trackly::fuzz::Input(data, size));
  return 0;
}
