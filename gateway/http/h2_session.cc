#include "gateway/http/h2_session.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>

namespace trackly::http {
namespace {

// What an encoder may remember of our heads: a connection that idles keeps its table, and few of
// our fields repeat.
constexpr std::size_t kEncoderTable = 1024;

// Who cancels too many streams is judged by the connection (PeerCosts), with limits that an
// operator can set; nghttp2's own limit stays out of the way.
constexpr std::uint64_t kNoResetLimit = std::uint64_t{1} << 40;

struct OptionDeleter {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};

std::unique_ptr<nghttp2_option, OptionDeleter> make_options(const CodecLimits& limits) {
  nghttp2_option* option = nullptr;
  if (nghttp2_option_new(&option) != 0) throw std::bad_alloc();
  std::unique_ptr<nghttp2_option, OptionDeleter> owner(option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_deflate_dynamic_table_size(option, kEncoderTable);
  nghttp2_option_set_stream_reset_rate_limit(option, kNoResetLimit, kNoResetLimit);
  // What we send ourselves is bounded where it is read; nghttp2 would drop the stream at 64 KiB.
  nghttp2_option_set_max_send_header_block_length(
      option, std::max<std::size_t>(limits.header_bytes, 65536) * 2);
  return owner;
}

void submit_settings(nghttp2_session* session, Side side, const CodecLimits& limits) {
  const auto window = static_cast<std::uint32_t>(h2_window(limits.initial_window));
  const auto header_bytes =
      static_cast<std::uint32_t>(std::min<std::size_t>(limits.header_bytes, UINT32_MAX));
  const auto max_streams =
      static_cast<std::uint32_t>(std::min<std::size_t>(limits.max_streams, UINT32_MAX));
  const nghttp2_settings_entry last =
      side == Side::server
          ? nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max_streams}
          : nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, header_bytes},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
      last,
  }};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
}

}  // namespace

H2SessionPtr make_h2_session(Side side, const CodecLimits& limits,
                             const nghttp2_session_callbacks& callbacks, void* user) {
  const auto options = make_options(limits);
  nghttp2_session* session = nullptr;
  const int result = side == Side::server
                         ? nghttp2_session_server_new2(&session, &callbacks, user, options.get())
                         : nghttp2_session_client_new2(&session, &callbacks, user, options.get());
  if (result != 0) throw std::bad_alloc();
  H2SessionPtr owner(session);
  submit_settings(session, side, limits);
  // Room for every stream's whole window: what one stream may hold is its own window's business,
  // and streams whose sink is slow can never stop the others.
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                        h2_window(limits.max_streams * limits.open_window));
  return owner;
}

std::int32_t h2_window(std::size_t bytes) {
  return static_cast<std::int32_t>(std::min<std::size_t>(bytes, INT32_MAX));
}

}  // namespace trackly::http
