#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/http/codec.h"
#include "tests/fuzz/support/input.h"

namespace trackly::fuzz {

/// One HTTP/2 frame, whatever it says.
std::string h2_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                     std::string_view payload);

/// The bytes of one side of an HTTP/2 connection, preface and SETTINGS first, then what the input
/// says: frames that make sense together most of the time, and some that do not. Raw bytes would
/// seldom get past the first HEADERS.
std::string h2_conversation(Input& input, http::Side sender);

/// What one side allows the other to send, from the bytes that it has produced and received.
struct H2Flow {
  std::int64_t window = 65535;  // of the connection, as the peer sees it
  bool gave_up = false;         // it sent a GOAWAY with an error
  bool peer_leaves = false;     // it received a GOAWAY
};
/// `produced` by a codec, `received` by it, preface included where there is one.
H2Flow h2_flow(std::string_view produced, std::string_view received);

}  // namespace trackly::fuzz
