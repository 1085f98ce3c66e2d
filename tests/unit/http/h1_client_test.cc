#include "gateway/http/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/codec_recorder.h"

namespace trackly::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// A client's end of a connection, fed with strings.
class H1Client {
 public:
  H1Client() : codec_(make_h1_codec(Side::client, "http", limits(), events)) {}

  /// Opens an exchange and sends a whole request.
  StreamId ask(std::string_view method = "GET") {
    const StreamId id = codec_->open();
    codec_->send_head(id, request(method), true);
    produce();
    return id;
  }
  static Head request(std::string_view method, std::optional<std::uint64_t> length = {}) {
    Head head;
    head.method = method;
    head.target = "/a?b=%2B";
    head.authority = "x:80";
    head.content_length = length;
    return head;
  }
  bool receive(std::string_view bytes) { return codec_->receive(bytes).ok(); }
  bool receive_byte_by_byte(std::string_view bytes) {
    for (const char c : bytes) {
      if (!codec_->receive(std::string_view(&c, 1))) return false;
    }
    return true;
  }
  std::string produce() {
    std::string out;
    while (codec_->produce(out, 1000)) {
    }
    return out;
  }
  Codec& codec() { return *codec_; }

  test::CodecRecorder events;

 private:
  static CodecLimits limits() {
    CodecLimits limits;
    limits.header_bytes = 2048;
    limits.header_count = 10;
    limits.initial_window = 64;
    limits.open_window = 128;
    limits.send_buffer = 100;
    return limits;
  }
  const std::unique_ptr<Codec> codec_;
};

// --------------------------------------------------------------------------------------- requests

TEST(H1Client, WritesHostFirstAndTheTargetByteForByte) {
  H1Client client;
  Head head = H1Client::request("GET");
  head.fields.add("X-A", "1");
  head.fields.add("Host", "evil");
  head.fields.add("Connection", "close");
  head.fields.add("Transfer-Encoding", "chunked");
  head.fields.add("X-B", "1\r\nX-Evil: 1");
  client.codec().send_head(client.codec().open(), head, true);
  EXPECT_EQ(client.produce(), "GET /a?b=%2B HTTP/1.1\r\nHost: x:80\r\nX-A: 1\r\n\r\n");
}

TEST(H1Client, FramesBodies) {
  H1Client known;
  const StreamId id = known.codec().open();
  known.codec().send_head(id, H1Client::request("POST", 5), false);
  known.codec().send_body(id, "hello", true);
  EXPECT_THAT(known.produce(), ::testing::EndsWith("Content-Length: 5\r\n\r\nhello"));

  H1Client chunked;
  chunked.codec().send_head(chunked.codec().open(), H1Client::request("POST"), false);
  chunked.codec().send_body(1, "hello", false);
  FieldList trailers;
  trailers.add("X-Sum", "1");
  chunked.codec().send_trailers(1, trailers);
  EXPECT_THAT(
      chunked.produce(),
      ::testing::EndsWith("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"));

  H1Client empty;
  empty.codec().send_head(empty.codec().open(), H1Client::request("POST"), true);
  EXPECT_THAT(empty.produce(), ::testing::EndsWith("Content-Length: 0\r\n\r\n"));
}

TEST(H1Client, SendsNothingForAHeadThatCannotBeWritten) {
  for (const char* target : {"", "/a b", "/a\r\nX: y", "/\n"}) {
    H1Client client;
    Head head = H1Client::request("GET");
    head.target = target;
    client.codec().send_head(client.codec().open(), head, true);
    EXPECT_EQ(client.produce(), "");
    EXPECT_THAT(client.events.take(), ElementsAre("reset 1"));
    EXPECT_TRUE(client.codec().finished());
  }
}

TEST(H1Client, CutsARequestThatContradictsItsLength) {
  H1Client client;
  client.codec().send_head(client.codec().open(), H1Client::request("POST", 5), false);
  client.codec().send_body(1, "hell", true);
  client.produce();
  EXPECT_EQ(client.events.take().back(), "reset 1");
  EXPECT_TRUE(client.codec().finished());
}

// -------------------------------------------------------------------------------------- responses

