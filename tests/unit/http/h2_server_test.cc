#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/http/codec.h"
#include "tests/support/codec_recorder.h"
#include "tests/unit/http/h2_wire.h"

namespace trackly::http {
namespace {

using test::H2Wire;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

CodecLimits small_limits() {
  CodecLimits limits;
  limits.header_bytes = 2048;
  limits.header_count = 12;
  limits.uri_bytes = 256;
  limits.max_streams = 4;
  limits.initial_window = 1000;
  limits.open_window = 4000;
  limits.send_buffer = 100;
  limits.linger_bytes = 300;
  return limits;
}

H2Wire::Fields get(std::string path = "/a?b") {
  return {{":method", "GET"}, {":scheme", "http"}, {":authority", "x"}, {":path", path}};
}

H2Wire::Fields post(H2Wire::Fields more = {}) {
  H2Wire::Fields fields = {
      {":method", "POST"}, {":scheme", "http"}, {":authority", "x"}, {":path", "/a"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

/// A server's end of a connection; the client's preface has come and was answered.
class H2Server {
 public:
  explicit H2Server(CodecLimits limits = small_limits())
      : codec_(make_h2_codec(Side::server, "https", limits, events)) {
    receive(H2Wire::client_preface());
    frames();
    receive(H2Wire::settings_ack());
  }

  bool receive(std::string_view bytes) { return codec_->receive(bytes).ok(); }
  /// One produce(), as in one turn.
  std::vector<std::string> frames() {
    std::string out;
    codec_->produce(out, 1 << 20);
    return wire.read(out);
  }
  void answer(StreamId id, int status, std::string_view body) {
    Head head;
    head.status = status;
    head.content_length = body.size();
    codec_->send_head(id, head, body.empty());
    if (!body.empty()) codec_->send_body(id, body, true);
  }
  void begin_answer(StreamId id) {
    Head head;
    head.status = 200;
    codec_->send_head(id, head, false);
  }
  Codec& codec() { return *codec_; }

  test::CodecRecorder events;
  H2Wire wire;

 private:
  const std::unique_ptr<Codec> codec_;
};

// -------------------------------------------------------------------------------------- requests

TEST(H2Server, SaysItsSettingsFirst) {
  test::CodecRecorder events;
  H2Wire wire;
  const auto codec = make_h2_codec(Side::server, "http", small_limits(), events);
  std::string out;
  codec->produce(out, 1000);
  EXPECT_THAT(wire.read(out), Contains("SETTINGS"));
}

TEST(H2Server, ReadsARequest) {
  H2Server server;
  server.receive(server.wire.headers(1, get(), true));
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 GET /a?b end"));
  const Head& head = server.events.head(1);
  EXPECT_EQ(head.authority, "x");
  EXPECT_EQ(head.scheme, "https") << "what the listener says, not what the client says";
  EXPECT_EQ(head.protocol, Protocol::http2);
  EXPECT_TRUE(head.fields.empty());
}

TEST(H2Server, ReadsTheSameFromSingleBytes) {
  H2Server server;
  std::string bytes = server.wire.headers(1, post({{"content-length", "5"}}), false);
  bytes += H2Wire::data(1, "hel", false) + H2Wire::padded_data(1, "lo", 9, false);
  bytes += server.wire.headers(1, {{"x-sum", "1"}}, true);
  for (const char c : bytes) ASSERT_TRUE(server.receive(std::string_view(&c, 1)));
  EXPECT_THAT(server.events.take(),
              ElementsAre("head 1 POST /a", "body 1 hello", "trailers 1 x-sum=1", "end 1"));
  EXPECT_EQ(server.events.head(1).content_length, 5u);
}

TEST(H2Server, JoinsCookieCrumbsAndDropsConnectionFields) {
  H2Server server;
  server.receive(server.wire.headers(
      1, post({{"cookie", "a=1"}, {"te", "trailers"}, {"x-a", "1"}, {"cookie", "b=2"}}), true));
  const FieldList& fields = server.events.head(1).fields;
  EXPECT_EQ(fields.find("cookie"), "a=1; b=2");
  EXPECT_EQ(fields.count("cookie"), 1u);
  EXPECT_EQ(fields.find("te"), "trailers");
  EXPECT_EQ(fields.size(), 3u);
}

TEST(H2Server, TakesHostForTheAuthority) {
  H2Server server;
  server.receive(server.wire.headers(
      1, {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "y"}}, true));
  EXPECT_EQ(server.events.head(1).authority, "y");
  EXPECT_FALSE(server.events.head(1).fields.find("host"));
}

TEST(H2Server, PassesConnectWithoutATarget) {
  H2Server server;
  server.receive(server.wire.headers(1, {{":method", "CONNECT"}, {":authority", "y:443"}}, true));
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 CONNECT  end"));
  EXPECT_EQ(server.events.head(1).authority, "y:443");
}

TEST(H2Server, AnswersHeadsThatBreakTheRulesOfThisProgram) {
  const H2Wire::Fields heads[] = {
      get("/a/../b"),
      get("/%2F"),
      get("/a//b"),
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "x"}, {":path", "/"}, {"host", "y"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "u@x"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "ftp"}, {":authority", "x"}, {":path", "/"}},
      post({{"x-a", "a\x01"}}),
  };
  for (const auto& head : heads) {
    H2Server server;
    server.receive(server.wire.headers(1, head, false));
    EXPECT_THAT(server.events.take(), ElementsAre("bad head 1 malformed"))
        << head[2].second << head[3].second;
    server.answer(1, 400, "no");
    EXPECT_THAT(server.frames(),
                ElementsAre("HEADERS 1 :status=400 content-length=2", "DATA 1 no end"));
    EXPECT_THAT(server.events.take(), ElementsAre("done 1"));
  }
}

TEST(H2Server, ResetsWhatTheProtocolForbids) {
  const H2Wire::Fields heads[] = {
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "x"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "x"}, {":path", ""}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "x"}, {":path", "a"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}},
      post({{"connection", "close"}}),
      post({{"transfer-encoding", "chunked"}}),
      post({{"te", "gzip"}}),
      post({{"content-length", "5"}, {"content-length", "5"}}),
      post({{"content-length", "+5"}}),
      post({{":path", "/b"}}),
      post({{"X-Upper", "1"}}),
      post({{"host", "x"}, {"host", "x"}}),
  };
  for (const auto& head : heads) {
    H2Server server;
    server.receive(server.wire.headers(1, head, true));
    EXPECT_THAT(server.events.take(), IsEmpty()) << head.back().first;
    EXPECT_THAT(server.frames(), Contains("RST_STREAM 1 1"));
    EXPECT_THAT(server.events.take(), IsEmpty());
    EXPECT_EQ(server.codec().active_streams(), 0u);
    EXPECT_FALSE(server.codec().finished()) << "other streams go on";
  }
}

