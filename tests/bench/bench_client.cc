// Sends messages through a gateway for a while and believes nothing: every one has an id of its own
// and must be answered, with 200 or with what is documented for a service that fails.
//
//   bench_client PORT SECONDS PER_SECOND NAME PATH...
//
// For each path it has four connections with HTTP/1.1 and four with HTTP/2, each with PER_SECOND
// requests a second. The ids are NAME-path-connection-n. Prints a line "ID STATUS" for each request
// and, on standard error, how many had which status and the longest time to an answer. Exits with 1
// where an answer was not among the documented ones. The API key is in $KEY.

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/client.h"
#include "tests/support/reaction.h"

namespace trackly::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kMessage =
    R"({"to":"+14155556789","list_number":"+14155551234","body":"Hello!"})";

struct Documented {
  int status;
  std::string_view body;
};
constexpr Documented kDocumented[] = {
    {200, kAccepted},
    {502, R"({"error":"Provider sync failed","code":"provider_sync_failed"})"},
    {503, R"({"error":"Provider unavailable","code":"provider_error"})"},
    {503, R"({"error":"Circuit breaker open","code":"circuit_open"})"},
};

bool is_documented(const ClientAnswer& answer) {
  if (!answer.complete) return false;
  const bool ours = answer.field("proxy-status").starts_with("trackly-gateway;");
  for (const Documented& row : kDocumented) {
    if (answer.status() == row.status && answer.body == row.body)
      return ours == (row.status != 200);
  }
  return false;
}

/// What all connections saw.
class Book {
 public:
  void note(const std::string& id, const ClientAnswer& answer, Clock::duration took) {
    const std::lock_guard lock(mutex_);
    std::cout << id << ' ' << answer.status() << '\n';
    ++counts_[answer.status()];
    longest_ = std::max(longest_, took);
    if (is_documented(answer)) return;
    ++undocumented_;
    std::cerr << id << ": " << answer.start_line << (answer.complete ? " " : " cut ") << answer.body
              << '\n';
  }
  bool report() const {
    for (const auto& [status, count] : counts_) std::cerr << status << ": " << count << "  ";
    std::cerr << "longest "
              << std::chrono::duration_cast<std::chrono::milliseconds>(longest_).count()
              << " ms  not documented " << undocumented_ << '\n';
    return undocumented_ == 0;
  }

 private:
  std::mutex mutex_;
  std::map<int, long> counts_;
  Clock::duration longest_{};
  long undocumented_ = 0;
};

struct Plan {
  std::uint16_t port;
  std::chrono::seconds length;
  int per_second;
  std::string key;
};

void send_messages(const Plan& plan, Downstream downstream, const std::string& path,
                   const std::string& name, Book& book) {
  const auto began = Clock::now();
  const auto pause = std::chrono::nanoseconds(std::chrono::seconds(1)) / plan.per_second;
  std::unique_ptr<Client> client;
  long n = 0;
  for (auto next = began; next - began < plan.length; next += pause) {
    std::this_thread::sleep_until(next);
    if (!client || !client->reusable()) client = std::make_unique<Client>(downstream, plan.port);
    const std::string id = name + "-" + std::to_string(n++);
    const auto sent = Clock::now();
    const ClientRequest request{.method = "POST",
                                .path = path,
                                .fields = {{"x-api-key", plan.key},
                                           {"x-request-id", id},
                                           {"content-type", "application/json"}},
                                .body = std::string(kMessage)};
    client->send(request);
    const ClientAnswer& answer = client->read_answer();
    book.note(id, answer, Clock::now() - sent);
  }
}

}  // namespace
}  // namespace trackly::test

int main(int count, char** arguments) {
  using namespace trackly::test;
  const char* key = std::getenv("KEY");
  if (count < 6 || key == nullptr) {
    std::cerr << "KEY=... bench_client PORT SECONDS PER_SECOND NAME PATH...\n";
    return 2;
  }
  const Plan plan{static_cast<std::uint16_t>(std::atoi(arguments[1])),
                  std::chrono::seconds(std::atoi(arguments[2])), std::atoi(arguments[3]), key};
  Book book;
  {
    std::vector<std::jthread> connections;
    for (int path = 5; path < count; ++path) {
      for (int i = 0; i < 8; ++i) {
        const std::string name =
            std::string(arguments[4]) + "-" + std::to_string(path) + "-" + std::to_string(i);
        connections.emplace_back([&plan, &book, name, i, where = std::string(arguments[path])] {
          send_messages(plan, i % 2 == 0 ? Downstream::h1 : Downstream::h2, where, name, book);
        });
      }
    }
  }
  return book.report() ? 0 : 1;
}
