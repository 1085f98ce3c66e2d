#include "gateway/http/h1_client.h"

#include <utility>

#include "gateway/http/h1_head.h"

namespace trackly::http {

H1ClientCodec::H1ClientCodec(const CodecLimits& limits, CodecEvents& events)
    : limits_(limits), events_(events) {}

// --------------------------------------------------------------------------------------- sending

std::size_t H1ClientCodec::available_streams() const {
  return input_ == Input::idle && !closing_ ? 1 : 0;
}

StreamId H1ClientCodec::open() {
  if (available_streams() == 0) return 0;
  is_open_ = true;
  input_ = Input::head;
  head_.clear();
  window_.reset();
  return ++id_;
}

bool H1ClientCodec::accepts(StreamId id) const { return is_open_ && id == id_ && !writer_.ended(); }

void H1ClientCodec::send_head(StreamId id, const Head& head, bool end) {
  if (!accepts(id) || writer_.begun()) return;
  auto text = write_request_head(head);
  if (!text) {
    unwritable_ = true;
    return;
  }
  request_method_ = head.method;
  BodyLength body;
  if (head.content_length) {
    body = {BodyLength::Kind::known, *head.content_length};
  } else if (!end) {
    body.kind = BodyLength::Kind::chunked;
  } else if (head.method == "POST" || head.method == "PUT" || head.method == "PATCH") {
    body.kind = BodyLength::Kind::known;  // RFC 9110 section 8.6: says that there is none
  }
  writer_.begin(*text, body);
  writer_.close_head(draining_ ? "Connection: close\r\n" : "");
  closing_ = closing_ || draining_;
  if (end) writer_.body({}, true);
}

std::size_t H1ClientCodec::send_body(StreamId id, std::string_view bytes, bool end) {
  return accepts(id) && !unwritable_ ? writer_.body(bytes, end) : bytes.size();
}

void H1ClientCodec::send_trailers(StreamId id, const FieldList& trailers) {
  if (accepts(id)) writer_.trailers(trailers);
}

bool H1ClientCodec::produce(std::string& out, std::size_t budget) {
  if (!is_open_) return false;
  if (unwritable_ || writer_.failed()) {
    break_off({});
    return false;
  }
  const std::size_t before = out.size();
  writer_.produce(out, budget);
  sent_ = sent_ || out.size() > before;
  if (writer_.produced()) {
    if (input_ == Input::complete) finish_exchange();
  } else if (writer_.take_room()) {
    events_.on_room(id_);
  }
  return writer_.has_output();
}

// ------------------------------------------------------------------------------------- receiving

bool H1ClientCodec::wants_input() const {
  if (input_ == Input::body) return window_.room() > 0;
  return input_ != Input::shut;
}

Result<std::size_t> H1ClientCodec::receive(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && wants_input()) {
    const std::string_view rest = bytes.substr(taken);
    switch (input_) {
      case Input::head:
        taken += read_head(rest);
        break;
      case Input::body:
        taken += read_body(rest);
        break;
      case Input::idle:
      case Input::complete:
        fail("bytes outside of a response");
        break;
      case Input::shut:
        break;
    }
    if (!fault_.empty()) return Fault{std::string(fault_)};
  }
  return taken;
}

std::size_t H1ClientCodec::read_head(std::string_view bytes) {
  if (!sent_) {
    fail("a response before its request");
    return 0;
  }
  const std::size_t taken = head_.read(bytes);
  switch (head_.state()) {
    case SectionReader::State::partial:
      if (is_oversized_head(head_.text(), limits_)) fail("a response head that is too large");
      break;
    case SectionReader::State::malformed:
      fail("a malformed response head");
      break;
    case SectionReader::State::complete:
      begin_response(head_.text(), taken < bytes.size());
      break;
  }
  return taken;
}

void H1ClientCodec::begin_response(std::string_view text, bool more) {
  auto response = parse_response_head(text, request_method_, limits_);
  head_.clear();
  // The request never offers an upgrade, so 101 answers something else.
  if (!response || response->head.status == 101) return fail("a malformed response head");
  if (response->head.status < 200) return events_.on_informational(id_, std::move(response->head));

  body_.begin(response->framing.body);
  const bool end = body_.state() == BodyReader::State::complete;
  input_ = Input::body;
  if (response->framing.close || (end && more)) say_closing();
  if (end && !writer_.produced()) say_closing();
  events_.on_head(id_, std::move(response->head), end);
  if (end && is_open_) on_response_end();
}

std::size_t H1ClientCodec::read_body(std::string_view bytes) {
  const std::size_t taken = body_.read(bytes.substr(0, window_.room()));
  for (const std::string_view piece : body_.pieces()) {
    if (!is_open_) return taken;  // the event before reset it
    window_.deliver(piece.size());
    events_.on_body(id_, piece);
  }
  if (!is_open_) return taken;
  switch (body_.state()) {
    case BodyReader::State::open:
      break;
    case BodyReader::State::complete:
      on_body_complete(taken < bytes.size());
      break;
    case BodyReader::State::malformed:
      fail("a malformed response body");
      break;
  }
  return taken;
}

void H1ClientCodec::on_body_complete(bool more) {
  // Bytes behind the response, or a response ahead of its whole request: both sides no longer agree
  // on where the next message begins.
  if (more || !writer_.produced()) say_closing();
  FieldList trailers = body_.take_trailers();
  if (!trailers.empty()) events_.on_trailers(id_, std::move(trailers));
  if (is_open_) events_.on_end(id_);
  if (is_open_) on_response_end();
}

void H1ClientCodec::on_response_end() {
  input_ = Input::complete;
  if (writer_.produced()) finish_exchange();
}

void H1ClientCodec::receive_eof() {
  say_closing();
  switch (input_) {
    case Input::idle:
      return shut();
    case Input::head:
      return break_off({});
    case Input::body:
      if (!body_.ends_at_eof()) return break_off({});
      events_.on_end(id_);
      if (is_open_) finish_exchange();
      return;
    case Input::complete:
      return finish_exchange();
    case Input::shut:
      return;
  }
}

// ------------------------------------------------------------------------------------- exchanges

void H1ClientCodec::credit(StreamId id, std::size_t bytes) {
  if (is_open_ && id == id_) window_.credit(bytes);
}

void H1ClientCodec::reset(StreamId id, ResetReason) {
  if (!is_open_ || id != id_) return;
  is_open_ = false;
  shut();
}

void H1ClientCodec::finish_exchange() {
  is_open_ = false;
  sent_ = false;
  writer_.clear();
  input_ = Input::idle;
  if (closing_) shut();
  events_.on_done(id_);
}

void H1ClientCodec::fail(std::string_view fault) {
  fault_ = fault;
  break_off({.malformed = true});
}

void H1ClientCodec::break_off(PeerReset reset) {
  const bool was_open = std::exchange(is_open_, false);
  shut();
  if (was_open) events_.on_reset(id_, reset);
}

void H1ClientCodec::shut() {
  closing_ = true;
  input_ = Input::shut;
  writer_.clear();
}

void H1ClientCodec::say_closing() {
  if (std::exchange(closing_, true)) return;
  events_.on_closing();
}

}  // namespace trackly::http
