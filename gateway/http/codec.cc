#include "gateway/http/codec.h"

#include "gateway/http/h1_client.h"
#include "gateway/http/h1_server.h"
#include "gateway/http/h2_client.h"
#include "gateway/http/h2_server.h"

namespace trackly::http {

std::unique_ptr<Codec> make_h1_codec(Side side, std::string_view scheme, const CodecLimits& limits,
                                     CodecEvents& events) {
  if (side == Side::server) return std::make_unique<H1ServerCodec>(scheme, limits, events);
  return std::make_unique<H1ClientCodec>(limits, events);
}

std::unique_ptr<Codec> make_h2_codec(Side side, std::string_view scheme, const CodecLimits& limits,
                                     CodecEvents& events) {
  if (side == Side::server) return std::make_unique<H2ServerCodec>(scheme, limits, events);
  return std::make_unique<H2ClientCodec>(scheme, limits, events);
}

}  // namespace trackly::http
