#include "tests/support/redis_server.h"

#include <stdexcept>
#include <utility>

#include "tests/support/wire.h"

namespace trackly::test {

RedisServer::RedisServer(std::vector<std::string> more)
    : port_(free_port()), more_(std::move(more)) {
  start();
}

void RedisServer::start() {
  std::vector<std::string> command{"redis-server",
                                   "--port",
                                   std::to_string(port_),
                                   "--bind",
                                   "127.0.0.1",
                                   "--unixsocket",
                                   unix_path(),
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "no",
                                   "--dir",
                                   directory_.path().string()};
  command.insert(command.end(), more_.begin(), more_.end());
  process_ = std::make_unique<Process>(std::move(command));
  // The unix socket is the last that it opens.
  if (!process_->wait_for_out("ready to accept connections at")) {
    throw std::runtime_error("redis-server: " + process_->out());
  }
}

std::string RedisServer::cli(std::vector<std::string> command) const {
  command.insert(command.begin(), {"redis-cli", "-p", std::to_string(port_)});
  std::string out = run(std::move(command)).out;
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

}  // namespace trackly::test