TEST(H2Server, TellsTooLongTargetsAndTooLargeHeadsApart) {
  H2Server uri;
  uri.receive(uri.wire.headers(1, get("/" + std::string(256, 'a')), true));
  EXPECT_THAT(uri.events.take(), ElementsAre("bad head 1 uri_too_long"));

  H2Server size;
  size.receive(size.wire.headers(1, post({{"x-a", std::string(40000, 'a')}}), true));
  EXPECT_THAT(size.events.take(), ElementsAre("bad head 1 head_too_large"));
  EXPECT_EQ(size.events.head(1).target, "/a");

  H2Server count;
  count.receive(count.wire.headers(1, post(H2Wire::Fields(9, {"x-a", "1"})), true));
  EXPECT_THAT(count.events.take(), ElementsAre("bad head 1 head_too_large"));
}

TEST(H2Server, ReportsABodyThatIsNotAsLongAsItSaid) {
  for (const bool more : {false, true}) {
    H2Server server;
    server.receive(server.wire.headers(1, post({{"content-length", "5"}}), false));
    server.receive(H2Wire::data(1, more ? "hello!" : "hell", true));
    EXPECT_THAT(server.frames(), Contains("RST_STREAM 1 1"));
    EXPECT_EQ(server.events.take().back(), "reset 1 malformed");
    EXPECT_EQ(server.codec().active_streams(), 0u);
  }
}

