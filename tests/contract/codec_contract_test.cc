#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "gateway/http/codec.h"
#include "tests/support/codec_recorder.h"

namespace trackly::http {
namespace {

using test::CodecRecorder;
using ::testing::Contains;
using ::testing::Not;

struct Variant {
  const char* name;
  std::unique_ptr<Codec> (*make)(Side, std::string_view, const CodecLimits&, CodecEvents&);
  bool multiplexes;
};

/// One end: its codec, what it reports, and the bodies that it still has to send.
class End {
 public:
  End(const Variant& variant, Side side, const CodecLimits& limits)
      : codec_(variant.make(side, "http", limits, events)) {
    events.when_room = [this](StreamId id) { send_more(id); };
    events.when_body = [this](StreamId id, std::string_view bytes) {
      if (credits) codec_->credit(id, bytes.size());
    };
  }

  void send(StreamId id, const Head& head, std::string body, FieldList trailers = {}) {
    const bool end = body.empty() && trailers.empty();
    codec_->send_head(id, head, end);
    if (end) return;
    pending_[id] = {std::move(body), std::move(trailers)};
    send_more(id);
  }
  void send_more(StreamId id) {
    const auto found = pending_.find(id);
    if (found == pending_.end()) return;
    auto& [body, trailers] = found->second;
    const bool last = trailers.empty();
    const std::size_t taken = codec_->send_body(id, body, last);
    body.erase(0, taken);
    if (!body.empty()) return;
    if (!last) codec_->send_trailers(id, trailers);
    pending_.erase(found);
  }
  Codec& codec() { return *codec_; }

  CodecRecorder events;
  bool credits = true;

 private:
  const std::unique_ptr<Codec> codec_;
  std::map<StreamId, std::pair<std::string, FieldList>> pending_;
};

Head request(std::string_view method = "GET", std::optional<std::uint64_t> length = {}) {
  Head head;
  head.method = method;
  head.scheme = "http";
  head.authority = "service";
  head.target = "/a?b=%2B";
  head.content_length = length;
  head.fields.add("x-request", "1");
  return head;
}

Head response(int status = 200, std::optional<std::uint64_t> length = {}) {
  Head head;
  head.status = status;
  head.content_length = length;
  head.fields.add("x-response", "2");
  return head;
}

FieldList one_field(std::string_view name, std::string_view value) {
  FieldList fields;
  fields.add(name, value);
  return fields;
}

/// What a client's and a server's codec of one protocol promise when they talk to each other.
class CodecContract : public ::testing::TestWithParam<Variant> {
 protected:
  /// Carries bytes both ways, in pieces of changing sizes, until both ends have nothing to say.
  void talk() {
    bool moved = true;
    while (moved) {
      moved = carry(client, to_server_, server);
      moved = carry(server, to_client_, client) || moved;
    }
  }
  bool carry(End& from, std::string& wire, End& to) {
    const std::size_t before = wire.size();
    const bool more = from.codec().produce(wire, 1 + random_() % 5000);
    std::size_t taken = 0;
    if (!wire.empty() && to.codec().wants_input()) {
      const std::size_t piece = 1 + random_() % wire.size();
      const auto result = to.codec().receive(std::string_view(wire).substr(0, piece));
      taken = result ? *result : wire.size();
      wire.erase(0, taken);
    }
    return more || taken > 0 || wire.size() > before;
  }
  StreamId ask(const Head& head, std::string body = {}, FieldList trailers = {}) {
    const StreamId id = client.codec().open();
    EXPECT_NE(id, 0);
    client.send(id, head, std::move(body), std::move(trailers));
    return id;
  }
  /// The server's name for the client's exchange.
  static StreamId server_id(StreamId id) { return GetParam().multiplexes ? 2 * id - 1 : id; }
  std::string noise(std::size_t size) {
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random_());
    return text;
  }

  static CodecLimits limits() {
    CodecLimits limits;
    limits.initial_window = 1000;
    limits.open_window = 5000;
    limits.send_buffer = 3000;
    limits.max_streams = 10;
    return limits;
  }

  End client{GetParam(), Side::client, limits()};
  End server{GetParam(), Side::server, limits()};

