// One-time passwords.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/contract/rules/rules.h"

namespace trackly::test {
namespace {

constexpr std::string_view kSend = "POST /api/v2/otp/send";
constexpr std::string_view kVerify = "POST /api/v2/otp/verify";

const Object& otp() {
  static const Object kOtp{{"phone_number", R"("+14155556789")"}};
  return kOtp;
}

TEST_F(Rules, OtpsAnswerTheFirstFault) {
  expect_in_order(kSend, {{"phone_number", "", "missing_phone_number"},
                          {"phone_number", R"("")", "missing_phone_number"},
                          {"phone_number", R"("4155556789")", "invalid_phone.e164"},
                          {"phone_number", "14155556789", "invalid_phone.e164"},
                          {"phone_number", R"("+14155556789")", kPasses},
                          {"channel", R"("email")", "invalid_channel"},
                          {"channel", R"("")", "invalid_channel"},
                          {"channel", "1", "invalid_channel"},
                          {"channel", R"("auto")", kPasses},
                          {"metadata", R"("x")", "invalid_metadata"},
                          {"metadata", object("a", text_of(1017)), "metadata_too_large"},
                          {"metadata", object("a", text_of(1016)), kPasses},
                          {"ip_address", R"("localhost")", "invalid_ip_address"},
                          {"ip_address", R"("2001:db8::1")", kPasses}});
  EXPECT_EQ(answer(kSend, otp().with("channel", R"("x")")),
            "channel must be one of: sms, voice, auto");
}

TEST_F(Rules, OtpsMayLeaveOutAllButTheNumber) {
  expect(kSend, {{otp(), kPasses},
                 {otp().with("channel", "null").with("metadata", "null").with("ip_address", "null"),
                  kPasses},
                 {otp().with("channel", R"("sms")"), kPasses},
                 {otp().with("channel", R"("voice")"), kPasses}});
}

TEST_F(Rules, CodesOfOtpsAreTheServicesToJudge) {
  expect(kVerify, {{otp().with("code", R"("482913")"), kPasses},
                   {otp().with("code", "482913"), kPasses},
                   {otp().with("code", R"("")"), kPasses},
                   {otp(), kPasses},
                   {R"({"code":"482913"})", "missing_phone_number"},
                   {R"({"code":"482913","phone_number":"415"})", "invalid_phone.e164"}});
}

}  // namespace
}  // namespace trackly::test
