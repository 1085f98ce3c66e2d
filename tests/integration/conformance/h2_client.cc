#include "tests/integration/conformance/h2_client.h"

#include <algorithm>

namespace trackly::test {
namespace {

constexpr std::uint32_t kDefaultWindow = 65535;
constexpr std::size_t kFrameHead = 9;

std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}

bool is_any_of(std::string_view line, std::string_view begin, H2Client::Codes codes) {
  return std::any_of(codes.begin(), codes.end(), [&](std::uint32_t code) {
    return line.starts_with(begin) && line.ends_with(" " + std::to_string(code));
  });
}

}  // namespace

void H2Client::handshake() {
  send(NGHTTP2_CLIENT_MAGIC);
  send(H2Wire::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kDefaultWindow}}));
  ASSERT_EQ(wait_for("SETTINGS"), "SETTINGS");
  ASSERT_EQ(wait_for("SETTINGS ack"), "SETTINGS ack");
  send(H2Wire::settings_ack());
}

void H2Client::send(Frames all) {
  std::string bytes;
  for (const std::string& frame : all) bytes += frame;
  send(bytes);
}

std::string H2Client::headers_frame(std::int32_t id, std::string_view block, std::uint8_t flags) {
  return H2Wire::frame(NGHTTP2_HEADERS, flags, id, block);
}

std::string H2Client::continuation(std::int32_t id, std::string_view block, bool end_headers) {
  return H2Wire::frame(NGHTTP2_CONTINUATION, end_headers ? NGHTTP2_FLAG_END_HEADERS : 0, id, block);
}

std::string H2Client::priority_fields(std::uint32_t depends_on, bool exclusive,
                                      std::uint8_t weight) {
  return number(depends_on | (exclusive ? 0x80000000U : 0)) + static_cast<char>(weight);
}

std::string H2Client::priority(std::int32_t id, std::uint32_t depends_on, bool exclusive,
                               std::uint8_t weight) {
  return H2Wire::frame(NGHTTP2_PRIORITY, 0, id, priority_fields(depends_on, exclusive, weight));
}

std::string H2Client::block(const Fields& fields) {
  return frames.unfinished_headers(1, fields).substr(kFrameHead);
}

std::string H2Client::next(const Deadline& deadline) {
  while (unread_.empty()) {
    const std::string bytes = wire_->read_some(Milliseconds(deadline.remaining_ms()));
    if (bytes.empty()) return {};
    unread_ = frames.read(bytes);
    std::reverse(unread_.begin(), unread_.end());
  }
  std::string line = std::move(unread_.back());
  unread_.pop_back();
  seen_ += line + "\n";
  return line;
}

std::string H2Client::wait_for(std::string_view part, Milliseconds timeout) {
  const Deadline deadline(timeout);
  std::string line;
  do {
    line = next(deadline);
  } while (!line.empty() && !line.starts_with(part));
  return line;
}

int H2Client::status_of(std::int32_t id, std::string* head) {
  const Deadline deadline(kPatience);
  const std::string begin = "HEADERS " + std::to_string(id) + " :status=";
  const std::string reset = "RST_STREAM " + std::to_string(id) + " ";
  for (std::string line = next(deadline); !line.empty(); line = next(deadline)) {
    if (line.starts_with(reset)) return 0;
    if (!line.starts_with(begin) || line[begin.size()] == '1') continue;  // an interim answer
    if (head != nullptr) *head = line;
    return std::stoi(line.substr(begin.size()));
  }
  return 0;
}

testing::AssertionResult H2Client::receives(std::string_view part) {
  if (!wait_for(part).empty()) return testing::AssertionSuccess();
  return failure(part);
}

testing::AssertionResult H2Client::acknowledges_ping() {
  send(H2Wire::ping());
  return receives("PING ack");
}

testing::AssertionResult H2Client::answers(std::int32_t id) {
  const Deadline deadline(kPatience);
  const std::string head = "HEADERS " + std::to_string(id) + " :status=";
  const std::string data = "DATA " + std::to_string(id) + " ";
  bool has_head = false;
  for (std::string line = next(deadline); !line.empty(); line = next(deadline)) {
    has_head = has_head || line.starts_with(head);
    const bool ours = line.starts_with(head) || line.starts_with(data);
    if (ours && line.ends_with(" end")) return testing::AssertionSuccess();
  }
  return failure(has_head ? "the whole answer" : "an answer");
}

testing::AssertionResult H2Client::breaks_connection(Codes codes) {
  const Deadline deadline(kPatience);
  for (std::string line = next(deadline); !line.empty(); line = next(deadline)) {
    if (is_any_of(line, "GOAWAY ", codes)) return closes_connection();
  }
  return failure("GOAWAY with one of the codes");
}

testing::AssertionResult H2Client::breaks_stream(std::int32_t id, Codes codes) {
  const Deadline deadline(kPatience);
  const std::string reset = "RST_STREAM " + std::to_string(id) + " ";
  for (std::string line = next(deadline); !line.empty(); line = next(deadline)) {
    if (is_any_of(line, reset, codes)) return acknowledges_ping();
    if (is_any_of(line, "GOAWAY ", codes)) return closes_connection();
  }
  return failure("RST_STREAM or GOAWAY with one of the codes");
}

testing::AssertionResult H2Client::closes_connection() {
  const Deadline deadline(kPatience);
  while (!next(deadline).empty()) {
  }
  if (wire_->ended() == Wire::End::closed) return testing::AssertionSuccess();
  return failure("the end of the connection");
}

testing::AssertionResult H2Client::failure(std::string_view expected) const {
  constexpr const char* kEnds[] = {"open", "closed", "reset"};
  return testing::AssertionFailure()
         << "expected " << expected << "; the connection is "
         << kEnds[static_cast<int>(wire_->ended())] << ", and this came:\n"
         << seen_;
}

}  // namespace trackly::test
