// The same strictness towards the service: an answer that two programs could read differently is
// nobody's answer, and its connection is not used again. HTTP/1.1 byte by byte, HTTP/2 frame by
// frame.

#include <gtest/gtest.h>

#include <memory>
#include <semaphore>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/conformance/shared_gateway.h"
#include "tests/support/fake_service.h"
#include "tests/unit/http/h2_wire.h"

namespace trackly::test {
namespace {

using namespace std::string_literals;

const std::string kOk = "HTTP/1.1 200 OK\r\n";
const std::string kNextAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled";

/// Asks for "/<n>": the service answers with row n of a table.
class ScriptedAnswers : public testing::Test {
 protected:
  static void start(FakeService::Script script, std::string_view scheme) {
    service_ = std::make_unique<FakeService>(std::move(script));
    std::string url = service_->url();
    url.replace(0, url.find(':'), scheme);
    gateway_ = std::make_unique<Gateway>(
        GatewayConfig{.upstream = url, .workers = 1, .more = "unknown_paths: forward\n"});
  }
  static void TearDownTestSuite() {
    gateway_.reset();
    service_.reset();
  }

  HttpMessage ask(std::size_t row, std::string_view method = "GET") {
    client_->send(http1_request(method, "/" + std::to_string(row), key_field() + "\r\n"));
    return client_->read_message(method);
  }
  void reconnect() { client_ = gateway_->connect(); }
  static int connections() { return service_->connections(); }

  static constexpr std::size_t kHealthy = 9999;  // a row that no table has

  std::unique_ptr<Wire> client_ = gateway_->connect();

