#include "tests/support/curl.h"

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
  switch (downstream) {
    case Downstream::h1:
    case Downstream::tls_h1:
      command.emplace_back("--http1.1");
      break;
    case Downstream::h2:
      command.emplace_back("--http2-prior-knowledge");
      break;
    case Downstream::tls_h2:
      command.emplace_back("--http2");
      break;
  }
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
  command.push_back((is_tls(downstream) ? "https" : "http") + std::string("://127.0.0.1:") +
                    std::to_string(port) + request.path);

  const CommandResult result = run(command);
  CurlAnswer answer;
  answer.exit_code = result.exit_code;
  answer.error = result.err;
  read_output(result.out, answer);
  return answer;
}

}  // namespace trackly::test
