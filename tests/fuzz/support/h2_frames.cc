#include "tests/fuzz/support/h2_frames.h"

#include <vector>

namespace trackly::fuzz {
namespace {

enum Type : std::uint8_t {
  kData,
  kHeaders,
  kPriority,
  kRstStream,
  kSettings,
  kPushPromise,
  kPing,
  kGoaway,
  kWindowUpdate,
  kContinuation
};
enum Flag : std::uint8_t {
  kAck = 1,
  kEndStream = 1,
  kEndHeaders = 4,
  kPadded = 8,
  kHasPriority = 32
};

constexpr std::size_t kFrameHead = 9;

std::string number(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

std::uint32_t read_number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

// RFC 7541 section 6.2.2, without Huffman code.
void add_literal(std::string& block, std::string_view name, std::string_view value) {
  block.push_back('\0');
  for (const std::string_view text : {name, value}) {
    const std::size_t size = std::min<std::size_t>(text.size(), 126);
    block.push_back(static_cast<char>(size));
    block.append(text.substr(0, size));
  }
}

constexpr std::string_view kMethods[] = {"GET",     "POST", "HEAD", "OPTIONS",
                                         "CONNECT", "PUT",  "G T",  ""};
constexpr std::string_view kPaths[] = {
    "/",          "/a?b=%2B", "/a/b", "*",    "/%2e%2e/", "http://x/", "/a b",
    "/a\r\nx: y", "",         "//a",  "/a#b", "/%41",     " /",        "/a HTTP/1.1\r\n\r\nGET /b"};
constexpr std::string_view kAuthorities[] = {"x",   "x:80",      "[::1]", "",
                                             "a b", "x\r\ny: z", "u@x",   "y"};
constexpr std::string_view kSchemes[] = {"http", "https", "HTTP", "ftp", ""};
constexpr std::string_view kStatuses[] = {"200", "204", "304",  "100", "103", "101",
                                          "500", "099", "2000", "",    "20x"};
constexpr std::string_view kNames[] = {"x-a",
                                       "content-length",
                                       "cookie",
                                       "te",
                                       "transfer-encoding",
                                       "host",
                                       "connection",
                                       "trailer",
                                       "expect",
                                       "via",
                                       "x-forwarded-for",
                                       "content_length",
                                       "x-api-key",
                                       "traceparent",
                                       "keep-alive",
                                       "upgrade",
                                       "X-Upper",
                                       "bad name",
                                       "bad:name",
                                       "a\r\nb",
                                       "",
                                       ":path",
                                       ":late"};
constexpr std::string_view kValues[] = {"1",
                                        "5",
                                        "0",
                                        "chunked",
                                        "trailers",
                                        "a; b",
                                        "100-continue",
                                        "x",
                                        "close",
                                        "",
                                        "a\r\nb: c",
                                        " padded ",
                                        "99999999999999999999",
                                        "-1",
                                        "5, 5",
                                        std::string_view("a\0b", 3),
                                        "\x80\xff",
                                        "10.0.0.1, 10.0.0.2"};
constexpr std::size_t kSizes[] = {5, 0, 1, 100, 1000, 4096, 8192, 16384};

class Conversation {
 public:
  Conversation(Input& input, http::Side sender) : input_(input), sender_(sender) {}

  std::string bytes() {
    if (sender_ == http::Side::client) out_ = http::kH2Preface;
    out_ += h2_frame(kSettings, 0, 0, "");
    if (input_.flag()) out_ += h2_frame(kSettings, kAck, 0, "");
    // Bounded, so that inputs stay small in what they cost.
    for (int i = 0; i < 200 && !input_.empty(); ++i) add();
    return std::move(out_);
  }

 private:
  void add() {
    switch (input_.below(20)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return add_head();
      case 4:
      case 5:
      case 6:
        return add_data();
      case 7:
        return add_trailers();
      case 8:
        return frame(kRstStream, 0, stream(), number(input_.byte(), 4));
      case 9:
        return frame(kWindowUpdate, 0, input_.flag() ? stream() : 0, number(amount(), 4));
      case 10:
        return add_settings();
      case 11:
        return frame(kSettings, kAck, 0, "");
      case 12:
        return frame(kPing, input_.flag() ? kAck : 0, 0, "12345678");
      case 13:
        return frame(kGoaway, 0, 0, number(input_.byte(), 4) + number(input_.below(14), 4));
      case 14:
        return frame(kPriority, 0, stream(), number(stream(), 4) + "\x10");
      case 15:
        return frame(kContinuation, kEndHeaders, stream(), block());
      case 16:
        return frame(kPushPromise, kEndHeaders, stream(), number(2 * input_.byte(), 4) + block());
      case 17:
        return add_cut_block();
      case 18:
        return add_any_frame();
      default:
        out_ += input_.text(input_.below(32));
    }
  }

  void frame(std::uint8_t type, int flags, std::uint32_t id, std::string_view payload) {
    out_ += h2_frame(type, static_cast<std::uint8_t>(flags), id, payload);
  }

  /// A stream that has begun, most of the time.
  std::uint32_t stream() {
    const std::size_t which = input_.below(8);
    return which < 6    ? 1 + 2 * static_cast<std::uint32_t>(which)
           : which == 6 ? last_
                        : input_.byte();
  }

  std::uint32_t amount() {
    static constexpr std::uint32_t kAmounts[] = {1000,       1,      0,          65535,
                                                 0x7fffffff, 100000, 0x80000001, 8192};
    return input_.pick(kAmounts);
  }

  std::string block() {
    std::string block;
    // A good one first: only what is meant to be odd should be.
    const bool odd = input_.below(4) == 3;
    if (sender_ == http::Side::client) {
      add_literal(block, ":method", odd ? input_.pick(kMethods) : input_.flag() ? "POST" : "GET");
      add_literal(block, ":scheme", odd ? input_.pick(kSchemes) : "http");
      if (!odd || input_.flag())
        add_literal(block, ":authority", odd ? input_.pick(kAuthorities) : "x");
      add_literal(block, ":path", odd ? input_.pick(kPaths) : "/a?b=%2B");
    } else {
      add_literal(block, ":status", odd ? input_.pick(kStatuses) : "200");
    }
    add_fields(block);
    return block;
  }

  void add_fields(std::string& block) {
    for (std::size_t count = input_.below(4); count > 0; --count) {
      const bool own = input_.below(8) == 7;
      const std::string_view name = own ? input_.text(input_.below(16)) : input_.pick(kNames);
      const std::string_view value = own ? input_.text(input_.below(16)) : input_.pick(kValues);
      add_literal(block, name, value);
    }
  }

  void add_head() {
    std::uint32_t id = stream();
    if (sender_ == http::Side::client && input_.below(8) != 7) id = last_ += 2;
    const int end = input_.flag() ? kEndStream : 0;
    switch (input_.below(8)) {
      case 5:
        return frame(kHeaders, end | kEndHeaders | kHasPriority, id,
                     number(last_, 4) + "\x10" + block());
      case 6:
        return frame(kHeaders, end | kEndHeaders | kPadded, id,
                     "\x03" + block() + std::string(3, '\0'));
      case 7: {
        const std::string whole = block();
        const std::size_t half = input_.byte() % (whole.size() + 1);
        frame(kHeaders, end, id, std::string_view(whole).substr(0, half));
        return frame(kContinuation, kEndHeaders, id, std::string_view(whole).substr(half));
      }
      default:
        return frame(kHeaders, end | kEndHeaders, id, block());
    }
  }

  void add_data() {
    const std::uint32_t id = input_.flag() ? last_ : stream();
    const std::string bytes(input_.pick(kSizes), 'd');
    const int end = input_.below(3) == 1 ? kEndStream : 0;
    if (input_.below(8) == 7)
      return frame(kData, end | kPadded, id, "\x05" + bytes + std::string(5, '\0'));
    frame(kData, end, id, bytes);
  }

  void add_trailers() {
    std::string fields;
    if (input_.flag()) {
      add_fields(fields);
    } else {
      add_literal(fields, "x-sum", "1");
    }
    frame(kHeaders, kEndHeaders | (input_.below(8) == 7 ? 0 : kEndStream),
          input_.flag() ? last_ : stream(), fields);
  }

  void add_settings() {
    std::string payload;
    for (std::size_t count = input_.below(3) + 1; count > 0; --count) {
      payload += number(static_cast<std::uint32_t>(input_.below(10)), 2) + number(amount(), 4);
    }
    frame(kSettings, 0, 0, payload);
  }

  /// A block that ends in the middle of a field, or is no HPACK at all.
  void add_cut_block() {
    std::string whole = block();
    whole.resize(input_.byte() % (whole.size() + 1));
    whole += input_.text(input_.below(16));
    frame(kHeaders, kEndHeaders, last_ += 2, whole);
  }

  void add_any_frame() {
    const std::uint8_t type = input_.byte();
    const std::uint8_t flags = input_.byte();
    const std::uint32_t id = stream();
    frame(type % 12, flags, id, input_.text(input_.below(64)));
  }

  Input& input_;
  const http::Side sender_;
  std::string out_;
  std::uint32_t last_ = sender_ == http::Side::client ? static_cast<std::uint32_t>(-1) : 1;
};

/// Calls visit(type, flags, stream, payload) for each whole frame.
template <class Visit>
void for_each_frame(std::string_view bytes, Visit visit) {
  if (bytes.starts_with(http::kH2Preface)) bytes.remove_prefix(http::kH2Preface.size());
  while (bytes.size() >= kFrameHead) {
    const std::size_t size = read_number(bytes.substr(0, 3));
    if (bytes.size() < kFrameHead + size) return;
    visit(static_cast<std::uint8_t>(bytes[3]), read_number(bytes.substr(5, 4)) & 0x7fffffff,
          bytes.substr(kFrameHead, size));
    bytes.remove_prefix(kFrameHead + size);
  }
}

}  // namespace

std::string h2_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                     std::string_view payload) {
  std::string bytes = number(static_cast<std::uint32_t>(payload.size()), 3);
  bytes.push_back(static_cast<char>(type));
  bytes.push_back(static_cast<char>(flags));
  return bytes.append(number(stream, 4)).append(payload);
}

std::string h2_conversation(Input& input, http::Side sender) {
  return Conversation(input, sender).bytes();
}

H2Flow h2_flow(std::string_view produced, std::string_view received) {
  H2Flow flow;
  for_each_frame(produced,
                 [&flow](std::uint8_t type, std::uint32_t stream, std::string_view payload) {
                   if (type == kWindowUpdate && stream == 0) flow.window += read_number(payload);
                   if (type == kGoaway && read_number(payload.substr(4, 4)) != 0)
                     flow.gave_up = true;
                 });
  for_each_frame(received, [&flow](std::uint8_t type, std::uint32_t, std::string_view payload) {
    if (type == kGoaway) flow.peer_leaves = true;
    if (type == kData) flow.window -= static_cast<std::int64_t>(payload.size());
  });
  return flow;
}

}  // namespace trackly::fuzz
