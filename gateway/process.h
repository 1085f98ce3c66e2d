#pragma once

#include "gateway/api/settings.h"
#include "gateway/api/siphash.h"
#include "gateway/observe/incidents.h"
#include "gateway/observe/shadow_findings.h"
#include "gateway/proxy/body_budget.h"
#include "gateway/proxy/connection_counts.h"
#include "gateway/store/bucket_table.h"

namespace trackly {

/// What all workers share as long as the process lives, whatever the configuration; outlives them.
/// Any thread.
struct Process {
  explicit Process(const Limits& limits)
      : body_budget(limits.body_memory),
        connections(limits.connections, limits.connections_per_address) {}

  store::BucketTable buckets{HashKey::random()};
  proxy::BodyBudget body_budget;
  proxy::ConnectionCounts connections;
  observe::Incidents incidents;
  observe::ShadowFindings shadow_findings;
};

}  // namespace trackly
