#include "tests/support/gateway.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <simdjson.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "tests/support/tls_certificate.h"

namespace trackly::test {
namespace {

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    char pair[3];
    std::snprintf(pair, sizeof pair, "%02x", digest[i]);
    hex += pair;
  }
  return hex;
}

std::string key_line(std::string_view key, std::string_view account, std::string_view name) {
  return "  - {sha256: " + sha256_hex(key) + ", account: " + std::string(account) +
         ", name: " + std::string(name) + "}\n";
}

std::string keys_yaml() {
  return "accounts:\n"
         "  acct_active: {status: active}\n"
         "  acct_other: {status: active}\n"
         "  acct_restricted: {products: [], features: [], calling_codes: ['1']}\n"
         "  acct_suspended: {status: suspended}\n"
         "  acct_billing: {status: billing_blocked}\n"
         "  acct_fraud: {status: fraud_blocked}\n"
         "keys:\n" +
         key_line(keys::kActive, "acct_active", "active") +
         key_line(keys::kActiveToo, "acct_active", "active-too") +
         key_line(keys::kOther, "acct_other", "other") +
         key_line(keys::kRestricted, "acct_restricted", "restricted") +
         key_line(keys::kSuspended, "acct_suspended", "suspended") +
         key_line(keys::kBillingBlocked, "acct_billing", "billing") +
         key_line(keys::kFraudBlocked, "acct_fraud", "fraud");
}

std::uint16_t listening_port(Process& process, std::size_t nth) {
  static constexpr std::string_view kMark = "listening on 127.0.0.1:";
  const auto line = process.wait_for_err(kMark, kPatience, nth);
  if (!line) throw std::runtime_error("the gateway does not listen:\n" + process.err());
  return static_cast<std::uint16_t>(
      std::strtoul(line->c_str() + line->find(kMark) + kMark.size(), nullptr, 10));
}

}  // namespace

std::string key_field(std::string_view key) { return "X-Api-Key: " + std::string(key); }

std::string gateway_program() { return TRACKLY_GATEWAY_PROGRAM; }

namespace {

std::string chain_of(const GatewayConfig& config) {
  if (!config.filters.empty()) return config.filters;
  std::string yaml =
      "  - request_id: {}\n"
      "  - api_key: {" +
      config.api_key_store + config.api_key_options +
      "}\n"
      "  - payload_limit: {" +
      config.payload_limit +
      "}\n"
      "  - batch_limit: {}\n"
      "  - schema: {}\n"
      "  - entitlements: {}\n";
  if (!config.rate_limit.empty()) yaml += "  - rate_limit: " + config.rate_limit + "\n";
  return yaml;
}

}  // namespace

std::string write_config(const TempDir& directory, const GatewayConfig& config) {
  directory.write("keys.yaml", keys_yaml());
  const std::string rules = std::string(TRACKLY_SOURCE_DIR) + "/config/trackly";
  const CertificateFiles& tls = test_certificate();
  std::string yaml =
      "listeners:\n"
      "  - address: 127.0.0.1:0\n"
      "  - address: 127.0.0.1:0\n"
      "    tls: {certificate: " +
      tls.certificate + ", private_key: " + tls.private_key + config.tls_options +
      "}\n"
      "workers: " +
      std::to_string(config.workers) +
      "\n"
      "api: " +
      (config.api.empty() ? rules + "/openapi.yaml" : config.api) +
      "\n"
      "errors: {catalogue: " +
      rules + "/errors.yaml" + config.error_options +
      "}\n"
      "filters:\n" +
      chain_of(config);
  std::string endpoints = "'" + config.upstream + "'";
  for (const std::string& endpoint : config.more_endpoints) endpoints += ", '" + endpoint + "'";
  yaml += "upstreams:\n  default: {endpoints: [" + endpoints + "], timeouts: {" + config.timeouts +
          "}" + (config.upstream_options.empty() ? "" : ", " + config.upstream_options) + "}\n" +
          config.more_upstreams;
  if (!config.limits.empty()) yaml += "limits: {" + config.limits + "}\n";
  yaml += "drain_timeout: " + config.drain_timeout + "\n";
  yaml += config.more;
  return directory.write("gateway.yaml", yaml);
}

std::string LogLine::operator[](std::string_view pointer) const {
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  if (parser.parse(json_).at_pointer(pointer).get(value) != simdjson::SUCCESS) return {};
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(value);
}

bool LogLine::has(std::string_view pointer) const {
  simdjson::dom::parser parser;
  return parser.parse(json_).at_pointer(pointer).error() == simdjson::SUCCESS;
}

Gateway::Gateway(const GatewayConfig& config) {
  const std::string path = write_config(directory_, config);
  process_ = std::make_unique<Process>(
      std::vector<std::string>{gateway_program(), "run", "--config", path},
      Process::Options{.environment = config.environment});
  plain_ = listening_port(*process_, 0);
  tls_ = listening_port(*process_, 1);
  if (!process_->wait_for_err("ready")) {
    throw std::runtime_error("the gateway does not get ready:\n" + process_->err());
  }
}

Gateway::~Gateway() {
  if (!process_) return;
  process_->signal(SIGTERM);
  const std::optional<int> code = process_->wait();
  // 1: requests that a service left hanging were cut.
  EXPECT_TRUE(code == 0 || code == 1) << "exit code " << code.value_or(-1) << "\n"
                                      << process_->err();
  for (const char* finding : {"Sanitizer", "runtime error:"}) {
    EXPECT_EQ(process_->err().find(finding), std::string::npos) << process_->err();
  }
}

std::optional<LogLine> Gateway::log_of(std::string_view request_id) {
  auto line = process_->wait_for_out("\"request_id\":\"" + std::string(request_id) + "\"");
  if (!line) return std::nullopt;
  return LogLine(std::move(*line));
}

std::vector<LogLine> Gateway::log() const {
  std::vector<LogLine> lines;
  const std::string output = process_->out();
  for (std::size_t at = 0; at < output.size();) {
    const auto end = output.find('\n', at);
    if (end == std::string::npos) break;
    lines.emplace_back(output.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

bool Gateway::reload(const GatewayConfig& config) {
  write_config(directory_, config);
  return reload();
}

bool Gateway::reload() {
  process_->signal(SIGHUP);
  const auto outcome = process_->wait_for_err("reloaded", kPatience, reloads_++);
  const bool succeeded = outcome && outcome->find("not reloaded") == std::string::npos &&
                         outcome->find("nothing is reloaded") == std::string::npos;
  if (!succeeded && outcome) {
    // One line for each problem, and then that nothing has changed.
    while (process_->wait_for_err("reloaded", Milliseconds(0), reloads_)) ++reloads_;
  }
  return succeeded;
}

std::optional<int> Gateway::stop() {
  process_->signal(SIGTERM);
  return process_->wait();
}

}  // namespace trackly::test
