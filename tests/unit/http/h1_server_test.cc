#include "gateway/http/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/codec_recorder.h"

namespace trackly::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

using Lines = std::vector<std::string>;

CodecLimits small_limits() {
  CodecLimits limits;
  limits.header_bytes = 2048;
  limits.header_count = 10;
  limits.uri_bytes = 256;
  limits.initial_window = 64;
  limits.open_window = 256;
  limits.send_buffer = 100;
  limits.linger_bytes = 1000;
  return limits;
}

/// A server's end of a connection, fed with strings.
class H1Server {
 public:
  explicit H1Server(CodecLimits limits = small_limits())
      : codec_(make_h1_codec(Side::server, "http", limits, events)) {}

  /// Returns how much was taken.
  std::size_t receive(std::string_view bytes) { return *codec_->receive(bytes); }
  std::size_t receive_byte_by_byte(std::string_view bytes) {
    std::size_t taken = 0;
    for (const char c : bytes) taken += *codec_->receive(std::string_view(&c, 1));
    return taken;
  }
  std::string produce() {
    std::string out;
    while (codec_->produce(out, 16)) {
    }
    return out;
  }
  void answer(StreamId id, int status, std::string_view body) {
    codec_->send_head(id, head_of(status, body.size()), body.empty());
    if (!body.empty()) codec_->send_body(id, body, true);
  }
  static Head head_of(int status, std::optional<std::uint64_t> length = std::nullopt) {
    Head head;
    head.status = status;
    head.content_length = length;
    return head;
  }
  Codec& codec() { return *codec_; }

  test::CodecRecorder events;

 private:
  const std::unique_ptr<Codec> codec_;
};

constexpr std::string_view kGet = "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kPost5 = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n";
constexpr std::string_view kChunked =
    "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

// -------------------------------------------------------------------------------------- requests

TEST(H1Server, ReadsARequestWithoutBody) {
  H1Server server;
  EXPECT_EQ(server.receive(kGet), kGet.size());
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 GET /a?b end"));
  const Head& head = server.events.head(1);
  EXPECT_EQ(head.authority, "x");
  EXPECT_EQ(head.scheme, "http");
  EXPECT_EQ(head.protocol, Protocol::http11);
  EXPECT_TRUE(head.fields.empty());
  EXPECT_FALSE(head.content_length);
}

TEST(H1Server, ReadsTheSameFromSingleBytes) {
  const std::string request =
      "POST /a HTTP/1.1\r\nHost: x\r\nX-A:  1 \t\r\nX-B:\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;name=\"value\"\r\nhello\r\n000a\r\n, world...\r\n0\r\nX-Sum: 1\r\n\r\n";
  const Lines expected = {"head 1 POST /a", "body 1 hello, world...", "trailers 1 X-Sum=1",
                          "end 1"};
  for (const bool single : {false, true}) {
    H1Server server;
    EXPECT_EQ(single ? server.receive_byte_by_byte(request) : server.receive(request),
              request.size());
    EXPECT_EQ(server.events.take(), expected);
    EXPECT_EQ(server.events.head(1).fields.find("x-a"), "1");
    EXPECT_EQ(server.events.head(1).fields.find("x-b"), "");
  }
}

TEST(H1Server, ReadsABodyOfKnownLength) {
  H1Server server;
  server.receive(std::string(kPost5) + "hel");
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 POST /a", "body 1 hel"));
  EXPECT_EQ(server.receive("loGET"), 2u) << "the next request waits";
  EXPECT_THAT(server.events.take(), ElementsAre("body 1 lo", "end 1"));
  EXPECT_EQ(server.events.head(1).content_length, 5u);
}

TEST(H1Server, SkipsEmptyLinesBeforeARequest) {
  H1Server server;
  server.receive("\r\n\r");
  server.receive("\n" + std::string(kGet));
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 GET /a?b end"));
}

