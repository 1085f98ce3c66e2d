// deploy/quickstart as a newcomer meets it: what it prints works when it is pasted.

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wire.h"

namespace trackly::test {
namespace {

const std::string kQuickstart = std::string(TRACKLY_SOURCE_DIR) + "/deploy/quickstart";
constexpr std::chrono::minutes kBuildTime{5};

struct Example {
  std::string command;
  std::string answer;
};

/// A command stands on a line of its own, indented by two; its answer follows, indented by four.
std::vector<Example> examples_in(const std::string& text) {
  std::vector<Example> examples;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    at = end == std::string::npos ? text.size() : end + 1;
    if (line.starts_with("    ") && !examples.empty()) {
      examples.back().answer = line.substr(4);
    } else if (line.starts_with("  ") && line.find("curl ") != std::string::npos) {
      examples.push_back({line.substr(2), ""});
    }
  }
  return examples;
}

/// Processes whose command line has the path in it.
int processes_that_name(const std::filesystem::path& path) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    if (read_file(entry.path() / "cmdline").find(path.string()) != std::string::npos) ++count;
  }
  return count;
}

class Quickstart : public testing::Test {
 protected:
  Process::Options options() const {
    return {.environment = {"TMPDIR=" + temporary_.path().string()}};
  }
  TempDir temporary_;
};

TEST_F(Quickstart, PrintsLinesThatGiveTheirAnswersAndLeavesNothingBehind) {
  const std::string port = std::to_string(free_port());
  Process quickstart({kQuickstart, "--port", port}, options());
  ASSERT_TRUE(quickstart.wait_for_out("Ctrl-C ends everything", kBuildTime))
      << quickstart.out() << quickstart.err();

  const std::vector<Example> examples = examples_in(quickstart.out());
  EXPECT_GE(examples.size(), 4u);
  EXPECT_LE(examples.size(), 6u);
  for (const Example& example : examples) {
    // As another terminal would run it.
    EXPECT_EQ(run({"bash", "-c", example.command}).out, example.answer + "\n") << example.command;
  }
  EXPECT_TRUE(quickstart.wait_for_out(R"("code":"rate_limited")")) << "no access log";

  quickstart.signal_group(SIGINT);
  EXPECT_EQ(quickstart.wait(), 0) << quickstart.err();
  EXPECT_LT(connect_to_port(static_cast<std::uint16_t>(std::stoi(port))), 0);
  EXPECT_TRUE(std::filesystem::is_empty(temporary_.path()));
  EXPECT_EQ(processes_that_name(temporary_.path()), 0);
}

TEST_F(Quickstart, EndsOnSigtermAsOnCtrlC) {
  Process quickstart({kQuickstart, "--port", std::to_string(free_port())}, options());
  ASSERT_TRUE(quickstart.wait_for_out("Ctrl-C ends everything", kBuildTime));
  quickstart.signal(SIGTERM);
  EXPECT_EQ(quickstart.wait(), 0);
  EXPECT_TRUE(std::filesystem::is_empty(temporary_.path()));
}

TEST_F(Quickstart, RefusesATakenPortBeforeItStartsAnything) {
  const int taken = listen_on_free_port();
  const std::string port = std::to_string(port_of(taken));
  const CommandResult result = run({kQuickstart, "--port", port}, options());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find("port " + port + " is taken"), std::string::npos) << result.err;
  EXPECT_TRUE(std::filesystem::is_empty(temporary_.path()));
  close(taken);
}

TEST_F(Quickstart, ExplainsWrongUsage) {
  EXPECT_EQ(run({kQuickstart, "--port", "nonsense"}).exit_code, 2);
  EXPECT_EQ(run({kQuickstart, "--fly"}).exit_code, 2);
  EXPECT_EQ(run({kQuickstart, "--help"}).exit_code, 0);
}

}  // namespace
}  // namespace trackly::test
