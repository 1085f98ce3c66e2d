#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "gateway/api/loop.h"
#include "gateway/json/parser.h"
#include "gateway/observe/incidents.h"
#include "gateway/proxy/body_budget.h"
#include "gateway/proxy/snapshot.h"

namespace trackly::proxy {

/// What is under way on a worker; read by the main thread while it drains.
struct Activity {
  // Counted up where a connection is handed to the worker, so that the acceptor sees it at once;
  // counted down by the connection.
  std::atomic<std::size_t> connections = 0;  // all of them
  std::atomic<std::size_t> busy = 0;         // those that have not ended for all we know
  // Of a drain: those without a request whose client does not have all of the last answer yet.
  std::atomic<std::size_t> undelivered = 0;
  std::atomic<std::size_t> requests = 0;
};

/// What a worker lends to its connections and streams; outlives them.
struct Context {
  Loop& loop;
  json::Parser& parser;
  BodyBudget& body_budget;        // one for the process
  observe::Incidents& incidents;  // one for the process
  Activity& activity;
  /// What requests that begin now are served by.
  std::shared_ptr<const Snapshot> snapshot;
};

}  // namespace trackly::proxy