TEST(H2Server, ReportsTrailersThatMayNotBe) {
  H2Server server;
  server.receive(server.wire.headers(1, post(), false));
  server.receive(server.wire.headers(1, {{"host", "y"}}, true));
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 POST /a", "reset 1 malformed"));
  EXPECT_THAT(server.frames(), Contains("RST_STREAM 1 1"));
}

TEST(H2Server, GivesUpTheConnectionOverBrokenFrames) {
  const std::string broken[] = {
      H2Wire::frame(NGHTTP2_DATA, 0, 0, "x"),
      H2Wire::frame(NGHTTP2_PING, 0, 0, "short"),
      H2Wire::frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 3, "\xff\xff\xff"),
      H2Wire::window_update(0, 0),
      H2Wire::data(9, "x", false),
      std::string("\xff\xff\xff", 3) + std::string(100, '\xff'),
  };
  for (const std::string& bytes : broken) {
    H2Server server;
    server.receive(server.wire.headers(1, get(), true));
    server.receive(bytes);
    EXPECT_THAT(server.frames(), Contains(StartsWith("GOAWAY ")));
    EXPECT_THAT(server.events.take(), ElementsAre("head 1 GET /a?b end", "reset 1 malformed"));
    EXPECT_TRUE(server.codec().finished());
    EXPECT_TRUE(server.receive(server.wire.headers(5, get(), true))) << "and is not heard";
    EXPECT_THAT(server.events.take(), IsEmpty());
  }
}

TEST(H2Server, RefusesWhatIsNotHttp2) {
  test::CodecRecorder events;
  const auto codec = make_h2_codec(Side::server, "http", small_limits(), events);
  EXPECT_FALSE(codec->receive("GET / HTTP/1.1\r\n\r\nxxxxxxxxxx"));
  EXPECT_TRUE(codec->finished());
}

TEST(H2Server, IsNotKeptBusyByPingsOrEmptyFrames) {
  H2Server pings;
  bool alive = true;
  for (int i = 0; i < 20000 && alive; ++i) alive = pings.receive(H2Wire::ping());
  EXPECT_FALSE(alive);
  EXPECT_TRUE(pings.codec().finished());

  H2Server continuations;
  continuations.receive(continuations.wire.unfinished_headers(1, get()));
  for (int i = 0; i < 100; ++i) {
    continuations.receive(H2Wire::frame(NGHTTP2_CONTINUATION, 0, 1, ""));
  }
  continuations.frames();
  EXPECT_TRUE(continuations.codec().finished());
}

TEST(H2Server, CountsStreamsThatTheClientCancelsOrBreaks) {
  H2Server server;
  for (int id = 1; id < 20; id += 2) {
    server.receive(server.wire.headers(id, get(), true));
    server.receive(H2Wire::rst_stream(id, NGHTTP2_CANCEL));
    server.frames();
  }
  EXPECT_EQ(server.codec().costs().resets, 10U);
  server.receive(server.wire.headers(21, post(), false));
  server.receive(H2Wire::window_update(21, 0x7fffffff));
  server.frames();
  EXPECT_EQ(server.codec().costs().resets, 11U);
}

TEST(H2Server, DoesNotCountStreamsThatItEndsItself) {
  H2Server server;
  server.receive(server.wire.headers(1, post(), false));
  server.codec().reset(1, ResetReason::internal_error);
  server.frames();
  EXPECT_EQ(server.codec().costs().resets, 0U);
}

