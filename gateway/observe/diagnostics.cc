#include "gateway/observe/diagnostics.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/api/key_text.h"
#include "gateway/observe/log_writer.h"

namespace trackly::observe {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;
constexpr std::chrono::seconds kPatience{1};
constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";

/// spdlog's own asynchronous mode waits for the stream when it ends; this one leaves all waiting to
/// the LogWriter. The mutex guards the formatter only.
class WriterSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit WriterSink(std::shared_ptr<LogWriter> writer) : writer_(std::move(writer)) {}
  ~WriterSink() override { writer_->stop(kPatience); }
  WriterSink(const WriterSink&) = delete;
  WriterSink& operator=(const WriterSink&) = delete;

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    writer_->write({line.data(), line.size()});
  }
  void flush_() override {}

  std::shared_ptr<LogWriter> writer_;
};

std::string lost_diagnostics(std::uint64_t lost) {
  return std::to_string(lost) + " lines of diagnostics were lost here\n";
}

}  // namespace

Result<std::unique_ptr<Diagnostics>> Diagnostics::start() {
  auto writer = LogWriter::start({.target = {.path = "/dev/stderr"},
                                  .buffer_bytes = kBufferBytes,
                                  .lost_line = lost_diagnostics});
  if (!writer.ok()) return writer.error();
  return std::unique_ptr<Diagnostics>(new Diagnostics(std::move(writer).value()));
}

Diagnostics::Diagnostics(std::shared_ptr<LogWriter> writer) {
  auto logger =
      std::make_shared<spdlog::logger>("", std::make_shared<WriterSink>(std::move(writer)));
  logger->set_pattern(kPattern, spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(std::move(logger));
}

Diagnostics::~Diagnostics() {
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::null_sink_mt>()));
}

void report_fault(std::string_view request_id, std::string_view what) {
  spdlog::error("request {} ended by a fault of the gateway: {}", without_keys(request_id), what);
}

void report_upstream(std::string_view upstream, std::string_view what) {
  spdlog::warn("upstream {}: {}", upstream, what);
}

void report_redis(std::string_view server, std::string_view what) {
  spdlog::warn("redis {}: {}", server, what);
}

void report_lost_lines(const LogTarget& target, std::uint64_t lost, std::string_view why) {
  spdlog::warn("access log {}: {} lines lost: {}", target.text(), lost, why);
}

}  // namespace trackly::observe
