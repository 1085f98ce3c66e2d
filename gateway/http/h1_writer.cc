#include "gateway/http/h1_writer.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "gateway/http/h1_head.h"

namespace trackly::http {
namespace {

constexpr std::string_view kCrlf = "\r\n";

void append_chunk_size(std::string& out, std::size_t size) {
  char digits[16];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), size, 16).ptr;
  out.append(digits, end).append(kCrlf);
}

}  // namespace

void H1Writer::begin(std::string_view head, BodyLength body) {
  begun_ = true;
  length_ = body;
  lines_.append(head);
  switch (body.kind) {
    case BodyLength::Kind::none:
    case BodyLength::Kind::until_close:
      break;
    case BodyLength::Kind::known:
      lines_.append("Content-Length: ").append(std::to_string(body.bytes)).append(kCrlf);
      break;
    case BodyLength::Kind::chunked:
      lines_.append("Transfer-Encoding: chunked\r\n");
      break;
  }
}

void H1Writer::close_head(std::string_view connection_fields) {
  lines_.append(connection_fields).append(kCrlf);
  head_closed_ = true;
}

std::size_t H1Writer::body(std::string_view bytes, bool end) {
  if (!begun_ || ended_) return bytes.size();
  if (length_.kind == BodyLength::Kind::none) {
    if (end) this->end();
    return bytes.size();
  }
  if (length_.kind == BodyLength::Kind::known && bytes.size() > length_.bytes) {
    failed_ = true;
    return bytes.size();
  }
  const std::size_t taken = body_.append(bytes);
  if (length_.kind == BodyLength::Kind::known) length_.bytes -= taken;
  if (end && taken == bytes.size()) this->end();
  return taken;
}

void H1Writer::trailers(const FieldList& fields) {
  if (!begun_ || ended_) return;
  // Only chunks leave a place for them (RFC 9112 section 6.5).
  if (length_.kind == BodyLength::Kind::chunked) append_fields(trailers_, fields);
  end();
}

void H1Writer::end() {
  ended_ = true;
  if (length_.kind == BodyLength::Kind::known && length_.bytes > 0) failed_ = true;
}

void H1Writer::produce(std::string& out, std::size_t budget) {
  out.append(std::exchange(lines_, {}));
  if (!begun_ || produced_) return;
  produce_body(out, budget);
  if (!ended_ || !body_.empty() || failed_) return;
  if (length_.kind == BodyLength::Kind::chunked) {
    out.append("0\r\n").append(trailers_).append(kCrlf);
    trailers_.clear();
  }
  produced_ = true;
}

void H1Writer::produce_body(std::string& out, std::size_t budget) {
  const std::string_view piece = body_.front(std::max<std::size_t>(budget, 1));
  if (piece.empty()) return;
  const bool chunked = length_.kind == BodyLength::Kind::chunked;
  if (chunked) append_chunk_size(out, piece.size());
  out.append(piece);
  if (chunked) out.append(kCrlf);
  body_.consume(piece.size());
}

bool H1Writer::has_output() const {
  return !lines_.empty() || !body_.empty() || (begun_ && ended_ && !produced_ && !failed_);
}

void H1Writer::clear() {
  lines_.clear();
  body_.clear();
  trailers_.clear();
  length_ = {};
  begun_ = head_closed_ = ended_ = produced_ = failed_ = false;
}

}  // namespace trackly::http
