#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/gateway.h"
#include "tests/support/process.h"
#include "tests/support/sample_requests.h"
#include "tests/support/service.h"

namespace trackly::test {

/// nginx that answers like the service and says in fields what it received. Debian starts it as
/// root, then its workers are "nobody": they write nothing.
class Nginx {
 public:
  /// `more`: further directives of the server.
  explicit Nginx(const std::string& listen, const std::string& more = {}) {
    directory_.write("nginx.conf",
                     "daemon off;\n"
                     "pid " +
                         (directory_ / "nginx.pid") +
                         ";\n"
                         "error_log stderr warn;\n"
                         "worker_processes 1;\n"
                         "user root;\n"
                         "events { worker_connections 512; }\n"
                         "http {\n"
                         "  access_log off;\n"
                         "  client_max_body_size 10m;\n"
                         "  client_body_temp_path " +
                         (directory_ / "body") +
                         ";\n"
                         "  proxy_temp_path " +
                         (directory_ / "proxy") +
                         ";\n"
                         "  fastcgi_temp_path " +
                         (directory_ / "fastcgi") +
                         ";\n"
                         "  uwsgi_temp_path " +
                         (directory_ / "uwsgi") +
                         ";\n"
                         "  scgi_temp_path " +
                         (directory_ / "scgi") +
                         ";\n"
                         "  default_type application/json;\n"
                         "  keepalive_requests 100000;\n"
                         "  server {\n"
                         "    listen " +
                         listen + ";\n" + more +
                         "    add_header X-Seen-Uri $request_uri always;\n"
                         "    add_header X-Seen-Account $http_x_account_id always;\n"
                         "    add_header X-Seen-Length $http_content_length always;\n"
                         "    location / { return 200 '" +
                         std::string(kAccepted) +
                         "'; }\n"
                         "    location = /api/v2/contacts/broken { return 500; }\n"
                         "  }\n"
                         "}\n");
    process_ = std::make_unique<Process>(
        std::vector<std::string>{"nginx", "-p", directory_.path().string(), "-e", "stderr", "-c",
                                 directory_ / "nginx.conf"});
  }
  const TempDir& directory() const { return directory_; }
  std::string diagnostics() const { return process_->err(); }

 private:
  TempDir directory_;
  std::unique_ptr<Process> process_;
};

/// Asks until the service behind the gateway is up: a 503 says that nothing was delivered.
inline CurlAnswer first_answer(const Gateway& gateway, Downstream downstream,
                               const CurlRequest& request) {
  const Deadline deadline(kPatience);
  CurlAnswer answer = gateway.request(downstream, request);
  while (answer.status() == 503 && !deadline.passed()) {
    answer = gateway.request(downstream, request);
  }
  return answer;
}

}  // namespace trackly::test
