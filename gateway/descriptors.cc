#include "gateway/descriptors.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>

namespace trackly {
namespace {

// Listeners, logs, libraries and health checks; and of each worker its loop and its stores.
constexpr std::uint64_t kOthers = 64;
constexpr std::uint64_t kOthersOfAWorker = 16;

/// A name counts as one address: what it stands for is not known yet, and changes.
std::uint64_t upstream_connections(const Settings& settings, std::size_t workers) {
  std::uint64_t connections = 0;
  for (const UpstreamSettings& upstream : settings.upstreams) {
    connections += std::uint64_t{upstream.endpoints.size()} * upstream.max_connections * workers;
  }
  return connections;
}

}  // namespace

void occupy_standard_streams() {
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
  if (fd > STDERR_FILENO) close(fd);
}

void allow_all_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void warn_of_few_descriptors(const Settings& settings, std::size_t workers) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  const std::uint64_t clients = settings.limits.connections;
  const std::uint64_t upstreams = upstream_connections(settings, workers);
  const std::uint64_t others = kOthers + kOthersOfAWorker * workers;
  const std::uint64_t needed = clients + upstreams + others;
  if (limit.rlim_cur >= needed) return;
  spdlog::warn(
      "{} files may be open at one time, but up to {} may be needed: {} connections of clients "
      "(limits.connections), {} to upstreams (max_connections, {} workers), {} for the rest; "
      "raise the hard limit of open files",
      limit.rlim_cur, needed, clients, upstreams, workers, others);
}

}  // namespace trackly