 private:
  inline static std::unique_ptr<FakeService> service_;
  inline static std::unique_ptr<Gateway> gateway_;
};

void expect_outcome_unknown(const HttpMessage& answer) {
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.status(), 502);
  EXPECT_NE(answer.body.find("provider_sync_failed"), std::string::npos) << answer.body;
}

std::size_t row_of(const HttpMessage& request) { return std::stoul(request.target().substr(1)); }

template <class Row>
struct Numbered {
  std::size_t number;
  std::string_view title;
  Row row;
};

template <class Row>
auto numbered(const std::vector<Row>& table) {
  std::vector<Numbered<Row>> rows;
  rows.reserve(table.size());
  for (const Row& row : table) rows.push_back({rows.size(), row.title, row});
  return testing::ValuesIn(rows);
}

// ------------------------------------------------------------------------------------- HTTP/1.1

struct Answer {
  std::string_view title;
  std::string bytes;
};

/// Answers with the bytes of that row and keeps the connection.
FakeService::Script answering_from(const std::vector<Answer>& table) {
  return [&table](FakeService& service, Wire& wire) {
    while (true) {
      const HttpMessage request = service.receive(wire);
      if (!request.complete) return;
      const std::size_t row = row_of(request);
      wire.send(row < table.size() ? table[row].bytes : http1_answer(200, kAccepted));
    }
  };
}

const std::vector<Answer>& malformed_answers() {
  static const std::vector<Answer> kTable = {
      {"Not HTTP", "hello\r\n\r\n"},
      {"HTTP/0.9", "<html>hello</html>\r\n\r\n"},
      {"HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n"},
      {"Other protocol", "ICY 200 OK\r\n\r\n"},
      {"Version in lower case", "http/1.1 200 OK\r\n\r\n"},
      {"Version of two digits", "HTTP/1.10 200 OK\r\n\r\n"},
      {"No status", "HTTP/1.1\r\n\r\n"},
      {"Status of two digits", "HTTP/1.1 20 OK\r\n\r\n"},
      {"Status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"},
      {"Status of letters", "HTTP/1.1 abc OK\r\n\r\n"},
      {"Status below the classes", "HTTP/1.1 099 OK\r\n\r\n"},
      {"Status above the classes", "HTTP/1.1 600 OK\r\n\r\n"},
      {"Status with a sign", "HTTP/1.1 +20 OK\r\n\r\n"},
      {"Two spaces", "HTTP/1.1  200 OK\r\n\r\n"},
      {"Tab for a space", "HTTP/1.1\t200 OK\r\n\r\n"},
      {"Space in front", " HTTP/1.1 200 OK\r\n\r\n"},
      {"Control byte in the reason", "HTTP/1.1 200 O\x01K\r\n\r\n"},
      {"CR in the reason", "HTTP/1.1 200 O\rK\r\n\r\n"},
      {"LF after the line", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"},
      {"LF only", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"},
      {"Switching protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"},
      {"No colon", kOk + "X-Odd\r\n\r\n"},
      {"Empty name", kOk + ": a\r\n\r\n"},
      {"Space before the colon", kOk + "X-Odd : a\r\n\r\n"},
      {"Space in the name", kOk + "X Odd: a\r\n\r\n"},
      {"NUL in a value", kOk + "X-Odd: a\0b\r\n\r\n"s},
      {"Control byte in a value", kOk + "X-Odd: a\x01\r\n\r\n"},
      {"CR in a value", kOk + "X-Odd: a\rb\r\n\r\n"},
      {"LF after a field", kOk + "X-Odd: a\nContent-Length: 0\r\n\r\n"},
      {"Folded", kOk + "X-Odd: a\r\n b\r\n\r\n"},
      {"Space before the first field", kOk + " X-Odd: a\r\n\r\n"},
      {"Length and chunks",
       kOk + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + kNextAnswer},
      {"Chunks and length",
       kOk + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + kNextAnswer},
      {"Two lengths", kOk + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"},
      {"Two equal lengths", kOk + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"},
      {"List of lengths", kOk + "Content-Length: 5, 5\r\n\r\nhello"},
      {"Length with a sign", kOk + "Content-Length: +5\r\n\r\nhello"},
      {"Negative length", kOk + "Content-Length: -5\r\n\r\nhello"},
      {"Hexadecimal length", kOk + "Content-Length: 0x5\r\n\r\nhello"},
      {"Empty length", kOk + "Content-Length:\r\n\r\nhello"},
      {"Length beyond 64 bits", kOk + "Content-Length: 18446744073709551616\r\n\r\nhello"},
      {"Unknown coding", kOk + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
      {"Gzip and chunked", kOk + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"Chunked and identity", kOk + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"},
      {"Chunked twice", kOk + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"Empty coding", kOk + "Transfer-Encoding:\r\n\r\nhello"},
      {"Coding with a space before the colon",
       kOk + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"},
      {"Chunks on HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"Malformed connection option", kOk + "Connection: a b\r\nContent-Length: 0\r\n\r\n"},
      {"Malformed interim answer", "HTTP/1.1 103 Hints\r\nX-Odd : a\r\n\r\n" + kNextAnswer},
      {"Interim answer without end", "HTTP/1.1 103 Hints\r\n" + std::string(70'000, 'x')},
      {"Head that is too large", kOk + "X-Odd: " + std::string(70'000, 'x') + "\r\n\r\n"},
      {"Head without end", kOk + std::string(70'000, 'x')},
      {"Too many fields",
       [] {
         std::string fields;
         for (int i = 0; i < 101; ++i) fields += "X-Odd: a\r\n";
         return kOk + fields + "Content-Length: 0\r\n\r\n";
       }()},
  };
  return kTable;
}

class MalformedAnswer : public ScriptedAnswers,
                        public testing::WithParamInterface<Numbered<Answer>> {
 protected:
  static void SetUpTestSuite() { start(answering_from(malformed_answers()), "http"); }
};

TEST_P(MalformedAnswer, Is502AndEndsItsConnection) {
  EXPECT_EQ(ask(kHealthy).status(), 200);
  const int before = connections();
  expect_outcome_unknown(ask(GetParam().number));
  const HttpMessage next = ask(kHealthy);
  EXPECT_EQ(next.status(), 200);
  EXPECT_EQ(next.body, kAccepted);
  EXPECT_EQ(connections(), before + 1);
}

INSTANTIATE_TEST_SUITE_P(H1, MalformedAnswer, numbered(malformed_answers()),
                         row_name<Numbered<Answer>>);

/// A body that turns out to be broken when its head is on its way.
const std::vector<Answer>& broken_bodies() {
  static const std::string kChunked = kOk + "Transfer-Encoding: chunked\r\n\r\n";
  static const std::vector<Answer> kTable = {
      {"Size of letters", kChunked + "zz\r\nhello\r\n0\r\n\r\n"},
      {"No size", kChunked + "\r\nhello\r\n0\r\n\r\n"},
      {"Negative size", kChunked + "-5\r\nhello\r\n0\r\n\r\n"},
      {"Size with a prefix", kChunked + "0x5\r\nhello\r\n0\r\n\r\n"},
      {"Size beyond 64 bits", kChunked + "10000000000000005\r\nhello\r\n0\r\n\r\n"},
      {"Size that ends with LF", kChunked + "5\nhello\r\n0\r\n\r\n"},
      {"Chunk that is longer", kChunked + "5\r\nhello!\r\n0\r\n\r\n"},
      {"Chunk without CRLF", kChunked + "5\r\nhello0\r\n\r\n"},
      {"Extension without end", kChunked + "5;" + std::string(20'000, 'x')},
      {"Trailer that is a length", kChunked + "0\r\nContent-Length: 5\r\n\r\n"},
      {"Trailer that is folded", kChunked + "0\r\nX-Odd: a\r\n b\r\n\r\n"},
      {"Trailers that are too large", kChunked + "0\r\nX-Odd: " + std::string(70'000, 'x')},
  };
  return kTable;
}

class BrokenBody : public ScriptedAnswers, public testing::WithParamInterface<Numbered<Answer>> {
 protected:
  static void SetUpTestSuite() { start(answering_from(broken_bodies()), "http"); }
};

TEST_P(BrokenBody, IsCutAndEndsItsConnection) {
  EXPECT_EQ(ask(kHealthy).status(), 200);
  const int before = connections();
  const HttpMessage answer = ask(GetParam().number);
  EXPECT_TRUE(!answer.complete || answer.status() == 502) << answer.raw;
  reconnect();
  EXPECT_EQ(ask(kHealthy).body, kAccepted);
  EXPECT_EQ(connections(), before + 1);
}

INSTANTIATE_TEST_SUITE_P(H1, BrokenBody, numbered(broken_bodies()), row_name<Numbered<Answer>>);

/// Answers that are fine, and bytes that belong to nobody behind them.
const std::vector<Answer>& answers_with_more() {
  static const std::string kFine = kOk + "Content-Length: 5\r\n\r\nhello";
  static const std::vector<Answer> kTable = {
      {"A second answer", kFine + kNextAnswer},
      {"One byte", kFine + "x"},
      {"An empty line", kFine + "\r\n"},
      {"Chunks and a second answer",
       kOk + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + kNextAnswer},
  };
  return kTable;
}

class AnswerWithMore : public ScriptedAnswers,
                       public testing::WithParamInterface<Numbered<Answer>> {
 protected:
  static void SetUpTestSuite() { start(answering_from(answers_with_more()), "http"); }
};

TEST_P(AnswerWithMore, IsTheLastOfItsConnection) {
  EXPECT_EQ(ask(kHealthy).status(), 200);
  const int before = connections();
  const HttpMessage answer = ask(GetParam().number);
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body, "hello");
  const HttpMessage next = ask(kHealthy);
  EXPECT_EQ(next.body, kAccepted);
  EXPECT_EQ(connections(), before + 1);
}

INSTANTIATE_TEST_SUITE_P(H1, AnswerWithMore, numbered(answers_with_more()),
                         row_name<Numbered<Answer>>);

/// Answers without a body, whatever they say and whatever comes.
const std::vector<Answer>& answers_without_body() {
  static const std::vector<Answer> kTable = {
      {"204 with a length and a body", "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello"},
      {"304 with a body", "HTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\nhello"},
      {"204 with chunks", "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
  };
  return kTable;
}

class AnswerWithoutBody : public ScriptedAnswers,
                          public testing::WithParamInterface<Numbered<Answer>> {
 protected:
  static void SetUpTestSuite() { start(answering_from(answers_without_body()), "http"); }
};

TEST_P(AnswerWithoutBody, LeavesNothingToTheNext) {
  EXPECT_EQ(std::to_string(ask(GetParam().number).status()), GetParam().title.substr(0, 3));
  EXPECT_EQ(ask(kHealthy).body, kAccepted);
}

INSTANTIATE_TEST_SUITE_P(H1, AnswerWithoutBody, numbered(answers_without_body()),
                         row_name<Numbered<Answer>>);

const std::vector<Answer>& unusual_answers() {
  static const std::vector<Answer> kTable = {
      {"No reason", "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello"},
      {"No reason and no space", "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello"},
      {"Reason beyond ASCII", "HTTP/1.1 200 \xc3\x96k\r\nContent-Length: 5\r\n\r\nhello"},
      {"Later minor version", "HTTP/1.2 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
      {"HTTP/1.0 that keeps the connection",
       "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"},
      {"Length with leading zeros", kOk + "Content-Length: 005\r\n\r\nhello"},
      {"Chunks with extensions and trailers",
       kOk + "Transfer-Encoding: chunked\r\n\r\n2;a;b=\"c\"\r\nhe\r\n3\r\nllo\r\n0;x\r\nX-Sum: "
             "1\r\n\r\n"},
      {"Interim answers", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + kOk +
                              "Content-Length: 5\r\n\r\nhello"},
      {"Many interim answers",
       [] {
         std::string interim;
         for (int i = 0; i < 10'000; ++i) interim += "HTTP/1.1 102 Processing\r\n\r\n";
         return interim + kOk + "Content-Length: 5\r\n\r\nhello";
       }()},
      {"Connection fields",
       kOk + "Connection: keep-alive, X-Mine\r\nX-Mine: a\r\nKeep-Alive: timeout=5\r\n"
             "Upgrade: h2c\r\nContent-Length: 5\r\n\r\nhello"},
  };
  return kTable;
}

class UnusualAnswer : public ScriptedAnswers, public testing::WithParamInterface<Numbered<Answer>> {
 protected:
  static void SetUpTestSuite() { start(answering_from(unusual_answers()), "http"); }
};

TEST_P(UnusualAnswer, IsPassedOn) {
  EXPECT_EQ(ask(kHealthy).status(), 200);
  const int before = connections();
  HttpMessage answer = ask(GetParam().number);
  while (answer.status() / 100 == 1) answer = client_->read_message();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body, "hello");
  for (const char* name : {"x-mine", "keep-alive", "upgrade"}) EXPECT_FALSE(answer.has(name));
  EXPECT_EQ(ask(kHealthy).body, kAccepted);
  EXPECT_EQ(connections(), before) << "the connection goes on";
}

INSTANTIATE_TEST_SUITE_P(H1, UnusualAnswer, numbered(unusual_answers()),
                         row_name<Numbered<Answer>>);

TEST(UnsolicitedAnswer, IsNobodys) {
  std::binary_semaphore answered{0};
  std::binary_semaphore dropped{0};
  FakeService service([&](FakeService& self, Wire& wire) {
    if (!self.receive(wire).complete) return;
    wire.send(http1_answer(200, kAccepted));
    if (self.requests().size() > 1) return wire.wait_for_end();
    answered.acquire();
    wire.send(kNextAnswer);
    wire.wait_for_end();
    dropped.release();
  });
  Gateway gateway({.upstream = service.url(), .workers = 1, .more = "unknown_paths: forward\n"});
  for (int i = 0; i < 2; ++i) {
    const auto client = gateway.connect();
    client->send(http1_request("GET", "/x", key_field() + "\r\n"));
    EXPECT_EQ(client->read_message().body, kAccepted);
    answered.release();
    // Until the gateway has dropped the connection over them.
    if (i == 0) dropped.acquire();
  }
  EXPECT_EQ(service.connections(), 2);
}

TEST(AnswerToHead, ThatHasABodyIsTheLastOfItsConnection) {
  FakeService service([](FakeService& self, Wire& wire) {
    while (true) {
      const HttpMessage request = self.receive(wire);
      if (!request.complete) return;
      wire.send(http1_answer(200, kAccepted));  // also to HEAD
    }
  });
  Gateway gateway({.upstream = service.url(), .workers = 1, .more = "unknown_paths: forward\n"});
  const auto client = gateway.connect();
  client->send(http1_request("HEAD", "/x", key_field() + "\r\n"));
  EXPECT_EQ(client->read_message("HEAD").status(), 200);
  client->send(http1_request("GET", "/x", key_field() + "\r\n"));
  EXPECT_EQ(client->read_message().body, kAccepted);
  EXPECT_EQ(service.connections(), 2);
}

// --------------------------------------------------------------------------------------- HTTP/2

struct Frames {
  std::string_view title;
  std::string (*bytes)(H2Wire& wire, std::int32_t id);
};

constexpr std::uint8_t kEndHeaders = NGHTTP2_FLAG_END_HEADERS;

std::string healthy(H2Wire& wire, std::int32_t id) {
  return wire.headers(id, {{":status", "200"}}, false) + H2Wire::data(id, kAccepted, true);
}

/// Reads requests of a connection and answers each with the frames of its row.
FakeService::Script answering_from(const std::vector<Frames>& table) {
  return [&table](FakeService&, Wire& wire) {
    H2Wire frames;
    wire.read_exactly(std::string_view(NGHTTP2_CLIENT_MAGIC).size());
    wire.send(H2Wire::settings() + H2Wire::settings_ack());
    while (true) {
      const std::string bytes = wire.read_some();
      if (bytes.empty()) return;
      for (const std::string& line : frames.read(bytes)) {
        if (!line.starts_with("HEADERS ")) continue;
        const auto id = static_cast<std::int32_t>(std::stol(line.substr(8)));
        const std::size_t row = std::stoul(line.substr(line.find(":path=/") + 7));
        wire.send(row < table.size() ? table[row].bytes(frames, id) : healthy(frames, id));
      }
    }
  };
}

const std::vector<Frames>& malformed_h2_answers() {
  static const std::vector<Frames> kTable = {
      {"No status",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{"x-odd", "a"}}, true);
       }},
      {"Two statuses",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {":status", "200"}}, true);
       }},
      {"Status of letters",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "abc"}}, true);
       }},
      {"Status of two digits",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "20"}}, true);
       }},
      {"Status of four digits",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "2000"}}, true);
       }},
      {"Status above the classes",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "600"}}, true);
       }},
      {"Switching protocols",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "101"}}, false);
       }},
      {"Pseudo field of requests",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {":path", "/"}}, true);
       }},
      {"Pseudo field behind others",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{"x-odd", "a"}, {":status", "200"}}, true);
       }},
      {"Unknown pseudo field",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {":odd", "a"}}, true);
       }},
      {"Upper case",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {"X-Odd", "a"}}, true);
       }},
      {"Connection",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {"connection", "close"}}, true);
       }},
      {"Transfer coding",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {"transfer-encoding", "chunked"}}, false);
       }},
      {"CRLF in a value",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {"x-odd", "a\r\nset-cookie: b"}}, true);
       }},
      {"NUL in a value",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {"x-odd", std::string("a\0b", 3)}}, true);
       }},
      {"CRLF in a name",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {"x-odd: a\r\ny", "b"}}, true);
       }},
      {"Colon in a name",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {"x:odd", "b"}}, true);
       }},
      {"Two lengths",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(
             id, {{":status", "200"}, {"content-length", "0"}, {"content-length", "0"}}, true);
       }},
      {"Length with a sign",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {"content-length", "+5"}}, false);
       }},
      {"Length and no body",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {"content-length", "5"}}, true);
       }},
      {"Interim answer that ends the stream",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "103"}}, true);
       }},
      {"Body before the head",
       [](H2Wire&, std::int32_t id) { return H2Wire::data(id, "hello", true); }},
      {"Head that is too large",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {"x-odd", std::string(70'000, 'x')}}, true);
       }},
      {"Too many fields",
       [](H2Wire& w, std::int32_t id) {
         H2Wire::Fields fields(101, {"x-odd", "a"});
         fields.insert(fields.begin(), {":status", "200"});
         return w.headers(id, fields, true);
       }},
      {"Broken field block",
       [](H2Wire&, std::int32_t id) {
         return H2Wire::frame(NGHTTP2_HEADERS, kEndHeaders, id, "\x80");
       }},
      {"Promise",
       [](H2Wire&, std::int32_t id) {
         return H2Wire::frame(NGHTTP2_PUSH_PROMISE, kEndHeaders, id,
                              std::string("\0\0\0\x2\x82", 5));
       }},
      {"Stream of the service's own",
       [](H2Wire& w, std::int32_t) {
         return w.headers(2, {{":status", "200"}}, true);
       }},
      {"Answer on an idle stream",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id + 2, {{":status", "200"}}, true);
       }},
      {"Frame that is too large",
       [](H2Wire&, std::int32_t id) {
         return H2Wire::frame(NGHTTP2_HEADERS, kEndHeaders, id, std::string(16385, '\x82'));
       }},
      {"Ping of a wrong size",
       [](H2Wire&, std::int32_t) { return H2Wire::frame(NGHTTP2_PING, 0, 0, "short"); }},
      {"HTTP/1.1", [](H2Wire&, std::int32_t) { return kNextAnswer; }},
  };
  return kTable;
}