TEST(H1Client, ReadsResponsesAndKeepsTheConnection) {
  H1Client client;
  for (StreamId id = 1; id <= 2; ++id) {
    EXPECT_EQ(client.codec().available_streams(), 1u);
    EXPECT_EQ(client.ask(), id);
    EXPECT_EQ(client.codec().available_streams(), 0u);
    EXPECT_EQ(client.codec().open(), 0);
    EXPECT_TRUE(client.receive("HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello"));
    const std::string n = std::to_string(id);
    EXPECT_THAT(client.events.take(),
                ElementsAre("head " + n + " 200", "body " + n + " hello", "end " + n, "done " + n));
    EXPECT_EQ(client.events.head(id).fields.find("x-a"), "1");
    EXPECT_EQ(client.events.head(id).content_length, 5u);
  }
  EXPECT_FALSE(client.codec().finished());
}

TEST(H1Client, ReadsTheSameFromSingleBytes) {
  H1Client client;
  client.ask();
  EXPECT_TRUE(client.receive_byte_by_byte(
      "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n"
      "\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"));
  EXPECT_THAT(client.events.take(), ElementsAre("informational 1 103", "head 1 200", "body 1 hello",
                                                "trailers 1 X-Sum=1", "end 1", "done 1"));
  EXPECT_EQ(client.codec().available_streams(), 1u);
}

