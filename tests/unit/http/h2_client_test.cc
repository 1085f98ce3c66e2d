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
using ::testing::IsEmpty;
using ::testing::StartsWith;

Head request(std::string_view method = "GET") {
  Head head;
  head.method = method;
  head.scheme = "http";
  head.authority = "x:80";
  head.target = "/a?b=%2B";
  return head;
}

/// A client's end of a connection; the server's preface has come and was answered.
class H2Client {
 public:
  H2Client() : codec_(make_h2_codec(Side::client, "http", limits(), events)) {
    receive(H2Wire::settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 3}}));
    std::string out;
    codec_->produce(out, 1 << 20);
    preface = out.substr(0, kH2Preface.size());
    wire.read(std::string_view(out).substr(kH2Preface.size()));
    receive(H2Wire::settings_ack());
  }
  StreamId ask(std::string_view method = "GET") {
    const StreamId id = codec_->open();
    codec_->send_head(id, request(method), true);
    return id;
  }
  StreamId begin_upload() {
    const StreamId id = codec_->open();
    codec_->send_head(id, request("POST"), false);
    return id;
  }
  bool receive(std::string_view bytes) { return codec_->receive(bytes).ok(); }
  std::vector<std::string> frames() {
    std::string out;
    codec_->produce(out, 1 << 20);
    return wire.read(out);
  }
  Codec& codec() { return *codec_; }

  test::CodecRecorder events;
  H2Wire wire;
  std::string preface;

 private:
  static CodecLimits limits() {
    CodecLimits limits;
    limits.header_bytes = 2048;
    limits.header_count = 12;
    limits.initial_window = 1000;
    limits.open_window = 4000;
    limits.send_buffer = 100;
    return limits;
  }
  const std::unique_ptr<Codec> codec_;
};

TEST(H2Client, BeginsWithThePreface) { EXPECT_EQ(H2Client().preface, kH2Preface); }

TEST(H2Client, AsksAndReads) {
  H2Client client;
  EXPECT_EQ(client.ask(), 1);
  EXPECT_EQ(client.ask("POST"), 2);
  EXPECT_THAT(
      client.frames(),
      ElementsAre("HEADERS 1 :method=GET :scheme=http :authority=x:80 :path=/a?b=%2B end",
                  "HEADERS 3 :method=POST :scheme=http :authority=x:80 :path=/a?b=%2B end"));
  client.receive(client.wire.headers(3, {{":status", "200"}, {"x-a", "1"}}, false));
  client.receive(H2Wire::data(3, "hello", true));
  EXPECT_THAT(client.events.take(), ElementsAre("head 2 200", "body 2 hello", "end 2", "done 2"));
  EXPECT_EQ(client.events.head(2).fields.find("x-a"), "1");
  EXPECT_EQ(client.codec().active_streams(), 1u);
}

TEST(H2Client, MaySendHeadsInAnotherOrderThanItOpenedThem) {
  H2Client client;
  const StreamId first = client.codec().open();
  const StreamId second = client.codec().open();
  client.codec().send_head(second, request(), true);
  client.codec().send_head(first, request(), true);
  EXPECT_EQ(client.frames().size(), 2u);
  client.receive(client.wire.headers(1, {{":status", "204"}}, true));
  EXPECT_THAT(client.events.take(), ElementsAre("head 2 204 end", "done 2"));
}

TEST(H2Client, ReadsInterimAnswersAndTrailers) {
  H2Client client;
  client.ask();
  client.frames();
  client.receive(client.wire.headers(1, {{":status", "103"}, {"link", "<a>"}}, false));
  client.receive(client.wire.headers(1, {{":status", "200"}, {"content-length", "5"}}, false));
  client.receive(H2Wire::data(1, "hello", false));
  client.receive(client.wire.headers(1, {{"x-sum", "1"}}, true));
  EXPECT_THAT(client.events.take(), ElementsAre("informational 1 103", "head 1 200", "body 1 hello",
                                                "trailers 1 x-sum=1", "end 1", "done 1"));
  EXPECT_EQ(client.events.head(1).content_length, 5u);
}

TEST(H2Client, SendsBodiesAndTrailers) {
  H2Client client;
  const StreamId id = client.begin_upload();
  EXPECT_EQ(client.frames().size(), 1u);
  client.codec().send_body(id, "hello", false);
  EXPECT_THAT(client.frames(), ElementsAre("DATA 1 hello"));
  FieldList trailers;
  trailers.add("X-Sum", "1");
  client.codec().send_trailers(id, trailers);
  EXPECT_THAT(client.frames(), ElementsAre("HEADERS 1 x-sum=1 end"));
}

TEST(H2Client, KeepsToTheServersNumberOfStreams) {
  H2Client client;
  EXPECT_EQ(client.codec().available_streams(), 3u);
  client.ask();
  client.ask();
  client.ask();
  EXPECT_EQ(client.codec().available_streams(), 0u);
  EXPECT_EQ(client.codec().open(), 0);
  client.frames();
  client.receive(client.wire.headers(1, {{":status", "204"}}, true));
  EXPECT_EQ(client.codec().available_streams(), 1u);
}