TEST(H2Server, TellsFramesThatCarryAMessageFromThoseThatDoNot) {
  H2Server server;
  const PeerCosts before = server.codec().costs();
  const std::string head = server.wire.headers(1, post(), false);
  server.receive(head);
  server.receive(H2Wire::data(1, "12345", false));
  PeerCosts costs = server.codec().costs();
  EXPECT_EQ(costs.message_bytes - before.message_bytes, head.size() + 5);
  EXPECT_EQ(costs.overhead_bytes - before.overhead_bytes, 9U) << "the frame header of the body";
  const std::string frames = H2Wire::ping() + H2Wire::settings() + H2Wire::window_update(0, 1) +
                             H2Wire::data(1, "", false) + H2Wire::frame(99, 0, 0, "unknown");
  server.receive(frames);
  EXPECT_EQ(server.codec().costs().overhead_bytes - costs.overhead_bytes, frames.size());
}

TEST(H2Server, ExpelsAClient) {
  H2Server server;
  server.receive(server.wire.headers(1, get(), true));
  server.codec().expel();
  EXPECT_THAT(server.frames(), Contains(StartsWith("GOAWAY 1 11")));
  EXPECT_TRUE(server.codec().finished());
}

TEST(H2Server, GivesUpAClientThatSendsOnAStreamThatItHasEnded) {
  H2Server server;
  server.receive(server.wire.headers(1, get(), true));
  server.answer(1, 204, "");
  server.frames();
  server.events.take();
  EXPECT_FALSE(server.receive(H2Wire::data(1, "more", true)));
  EXPECT_THAT(server.frames(), ElementsAre("GOAWAY 1 5"));
  EXPECT_TRUE(server.codec().finished());
}

TEST(H2Server, JudgesTheFaultThatCameFirst) {
  H2Server server;
  std::string bytes = H2Wire::frame(NGHTTP2_PING, 0, 0, "short");
  bytes += server.wire.headers(1, get(), true) + H2Wire::data(1, "more", true);
  server.receive(bytes);
  EXPECT_THAT(server.frames(), ElementsAre("GOAWAY 0 6"));
}

TEST(H2Server, GivesUpOnAHeadThatDoesNotCome) {
  H2Server server;
  EXPECT_FALSE(server.codec().head_pending());
  server.receive(server.wire.unfinished_headers(1, get()));
  EXPECT_TRUE(server.codec().head_pending());
  server.codec().expire_head();
  EXPECT_THAT(server.frames(), Contains(StartsWith("GOAWAY")));
  EXPECT_TRUE(server.codec().finished());
}

// --------------------------------------------------------------------------------------- answers

TEST(H2Server, Answers) {
  H2Server server;
  server.receive(server.wire.headers(1, get(), true));
  Head head;
  head.status = 200;
  head.content_length = 5;
  head.fields.add("X-A", "1");
  head.fields.add("Connection", "close");
  head.fields.add("X-B", "1\r\n2");
  server.codec().send_head(1, head, false);
  server.codec().send_body(1, "hello", true);
  server.events.take();
  EXPECT_THAT(server.frames(),
              ElementsAre("HEADERS 1 :status=200 content-length=5 x-a=1", "DATA 1 hello end"));
  EXPECT_THAT(server.events.take(), ElementsAre("done 1"));
  EXPECT_EQ(server.codec().active_streams(), 0u);
}

TEST(H2Server, AnswersWithTrailersAndInterimAnswers) {
  H2Server server;
  server.receive(server.wire.headers(1, get(), true));
  Head early;
  early.status = 103;
  server.codec().send_informational(1, early);
  server.begin_answer(1);
  server.codec().send_body(1, "hello", false);
  FieldList trailers;
  trailers.add("X-Sum", "1");
  server.codec().send_trailers(1, trailers);
  EXPECT_THAT(server.frames(), ElementsAre("HEADERS 1 :status=103", "HEADERS 1 :status=200",
                                           "DATA 1 hello", "HEADERS 1 x-sum=1 end"));
  EXPECT_EQ(server.events.take().back(), "done 1");
}

