#include "tests/support/client.h"

#include <algorithm>
#include <cstring>

namespace trackly::test {
namespace {

std::string_view text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv name_value(std::string_view name, std::string_view value) {
  // nghttp2 copies both and does not write to them.
  const auto writable = [](std::string_view bytes) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(bytes.data()));
  };
  return {writable(name), writable(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::unique_ptr<Wire> connect(Downstream downstream, std::uint16_t port) {
  if (!is_tls(downstream)) return Wire::connect(port);
  return Wire::connect_tls(port, is_h2(downstream) ? "h2" : "http/1.1");
}

}  // namespace

Client::Client(Downstream downstream, std::uint16_t port) : wire_(connect(downstream, port)) {
  if (!is_h2(downstream)) return;
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
}

Client::~Client() { nghttp2_session_del(session_); }

bool Client::send(const ClientRequest& request) {
  method_ = request.method;
  unsent_ = request.body;
  held_back_ = request.held_back;
  head_read_ = false;
  ended_ = false;
  answer_ = {};
  session_ == nullptr ? send_h1(request) : send_h2(request);
  return !broken_;
}

void Client::send_h1(const ClientRequest& request) {
  std::string fields;
  for (const auto& [name, value] : request.fields) fields += name + ": " + value + "\r\n";
  const std::string head = http1_request(request.method, request.path, fields, request.body);
  const std::string_view to_send = std::string_view(head).substr(0, head.size() - held_back_);
  // A gateway that takes no more may answer all the same.
  constexpr Milliseconds kTaken{300};
  std::size_t sent = 0;
  while (sent < to_send.size()) {
    const std::size_t taken = wire_->send_some(to_send.substr(sent), kTaken);
    if (taken == 0) return;
    sent += taken;
  }
}

void Client::send_h2(const ClientRequest& request) {
  std::vector<nghttp2_nv> fields{
      name_value(":method", request.method), name_value(":scheme", "http"),
      name_value(":authority", "gateway.test"), name_value(":path", request.path)};
  for (const auto& [name, value] : request.fields) fields.push_back(name_value(name, value));
  const std::string length = std::to_string(request.body.size());
  if (!request.body.empty()) fields.push_back(name_value("content-length", length));
  nghttp2_data_provider body{};
  body.read_callback = read_body;
  stream_ = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                   request.body.empty() ? nullptr : &body, nullptr);
  broken_ = stream_ < 0 || !flush();
}

ssize_t Client::read_body(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t room,
                          std::uint32_t* flags, nghttp2_data_source*, void* user) {
  auto& self = *static_cast<Client*>(user);
  const std::size_t count = std::min(room, self.unsent_.size() - self.held_back_);
  if (count == 0 && self.held_back_ > 0) return NGHTTP2_ERR_DEFERRED;
  std::memcpy(out, self.unsent_.data(), count);
  self.unsent_.remove_prefix(count);
  if (self.unsent_.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(count);
}

const ClientAnswer& Client::read_head(Milliseconds timeout) {
  if (session_ == nullptr) {
    read_head_h1(timeout);
    return answer_;
  }
  const Deadline deadline(timeout);
  while (!head_read_ && !ended_ && exchange(deadline)) {
  }
  return answer_;
}

void Client::read_head_h1(Milliseconds timeout) {
  const Deadline deadline(timeout);
  while (!head_read_) {
    HttpMessage head = wire_->read_head(Milliseconds(deadline.remaining_ms()));
    if (!head.raw.ends_with("\r\n\r\n")) {
      ended_ = broken_ = true;
      return;
    }
    if (head.status() / 100 == 1) {
      answer_.interim.push_back(head.status());
      continue;
    }
    head_read_ = true;
    static_cast<HttpMessage&>(answer_) = std::move(head);
  }
}

const ClientAnswer& Client::read_answer(Milliseconds timeout) {
  if (!head_read_) read_head(timeout);
  if (session_ == nullptr) {
    if (head_read_) wire_->read_rest(answer_, method_);
    ended_ = true;
    broken_ = broken_ || !answer_.complete || wire_->ended() != Wire::End::open;
    return answer_;
  }
  const Deadline deadline(timeout);
  while (!ended_ && exchange(deadline)) {
  }
  return answer_;
}

bool Client::reusable() const { return answer_.complete && !broken_; }

bool Client::flush() {
  while (true) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) return false;
    if (size == 0) return true;
    if (!wire_->send(text(bytes, static_cast<std::size_t>(size)))) return false;
  }
}

bool Client::exchange(const Deadline& deadline) {
  if (broken_) return false;
  flush();  // what cannot be sent any more does not keep the rest from being read
  const std::string bytes = wire_->read_some(Milliseconds(deadline.remaining_ms()));
  broken_ = bytes.empty() ||
            nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                     bytes.size()) < 0;
  return !broken_;
}

int Client::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  auto& self = *static_cast<Client*>(user);
  if (frame->hd.stream_id == self.stream_ && !self.head_read_) self.answer_.fields.clear();
  return 0;
}

int Client::on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void* user) {
  auto& self = *static_cast<Client*>(user);
  if (frame->hd.stream_id != self.stream_) return 0;
  (self.head_read_ ? self.answer_.trailers : self.answer_.fields)
      .emplace_back(text(name, name_size), text(value, value_size));
  return 0;
}

int Client::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  auto& self = *static_cast<Client*>(user);
  if (frame->hd.stream_id != self.stream_) return 0;
  if (frame->hd.type == NGHTTP2_HEADERS && !self.head_read_) {
    const std::string status = self.answer_.field(":status");
    if (status.starts_with('1')) {
      self.answer_.interim.push_back(std::stoi(status));
    } else {
      self.answer_.start_line = "HTTP/2 " + status;
      self.head_read_ = true;
    }
  }
  const bool ends = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (ends) self.ended_ = self.answer_.complete = true;
  return 0;
}

int Client::on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                    std::size_t size, void* user) {
  auto& self = *static_cast<Client*>(user);
  if (id == self.stream_) self.answer_.body += text(bytes, size);
  return 0;
}

int Client::on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
  auto& self = *static_cast<Client*>(user);
  if (id == self.stream_) self.ended_ = true;
  return 0;
}

}  // namespace trackly::test
