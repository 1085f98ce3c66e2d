#include "gateway/api/trace_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/manual_loop.h"

namespace trackly {
namespace {

using ::testing::MatchesRegex;

constexpr std::string_view kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

class Trace : public ::testing::Test {
 protected:
  std::optional<TraceContext> sent(std::string_view value) {
    FieldList fields;
    fields.add("Traceparent", value);
    return continue_trace(fields, loop_);
  }
  /// `kTrace` with other digits from `at` on.
  static std::string with(std::size_t at, std::string_view digits) {
    return std::string(kTrace).replace(at, digits.size(), digits);
  }

  test::ManualLoop loop_;
};

TEST_F(Trace, IsContinuedWithASpanOfOurOwn) {
  const auto context = sent(kTrace);
  ASSERT_TRUE(context);
  EXPECT_EQ(trace_id_text(*context), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(span_id_text(context->parent_span), "b7ad6b7169203331");
  EXPECT_NE(context->span, context->parent_span);
  EXPECT_EQ(traceparent(*context),
            "00-0af7651916cd43dd8448eb211c80319c-" + span_id_text(context->span) + "-01");
  EXPECT_NE(sent(kTrace)->span, context->span);
}

TEST_F(Trace, BeginsWhereNobodyHasBegunOne) {
  EXPECT_FALSE(continue_trace(FieldList(), loop_));
  const TraceContext context = begin_trace(loop_);
  EXPECT_TRUE(context);
  EXPECT_EQ(context.parent_span, 0U);
  EXPECT_THAT(traceparent(context), MatchesRegex("00-[0-9a-f]{32}-[0-9a-f]{16}-01"));
  EXPECT_NE(trace_id_text(begin_trace(loop_)), trace_id_text(context));
}

TEST_F(Trace, IsNoneWhereTheFieldIsNotValid) {
  const std::string valid(kTrace);
  for (const std::string& bad : {std::string(),
                                 std::string("x"),
                                 std::string(55, '-'),
                                 valid.substr(0, 54),
                                 valid + "-00",
                                 valid + "-",
                                 valid + "0",
                                 " " + valid,
                                 with(0, "ff"),
                                 with(0, "0G"),
                                 with(0, "FE"),
                                 with(3, std::string(32, '0')),
                                 with(36, std::string(16, '0')),
                                 with(3, "0AF7"),
                                 with(36, "B7AD"),
                                 with(53, "0x"),
                                 with(53, "FF"),
                                 with(2, "_"),
                                 with(35, "0"),
                                 with(52, ":"),
                                 with(20, "-"),
                                 with(40, "g"),
                                 with(10, std::string(1, '\0'))}) {
    EXPECT_FALSE(sent(bad)) << bad;
  }
}

TEST_F(Trace, IsNoneWhereTwoAreNamed) {
  FieldList fields;
  fields.add("traceparent", kTrace);
  fields.add("TRACEPARENT", kTrace);
  EXPECT_FALSE(continue_trace(fields, loop_));
}

TEST_F(Trace, OfALaterVersionIsContinuedAsTheVersionThatWeSpeak) {
  for (const std::string& later :
       {with(0, "01"), with(0, "cc") + "-what-the-future-will-be", with(0, "fe") + "-"}) {
    const auto context = sent(later);
    ASSERT_TRUE(context) << later;
    EXPECT_TRUE(traceparent(*context).starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
    EXPECT_TRUE(traceparent(*context).ends_with("-01"));
  }
  EXPECT_FALSE(sent(with(0, "01") + ".future"));
}

TEST_F(Trace, KeepsTheDecisionToSample) {
  EXPECT_TRUE(traceparent(*sent(with(53, "00"))).ends_with("-00"));
  EXPECT_TRUE(traceparent(*sent(with(53, "01"))).ends_with("-01"));
}

TEST_F(Trace, PassesNoFlagsThatNobodyHasDefined) {
  EXPECT_TRUE(traceparent(*sent(with(53, "ff"))).ends_with("-03"));
  EXPECT_TRUE(traceparent(*sent(with(53, "fe"))).ends_with("-02"));
}

TEST_F(Trace, MayHaveAnIdThatIsHalfZeros) {
  EXPECT_TRUE(sent(with(3, std::string(16, '0'))));
  EXPECT_TRUE(sent(with(19, std::string(16, '0'))));
}

}  // namespace
}  // namespace trackly
