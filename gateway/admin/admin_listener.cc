#include "gateway/admin/admin_listener.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include <chrono>
#include <utility>

namespace trackly::admin {
namespace {

// Nothing that is asked here needs more.
constexpr int kHeaderBytes = 8 << 10;
constexpr int kBodyBytes = 1 << 10;
// All that are defined for a resource: so that the answer to most of them can be 405.
constexpr ev_uint16_t kMethods = EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
                                 EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_PATCH |
                                 EVHTTP_REQ_OPTIONS;
// Without progress, in either direction, and of a connection without a request.
constexpr int kTimeoutSeconds = 10;
// How long accepting rests where there are no descriptors left: trying again at once would only
// spin.
constexpr auto kAcceptPause = std::chrono::seconds(1);

struct HttpDeleter {
  void operator()(evhttp* http) const { evhttp_free(http); }
};

std::string_view path_of(evhttp_request* request) {
  const char* path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
  return path == nullptr ? std::string_view() : path;
}

/// Any web page can have its reader's browser send a POST to an address that only the reader
/// reaches. Browsers then say whose page it was (Fetch Standard section 3.2); tools say nothing.
bool is_of_a_web_page(evhttp_request* request) {
  return evhttp_find_header(evhttp_request_get_input_headers(request), "Origin") != nullptr;
}

/// libevent sends a body wherever there is one, also to HEAD, and looks up the reason phrase.
void send(evhttp_request* request, const Page& page) {
  evkeyvalq* fields = evhttp_request_get_output_headers(request);
  evhttp_add_header(fields, "Content-Type", std::string(page.content_type).c_str());
  evhttp_add_header(fields, "Content-Length", std::to_string(page.body.size()).c_str());
  evhttp_add_header(fields, "Cache-Control", "no-store");
  if (evhttp_request_get_command(request) != EVHTTP_REQ_HEAD) {
    evbuffer_add(evhttp_request_get_output_buffer(request), page.body.data(), page.body.size());
  }
  evhttp_send_reply(request, page.status, nullptr, nullptr);
}

}  // namespace

class AdminListener::Server {
 public:
  Server(net::EventLoop& loop, std::unique_ptr<net::ListeningSocket> socket, Pages pages);

  net::ListeningSocket& socket() { return *socket_; }

 private:
  void answer(evhttp_request* request) const;
  Pages::Answer later(evhttp_request* request) const;
  void accept_again();

  const std::unique_ptr<net::ListeningSocket> socket_;
  const Pages pages_;
  const std::unique_ptr<Timer> accept_again_;
  const std::unique_ptr<evhttp, HttpDeleter> http_;
  evconnlistener* listener_;  // of http_
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

AdminListener::Server::Server(net::EventLoop& loop, std::unique_ptr<net::ListeningSocket> socket,
                              Pages pages)
    : socket_(std::move(socket)),
      pages_(std::move(pages)),
      accept_again_(loop.timer([this] { accept_again(); })),
      http_(evhttp_new(loop.base())),
      // The descriptor stays the socket's; that it listens already is what the backlog of 0 says.
      listener_(evconnlistener_new(loop.base(), nullptr, nullptr, LEV_OPT_CLOSE_ON_EXEC, 0,
                                   socket_->fd())) {
  evhttp_set_allowed_methods(http_.get(), kMethods);
  evhttp_set_max_headers_size(http_.get(), kHeaderBytes);
  evhttp_set_max_body_size(http_.get(), kBodyBytes);
  evhttp_set_timeout(http_.get(), kTimeoutSeconds);
  evhttp_set_gencb(
      http_.get(),
      [](evhttp_request* request, void* self) { static_cast<Server*>(self)->answer(request); },
      this);
  evhttp_bind_listener(http_.get(), listener_);
  // The callback's context is libevent's own, so it cannot arm a timer of ours: there is one
  // anyway.
  evconnlistener_set_error_cb(
      listener_, [](evconnlistener* listener, void*) { evconnlistener_disable(listener); });
  accept_again_->arm(kAcceptPause);
}

void AdminListener::Server::accept_again() {
  evconnlistener_enable(listener_);  // no matter whether it is
  accept_again_->arm(kAcceptPause);
}

void AdminListener::Server::answer(evhttp_request* request) const {
  const auto found = pages_.by_path_.find(path_of(request));
  if (found == pages_.by_path_.end()) {
    return send(request, {.status = 404, .body = "not found\n"});
  }
  const auto& [get, post] = found->second;
  const evhttp_cmd_type method = evhttp_request_get_command(request);
  if (get != nullptr && (method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD)) {
    return send(request, get());
  }
  if (post != nullptr && method == EVHTTP_REQ_POST) {
    if (is_of_a_web_page(request)) {
      return send(request, {.status = 403, .body = "not for web pages\n"});
    }
    return post(later(request));
  }
  const char* const allowed =
      get == nullptr ? "POST" : (post == nullptr ? "GET, HEAD" : "GET, HEAD, POST");
  evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", allowed);
  send(request, {.status = 405, .body = "method not allowed\n"});
}

/// libevent reads nothing from a connection until its request is answered, so the request stays
/// until then, whatever its client does, or until the listener goes.
Pages::Answer AdminListener::Server::later(evhttp_request* request) const {
  return [request, alive = std::weak_ptr<const bool>(alive_)](const Page& page) {
    if (!alive.expired()) send(request, page);
  };
}

AdminListener::AdminListener(net::EventLoop& loop, std::unique_ptr<net::ListeningSocket> socket,
                             Pages pages)
    : server_(std::make_unique<Server>(loop, std::move(socket), std::move(pages))) {}

AdminListener::~AdminListener() = default;

net::ListeningSocket& AdminListener::socket() { return server_->socket(); }

}  // namespace trackly::admin
