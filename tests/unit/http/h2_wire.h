#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trackly::test {

/// One end of an HTTP/2 connection made of single frames, so that a test can also send what no
/// library would.
class H2Wire {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  static constexpr std::uint8_t kEnd = NGHTTP2_FLAG_END_STREAM;

  H2Wire();
  ~H2Wire();
  H2Wire(const H2Wire&) = delete;
  H2Wire& operator=(const H2Wire&) = delete;

  /// A client's preface, or a server's (SETTINGS); both acknowledge nothing.
  static std::string client_preface();
  static std::string settings(
      std::initializer_list<std::pair<std::uint16_t, std::uint32_t>> values = {});
  static std::string settings_ack();
  std::string headers(std::int32_t id, const Fields& fields, bool end);
  /// Without END_HEADERS.
  std::string unfinished_headers(std::int32_t id, const Fields& fields);
  static std::string data(std::int32_t id, std::string_view bytes, bool end);
  static std::string padded_data(std::int32_t id, std::string_view bytes, std::uint8_t padding,
                                 bool end);
  static std::string rst_stream(std::int32_t id, std::uint32_t error);
  static std::string window_update(std::int32_t id, std::uint32_t bytes);
  static std::string goaway(std::int32_t last_id, std::uint32_t error);
  static std::string ping();
  static std::string frame(std::uint8_t type, std::uint8_t flags, std::int32_t id,
                           std::string_view payload);

  /// What arrived, a line a frame: "HEADERS 1 :status=200 end", "DATA 1 hello", "RST_STREAM 1 8",
  /// "WINDOW_UPDATE 0 100", "GOAWAY 1 0", "SETTINGS", "SETTINGS ack", "PING ack". Long data is
  /// written as its length: "DATA 1 <4096>".
  std::vector<std::string> read(std::string_view bytes);

 private:
  std::string block(const Fields& fields);
  std::string field_lines(std::string_view block);

  nghttp2_hd_deflater* deflater_ = nullptr;
  nghttp2_hd_inflater* inflater_ = nullptr;
  std::string unread_;
};

}  // namespace trackly::test
