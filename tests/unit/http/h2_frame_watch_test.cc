#include "gateway/http/h2_frame_watch.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "tests/unit/http/h2_wire.h"

namespace trackly::http {
namespace {

using test::H2Wire;

constexpr std::size_t kMaxStreams = 4;

std::string headers(std::int32_t id, bool end) {
  const std::uint8_t flags = NGHTTP2_FLAG_END_HEADERS | (end ? NGHTTP2_FLAG_END_STREAM : 0);
  return H2Wire::frame(NGHTTP2_HEADERS, flags, id, "block");
}
std::string get(std::int32_t id) { return headers(id, true); }
std::string post(std::int32_t id) { return headers(id, false); }
std::string data(std::int32_t id, bool end = false) { return H2Wire::data(id, "body", end); }
std::string reset(std::int32_t id) { return H2Wire::rst_stream(id, NGHTTP2_CANCEL); }
std::string priority(std::int32_t id, std::string_view depends_on) {
  return H2Wire::frame(NGHTTP2_PRIORITY, 0, id, std::string(depends_on) + "w");
}

/// The error after these frames; 0 where there is none.
std::uint32_t error_of(std::initializer_list<std::string> frames) {
  std::string bytes = H2Wire::client_preface();
  for (const std::string& frame : frames) bytes += frame;

  H2FrameWatch whole(kMaxStreams);
  const auto fault = whole.read(bytes);

  H2FrameWatch bytewise(kMaxStreams);
  std::size_t at = 0;
  bool found = false;
  while (at < bytes.size() && !found) found = bytewise.read({&bytes[at++], 1}).has_value();
  EXPECT_EQ(found, fault.has_value()) << "the pieces do not matter";
  if (!fault) return 0;
  EXPECT_EQ(at, fault->at);
  return fault->error;
}

TEST(H2FrameWatch, LetsRequestsPass) {
  EXPECT_EQ(error_of({get(1), post(3), data(3), data(3, true), get(5)}), 0u);
  EXPECT_EQ(error_of({post(1), post(3), data(1), headers(3, true), headers(1, true)}), 0u)
      << "trailers, in another order";
}

TEST(H2FrameWatch, FindsFramesOnStreamsThatTheClientHasEnded) {
  EXPECT_EQ(error_of({get(1), data(1)}), NGHTTP2_STREAM_CLOSED);
  EXPECT_EQ(error_of({get(1), get(1)}), NGHTTP2_STREAM_CLOSED);
  EXPECT_EQ(error_of({post(1), data(1, true), data(1)}), NGHTTP2_STREAM_CLOSED);
  EXPECT_EQ(error_of({post(1), reset(1), data(1)}), NGHTTP2_STREAM_CLOSED);
  EXPECT_EQ(error_of({post(1), reset(1), get(1)}), NGHTTP2_STREAM_CLOSED);
  EXPECT_EQ(error_of({get(1), get(3), get(5), data(1)}), NGHTTP2_STREAM_CLOSED);
}

TEST(H2FrameWatch, FindsIdentifiersThatGoBack) {
  EXPECT_EQ(error_of({get(5), get(3)}), NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(error_of({get(5), get(7), get(1)}), NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(error_of({get(5), data(3)}), NGHTTP2_STREAM_CLOSED) << "skipped is closed";
}

TEST(H2FrameWatch, LeavesToNghttp2WhatItFindsItself) {
  EXPECT_EQ(error_of({data(1)}), 0u);
  EXPECT_EQ(error_of({get(2)}), 0u);
  EXPECT_EQ(error_of({reset(1), data(0)}), 0u);
  EXPECT_EQ(error_of({get(1), reset(1), H2Wire::window_update(1, 1)}), 0u);
  EXPECT_EQ(error_of({H2Wire::frame(NGHTTP2_PRIORITY, 0, 1, "abc")}), 0u) << "of a wrong size";
}

TEST(H2FrameWatch, JudgesPrioritiesOfNothingAndOfThemselves) {
  EXPECT_EQ(error_of({priority(0, std::string(4, '\0'))}), NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(error_of({priority(3, {"\0\0\0\3", 4})}), NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(error_of({priority(3, {"\x80\0\0\3", 4})}), NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(error_of({priority(3, {"\0\0\0\1", 4}), get(1), priority(1, {"\0\0\0\3", 4})}), 0u);
}

TEST(H2FrameWatch, ToleratesStreamsThatItHasForgotten) {
  std::string frames;
  for (std::int32_t id = 1; id < 1000; id += 2) frames += post(id);
  EXPECT_EQ(error_of({frames, data(999), data(1), headers(3, true)}), 0u);
  EXPECT_EQ(error_of({frames, data(999, true), data(999)}), NGHTTP2_STREAM_CLOSED);
}

TEST(H2FrameWatch, IsNotConfusedByPaddingAndOtherFrames) {
  EXPECT_EQ(error_of({post(1), H2Wire::padded_data(1, "x", 200, false), H2Wire::ping(),
                      H2Wire::settings_ack(), H2Wire::frame(0x16, 0xff, 1, std::string(300, '\1')),
                      data(1, true)}),
            0u);
}

}  // namespace
}  // namespace trackly::http