TEST(H1Server, TakesTheAuthorityOfAnAbsoluteTarget) {
  H1Server server;
  server.receive("GET http://y:81/p?q HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 GET /p?q end"));
  EXPECT_EQ(server.events.head(1).authority, "y:81");
}

TEST(H1Server, KnowsTheOtherFormsOfTargets) {
  const std::pair<const char*, const char*> forms[] = {
      {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "head 1 OPTIONS * end"},
      {"OPTIONS http://y HTTP/1.1\r\nHost: x\r\n\r\n", "head 1 OPTIONS * end"},
      {"GET HTTPS://y?q HTTP/1.1\r\nHost: x\r\n\r\n", "head 1 GET /?q end"},
      {"CONNECT y:443 HTTP/1.1\r\nHost: y:443\r\n\r\n", "head 1 CONNECT  end"},
      {"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", "head 1 BREW /pot end"},
      {"GET / HTTP/1.0\r\n\r\n", "head 1 GET / end"},
  };
  for (const auto& [request, line] : forms) {
    H1Server server;
    server.receive(request);
    EXPECT_THAT(server.events.take(), ElementsAre(line));
  }
}

TEST(H1Server, IgnoresAnOfferToUpgrade) {
  H1Server server;
  server.receive(
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
      "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 GET / end"));
  EXPECT_TRUE(server.events.head(1).fields.empty());
  server.answer(1, 200, "");
  server.produce();
  server.events.take();
  server.receive(kGet);
  EXPECT_THAT(server.events.take(), ElementsAre("head 2 GET /a?b end"));
}

TEST(H1Server, RefusesEveryMalformedHead) {
  const char* heads[] = {
      "GET /\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
      " GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n",
      "G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/0.9\r\nHost: x\r\n\r\n",
      "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
      "GET / http/1.1\r\nHost: x\r\n\r\n",
      "GET / RTSP/1.0\r\nHost: x\r\n\r\n",
      "SOURCE / ICE/1.0\r\nHost: x\r\n\r\n",
      "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET a HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET http://u@x/a HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET ftp://x/a HTTP/1.1\r\nHost: x\r\n\r\n",
      "CONNECT /a HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /%2F HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: u@x\r\n\r\n",
      "GET / HTTP/1.1\nHost: x\n\n",
      "GET / HTTP/1.1\r\nHost: x\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\n\n",
      "GET / HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
      "GET / HTTP/1.1\r\n A: b\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nA\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nA B: c\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nA: \x7f\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5 5\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\x0b"
      "chunked\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: a b\r\n\r\n",
      "\r\n\r\n\r\n\r\n\r\n\r\n\r\n",
      "\n",
      "\x16\x03\x01\x02\n",
  };
  for (const std::string head : heads) {
    for (const bool single : {false, true}) {
      H1Server server;
      single ? server.receive_byte_by_byte(head) : server.receive(head);
      EXPECT_THAT(server.events.take(), ElementsAre("bad head 1 malformed")) << head;
    }
  }
}

TEST(H1Server, RefusesANulByte) {
  H1Server server;
  server.receive(std::string_view("GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", 36));
  EXPECT_THAT(server.events.take(), ElementsAre("bad head 1 malformed"));
}

