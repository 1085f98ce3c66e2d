#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>

#include "gateway/http/codec.h"

namespace trackly::http {

struct H2SessionDeleter {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};
using H2SessionPtr = std::unique_ptr<nghttp2_session, H2SessionDeleter>;

/// A session with the limits and settings of this program, its SETTINGS frame submitted. `user` is
/// handed to the callbacks.
H2SessionPtr make_h2_session(Side side, const CodecLimits& limits,
                             const nghttp2_session_callbacks& callbacks, void* user);

/// `bytes` as a flow control window.
std::int32_t h2_window(std::size_t bytes);

}  // namespace trackly::http
