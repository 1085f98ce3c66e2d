// The commands of the program other than run: what they print and how they exit.

#include <gtest/gtest.h>

#include <string>

#include "tests/support/gateway.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace trackly::test {
namespace {

CommandResult gateway(std::vector<std::string> arguments, std::string input = "") {
  arguments.insert(arguments.begin(), gateway_program());
  return run(std::move(arguments), {.input = std::move(input)});
}

TEST(CommandLine, WithoutACommandIsWrongUsage) {
  EXPECT_EQ(gateway({}).exit_code, 2);
  EXPECT_EQ(gateway({"fly"}).exit_code, 2);
  EXPECT_EQ(gateway({"run"}).exit_code, 2);
}

TEST(CommandLine, ExplainsItself) {
  const CommandResult help = gateway({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* command : {"run", "check", "explain", "errors", "validate", "key"}) {
    EXPECT_NE(help.out.find(command), std::string::npos) << command;
  }
  const CommandResult version = gateway({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_NE(version.out.find("trackly-gateway"), std::string::npos);
}

TEST(Check, ShowsWhatIsEnforcedOnEachRoute) {
  const TempDir directory;
  const CommandResult result = gateway({"check", "--config", write_config(directory, {})});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("/api/v2/send/bulk"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("1000"), std::string::npos) << result.out;
}

TEST(Check, AcceptsTheShippedConfiguration) {
  const CommandResult result =
      gateway({"check", "--config", std::string(TRACKLY_SOURCE_DIR) + "/config/gateway.yaml"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST(Check, ReportsEveryProblemWithItsPlace) {
  const TempDir directory;
  const std::string path = directory.write("gateway.yaml",
                                           "listeners:\n"
                                           "  - address: nonsense\n"
                                           "workrs: 4\n"
                                           "limits: {header_bytes: many}\n");
  for (const char* command : {"check", "run"}) {
    const CommandResult result = gateway({command, "--config", path});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_NE(result.err.find("gateway.yaml:2:14: "), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("gateway.yaml:3:1: "), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("workers"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("gateway.yaml:4:24: "), std::string::npos) << result.err;
  }
}

TEST(Check, SaysWhatItCannotRead) {
  const CommandResult result = gateway({"check", "--config", "/nonexistent/gateway.yaml"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("/nonexistent/gateway.yaml"), std::string::npos) << result.err;
}

TEST(Errors, PrintsTheCatalogueInEachFormat) {
  const std::string catalogue = std::string(TRACKLY_SOURCE_DIR) + "/config/trackly/errors.yaml";
  for (const char* format : {"table", "json", "markdown"}) {
    const CommandResult result = gateway({"errors", "--catalogue", catalogue, "--format", format});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out.find("too_many_messages"), std::string::npos);
    EXPECT_NE(result.out.find("Account is suspended"), std::string::npos);
  }
  EXPECT_EQ(gateway({"errors", "--format", "pdf"}).exit_code, 2);
}

TEST(Key, IsNewEachTimeAndHashesToWhatWasPrinted) {
  const CommandResult made = gateway({"key", "new"});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_NE(gateway({"key", "new"}).out, made.out);
  const std::string key = made.out.substr(0, made.out.find('\n'));
  const std::string entry = made.out.substr(made.out.find('\n') + 1);
  EXPECT_EQ(key.size(), 36u);
  EXPECT_TRUE(key.starts_with("trk_"));
  EXPECT_EQ(gateway({"key", "hash"}, key + "\n").out, entry);
  EXPECT_EQ(entry.find(key), std::string::npos);
}

TEST(Key, ThatIsNoneIsAProblem) { EXPECT_EQ(gateway({"key", "hash"}, "secret\n").exit_code, 1); }

TEST(Validate, JudgesAnInstance) {
  const TempDir directory;
  const std::string schema = directory.write(
      "schema.yaml", "type: object\nrequired: [a]\nproperties: {a: {type: integer}}\n");
  CommandResult result = gateway(
      {"validate", "--schema", schema, "--instance", directory.write("ok.json", R"({"a":1})")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "valid\n");

  result = gateway(
      {"validate", "--schema", schema, "--instance", directory.write("bad.json", R"({"a":"x"})")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.out.find("/a"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("type"), std::string::npos) << result.out;
}

TEST(Validate, SaysWhatItCannotCompileOrRead) {
  const TempDir directory;
  const std::string instance = directory.write("ok.json", "{}");
  EXPECT_EQ(gateway({"validate", "--schema", directory.write("s.yaml", "type: nonsense\n"),
                     "--instance", instance})
                .exit_code,
            2);
  EXPECT_EQ(gateway({"validate", "--schema", "/nonexistent", "--instance", instance}).exit_code, 2);
}

}  // namespace
}  // namespace trackly::test
