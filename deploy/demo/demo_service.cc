// A stand-in for the Trackly API, for deploy/quickstart: it answers like the service and keeps
// nothing. libevent's own HTTP server does the work.
//
//   trackly-demo-service --port N | --unix PATH

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace {

struct Free {
  void operator()(event_base* base) const { event_base_free(base); }
  void operator()(evhttp* server) const { evhttp_free(server); }
  void operator()(event* signal) const { event_free(signal); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

struct Answer {
  int status;
  std::string body;
};

/// Good enough to count what the sample requests carry: a service would parse the body.
std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

Answer answer_to(evhttp_cmd_type method, std::string_view path, std::string_view body) {
  if (method == EVHTTP_REQ_POST && (path == "/api/v2/send" || path == "/api/v2/send-raw")) {
    return {200, R"({"success":true,"message_id":"AbC12345","status":"queued"})"};
  }
  if (method == EVHTTP_REQ_POST &&
      (path == "/api/v2/send/bulk" || path == "/api/v2/send-raw/bulk")) {
    const std::size_t messages = count_of(body, "\"to\"");
    return {200,
            R"({"queued_count":)" + std::to_string(messages) + R"(,"error_count":0,"errors":[]})"};
  }
  if (method == EVHTTP_REQ_GET && path == "/api/v2/contacts") {
    return {200,
            R"({"contacts":[],"pagination":{"page":1,"per_page":50,"total":0,"total_pages":0}})"};
  }
  return {404, R"({"error":"Resource not found","code":"not_found"})"};
}

void on_request(evhttp_request* request, void*) {
  evbuffer* input = evhttp_request_get_input_buffer(request);
  const auto length = static_cast<std::ptrdiff_t>(evbuffer_get_length(input));
  std::string body(static_cast<std::size_t>(length), '\0');
  evbuffer_copyout(input, body.data(), body.size());

  const char* path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
  const Answer answer =
      answer_to(evhttp_request_get_command(request), path == nullptr ? "" : path, body);

  evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "application/json");
  evbuffer_add(evhttp_request_get_output_buffer(request), answer.body.data(), answer.body.size());
  evhttp_send_reply(request, answer.status, nullptr, nullptr);
}

bool listen_on_port(evhttp* server, std::uint16_t port) {
  return evhttp_bind_socket(server, "127.0.0.1", port) == 0;
}

bool listen_on_unix_socket(evhttp* server, event_base* base, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  // Without a callback the listener waits until evhttp has put in its own.
  evconnlistener* listener =
      evconnlistener_new_bind(base, nullptr, nullptr, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                              -1, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  return listener != nullptr && evhttp_bind_listener(server, listener) != nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App options("A stand-in for the Trackly API that queues nothing.");
  std::uint16_t port = 0;
  std::string unix_path;
  auto* where = options.add_option_group("where to listen");
  where->add_option("--port", port, "on 127.0.0.1");
  where->add_option("--unix", unix_path, "path of a unix socket");
  where->require_option(1);
  CLI11_PARSE(options, argc, argv);

  const Owned<event_base> base(event_base_new());
  const Owned<evhttp> server(evhttp_new(base.get()));
  evhttp_set_gencb(server.get(), on_request, nullptr);
  const bool listening = unix_path.empty()
                             ? listen_on_port(server.get(), port)
                             : listen_on_unix_socket(server.get(), base.get(), unix_path);
  if (!listening) {
    std::fprintf(stderr, "demo service: cannot listen on %s\n",
                 unix_path.empty() ? std::to_string(port).c_str() : unix_path.c_str());
    return 1;
  }

  const auto stop = [](evutil_socket_t, short, void* loop) {
    event_base_loopexit(static_cast<event_base*>(loop), nullptr);
  };
  const Owned<event> interrupt(evsignal_new(base.get(), SIGINT, stop, base.get()));
  const Owned<event> terminate(evsignal_new(base.get(), SIGTERM, stop, base.get()));
  event_add(interrupt.get(), nullptr);
  event_add(terminate.get(), nullptr);

  std::fprintf(stderr, "demo service: listening\n");
  event_base_dispatch(base.get());
  return 0;
}
