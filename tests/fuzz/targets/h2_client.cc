// What a service may answer over HTTP/2. The first byte says whether the rest is a list of frames
// to be made (h2_frames.h), or bytes to be sent behind SETTINGS as they are.

#include <cstdint>
#include <string>

#include "tests/fuzz/support/client_end.h"
#include "tests/fuzz/support/h2_frames.h"
#include "tests/fuzz/support/require.h"

namespace trackly::fuzz {
namespace {

http::CodecLimits small_limits() {
  http::CodecLimits limits;
  limits.header_bytes = 512;
  limits.header_count = 8;
  limits.max_streams = 8;
  limits.initial_window = 4096;
  limits.open_window = 8192;
  limits.send_buffer = 100;
  return limits;
}

void require_at_rest(ClientEnd& client, std::string_view received) {
  client.codec().require_all_ended();
  require(client.codec().active_streams() == 0, "no stream is left");
  const H2Flow flow = h2_flow(client.output(), received);
  const auto whole =
      static_cast<std::int64_t>(small_limits().max_streams * small_limits().open_window);
  require(flow.gave_up || flow.peer_leaves || flow.window >= whole / 2,
          "the connection's window is given back: " + std::to_string(flow.window));
}

void require_cuts_mean_nothing(std::string_view bytes, Cuts& cuts, ClientPolicy policy) {
  // Without turns and credits: what is said between two pieces would be part of the story.
  policy.cancels = policy.credits = false;
  ClientEnd pieces(Version::http2, small_limits(), policy);
  pieces.receive(bytes, &cuts, /*turns=*/false);
  ClientEnd whole(Version::http2, small_limits(), policy);
  whole.receive(bytes, nullptr, /*turns=*/false);
  require(pieces.failed() == whole.failed(), "cuts mean nothing to a fault");
  pieces.codec().require_same_story(whole.codec());
}

void run(Input input) {
  Input decisions = input.tail(10);
  const bool raw = input.below(4) == 3;
  std::string bytes;
  if (raw) {
    bytes = h2_frame(4, 0, 0, "");
    bytes += input.rest();
  } else {
    bytes = h2_conversation(input, http::Side::server);
  }
  const ClientPolicy policy = ClientPolicy::from(decisions);
  Cuts cuts(decisions);

  ClientEnd client(Version::http2, small_limits(), policy);
  client.receive(bytes, &cuts);
  client.end_exchanges();
  if (!client.failed()) require_at_rest(client, bytes);
  client.end();
  client.codec().require_all_ended();
  require(client.codec().active_streams() == 0, "nothing is left");

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