TEST(H2Server, SendsNoBodyWhereNoneMayBe) {
  H2Server server;
  server.receive(server.wire.headers(
      1, {{":method", "HEAD"}, {":scheme", "http"}, {":authority", "x"}, {":path", "/"}}, true));
  server.answer(1, 200, "hello");
  EXPECT_THAT(server.frames(), ElementsAre("HEADERS 1 :status=200 content-length=5 end"));
  EXPECT_EQ(server.events.take().back(), "done 1");
}

TEST(H2Server, TakesWhatFitsItsBufferAndSaysWhenThereIsRoom) {
  H2Server server;
  server.receive(server.wire.headers(1, get(), true));
  server.begin_answer(1);
  server.frames();
  server.events.take();
  EXPECT_EQ(server.codec().send_body(1, std::string(250, 'b'), true), 100u);
  EXPECT_THAT(server.events.take(), IsEmpty());
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 <100>"));
  EXPECT_THAT(server.events.take(), ElementsAre("room 1"));
  EXPECT_EQ(server.codec().send_body(1, std::string(100, 'b'), false), 100u);
  server.frames();
  EXPECT_THAT(server.events.take(), IsEmpty()) << "nobody was turned away";
}

TEST(H2Server, WaitsForTheClientsWindow) {
  H2Server server;
  server.receive(H2Wire::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10}}));
  server.receive(server.wire.headers(1, get(), true));
  server.begin_answer(1);
  server.codec().send_body(1, "hello, world", true);
  EXPECT_THAT(server.frames(), Contains("DATA 1 hello, wor"));
  EXPECT_THAT(server.frames(), IsEmpty());
  server.receive(H2Wire::window_update(1, 10));
  EXPECT_THAT(server.frames(), ElementsAre("DATA 1 ld end"));
}

TEST(H2Server, StaysWithinItsBudget) {
  CodecLimits limits = small_limits();
  limits.send_buffer = 1 << 20;
  H2Server server(limits);
  server.receive(server.wire.headers(1, get(), true));
  server.begin_answer(1);
  server.codec().send_body(1, std::string(60000, 'b'), true);
  std::string out;
  EXPECT_TRUE(server.codec().produce(out, 1000));
  EXPECT_LT(out.size(), 1000u + 16384u + 18u);
}

// ----------------------------------------------------------------------------------- flow control

TEST(H2Server, OpensTheWindowWithTheFirstCredit) {
  H2Server server;
  server.receive(server.wire.headers(1, post(), false));
  server.receive(H2Wire::data(1, std::string(1000, 'b'), false));
  EXPECT_THAT(server.frames(), IsEmpty());
  server.codec().credit(1, 0);
  EXPECT_THAT(server.frames(), ElementsAre("WINDOW_UPDATE 1 3000"));
  server.codec().credit(1, 1000);
  EXPECT_THAT(server.frames(), IsEmpty()) << "too little to say";
  server.receive(H2Wire::data(1, std::string(1000, 'b'), false));
  server.codec().credit(1, 1000);
  EXPECT_THAT(server.frames(), ElementsAre("WINDOW_UPDATE 1 2000"));
}

TEST(H2Server, EndsAStreamThatSendsBeyondItsWindow) {
  H2Server server;
  server.receive(server.wire.headers(1, post(), false));
  server.receive(H2Wire::data(1, std::string(1001, 'b'), false));
  EXPECT_THAT(server.frames(), Contains("RST_STREAM 1 3"));
  EXPECT_EQ(server.events.take().back(), "reset 1");
}

/// Whatever becomes of the streams, the connection's window does not shrink for good: uploads worth
/// many times its size, and what was credited for them in the end.
class H2ServerConnectionWindow : public ::testing::Test {
 protected:
  static constexpr int kUploads = 1000;
  static constexpr std::uint64_t kUploadBytes = 1000;
  static constexpr std::uint64_t kInitialWindow = 65535;

