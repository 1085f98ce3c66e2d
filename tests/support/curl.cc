#include "tests/support/curl.h"

#include <sstream>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace trackly::test {
namespace {

/// Splits what `curl -i` wrote: heads, interim ones first, then the body.
void read_output(std::string_view output, CurlAnswer& answer) {
  while (true) {
    const auto end = output.find("\r\n\r\n");
    if (end == output.npos) return;
    static_cast<HttpMessage&>(answer) = parse_head(output.substr(0, end + 4));
    output.remove_prefix(end + 4);
    if (answer.status() / 100 != 1) break;
  }
  answer.body = output;
  answer.complete = answer.exit_code == 0;
}

std::string_view version_option(Downstream downstream) {
  switch (downstream) {
    case Downstream::h1:
    case Downstream::tls_h1:
      return "http1.1";
    case Downstream::h2:
      return "http2-prior-knowledge";
    case Downstream::tls_h2:
      return "http2";
  }
  return "";
}

constexpr std::string_view kLoopback = "127.0.0.1";

std::string url_of(Downstream downstream, std::string_view host, std::uint16_t port,
                   std::string_view path) {
  return (is_tls(downstream) ? "https://" : "http://") + std::string(host) + ":" +
         std::to_string(port) + std::string(path);
}

/// A line of a file for `curl --config`.
std::string option(std::string_view name, std::string_view value) {
  std::string line = std::string(name) + " = \"";
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  return line + "\"\n";
}

/// The options of one of several requests. The others have other hosts where their connections must
/// be others: curl 7.88 fails when it uses one with prior knowledge of HTTP/2 again.
std::string options_in_turn(Downstream downstream, std::uint16_t port, const CurlRequest& request,
                            std::size_t number, const TempDir& directory) {
  const std::string n = std::to_string(number);
  const std::string host = downstream == Downstream::h2 ? n + ".test" : std::string(kLoopback);
  std::string lines = std::string(version_option(downstream)) +
                      "\ninsecure\ninclude\npath-as-is\ngloboff\n"
                      "write-out = \"%{exitcode} %{errormsg}\\n\"\n";
  lines += option("connect-to", "::" + std::string(kLoopback) + ":");
  lines += request.method == "HEAD" ? "head\n" : option("request", request.method);
  for (const std::string& field : request.fields) lines += option("header", field);
  if (!request.body.empty()) {
    lines += option("data-binary", "@" + directory.write("body-" + n, request.body));
  }
  lines += option("output", directory / ("answer-" + n));
  return lines + option("url", url_of(downstream, host, port, request.path));
}

}  // namespace

std::string_view to_string(Downstream downstream) {
  switch (downstream) {
    case Downstream::h1:
      return "H1";
    case Downstream::h2:
      return "H2";
    case Downstream::tls_h1:
      return "TlsH1";
    case Downstream::tls_h2:
      return "TlsH2";
  }
  return "";
}

CurlAnswer curl(Downstream downstream, std::uint16_t port, const CurlRequest& request) {
  // The user's ~/.curlrc has no say in it.
  std::vector<std::string> command = {"curl",       "--disable", "--silent",    "--show-error",
                                      "--insecure", "--include", "--path-as-is"};
  command.push_back("--" + std::string(version_option(downstream)));
  if (request.method == "HEAD") {
    command.emplace_back("--head");
  } else {
    command.insert(command.end(), {"--request", request.method});
  }
  for (const std::string& field : request.fields) command.insert(command.end(), {"-H", field});
  const TempDir directory;
  if (!request.body.empty()) {
    command.insert(command.end(), {"--data-binary", "@" + directory.write("body", request.body)});
  }
  command.insert(command.end(), request.options.begin(), request.options.end());
  command.push_back(url_of(downstream, kLoopback, port, request.path));

  const CommandResult result = run(command);
  CurlAnswer answer;
  answer.exit_code = result.exit_code;
  answer.error = result.err;
  read_output(result.out, answer);
  return answer;
}

std::vector<CurlAnswer> curl_in_turn(Downstream downstream, std::uint16_t port,
                                     const std::vector<CurlRequest>& requests) {
  const TempDir directory;
  std::string lines;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (i > 0) lines += "next\n";
    lines += options_in_turn(downstream, port, requests[i], i, directory);
  }
  const CommandResult result = run({"curl", "--disable", "--silent", "--show-error", "--config",
                                    directory.write("requests", lines)});

  std::vector<CurlAnswer> answers(requests.size());
  std::istringstream outcomes(result.out);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    CurlAnswer& answer = answers[i];
    if (!(outcomes >> answer.exit_code)) answer.exit_code = -1;
    std::getline(outcomes, answer.error);
    read_output(read_file(directory / ("answer-" + std::to_string(i))), answer);
  }
  return answers;
}

}  // namespace trackly::test