TEST(H2Client, KnowsWhatWasNotProcessed) {
  H2Client client;
  client.ask();
  client.frames();
  client.receive(H2Wire::rst_stream(1, NGHTTP2_REFUSED_STREAM));
  EXPECT_THAT(client.events.take(), ElementsAre("reset 1 not_processed"));

  H2Client reset;
  reset.ask();
  reset.frames();
  reset.receive(H2Wire::rst_stream(1, NGHTTP2_INTERNAL_ERROR));
  EXPECT_THAT(reset.events.take(), ElementsAre("reset 1"));

  H2Client late;
  late.ask();
  late.frames();
  late.receive(late.wire.headers(1, {{":status", "200"}}, false));
  late.receive(H2Wire::rst_stream(1, NGHTTP2_REFUSED_STREAM));
  EXPECT_THAT(late.events.take(), ElementsAre("head 1 200", "reset 1"));
}

TEST(H2Client, KnowsWhatAGoawayExcludes) {
  H2Client client;
  client.ask();
  client.ask();
  client.frames();
  client.ask();  // not even sent
  client.receive(H2Wire::goaway(1, NGHTTP2_NO_ERROR));
  client.frames();
  EXPECT_THAT(client.events.take(),
              ElementsAre("closing", "reset 2 not_processed", "reset 3 not_processed"));
  EXPECT_EQ(client.codec().available_streams(), 0u);
  EXPECT_FALSE(client.codec().finished());
  client.receive(client.wire.headers(1, {{":status", "204"}}, true));
  EXPECT_THAT(client.events.take(), ElementsAre("head 1 204 end", "done 1"));
  EXPECT_TRUE(client.codec().finished());
}

TEST(H2Client, TakesAnEarlyAnswerWithoutFurtherBody) {
  H2Client client;
  client.begin_upload();
  client.frames();
  client.receive(client.wire.headers(1, {{":status", "413"}}, true));
  EXPECT_THAT(client.events.take(), ElementsAre("head 1 413 end"));
  client.receive(H2Wire::rst_stream(1, NGHTTP2_NO_ERROR));
  EXPECT_THAT(client.events.take(), ElementsAre("done 1"));
}

TEST(H2Client, RefusesMalformedResponses) {
  const H2Wire::Fields heads[] = {
      {{"x-a", "1"}},
      {{":status", "200"}, {":status", "200"}},
      {{":status", "101"}},
      {{":status", "099"}},
      {{":status", "600"}},
      {{":status", "200"}, {"connection", "close"}},
      {{":status", "200"}, {"x-a", "a\x01"}},
      {{":status", "200"}, {"x-a", std::string(3000, 'a')}},
  };
  for (const auto& head : heads) {
    H2Client client;
    client.ask();
    client.frames();
    client.receive(client.wire.headers(1, head, true));
    EXPECT_THAT(client.frames(), Contains("RST_STREAM 1 1"));
    EXPECT_THAT(client.events.take(), ElementsAre("reset 1 malformed")) << head.back().first;
  }
}

TEST(H2Client, RefusesABodyOfTheWrongLength) {
  H2Client client;
  client.ask();
  client.frames();
  client.receive(client.wire.headers(1, {{":status", "200"}, {"content-length", "5"}}, false));
  client.receive(H2Wire::data(1, "hell", true));
  client.frames();
  EXPECT_EQ(client.events.take().back(), "reset 1 malformed");
}

TEST(H2Client, RefusesAServerThatSpeaksSomethingElse) {
  H2Client client;
  client.ask();
  client.frames();
  client.receive("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  client.frames();
  EXPECT_THAT(client.events.take(), ElementsAre("reset 1 malformed"));
  EXPECT_TRUE(client.codec().finished());
}

TEST(H2Client, TellsOfAConnectionThatEnds) {
  H2Client client;
  client.ask();
  client.codec().open();
  client.frames();
  client.codec().receive_eof();
  EXPECT_THAT(client.events.take(), ::testing::UnorderedElementsAre("reset 1", "reset 2"));
  EXPECT_TRUE(client.codec().finished());
  EXPECT_EQ(client.codec().open(), 0);
}

TEST(H2Client, CancelsWithoutWaste) {
  H2Client unsent;
  const StreamId opened = unsent.codec().open();
  unsent.codec().reset(opened, ResetReason::cancelled);
  EXPECT_EQ(unsent.codec().active_streams(), 0u);
  const StreamId queued = unsent.ask();
  unsent.codec().reset(queued, ResetReason::cancelled);
  EXPECT_THAT(unsent.frames(), IsEmpty());
  EXPECT_EQ(unsent.codec().active_streams(), 0u);

  H2Client sent;
  sent.ask();
  sent.frames();
  sent.codec().reset(1, ResetReason::cancelled);
  EXPECT_THAT(sent.frames(), ElementsAre("RST_STREAM 1 8"));
  EXPECT_EQ(sent.codec().active_streams(), 0u);
  EXPECT_THAT(sent.events.take(), IsEmpty());
}

TEST(H2Client, OpensTheWindowWithTheFirstCredit) {
  H2Client client;
  client.ask();
  client.frames();
  client.receive(client.wire.headers(1, {{":status", "200"}}, false));
  client.receive(H2Wire::data(1, std::string(1000, 'b'), false));
  client.codec().credit(1, 1000);
  EXPECT_THAT(client.frames(), ElementsAre("WINDOW_UPDATE 1 3000"));
}

TEST(H2Client, TakesNoPush) {
  H2Client client;
  client.ask();
  client.frames();
  client.receive(
      H2Wire::frame(NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, 1, std::string("\0\0\0\2", 4)));
  EXPECT_THAT(client.frames(), Contains(StartsWith("GOAWAY")));
  EXPECT_TRUE(client.codec().finished());
}

}  // namespace
}  // namespace trackly::http
