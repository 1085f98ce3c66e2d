#include "gateway/proxy/response_judge.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/support/manual_loop.h"

namespace trackly::proxy {
namespace {

using Verdict = ResponseJudge::Verdict;

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string coded(deflateBound(&stream, text.size()) + 32, '\0');
  std::string plain(text);
  stream.next_in = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(coded.data());
  stream.avail_out = static_cast<uInt>(coded.size());
  deflate(&stream, Z_FINISH);
  coded.resize(stream.total_out);
  deflateEnd(&stream);
  return coded;
}

class ResponseJudgeTest : public testing::Test {
 protected:
  ResponseJudge judge(std::string_view coding = {}) {
    Head head;
    head.status = 500;
    if (!coding.empty()) head.fields.add("Content-Encoding", coding);
    return ResponseJudge(loop_, std::move(head), [this] { timed_out_ = true; });
  }
  Verdict verdict_on(std::string_view body, std::string_view coding = {}) {
    ResponseJudge judge = this->judge(coding);
    if (const auto early = judge.add(body)) return *early;
    return judge.ended();
  }

  test::ManualLoop loop_;
  bool timed_out_ = false;
};

TEST_F(ResponseJudgeTest, KnowsTheDocumentedShape) {
  EXPECT_EQ(verdict_on(R"({"error":"Send failed","code":"send_failed"})"), Verdict::documented);
  EXPECT_EQ(verdict_on(R"({"error":"Send failed"})"), Verdict::documented);
}

TEST_F(ResponseJudgeTest, AnythingElseIsForeign) {
  EXPECT_EQ(verdict_on("<html>502 Bad Gateway</html>"), Verdict::foreign);
  EXPECT_EQ(verdict_on(R"({"error":1})"), Verdict::foreign);
  EXPECT_EQ(verdict_on(R"(["error"])"), Verdict::foreign);
  EXPECT_EQ(verdict_on(""), Verdict::foreign);
}

TEST_F(ResponseJudgeTest, LooksIntoAGzipCodedAnswer) {
  EXPECT_EQ(verdict_on(gzip(R"({"error":"Send failed"})"), "gzip"), Verdict::documented);
  EXPECT_EQ(verdict_on(gzip("<html>"), "gzip"), Verdict::foreign);
  EXPECT_EQ(verdict_on("not gzip", "gzip"), Verdict::foreign);
}

TEST_F(ResponseJudgeTest, ACodingThatItCannotReadIsForeign) {
  EXPECT_EQ(verdict_on(R"({"error":"Send failed"})", "br"), Verdict::foreign);
}

TEST_F(ResponseJudgeTest, MoreThan64KiBIsForeignAtOnce) {
  EXPECT_EQ(judge().add(std::string(64 * 1024 + 1, ' ')), Verdict::foreign);
  EXPECT_EQ(judge().add(std::string(64 * 1024, ' ')), std::nullopt);
}

TEST_F(ResponseJudgeTest, AGzipCodedAnswerThatUnpacksToMoreIsForeign) {
  const std::string bomb = R"({"error":")" + std::string(1 << 20, 'x') + R"("})";
  EXPECT_EQ(verdict_on(gzip(bomb), "gzip"), Verdict::foreign);
}

TEST_F(ResponseJudgeTest, GivesTheServiceTwoSeconds) {
  ResponseJudge waiting = judge();
  loop_.advance(std::chrono::milliseconds(1999));
  EXPECT_FALSE(timed_out_);
  loop_.advance(std::chrono::milliseconds(1));
  EXPECT_TRUE(timed_out_);
}

}  // namespace
}  // namespace trackly::proxy