TEST(H1Client, KnowsWhichResponsesHaveNoBody) {
  const std::pair<const char*, const char*> responses[] = {
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
      {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"GET", "HTTP/1.1 204 No Content\r\n\r\n"},
      {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"},
      {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
  };
  for (const auto& [method, response] : responses) {
    H1Client client;
    client.ask(method);
    EXPECT_TRUE(client.receive(response));
    const auto lines = client.events.take();
    ASSERT_EQ(lines.size(), 2u) << response;
    EXPECT_THAT(lines[0], ::testing::EndsWith(" end"));
    EXPECT_EQ(lines[1], "done 1");
    EXPECT_EQ(client.codec().available_streams(), 1u);
  }
}

TEST(H1Client, ReadsABodyThatEndsWithTheConnection) {
  H1Client client;
  client.ask();
  client.receive("HTTP/1.1 200 OK\r\n\r\nhel");
  client.receive("lo");
  EXPECT_THAT(client.events.take(), ElementsAre("closing", "head 1 200", "body 1 hello"));
  client.codec().receive_eof();
  EXPECT_THAT(client.events.take(), ElementsAre("end 1", "done 1"));
  EXPECT_TRUE(client.codec().finished());
}

TEST(H1Client, GivesUpTheConnectionThatTheServiceCloses) {
  for (const char* head : {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                           "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    H1Client client;
    client.ask();
    client.receive(head);
    EXPECT_THAT(client.events.take(), ElementsAre("closing", "head 1 200 end", "done 1"));
    EXPECT_TRUE(client.codec().finished());
    EXPECT_EQ(client.codec().open(), 0);
  }
}

TEST(H1Client, KeepsAnHttp10ConnectionThatSaysSo) {
  H1Client client;
  client.ask();
  client.receive("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.codec().available_streams(), 1u);
}

TEST(H1Client, RefusesMalformedResponses) {
  const char* responses[] = {
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 999 OK\r\n\r\n",
      "HTTP/1.1 +20 OK\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      "HTTP/1.1 200OK\r\n\r\n",
      "ICY 200 OK\r\n\r\n",
      "hello\r\n\r\n",
      "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
      "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
  };
  for (const std::string response : responses) {
    for (const bool single : {false, true}) {
      H1Client client;
      client.ask();
      EXPECT_FALSE(single ? client.receive_byte_by_byte(response) : client.receive(response))
          << response;
      EXPECT_THAT(client.events.take(), ElementsAre("reset 1 malformed")) << response;
      EXPECT_TRUE(client.codec().finished());
    }
  }
}

TEST(H1Client, RefusesAResponseHeadWithoutEnd) {
  H1Client client;
  client.ask();
  EXPECT_FALSE(client.receive("HTTP/1.1 200 OK\r\nA: " + std::string(3000, 'a')));
  EXPECT_THAT(client.events.take(), ElementsAre("reset 1 malformed"));
}

TEST(H1Client, RefusesABadChunk) {
  H1Client client;
  client.ask();
  EXPECT_FALSE(
      client.receive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nX\r\n"));
  EXPECT_THAT(client.events.take(), ElementsAre("head 1 200", "body 1 a", "reset 1 malformed"));
}

TEST(H1Client, TellsOfAConnectionThatEnds) {
  for (const char* before :
       {"", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    H1Client client;
    client.ask();
    client.receive(before);
    client.codec().receive_eof();
    EXPECT_EQ(client.events.take().back(), "reset 1") << before;
    EXPECT_TRUE(client.codec().finished());
  }
}

TEST(H1Client, LeavesAnIdleConnectionThatEnds) {
  H1Client client;
  client.codec().receive_eof();
  EXPECT_THAT(client.events.take(), ElementsAre("closing"));
  EXPECT_TRUE(client.codec().finished());
  EXPECT_EQ(client.codec().available_streams(), 0u);
}

// -------------------------------------------------------------------- responses that nobody wanted

TEST(H1Client, RefusesBytesOnAnIdleConnection) {
  H1Client client;
  EXPECT_FALSE(client.receive("HTTP/1.1 408 Request Timeout\r\n\r\n"));
  EXPECT_TRUE(client.codec().finished());
}

TEST(H1Client, RefusesAResponseBeforeItsRequestIsOut) {
  H1Client client;
  client.codec().send_head(client.codec().open(), H1Client::request("GET"), true);
  EXPECT_FALSE(client.receive("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_EQ(client.events.take().back(), "reset 1 malformed");
}

TEST(H1Client, DoesNotReuseAConnectionWithBytesBehindAResponse) {
  for (const char* response : {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n",
                               "HTTP/1.1 204 No Content\r\n\r\nxx"}) {
    H1Client client;
    client.events.when_end = [&](StreamId) { EXPECT_EQ(client.codec().available_streams(), 0u); };
    client.ask();
    client.receive(response);
    EXPECT_EQ(client.events.take().back(), "done 1");
    EXPECT_TRUE(client.codec().finished());
    EXPECT_EQ(client.codec().open(), 0);
  }
}

// ----------------------------------------------------------------------------------- early answers

TEST(H1Client, DoesNotReuseAConnectionThatAnsweredEarly) {
  H1Client client;
  client.codec().send_head(client.codec().open(), H1Client::request("POST", 10), false);
  client.codec().send_body(1, "hello", false);
  client.produce();
  client.receive("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_THAT(client.events.take(), ElementsAre("head 1 413", "body 1 no", "closing", "end 1"));
  EXPECT_FALSE(client.codec().finished()) << "the request may go on";
  client.codec().send_body(1, "world", true);
  EXPECT_EQ(client.produce(), "world");
  EXPECT_THAT(client.events.take(), ElementsAre("done 1"));
  EXPECT_TRUE(client.codec().finished());
}

TEST(H1Client, CanDropARequestThatWasAnsweredEarly) {
  H1Client client;
  client.events.when_end = [&](StreamId id) { client.codec().reset(id, ResetReason::cancelled); };
  client.codec().send_head(client.codec().open(), H1Client::request("POST", 10), false);
  client.produce();
  client.receive("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_THAT(client.events.take(), ElementsAre("head 1 413", "body 1 no", "closing", "end 1"));
  EXPECT_TRUE(client.codec().finished());
}

// ----------------------------------------------------------------------------------- flow control

TEST(H1Client, ReadsNoFurtherThanTheWindow) {
  H1Client client;
  client.ask();
  client.receive("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
  const std::string body(500, 'b');
  EXPECT_EQ(*client.codec().receive(body), 64u);
  EXPECT_FALSE(client.codec().wants_input());
  client.codec().credit(1, 64);
  EXPECT_EQ(*client.codec().receive(body), 128u);
}

TEST(H1Client, SaysWhenThereIsRoom) {
  H1Client client;
  client.codec().send_head(client.codec().open(), H1Client::request("POST", 150), false);
  EXPECT_EQ(client.codec().send_body(1, std::string(150, 'b'), true), 100u);
  client.produce();
  EXPECT_THAT(client.events.take(), ElementsAre("room 1"));
  EXPECT_EQ(client.codec().send_body(1, std::string(50, 'b'), true), 50u);
  EXPECT_EQ(client.produce().size(), 50u);
}

TEST(H1Client, SaysInItsLastRequestThatItCloses) {
  H1Client client;
  client.codec().drain(DrainPhase::announce);
  client.codec().send_head(client.codec().open(), H1Client::request("GET"), true);
  EXPECT_THAT(client.produce(), HasSubstr("\r\nConnection: close\r\n"));
  client.receive("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_THAT(client.events.take(), ElementsAre("head 1 204 end", "done 1"));
  EXPECT_EQ(client.codec().available_streams(), 0u);
  EXPECT_TRUE(client.codec().finished());
}

TEST(H1Client, ResetEndsTheConnection) {
  H1Client client;
  client.ask();
  client.codec().reset(1, ResetReason::cancelled);
  EXPECT_TRUE(client.codec().finished());
  EXPECT_EQ(client.codec().active_streams(), 0u);
  EXPECT_THAT(client.events.take(), IsEmpty());
}

}  // namespace
}  // namespace trackly::http
