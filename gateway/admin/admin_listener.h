#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/api/result.h"
#include "gateway/net/event_loop.h"

namespace trackly::admin {

struct Page {
  int status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// What can be asked for, by path and method. A page is made anew for each request.
class Pages {
 public:
  using Make = std::function<Page()>;

  /// For GET and HEAD, which change nothing.
  void get(std::string path, Make make) { by_path_[std::move(path)].get = std::move(make); }
  /// For what does something. Nobody looks at the request's body.
  void post(std::string path, Make make) { by_path_[std::move(path)].post = std::move(make); }

 private:
  friend class AdminListener;
  struct Methods {
    Make get;
    Make post;
  };
  std::map<std::string, Methods, std::less<>> by_path_;
};

/// Answers operators and their programs over HTTP/1.1, away from everything that clients can reach:
/// an address of its own, libevent's HTTP server instead of the proxy, and none of the filters. On
/// the loop's thread, so pages must not take long.
class AdminListener {
 public:
  /// As net::ListeningSocket::open(); a unix socket is for its owner and group. `loop` outlives the
  /// listener.
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