  /// `id` has sent most of its body.
  void upload(StreamId id) {
    const auto h2_id = static_cast<std::int32_t>(id);
    server.receive(server.wire.headers(h2_id, post(), false));
    server.receive(H2Wire::padded_data(h2_id, std::string(800, 'b'), 99, false));
  }
  void finish_upload(StreamId id) {
    server.receive(H2Wire::data(static_cast<std::int32_t>(id), std::string(100, 'b'), true));
  }
  void turn() {
    for (const std::string& line : server.frames()) {
      constexpr std::string_view kUpdate = "WINDOW_UPDATE 0 ";
      if (line.starts_with(kUpdate)) credited += std::stoul(line.substr(kUpdate.size()));
    }
  }
  template <class Fate>
  void expect_credit_after(Fate fate) {
    for (int i = 0; i < kUploads && !server.codec().finished(); ++i) fate(2 * i + 1);
    EXPECT_FALSE(server.codec().finished());
    EXPECT_GE(credited, kUploads * kUploadBytes - kInitialWindow);
    EXPECT_LE(credited, kUploads * (kUploadBytes + 10));
  }

  H2Server server{[] {
    CodecLimits limits = small_limits();
    limits.linger_bytes = 1 << 20;
    return limits;
  }()};
  std::uint64_t credited = 0;
};

TEST_F(H2ServerConnectionWindow, SurvivesUploadsThatWeReset) {
  expect_credit_after([&](StreamId id) {
    upload(id);
    server.codec().reset(id, ResetReason::cancelled);
    turn();
    finish_upload(id);
    turn();
  });
}

TEST_F(H2ServerConnectionWindow, SurvivesUploadsThatWeResetWhileTheyGoOn) {
  expect_credit_after([&](StreamId id) {
    upload(id);
    server.codec().reset(id, ResetReason::cancelled);
    finish_upload(id);
    turn();
  });
}

TEST_F(H2ServerConnectionWindow, SurvivesUploadsThatWeRefuse) {
  expect_credit_after([&](StreamId id) {
    upload(id);
    server.answer(id, 413, "no");
    server.codec().credit(id, 800);
    finish_upload(id);
    turn();
  });
}

TEST_F(H2ServerConnectionWindow, SurvivesUploadsThatWereCreditedInPart) {
  expect_credit_after([&](StreamId id) {
    upload(id);
    server.codec().credit(id, 300);
    server.answer(id, 413, "no");
    turn();
    server.codec().credit(id, 500);
    finish_upload(id);
    turn();
  });
}

TEST_F(H2ServerConnectionWindow, SurvivesUploadsThatTheClientCancels) {
  expect_credit_after([&](StreamId id) {
    upload(id);
    const auto h2_id = static_cast<std::int32_t>(id);
    server.receive(H2Wire::data(h2_id, std::string(100, 'b'), false));
    server.receive(H2Wire::rst_stream(h2_id, NGHTTP2_CANCEL));
    turn();
  });
}

TEST_F(H2ServerConnectionWindow, SurvivesUploadsThatAreReadToTheirEnd) {
  server.events.when_body = [&](StreamId id, std::string_view bytes) {
    server.codec().credit(id, bytes.size());
  };
  expect_credit_after([&](StreamId id) {
    upload(id);
    finish_upload(id);
    server.answer(id, 200, "");
    turn();
  });
}

// --------------------------------------------------------------------------------------- refusals

