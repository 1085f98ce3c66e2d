#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/net/event_loop.h"
#include "gateway/net/listener.h"

namespace trackly::admin {

/// Of a unix socket: whoever is in its group may ask, a monitor for instance.
inline constexpr mode_t kUnixMode = 0660;

struct Page {
  int status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// What can be asked for, by path and method. A page is made anew for each request.
class Pages {
 public:
  using Make = std::function<Page()>;
  /// To be called once, whenever the page is there; of no effect when the listener is gone.
  using Answer = std::function<void(const Page&)>;
  using Do = std::function<void(Answer answer)>;

  /// For GET and HEAD, which change nothing.
  void get(std::string path, Make make) { by_path_[std::move(path)].get = std::move(make); }
  /// For what does something. Nobody looks at the request's body.
  void post(std::string path, Do what) { by_path_[std::move(path)].post = std::move(what); }

 private:
  friend class AdminListener;
  struct Methods {
    Make get;
    Do post;
  };
  std::map<std::string, Methods, std::less<>> by_path_;
};

/// Answers operators and their programs over HTTP/1.1, away from everything that clients can reach:
/// an address of its own, libevent's HTTP server instead of the proxy, and none of the filters. On
/// the loop's thread, so pages must not take long.
class AdminListener {
 public:
  /// `loop` outlives the listener.
  AdminListener(net::EventLoop& loop, std::unique_ptr<net::ListeningSocket> socket, Pages pages);
  /// Closes all of its connections.
  ~AdminListener();
  AdminListener(const AdminListener&) = delete;
  AdminListener& operator=(const AdminListener&) = delete;

  net::ListeningSocket& socket();

 private:
  class Server;

  std::unique_ptr<Server> server_;
};

}  // namespace trackly::admin