class MalformedH2Answer : public ScriptedAnswers,
                          public testing::WithParamInterface<Numbered<Frames>> {
 protected:
  static void SetUpTestSuite() { start(answering_from(malformed_h2_answers()), "h2c"); }
};

TEST_P(MalformedH2Answer, Is502) {
  expect_outcome_unknown(ask(GetParam().number));
  EXPECT_EQ(ask(kHealthy).body, kAccepted);
}

INSTANTIATE_TEST_SUITE_P(H2, MalformedH2Answer, numbered(malformed_h2_answers()),
                         row_name<Numbered<Frames>>);

const std::vector<Frames>& broken_h2_bodies() {
  static const std::vector<Frames> kTable = {
      {"Shorter than its length",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {"content-length", "9"}}, false) +
                H2Wire::data(id, "hello", true);
       }},
      {"Longer than its length",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}, {"content-length", "4"}}, false) +
                H2Wire::data(id, "hello", true);
       }},
      {"Trailers with a pseudo field",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}}, false) + H2Wire::data(id, "hello", false) +
                w.headers(id, {{":status", "200"}}, true);
       }},
      {"Trailers that do not end",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}}, false) + H2Wire::data(id, "hello", false) +
                w.headers(id, {{"x-sum", "1"}}, false);
       }},
      {"Trailers that are a length",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}}, false) + H2Wire::data(id, "hello", false) +
                w.headers(id, {{"content-length", "5"}}, true);
       }},
      {"Padding that is too long",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "200"}}, false) + H2Wire::frame(NGHTTP2_DATA,
                                                                           NGHTTP2_FLAG_PADDED, id,
                                                                           "\x9"
                                                                           "hello");
       }},
      {"Body without a head behind an interim answer",
       [](H2Wire& w, std::int32_t id) {
         return w.headers(id, {{":status", "103"}}, false) + H2Wire::data(id, "hello", true);
       }},
  };
  return kTable;
}

class BrokenH2Body : public ScriptedAnswers, public testing::WithParamInterface<Numbered<Frames>> {
 protected:
  static void SetUpTestSuite() { start(answering_from(broken_h2_bodies()), "h2c"); }
};

TEST_P(BrokenH2Body, IsCut) {
  HttpMessage answer = ask(GetParam().number);
  if (answer.status() == 103) answer = client_->read_message();
  EXPECT_TRUE(!answer.complete || answer.status() == 502) << answer.raw;
}

INSTANTIATE_TEST_SUITE_P(H2, BrokenH2Body, numbered(broken_h2_bodies()),
                         row_name<Numbered<Frames>>);

}  // namespace
}  // namespace trackly::test