TEST(H2Server, RefusesWithoutAResetInTheSameTurn) {
  H2Server server;
  server.receive(server.wire.headers(1, post(), false));
  server.receive(H2Wire::data(1, "some", false));
  server.answer(1, 413, "no");
  EXPECT_THAT(server.frames(),
              ElementsAre("HEADERS 1 :status=413 content-length=2", "DATA 1 no end"));
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 POST /a", "body 1 some", "done 1"));
  EXPECT_TRUE(server.codec().lingering());
  EXPECT_FALSE(server.codec().finished());

  server.receive(H2Wire::data(1, "more", false));
  EXPECT_THAT(server.frames(), IsEmpty()) << "the stream gets no credit";
  EXPECT_THAT(server.events.take(), IsEmpty());
  server.codec().end_linger();
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 0"));
  EXPECT_FALSE(server.codec().lingering());
  EXPECT_EQ(server.codec().active_streams(), 0u);
  EXPECT_THAT(server.events.take(), IsEmpty());
}

TEST(H2Server, LingersNoLongerThanTheClientSends) {
  H2Server server;
  server.receive(server.wire.headers(1, post(), false));
  server.answer(1, 413, "no");
  server.frames();
  EXPECT_TRUE(server.codec().lingering());
  server.receive(H2Wire::data(1, "rest", true));
  EXPECT_FALSE(server.codec().lingering());
  server.codec().end_linger();
  EXPECT_THAT(server.frames(), IsEmpty());
}

TEST(H2Server, LingersForSoManyBytesAndNoMore) {
  H2Server server;
  server.receive(server.wire.headers(1, post(), false));
  server.answer(1, 413, "no");
  server.frames();
  server.receive(H2Wire::data(1, std::string(300, 'b'), false));
  EXPECT_THAT(server.frames(), IsEmpty());
  server.receive(H2Wire::data(1, "b", false));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 0"));
}

TEST(H2Server, LeavesLaterRefusalsTheirTime) {
  H2Server server;
  server.receive(server.wire.headers(1, post(), false));
  server.receive(server.wire.headers(3, post(), false));
  server.answer(1, 413, "no");
  server.frames();
  server.answer(3, 413, "no");
  server.frames();
  server.codec().end_linger();
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 0"));
  EXPECT_TRUE(server.codec().lingering());
  server.codec().end_linger();
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 3 0"));
  EXPECT_FALSE(server.codec().lingering());
}

TEST(H2Server, AnswersFromInsideTheEvents) {
  H2Server server;
  server.events.when_head = [&](StreamId id) { server.answer(id, 401, "no"); };
  server.receive(server.wire.headers(1, post(), false));
  server.receive(H2Wire::data(1, "some", true));
  server.receive(server.wire.headers(3, get(), true));
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 POST /a", "head 3 GET /a?b end"));
  EXPECT_EQ(server.frames().size(), 4u);
  EXPECT_THAT(server.events.take(), ElementsAre("done 1", "done 3"));
  EXPECT_EQ(server.codec().active_streams(), 0u);
}

TEST(H2Server, MayBeResetFromInsideAnyEvent) {
  for (const int where : {0, 1, 2}) {
    H2Server server;
    const auto reset = [&](StreamId id) { server.codec().reset(id, ResetReason::internal_error); };
    if (where == 0) server.events.when_head = reset;
    if (where == 1) server.events.when_body = [&](StreamId id, std::string_view) { reset(id); };
    if (where == 2) server.events.when_end = reset;
    server.receive(server.wire.headers(1, post(), false) + H2Wire::data(1, "a", false) +
                   H2Wire::data(1, "b", true));
    EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 2"));
    EXPECT_THAT(server.events.take(), Not(Contains("done 1")));
    EXPECT_EQ(server.codec().active_streams(), 0u);
  }
}

// ------------------------------------------------------------------------------------------- ends

TEST(H2Server, TellsWhenTheClientCancels) {
  H2Server server;
  server.receive(server.wire.headers(1, get(), true));
  server.begin_answer(1);
  server.codec().send_body(1, "hello", false);
  server.receive(H2Wire::rst_stream(1, NGHTTP2_CANCEL));
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 GET /a?b end", "reset 1"));
  server.codec().send_body(1, "hello", true);
  server.codec().credit(1, 5);
  server.codec().reset(1, ResetReason::cancelled);
  EXPECT_THAT(server.frames(), IsEmpty());
}

