#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/api/result.h"
#include "gateway/net/event_loop.h"

namespace trackly::admin {

struct Page {
  int status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// By path; made anew for each request.
using Pages = std::map<std::string, std::function<Page()>, std::less<>>;

/// Answers operators and their programs over HTTP/1.1, away from everything that clients can reach:
/// an address of its own, libevent's HTTP server instead of the proxy, and none of the filters. GET
/// and HEAD only. On the loop's thread, so pages must not take long.
class AdminListener {
 public:
  /// As net::ListeningSocket::open(). `loop` outlives the listener.
  static Result<std::unique_ptr<AdminListener>> open(net::EventLoop& loop,
                                                     const std::string& address, Pages pages);
  /// Closes all of its connections.
  ~AdminListener();
  AdminListener(const AdminListener&) = delete;
  AdminListener& operator=(const AdminListener&) = delete;

  const std::string& bound_address() const;

 private:
  class Server;
  explicit AdminListener(std::unique_ptr<Server> server);

  std::unique_ptr<Server> server_;
};

}  // namespace trackly::admin