 private:
  std::string to_server_;
  std::string to_client_;
  std::mt19937 random_{42};
};

TEST_P(CodecContract, CarriesHeadsAsTheyAre) {
  server.events.when_head = [&](StreamId id) { server.send(id, response(204), ""); };
  const StreamId id = ask(request());
  talk();
  const Head& heard = server.events.head(1);
  EXPECT_EQ(heard.method, "GET");
  EXPECT_EQ(heard.target, "/a?b=%2B");
  EXPECT_EQ(heard.authority, "service");
  EXPECT_EQ(heard.fields.size(), 1u);
  EXPECT_EQ(heard.fields.find("x-request"), "1");
  EXPECT_EQ(client.events.head(id).status, 204);
  EXPECT_EQ(client.events.head(id).fields.size(), 1u);
  EXPECT_EQ(client.events.take().back(), "done 1");
  EXPECT_EQ(server.events.take().back(), "done 1");
  EXPECT_EQ(client.codec().active_streams(), 0u);
  EXPECT_EQ(server.codec().active_streams(), 0u);
}

TEST_P(CodecContract, CarriesBodiesOfEverySizeByteForByte) {
  std::string body;
  std::string answer;
  bool announced = false;
  server.events.when_end = [&](StreamId id) {
    server.send(id, announced ? response(200, answer.size()) : response(), answer);
  };
  server.events.when_head = [&](StreamId id) {
    if (body.empty()) server.events.when_end(id);
  };
  for (const std::size_t size :
       {0u, 1u, 999u, 1000u, 1001u, 3000u, 4999u, 5000u, 16384u, 200000u}) {
    for (const bool known : {false, true}) {
      announced = known;
      body = noise(size);
      answer = noise(size + 7);
      const StreamId id = ask(known ? request("POST", size) : request("POST"), body);
      talk();
      EXPECT_EQ(server.events.take().back(), "done " + std::to_string(server_id(id))) << size;
      EXPECT_EQ(client.events.take().back(), "done " + std::to_string(id)) << size;
      EXPECT_TRUE(server.events.body(server_id(id)) == body) << size;
      EXPECT_TRUE(client.events.body(id) == answer) << size;
      EXPECT_EQ(client.events.head(id).content_length.has_value(), known);
    }
  }
}

TEST_P(CodecContract, CarriesTrailersBothWays) {
  server.events.when_end = [&](StreamId id) {
    server.send(id, response(), "answer", one_field("x-sum", "2"));
  };
  ask(request("POST"), "question", one_field("x-sum", "1"));
  talk();
  EXPECT_THAT(server.events.take(), Contains("trailers 1 x-sum=1"));
  EXPECT_THAT(client.events.take(), Contains("trailers 1 x-sum=2"));
}

TEST_P(CodecContract, CarriesInterimAnswers) {
  server.events.when_head = [&](StreamId id) {
    server.codec().send_informational(id, response(100));
    server.codec().send_informational(id, response(103));
    server.send(id, response(200, 2), "ok");
  };
  ask(request());
  talk();
  EXPECT_THAT(client.events.take(),
              ::testing::ElementsAre("informational 1 100", "informational 1 103", "head 1 200",
                                     "body 1 ok", "end 1", "done 1"));
}

TEST_P(CodecContract, AnswersHeadWithoutABody) {
  server.events.when_head = [&](StreamId id) { server.send(id, response(200, 1000), ""); };
  const StreamId id = ask(request("HEAD"));
  talk();
  EXPECT_EQ(client.events.head(id).content_length, 1000u);
  EXPECT_EQ(client.events.take().back(), "done 1");
}

TEST_P(CodecContract, HoldsASenderThatIsNotCredited) {
  server.credits = false;
  talk();  // the server's window may have to be told first
  ask(request("POST", 20000), noise(20000));
  talk();
  EXPECT_LE(server.events.body(1).size(), limits().initial_window);
  EXPECT_GE(server.events.body(1).size(), limits().initial_window - 100);
  server.codec().credit(1, 0);
  talk();
  const std::size_t got = server.events.body(1).size();
  EXPECT_LE(got, limits().open_window);
  EXPECT_GE(got, limits().open_window - 100);
  server.credits = true;
  server.codec().credit(1, got);
  talk();
  EXPECT_EQ(server.events.body(1).size(), 20000u);
}

TEST_P(CodecContract, HoldsAnAnswerThatIsNotCredited) {
  client.credits = false;
  server.events.when_head = [&](StreamId id) { server.send(id, response(), noise(20000)); };
  const StreamId id = ask(request());
  talk();
  EXPECT_LE(client.events.body(id).size(), limits().initial_window);
  client.credits = true;
  client.codec().credit(id, client.events.body(id).size());
  talk();
  EXPECT_EQ(client.events.body(id).size(), 20000u);
}

TEST_P(CodecContract, LetsAClientReadARefusalWhileItSends) {
  server.events.when_head = [&](StreamId id) { server.send(id, response(413, 2), "no"); };
  ask(request("POST", 50000), noise(50000));
  talk();
  const auto lines = client.events.take();
  EXPECT_THAT(lines, Contains("head 1 413"));
  EXPECT_THAT(lines, Contains("body 1 no"));
  EXPECT_THAT(lines, Contains("end 1"));
  EXPECT_THAT(server.events.take(), Contains("done 1"));
  EXPECT_THAT(server.events.body(1), "");
  EXPECT_TRUE(server.codec().lingering() || server.codec().active_streams() == 0);
}

TEST_P(CodecContract, TellsTheServerOfACancelledRequest) {
  const StreamId id = client.codec().open();
  client.codec().send_head(id, request("POST", 50000), false);
  client.codec().send_body(id, noise(2000), false);
  talk();
  client.codec().reset(id, ResetReason::cancelled);
  talk();
  if (client.codec().finished()) server.codec().receive_eof();
  EXPECT_THAT(server.events.take(), Contains(::testing::AnyOf("reset 1", "bad body 1")));
  EXPECT_THAT(client.events.take(), Not(Contains("done 1")));
  EXPECT_EQ(client.codec().active_streams(), 0u);
}

TEST_P(CodecContract, TellsTheClientOfAnAnswerThatIsCut) {
  server.events.when_head = [&](StreamId id) {
    server.codec().send_head(id, response(200, 50000), false);
    server.codec().send_body(id, noise(2000), false);
  };
  ask(request());
  talk();
  server.codec().reset(1, ResetReason::internal_error);
  talk();
  if (server.codec().finished()) client.codec().receive_eof();
  EXPECT_EQ(client.events.take().back(), "reset 1");
  EXPECT_THAT(server.events.take(), Not(Contains("done 1")));
}

TEST_P(CodecContract, TakesManyExchangesOnOneConnection) {
  server.events.when_head = [&](StreamId id) { server.send(id, response(200, 2), "ok"); };
  for (int i = 0; i < 500; ++i) {
    ask(request());
    talk();
    ASSERT_THAT(client.events.take(), Contains("done " + std::to_string(i + 1)));
  }
  EXPECT_FALSE(server.codec().finished());
}

TEST_P(CodecContract, TakesAsManyExchangesSideBySideAsItSays) {
  std::map<StreamId, std::string> answers;
  server.events.when_head = [&](StreamId id) {
    answers[id] = noise(10000);
    server.send(id, response(), answers[id]);
  };
  const auto count = static_cast<StreamId>(client.codec().available_streams());
  EXPECT_EQ(count, GetParam().multiplexes ? 10 : 1);
  for (StreamId i = 0; i < count; ++i) ask(request());
  EXPECT_EQ(client.codec().open(), 0);
  talk();
  for (StreamId id = 1; id <= count; ++id) {
    EXPECT_TRUE(client.events.body(id) == answers[server_id(id)]) << id;
  }
}

TEST_P(CodecContract, FinishesWhatIsInFlightWhenItDrains) {
  ask(request());
  talk();
  server.codec().drain(DrainPhase::announce);
  server.codec().drain(DrainPhase::refuse);
  talk();
  EXPECT_FALSE(server.codec().finished());
  server.send(1, response(200, 2), "ok");
  talk();
  const auto lines = client.events.take();
  EXPECT_THAT(lines, Contains("closing"));
  EXPECT_THAT(lines, Contains("done 1"));
  EXPECT_EQ(client.codec().available_streams(), 0u);
  EXPECT_TRUE(client.codec().finished());
  EXPECT_TRUE(server.codec().finished());
}

INSTANTIATE_TEST_SUITE_P(Protocols, CodecContract,
                         ::testing::Values(Variant{"http1", make_h1_codec, false},
                                           Variant{"http2", make_h2_codec, true}),
                         [](const auto& variant) { return variant.param.name; });

}  // namespace
}  // namespace trackly::http
