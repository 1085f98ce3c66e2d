#include "gateway/proxy/body_pipe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace trackly::proxy {
namespace {

/// Takes as much as it has room for and remembers it.
class Sink final : public BodySink {
 public:
  explicit Sink(std::size_t bytes) : room(bytes) {}

  std::size_t send_body(std::string_view bytes, bool end) override {
    const std::size_t taken = std::min(room, bytes.size());
    room -= taken;
    got.append(bytes.substr(0, taken));
    ended = end && taken == bytes.size();
    return taken;
  }
  void send_trailers(const FieldList& trailers) override {
    ended = true;
    trailer_count = trailers.size();
  }

  std::size_t room;
  std::string got;
  bool ended = false;
  std::size_t trailer_count = 0;
};

class Source final : public BodySource {
 public:
  void credit(std::size_t bytes) override { credited += bytes; }
  std::size_t credited = 0;
};

TEST(BodyPipe, CreditsTheSourceForWhatTheSinkTookAndNoMore) {
  Sink sink(3);
  Source source;
  BodyPipe pipe;
  pipe.connect(&source, &sink);

  pipe.push("hello");

  EXPECT_EQ(sink.got, "hel");
  EXPECT_EQ(source.credited, 3U);
  EXPECT_TRUE(pipe.blocked());
}

TEST(BodyPipe, GoesOnInOrderWhenTheSinkHasRoomAgain) {
  Sink sink(3);
  Source source;
  BodyPipe pipe;
  pipe.connect(&source, &sink);
  pipe.push("hello ");
  pipe.push("world");
  pipe.end(std::nullopt);
  EXPECT_FALSE(pipe.drained());

  sink.room = 100;
  pipe.pump();

  EXPECT_EQ(sink.got, "hello world");
  EXPECT_TRUE(sink.ended);
  EXPECT_TRUE(pipe.drained());
  EXPECT_EQ(source.credited, 11U);
  EXPECT_EQ(pipe.passed(), 11U);
}

TEST(BodyPipe, KeepsWhatComesBeforeThereIsASink) {
  Source source;
  BodyPipe pipe;
  pipe.push("early");
  pipe.end(std::nullopt);
  EXPECT_EQ(source.credited, 0U);

  Sink sink(100);
  pipe.connect(&source, &sink);

  EXPECT_EQ(sink.got, "early");
  EXPECT_TRUE(sink.ended);
  EXPECT_EQ(source.credited, 5U);
}

TEST(BodyPipe, EndsAnEmptyBody) {
  Sink sink(100);
  BodyPipe pipe;
  pipe.connect(nullptr, &sink);
  pipe.end(std::nullopt);
  EXPECT_TRUE(sink.ended);
  EXPECT_TRUE(pipe.drained());
}

TEST(BodyPipe, TellsTheEndAgainWhereTheFirstSinkRefusedTheMessage) {
  Sink refusing(100);
  BodyPipe pipe;
  pipe.connect(nullptr, &refusing);
  FieldList trailers;
  trailers.add("Checksum", "1");
  pipe.end(std::move(trailers));
  EXPECT_TRUE(refusing.ended);

  Sink next(100);
  pipe.connect(nullptr, &next);

  EXPECT_TRUE(next.ended);
  EXPECT_EQ(next.trailer_count, 1U);
}

TEST(BodyPipe, NeedsNoMoreMemoryThanItHoldsWhereTheSourceIsAlwaysAhead) {
  constexpr std::size_t kPiece = 1000;
  Sink sink(kPiece);
  BodyPipe pipe;
  pipe.connect(nullptr, &sink);
  pipe.push(std::string(2 * kPiece, 'x'));
  for (int i = 0; i < 1000; ++i) {
    sink.room = kPiece;
    pipe.pump();
    pipe.push(std::string(kPiece, 'x'));
    ASSERT_TRUE(pipe.blocked());
  }
  EXPECT_LT(pipe.memory(), 10 * kPiece);
}

TEST(BodyPipe, SendsTrailersAfterTheLastByte) {
  Sink sink(2);
  BodyPipe pipe;
  pipe.connect(nullptr, &sink);
  FieldList trailers;
  trailers.add("Checksum", "1");
  pipe.push("abc");
  pipe.end(std::move(trailers));
  EXPECT_EQ(sink.trailer_count, 0U);

  sink.room = 1;
  pipe.pump();

  EXPECT_EQ(sink.got, "abc");
  EXPECT_EQ(sink.trailer_count, 1U);
}

TEST(BodyPipe, ClosedEarlyCreditsWhatItHolds) {
  Source source;
  Sink sink(1);
  BodyPipe pipe;
  pipe.connect(&source, &sink);
  pipe.push("abc");
  pipe.close();
  EXPECT_EQ(source.credited, 3U);
}

TEST(BodyPipe, HandsOutWhatItHoldsToWhoeverTakesTheBodyElsewhere) {
  BodyPipe pipe;
  pipe.push("ab");
  pipe.push("c");
  EXPECT_EQ(pipe.take(), "abc");
  EXPECT_FALSE(pipe.blocked());
}

TEST(BodyPipe, CreditsOnlyOnceForWhatWasPutBack) {
  Sink sink(2);
  Source source;
  BodyPipe pipe;
  pipe.put_back("hello", 5);
  pipe.push(" world");
  EXPECT_EQ(pipe.owed(), 6U);
  pipe.connect(&source, &sink);
  EXPECT_EQ(source.credited, 0U);

  sink.room = 5;
  pipe.pump();
  EXPECT_EQ(sink.got, "hello w");
  EXPECT_EQ(source.credited, 2U);

  pipe.close();
  EXPECT_EQ(source.credited, 6U);
}

TEST(BodyPipe, TakingOutWhatWasPutBackOwesOnlyTheRest) {
  BodyPipe pipe;
  pipe.put_back("hello", 5);
  pipe.push(" world");
  EXPECT_EQ(pipe.owed(), 6U);
  EXPECT_EQ(pipe.take(), "hello world");
  EXPECT_EQ(pipe.owed(), 0U);
}

}  // namespace
}  // namespace trackly::proxy