TEST(H2Server, TakesEveryResetWithinAnAnswerForACancellation) {
  H2Server server;
  server.receive(server.wire.headers(1, get(), true));
  server.begin_answer(1);
  server.receive(H2Wire::rst_stream(1, NGHTTP2_NO_ERROR));
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 GET /a?b end", "reset 1"));
}

TEST(H2Server, TellsWhenTheConnectionEnds) {
  H2Server server;
  server.receive(server.wire.headers(1, get(), true));
  server.receive(server.wire.headers(3, post(), false));
  server.events.take();
  server.codec().receive_eof();
  EXPECT_THAT(server.events.take(), ::testing::UnorderedElementsAre("reset 1", "reset 3"));
  EXPECT_TRUE(server.codec().finished());
  EXPECT_EQ(server.codec().active_streams(), 0u);
}

TEST(H2Server, RefusesStreamsBeyondALimitThatIsNotKnownYet) {
  test::CodecRecorder events;
  H2Wire wire;
  const auto codec = make_h2_codec(Side::server, "http", small_limits(), events);
  ASSERT_TRUE(codec->receive(H2Wire::client_preface()).ok());
  for (int id = 1; id <= 9; id += 2) {
    ASSERT_TRUE(codec->receive(wire.headers(id, get(), true)).ok());
  }
  EXPECT_EQ(events.take().size(), 4u);
  std::string out;
  codec->produce(out, 1000);
  EXPECT_THAT(wire.read(out), Contains("RST_STREAM 9 7"));
}

TEST(H2Server, GivesUpAClientThatIgnoresTheLimit) {
  H2Server server;
  for (int id = 1; id <= 9; id += 2) server.receive(server.wire.headers(id, get(), true));
  EXPECT_THAT(server.frames(), Contains("GOAWAY 7 1"));
}

TEST(H2Server, DrainsInTwoSteps) {
  H2Server server;
  server.receive(server.wire.headers(1, get(), true));
  server.codec().drain(DrainPhase::announce);
  EXPECT_THAT(server.frames(), ElementsAre("GOAWAY 2147483647 0"));
  EXPECT_FALSE(server.codec().finished());
  server.receive(server.wire.headers(3, get(), true));
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 GET /a?b end", "head 3 GET /a?b end"))
      << "it may not have known";
  server.codec().drain(DrainPhase::refuse);
  EXPECT_THAT(server.frames(), ElementsAre("GOAWAY 3 0"));
  server.receive(server.wire.headers(5, get(), true));
  EXPECT_THAT(server.events.take(), IsEmpty());
  server.answer(1, 200, "");
  server.answer(3, 200, "");
  EXPECT_FALSE(server.codec().finished());
  EXPECT_EQ(server.frames().size(), 2u);
  EXPECT_TRUE(server.codec().finished());
}

TEST(H2Server, DoesNotProcessWhatItsGoawayExcludesBeforeThatIsOut) {
  H2Server server;
  server.receive(server.wire.headers(1, get(), true));
  server.events.take();
  server.codec().drain(DrainPhase::refuse);
  server.receive(server.wire.headers(3, post(), false) + H2Wire::data(3, "hello", true));
  EXPECT_THAT(server.events.take(), IsEmpty()) << "its client may repeat it elsewhere";
  EXPECT_THAT(server.frames(), Contains("GOAWAY 1 0"));

  server.answer(1, 200, "");
  server.frames();
  EXPECT_THAT(server.events.take(), ElementsAre("done 1"));
  EXPECT_TRUE(server.codec().finished());
}

TEST(H2Server, DrainsAtOnceWhenIdle) {
  H2Server server;
  server.codec().drain(DrainPhase::refuse);
  EXPECT_FALSE(server.codec().finished());
  EXPECT_THAT(server.frames(), ElementsAre("GOAWAY 0 0"));
  EXPECT_TRUE(server.codec().finished());
}

}  // namespace
}  // namespace trackly::http