TEST(H1Server, TellsTooLongTargetsAndTooLargeHeadsApart) {
  const std::string uri = "/" + std::string(256, 'a');
  const std::pair<std::string, const char*> heads[] = {
      {"GET " + uri + " HTTP/1.1\r\nHost: x\r\n\r\n", "bad head 1 uri_too_long"},
      {"GET /" + std::string(1000, 'a'), "bad head 1 uri_too_long"},
      {"GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(3000, 'a'), "bad head 1 head_too_large"},
      {"GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(3000, 'a') + "\r\n\r\n",
       "bad head 1 head_too_large"},
      {"GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\n"
       "A: 1\r\nA: 1\r\nA: 1\r\n\r\n",
       "bad head 1 head_too_large"},
  };
  for (const auto& [head, line] : heads) {
    for (const bool single : {false, true}) {
      H1Server server;
      single ? server.receive_byte_by_byte(head) : server.receive(head);
      EXPECT_THAT(server.events.take(), ElementsAre(line)) << head;
    }
  }
}

TEST(H1Server, TellsWhatIsWrongFirstHoweverTheBytesArrive) {
  const std::pair<std::string, const char*> heads[] = {
      {"GET /" + std::string(400, 'a') + "\nHost: x\n\n", "bad head 1 uri_too_long"},
      {"GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(3000, 'a') + "\n\n",
       "bad head 1 head_too_large"},
      {"GET / HTTP/1.1\r\nHost: x\n" + std::string(3000, 'a'), "bad head 1 malformed"},
      {"GET / HTTP/1.1\r\n Host: x" + std::string(3000, 'a'), "bad head 1 malformed"},
  };
  for (const auto& [head, line] : heads) {
    for (const bool single : {false, true}) {
      H1Server server;
      single ? server.receive_byte_by_byte(head) : server.receive(head);
      EXPECT_THAT(server.events.take(), ElementsAre(line)) << head;
    }
  }
}

TEST(H1Server, TakesALineOfExactlyTheLimitWhoseEndComesByHalf) {
  // uri_bytes, and the 64 bytes around the target.
  const std::string method(320 - std::string_view(" /a HTTP/1.1").size(), 'M');
  H1Server server;
  server.receive(method + " /a HTTP/1.1\r");
  server.receive("\nHost: x\r\n\r\n");
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 " + method + " /a end"));
}

TEST(H1Server, TakesATargetOfExactlyTheLimit) {
  H1Server server;
  server.receive("GET /" + std::string(255, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(server.events.take(), ElementsAre(StartsWith("head 1 GET /aaa")));
}

TEST(H1Server, RefusesEveryMalformedBody) {
  const char* bodies[] = {
      "5\nhello\r\n0\r\n\r\n",
      "5\r\nhello\n0\r\n\r\n",
      "5\r\nhelloXX0\r\n\r\n",
      "5 \r\nhello\r\n0\r\n\r\n",
      "5 5\r\nhello\r\n0\r\n\r\n",
      " 5\r\nhello\r\n0\r\n\r\n",
      "5;a\rb\r\nhello\r\n0\r\n\r\n",
      "5;a\x01\r\nhello\r\n0\r\n\r\n",
      "5\r\nhello0\r\n\r\n",
      "5\r\nhello\r\n\r\n0\r\n\r\n",
      "10000000000000000\r\nhello\r\n",
      "+5\r\nhello\r\n",
      "0x5\r\nhello\r\n",
      "-1\r\n",
      "\r\n5\r\nhello\r\n",
      "g\r\n",
      ";a\r\n",
      "5;a\nb\r\nhello\r\n",
      "5\rhello\r\n",
      "FFFFFFFFFFFFFFFF0\r\n",
      "0\r\nContent-Length: 5\r\n\r\n",
      "0\r\nTransfer-Encoding: chunked\r\n\r\n",
      "0\r\nHost: y\r\n\r\n",
      "0\r\nA: b\r\n c\r\n\r\n",
      "0\r\nA: b\nC: d\r\n\r\n",
      "0\r\nA : b\r\n\r\n",
      "0\r\n\n",
      "0\r\nA: b\r\n\n",
  };
  for (const std::string body : bodies) {
    for (const bool single : {false, true}) {
      H1Server server;
      server.receive(kChunked);
      single ? server.receive_byte_by_byte(body) : server.receive(body);
      Lines lines = server.events.take();
      EXPECT_EQ(lines.back(), "bad body 1") << body;
    }
  }
}

TEST(H1Server, ReadsChunkExtensionsOver) {
  const char* bodies[] = {
      "5;a\r\nhello\r\n0\r\n\r\n",
      "5;a;b=c;d=\"e f;g\"\r\nhello\r\n0;x=y;z\r\n\r\n",
      "05 \t; a = b\r\nhello\r\n000 ;x\r\n\r\n",
      "2;\r\nhe\r\n3;\xc3\xa4\r\nllo\r\n0\r\n\r\n",
  };
  for (const std::string body : bodies) {
    for (const bool single : {false, true}) {
      H1Server server;
      server.receive(kChunked);
      single ? server.receive_byte_by_byte(body) : server.receive(body);
      EXPECT_THAT(server.events.take(), ElementsAre("head 1 POST /a", "body 1 hello", "end 1"))
          << body;
    }
  }
}

TEST(H1Server, BoundsChunkExtensionsHoweverTheyArrive) {
  CodecLimits limits = small_limits();
  limits.initial_window = 64UL << 10;
  const std::string long_extension = "2;" + std::string(20000, 'a') + "\r\nlo\r\n0\r\n\r\n";
  const std::string long_last = "0;" + std::string(20000, 'a') + "\r\n\r\n";
  for (const std::string& rest : {long_extension, long_last}) {
    for (const bool single : {false, true}) {
      H1Server server(limits);
      const std::string request = std::string(kChunked) + "3\r\nhel\r\n" + rest;
      single ? server.receive_byte_by_byte(request) : server.receive(request);
      EXPECT_THAT(server.events.take(), ElementsAre("head 1 POST /a", "body 1 hel", "bad body 1"));
    }
  }
}

TEST(H1Server, BoundsChunkExtensionsAndTrailers) {
  H1Server extensions;
  extensions.receive(kChunked);
  extensions.receive("5;" + std::string(20000, 'a'));
  EXPECT_EQ(extensions.events.take().back(), "bad body 1");

  H1Server zeros;
  zeros.receive(kChunked);
  for (int i = 0; i < 20; ++i) zeros.receive(std::string(1000, '0'));
  EXPECT_EQ(zeros.events.take().back(), "bad body 1");

  H1Server trailers;
  trailers.receive(kChunked);
  trailers.receive("0\r\nA: " + std::string(3000, 'a'));
  EXPECT_EQ(trailers.events.take().back(), "bad body 1");
}

// --------------------------------------------------------------------------------------- answers

TEST(H1Server, AnswersAndKeepsTheConnection) {
  H1Server server;
  server.receive(kGet);
  server.answer(1, 200, "hello");
  EXPECT_EQ(server.events.take().size(), 1u) << "not done before it is produced";
  EXPECT_EQ(server.produce(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_THAT(server.events.take(), ElementsAre("done 1"));
  EXPECT_FALSE(server.codec().finished());
  EXPECT_EQ(server.codec().active_streams(), 0u);
  server.receive(kGet);
  EXPECT_THAT(server.events.take(), ElementsAre("head 2 GET /a?b end"));
}

TEST(H1Server, AnswersPipelinedRequestsOneByOne) {
  H1Server server;
  std::string input = std::string(kGet) + std::string(kPost5) + "hello" + std::string(kGet);
  std::string answers;
  for (StreamId id = 1; id <= 3; ++id) {
    input.erase(0, server.receive(input));
    EXPECT_FALSE(server.codec().wants_input());
    EXPECT_EQ(server.receive(input), 0u);
    server.answer(id, 200, std::to_string(id));
    answers += server.produce();
    EXPECT_TRUE(server.codec().wants_input());
  }
  EXPECT_TRUE(input.empty());
  EXPECT_EQ(answers,
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2"
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3");
}

TEST(H1Server, SendsABodyOfUnknownLengthInChunks) {
  H1Server server;
  server.receive(kGet);
  server.codec().send_head(1, H1Server::head_of(200), false);
  server.codec().send_body(1, "hello", false);
  EXPECT_EQ(server.produce(),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  FieldList trailers;
  trailers.add("X-Sum", "1");
  server.codec().send_trailers(1, trailers);
  EXPECT_EQ(server.produce(), "0\r\nX-Sum: 1\r\n\r\n");
  EXPECT_EQ(server.events.take().back(), "done 1");
}

TEST(H1Server, SendsToHttp10WhatItUnderstands) {
  H1Server server;
  server.receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  server.codec().send_informational(1, H1Server::head_of(103));
  server.codec().send_head(1, H1Server::head_of(200), false);
  server.codec().send_body(1, "hello", true);
  EXPECT_EQ(server.produce(), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
  EXPECT_TRUE(server.codec().finished());
  EXPECT_FALSE(server.codec().lingering());
}

TEST(H1Server, SendsNoBodyWhereNoneMayBe) {
  for (const int status : {204, 304}) {
    H1Server server;
    server.receive(kGet);
    server.codec().send_head(1, H1Server::head_of(status), false);
    EXPECT_EQ(server.codec().send_body(1, "hello", true), 5u);
    EXPECT_THAT(server.produce(), Not(HasSubstr("hello")));
    EXPECT_EQ(server.events.take().back(), "done 1");
    EXPECT_FALSE(server.codec().finished());
  }
}

TEST(H1Server, AnswersHeadWithTheLengthAlone) {
  H1Server server;
  server.receive("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  server.answer(1, 200, "hello");
  EXPECT_EQ(server.produce(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(server.events.take().back(), "done 1");
}

TEST(H1Server, SaysThatABodyIsEmpty) {
  H1Server server;
  server.receive(kGet);
  server.codec().send_head(1, H1Server::head_of(200), true);
  EXPECT_EQ(server.produce(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

TEST(H1Server, NeverWritesWhatWouldSplitTheResponse) {
  H1Server server;
  server.receive(kGet);
  Head head = H1Server::head_of(200, 0);
  head.fields.add("X-A", "1\r\nX-Evil: 2");
  head.fields.add("X-B\r\nX-Evil", "2");
  head.fields.add("X-C", std::string_view("\0", 1));
  head.fields.add("Content-Length", "7");
  head.fields.add("transfer-encoding", "chunked");
  head.fields.add("Connection", "upgrade");
  head.fields.add("X-D", "4");
  server.codec().send_head(1, head, true);
  EXPECT_EQ(server.produce(), "HTTP/1.1 200 OK\r\nX-D: 4\r\nContent-Length: 0\r\n\r\n");
}

TEST(H1Server, CutsAnAnswerThatContradictsItsLength) {
  for (const std::string_view body : {"hell", "hello!"}) {
    H1Server server;
    server.receive(kGet);
    server.codec().send_head(1, H1Server::head_of(200, 5), false);
    server.codec().send_body(1, body, true);
    EXPECT_THAT(server.produce(), Not(HasSubstr("!")));
    EXPECT_EQ(server.events.take().back(), "reset 1");
    EXPECT_TRUE(server.codec().finished());
  }
}

TEST(H1Server, SendsInterimAnswersFirst) {
  H1Server server;
  server.receive(
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(server.events.head(1).fields.find("expect"));
  server.codec().send_informational(1, H1Server::head_of(100));
  EXPECT_EQ(server.produce(), "HTTP/1.1 100 Continue\r\n\r\n");
  server.receive("hello");
  server.answer(1, 200, "");
  EXPECT_EQ(server.produce(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(server.codec().finished());
}

TEST(H1Server, TakesWhatFitsItsBufferAndSaysWhenThereIsRoom) {
  H1Server server;
  server.receive(kGet);
  server.events.take();
  server.codec().send_head(1, H1Server::head_of(200, 250), false);
  const std::string body(250, 'b');
  EXPECT_EQ(server.codec().send_body(1, body, true), 100u);
  EXPECT_EQ(server.codec().send_body(1, std::string_view(body).substr(100), true), 0u);
  std::string out;
  EXPECT_TRUE(server.codec().produce(out, 10));
  EXPECT_THAT(server.events.take(), IsEmpty()) << "a little room is not worth a call";
  while (server.codec().produce(out, 10)) {
  }
  EXPECT_THAT(server.events.take(), ElementsAre("room 1"));
  EXPECT_EQ(server.codec().send_body(1, std::string_view(body).substr(100, 50), false), 50u);
  out += server.produce();
  EXPECT_THAT(server.events.take(), IsEmpty()) << "nobody was turned away";
  EXPECT_EQ(server.codec().send_body(1, std::string_view(body).substr(150), true), 100u);
  out += server.produce();
  EXPECT_THAT(out, ::testing::EndsWith("\r\n\r\n" + body));
  EXPECT_THAT(server.events.take(), ElementsAre("done 1"));
}

TEST(H1Server, CanBeFilledFromInsideTheEvents) {
  H1Server server;
  std::string rest(1000, 'x');
  server.events.when_head = [&](StreamId id) {
    server.codec().send_head(id, H1Server::head_of(200, 1000), false);
    rest.erase(0, server.codec().send_body(id, rest, true));
  };
  server.events.when_room = [&](StreamId id) {
    rest.erase(0, server.codec().send_body(id, rest, true));
  };
  server.receive(kGet);
  EXPECT_THAT(server.produce(), ::testing::EndsWith(std::string(1000, 'x')));
  EXPECT_EQ(server.events.take().back(), "done 1");
}

// ----------------------------------------------------------------------------------- flow control

TEST(H1Server, ReadsNoFurtherThanTheWindow) {
  H1Server server;
  server.receive("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
  const std::string body(1000, 'b');
  EXPECT_EQ(server.receive(body), 64u);
  EXPECT_FALSE(server.codec().wants_input());
  EXPECT_EQ(server.receive(body), 0u);
  server.codec().credit(1, 0);
  EXPECT_EQ(server.receive(body), 256u - 64u) << "the first credit opens the window";
  server.codec().credit(1, 100);
  EXPECT_EQ(server.receive(body), 100u);
}

TEST(H1Server, CountsNoFramingAgainstTheWindow) {
  H1Server server;
  server.receive(kChunked);
  std::size_t chunks = 0;
  while (server.codec().wants_input() && chunks < 1000) {
    server.receive("1;ext\r\nx\r\n");
    ++chunks;
  }
  EXPECT_EQ(server.events.body(1).size(), 64u);
}

// ----------------------------------------------------------------------------------- refusals

TEST(H1Server, RefusesAndKeepsTheConnectionWhenTheBodyIsThere) {
  H1Server server;
  server.events.when_head = [&](StreamId id) { server.answer(id, 401, "no"); };
  server.receive(std::string(kPost5) + "hello");
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 POST /a"));
  EXPECT_EQ(server.produce(), "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_THAT(server.events.take(), ElementsAre("done 1"));
  EXPECT_FALSE(server.codec().finished());
  server.receive(kGet);
  EXPECT_THAT(server.events.take(), ElementsAre("head 2 GET /a?b end"));
}

TEST(H1Server, RefusesAndLetsTheClientFinishReading) {
  H1Server server;
  server.receive("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nsome");
  server.answer(1, 413, "no");
  server.events.take();
  EXPECT_EQ(server.produce(),
            "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
  EXPECT_THAT(server.events.take(), ElementsAre("done 1"));
  EXPECT_TRUE(server.codec().finished());
  EXPECT_TRUE(server.codec().lingering());
  EXPECT_EQ(server.receive(std::string(900, 'x')), 900u);
  EXPECT_TRUE(server.codec().lingering());
  EXPECT_EQ(server.receive(std::string(900, 'x')), 100u) << "so much and no more";
  EXPECT_FALSE(server.codec().lingering());
  EXPECT_FALSE(server.codec().wants_input());
  EXPECT_THAT(server.events.take(), IsEmpty());
}

TEST(H1Server, LingersUntilTheClientCloses) {
  H1Server server;
  server.receive(std::string(kPost5) + "he");
  server.answer(1, 413, "no");
  server.produce();
  server.receive("llo" + std::string(kGet));
  EXPECT_TRUE(server.codec().lingering()) << "a further request may be on its way";
  server.codec().receive_eof();
  EXPECT_FALSE(server.codec().lingering());
  EXPECT_TRUE(server.codec().finished());
}

TEST(H1Server, StreamsAnAnswerWhileTheRequestGoesOn) {
  H1Server server;
  server.receive(std::string(kPost5) + "he");
  server.codec().send_head(1, H1Server::head_of(200), false);
  EXPECT_THAT(server.produce(), HasSubstr("Connection: close\r\n")) << "who knows how this ends";
  server.receive("llo");
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 POST /a", "body 1 hello", "end 1"));
  server.codec().send_body(1, "ok", true);
  EXPECT_EQ(server.produce(), "2\r\nok\r\n0\r\n\r\n");
  EXPECT_TRUE(server.codec().finished());
}

TEST(H1Server, AnswersABadHeadAndCloses) {
  H1Server server;
  server.receive("HEAD /%2F HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(kGet));
  EXPECT_THAT(server.events.take(), ElementsAre("bad head 1 malformed"));
  EXPECT_EQ(server.events.head(1).method, "HEAD");
  EXPECT_EQ(server.codec().active_streams(), 1u);
  server.answer(1, 400, "no");
  EXPECT_EQ(server.produce(),
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(server.events.take(), ElementsAre("done 1"));
  EXPECT_TRUE(server.codec().finished());
  EXPECT_TRUE(server.codec().lingering());
}

TEST(H1Server, AnswersABadBodyAndCloses) {
  H1Server server;
  server.events.when_bad = [&](StreamId id) { server.answer(id, 400, "no"); };
  server.receive(std::string(kChunked) + "2\r\nab\r\nX\r\n");
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 POST /a", "body 1 ab", "bad body 1"));
  EXPECT_THAT(server.produce(), HasSubstr("Connection: close\r\n\r\nno"));
  EXPECT_THAT(server.events.take(), ElementsAre("done 1"));
  EXPECT_TRUE(server.codec().finished());
  EXPECT_TRUE(server.codec().lingering());
}

TEST(H1Server, TakesNoRequestAfterConnect) {
  H1Server server;
  server.receive("CONNECT y:443 HTTP/1.1\r\nHost: y:443\r\n\r\n");
  EXPECT_EQ(server.events.head(1).authority, "y:443");
  server.answer(1, 404, "");
  EXPECT_THAT(server.produce(), HasSubstr("Connection: close"));
  EXPECT_TRUE(server.codec().finished());
}

TEST(H1Server, GivesUpOnAHeadThatDoesNotCome) {
  H1Server server;
  EXPECT_FALSE(server.codec().head_pending());
  server.receive("GET / HT");
  EXPECT_TRUE(server.codec().head_pending());
  server.codec().expire_head();
  EXPECT_THAT(server.events.take(), ElementsAre("bad head 1 timeout"));
  EXPECT_FALSE(server.codec().head_pending());
  server.answer(1, 408, "");
  EXPECT_THAT(server.produce(), StartsWith("HTTP/1.1 408 "));
  EXPECT_TRUE(server.codec().finished());
}

// ----------------------------------------------------------------------------------- ends

TEST(H1Server, ClosesWhenTheClientAskedForIt) {
  H1Server server;
  server.receive("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + std::string(kGet));
  server.answer(1, 200, "");
  EXPECT_THAT(server.produce(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(server.codec().finished());
  EXPECT_FALSE(server.codec().lingering());
  EXPECT_FALSE(server.codec().wants_input());
}

TEST(H1Server, AnswersAHalfClosedClient) {
  H1Server server;
  server.receive(kGet);
  server.codec().receive_eof();
  EXPECT_FALSE(server.codec().finished());
  server.answer(1, 200, "ok");
  EXPECT_THAT(server.produce(), HasSubstr("Connection: close\r\n\r\nok"));
  EXPECT_TRUE(server.codec().finished());
  EXPECT_FALSE(server.codec().lingering());
}

TEST(H1Server, FinishesWhenAnIdleClientLeaves) {
  for (const char* before : {"", "GET / HT"}) {
    H1Server server;
    server.receive(before);
    server.codec().receive_eof();
    EXPECT_TRUE(server.codec().finished());
    EXPECT_THAT(server.events.take(), IsEmpty());
  }
}

TEST(H1Server, ReportsABodyThatBreaksOff) {
  H1Server server;
  server.receive(std::string(kPost5) + "he");
  server.events.take();
  server.codec().receive_eof();
  EXPECT_THAT(server.events.take(), ElementsAre("bad body 1"));
  server.answer(1, 400, "");
  EXPECT_THAT(server.produce(), StartsWith("HTTP/1.1 400 "));
  EXPECT_TRUE(server.codec().finished());
}

TEST(H1Server, ResetEndsTheConnection) {
  H1Server server;
  server.receive(kGet);
  server.codec().send_head(1, H1Server::head_of(200), false);
  server.codec().send_body(1, "never seen", false);
  server.codec().reset(1, ResetReason::internal_error);
  EXPECT_EQ(server.produce(), "");
  EXPECT_TRUE(server.codec().finished());
  EXPECT_FALSE(server.codec().lingering());
  EXPECT_THAT(server.events.take(), ElementsAre("head 1 GET /a?b end"));
}

TEST(H1Server, MayBeResetFromInsideAnyEvent) {
  for (const int where : {0, 1, 2}) {
    H1Server server;
    const auto reset = [&](StreamId id) { server.codec().reset(id, ResetReason::cancelled); };
    if (where == 0) server.events.when_head = reset;
    if (where == 1) server.events.when_body = [&](StreamId id, std::string_view) { reset(id); };
    if (where == 2) server.events.when_end = reset;
    server.receive(std::string(kChunked) + "1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
    EXPECT_TRUE(server.codec().finished());
    EXPECT_EQ(server.produce(), "");
  }
}

TEST(H1Server, IgnoresCommandsForOtherExchanges) {
  H1Server server;
  server.receive(kGet);
  server.answer(7, 500, "no");
  server.codec().reset(7, ResetReason::cancelled);
  server.answer(1, 200, "");
  server.answer(1, 500, "no");
  EXPECT_EQ(server.produce(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  server.answer(1, 500, "no");
  EXPECT_EQ(server.produce(), "");
}

TEST(H1Server, DrainsAfterTheAnswer) {
  H1Server server;
  server.receive(kGet);
  server.codec().drain(DrainPhase::announce);
  EXPECT_FALSE(server.codec().finished());
  server.answer(1, 200, "");
  EXPECT_THAT(server.produce(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(server.codec().finished());
  EXPECT_TRUE(server.codec().lingering()) << "the client did not know";
}

TEST(H1Server, AnswersARequestThatCrossesTheBeginningOfADrain) {
  H1Server server;
  server.codec().drain(DrainPhase::announce);
  EXPECT_FALSE(server.codec().finished());
  server.receive(kGet);
  server.answer(1, 200, "");
  EXPECT_THAT(server.produce(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(server.codec().finished());
}

TEST(H1Server, DrainsAtOnceWhenIdle) {
  H1Server idle;
  idle.codec().drain(DrainPhase::refuse);
  EXPECT_TRUE(idle.codec().finished());

  H1Server begun;
  begun.receive("GET / HTTP/1.1\r\n");
  begun.codec().drain(DrainPhase::refuse);
  EXPECT_FALSE(begun.codec().finished()) << "a request has begun";
  begun.receive("Host: x\r\n\r\n");
  begun.answer(1, 200, "");
  EXPECT_THAT(begun.produce(), HasSubstr("Connection: close"));
  EXPECT_TRUE(begun.codec().finished());
}

}  // namespace
}  // namespace trackly::http
