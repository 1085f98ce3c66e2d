#include "gateway/http/h1_chunked.h"

namespace trackly::http {
namespace {

// Extensions and leading zeros that carry no body: a sender that goes on and on is not serious.
constexpr std::size_t kMaxOverhead = 16UL << 10;

}  // namespace

ChunkedReader::ChunkedReader() { begin(); }

int ChunkedReader::on_body(llhttp_t* parser, const char* at, std::size_t length) {
  auto& reader = *static_cast<ChunkedReader*>(parser->data);
  if (!reader.count_overhead(at)) return -1;
  reader.pieces_->emplace_back(at, length);
  reader.overhead_ = 0;
  reader.counted_ = at + length;
  return 0;
}

int ChunkedReader::on_chunk(llhttp_t* parser) {
  if (parser->content_length != 0) return 0;
  static_cast<ChunkedReader*>(parser->data)->state_ = State::last;
  return HPE_PAUSED;
}

const llhttp_settings_t& ChunkedReader::settings() {
  static const llhttp_settings_t kSettings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_body = on_body;
    made.on_chunk_header = on_chunk;
    return made;
  }();
  return kSettings;
}

void ChunkedReader::begin() {
  // The real head was read elsewhere; this one brings the parser to where chunks begin.
  static constexpr std::string_view kHead = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  llhttp_init(&parser_, HTTP_REQUEST, &settings());
  parser_.data = this;
  llhttp_execute(&parser_, kHead.data(), kHead.size());
  state_ = State::chunks;
  overhead_ = 0;
}

std::size_t ChunkedReader::read(std::string_view bytes, std::vector<std::string_view>& pieces) {
  if (state_ != State::chunks || bytes.empty()) return 0;
  pieces_ = &pieces;
  counted_ = bytes.data();
  const llhttp_errno_t result = llhttp_execute(&parser_, bytes.data(), bytes.size());
  pieces_ = nullptr;
  const bool is_last = state_ == State::last;
  const char* const end = is_last ? llhttp_get_error_pos(&parser_) : bytes.data() + bytes.size();
  if ((!is_last && result != HPE_OK) || !count_overhead(end)) state_ = State::broken;
  return static_cast<std::size_t>(end - bytes.data());
}

bool ChunkedReader::count_overhead(const char* end) {
  overhead_ += static_cast<std::size_t>(end - counted_);
  counted_ = end;
  return overhead_ <= kMaxOverhead;
}

}  // namespace trackly::http
