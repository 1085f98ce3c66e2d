#include "tests/support/fake_h2_service.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <memory>

namespace trackly::test {
namespace {

using Kind = Reaction::Kind;
using Then = Reaction::Then;

std::string_view text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv name_value(const std::string& name, const std::string& value) {
  // nghttp2 copies both and does not write to them.
  auto* name_bytes = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data()));
  auto* value_bytes = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data()));
  return {name_bytes, value_bytes, name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

/// One connection, driven by its own thread: read, let nghttp2 call back, write.
class H2Connection {
 public:
  H2Connection(Wire& wire, RequestLog& requests, std::atomic<std::size_t>& requests_seen,
               const React& react, std::uint32_t max_concurrent_streams)
      : wire_(wire), requests_(requests), requests_seen_(requests_seen), react_(react) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                                          max_concurrent_streams};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &settings, 1);
  }
  ~H2Connection() { nghttp2_session_del(session_); }
  H2Connection(const H2Connection&) = delete;
  H2Connection& operator=(const H2Connection&) = delete;

  void run() {
    while (flush() && end_ == Then::end) {
      const std::string bytes = wire_.read_some();
      if (bytes.empty()) return;
      if (nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                   bytes.size()) < 0) {
        return;
      }
    }
    if (end_ == Then::abort_connection) wire_.reset();
  }

 private:
  struct Stream {
    HttpMessage request;
    Reaction reaction;
    std::size_t sent = 0;
    bool answered = false;
  };

  bool flush() {
    while (true) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size < 0) return false;
      if (size == 0) return true;
      if (!wire_.send(text(bytes, static_cast<std::size_t>(size)))) return false;
    }
  }

  void on_head(std::int32_t id, Stream& stream) {
    stream.reaction = react_(stream.request, requests_seen_++);
    if (stream.reaction.kind == Kind::refuse_stream) {
      stream.answered = true;
      requests_.add(stream.request);
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
    } else if (stream.reaction.kind == Kind::exclude_stream) {
      stream.answered = true;
      requests_.add(stream.request);
      nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, std::max(0, id - 2), NGHTTP2_NO_ERROR,
                            nullptr, 0);
      end_ = Then::close_connection;
    }
  }

  void on_request(std::int32_t id, Stream& stream) {
    if (stream.answered) return;
    stream.answered = true;
    stream.request.complete = true;
    requests_.add(stream.request);
    switch (stream.reaction.kind) {
      case Kind::answer:
        answer(id, stream, std::to_string(stream.reaction.status));
        break;
      case Kind::reset_stream:
        nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
        break;
      case Kind::close_connection:
        end_ = Then::close_connection;
        break;
      case Kind::abort_connection:
        end_ = Then::abort_connection;
        break;
      case Kind::malformed_head:
        answer(id, stream, "abc");
        break;
      case Kind::hang:
      case Kind::partial_head:
      case Kind::refuse_stream:
      case Kind::exclude_stream:
        break;
    }
  }

  void answer(std::int32_t id, Stream& stream, const std::string& status) {
    const std::string status_name = ":status";
    std::vector<nghttp2_nv> fields{name_value(status_name, status)};
    for (const auto& [name, value] : stream.reaction.fields) {
      fields.push_back(name_value(name, value));
    }
    nghttp2_data_provider body{};
    body.source.ptr = &stream;
    body.read_callback = read_body;
    const bool bodiless = stream.request.method() == "HEAD" ||
                          (stream.reaction.body.empty() && stream.reaction.then == Then::end &&
                           stream.reaction.trailers.empty());
    nghttp2_submit_response(session_, id, fields.data(), fields.size(), bodiless ? nullptr : &body);
  }

  /// nghttp2 asks for the next piece of the body.
  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t* out,
                           std::size_t room, std::uint32_t* flags, nghttp2_data_source* source,
                           void* user) {
    auto& stream = *static_cast<Stream*>(source->ptr);
    auto& self = *static_cast<H2Connection*>(user);
    const std::string& body = stream.reaction.body;
    const std::size_t count = std::min(room, body.size() - stream.sent);
    std::memcpy(out, body.data() + stream.sent, count);
    stream.sent += count;
    if (stream.sent < body.size()) return static_cast<ssize_t>(count);
    switch (stream.reaction.then) {
      case Then::end:
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (!stream.reaction.trailers.empty()) {
          *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
          self.submit_trailers(id, stream);
        }
        break;
      case Then::hang:
      case Then::reset_stream:
      case Then::close_connection:
      case Then::abort_connection:
        if (count > 0) break;  // asked again when this piece is on its way
        if (stream.reaction.then == Then::reset_stream) {
          nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
        } else if (stream.reaction.then != Then::hang) {
          self.end_ = stream.reaction.then;
        }
        return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(count);
  }

  void submit_trailers(std::int32_t id, const Stream& stream) {
    std::vector<nghttp2_nv> fields;
    for (const auto& [name, value] : stream.reaction.trailers) {
      fields.push_back(name_value(name, value));
    }
    nghttp2_submit_trailer(session_, id, fields.data(), fields.size());
  }

  Stream* find(std::int32_t id) {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second.get();
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    auto& self = *static_cast<H2Connection*>(user);
    auto& stream = self.streams_[frame->hd.stream_id];
    if (!stream) stream = std::make_unique<Stream>();
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    Stream* stream = static_cast<H2Connection*>(user)->find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    const bool head = frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    (head ? stream->request.fields : stream->request.trailers)
        .emplace_back(text(name, name_size), text(value, value_size));
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void* user) {
    Stream* stream = static_cast<H2Connection*>(user)->find(id);
    if (stream != nullptr) stream->request.body += text(bytes, size);
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    auto& self = *static_cast<H2Connection*>(user);
    Stream* stream = self.find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    const bool is_head =
        frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    if (is_head) {
      HttpMessage& request = stream->request;
      request.start_line = request.field(":method") + " " + request.field(":path") + " HTTP/2";
      self.on_head(frame->hd.stream_id, *stream);
    }
    const bool ends = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                      (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (ends) self.on_request(frame->hd.stream_id, *stream);
    return 0;
  }

  static int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    static_cast<H2Connection*>(user)->streams_.erase(id);
    return 0;
  }

  Wire& wire_;
  RequestLog& requests_;
  std::atomic<std::size_t>& requests_seen_;
  const React& react_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, std::unique_ptr<Stream>> streams_;
  /// How this connection ends once everything produced is sent; `end`: it goes on.
  Then end_ = Then::end;
};

}  // namespace

FakeH2Service::FakeH2Service(React react, std::uint32_t max_concurrent_streams)
    : FakeH2Service(std::move(react), max_concurrent_streams, listen_on_free_port()) {}

FakeH2Service::FakeH2Service(React react, std::uint32_t max_concurrent_streams, int listening_fd)
    : url_("h2c://127.0.0.1:" + std::to_string(port_of(listening_fd))),
      acceptor_(listening_fd, [this, react = std::move(react), max_concurrent_streams](Wire& wire) {
        H2Connection(wire, requests_, requests_seen_, react, max_concurrent_streams).run();
      }) {}

}  // namespace trackly::test
