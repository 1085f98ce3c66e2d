#include "config/field_names.h"

#include <algorithm>
#include <array>

#include "gateway/api/ascii.h"

namespace trackly::config {
namespace {

constexpr std::array<std::string_view, 8> kFraming = {
    "connection", "content-length",   "keep-alive",        "te",
    "trailer",    "proxy-connection", "transfer-encoding", "upgrade"};

// grpc-timeout has units of its own, in which "100m" is a tenth of a second.
constexpr std::array<std::string_view, 15> kInUse = {"authorization",
                                                     "content-encoding",
                                                     "content-type",
                                                     "expect",
                                                     "forwarded",
                                                     "grpc-timeout",
                                                     "host",
                                                     "traceparent",
                                                     "via",
                                                     "x-account-id",
                                                     "x-api-key",
                                                     "x-forwarded-for",
                                                     "x-forwarded-host",
                                                     "x-forwarded-proto",
                                                     "x-request-id"};

template <class Names>
bool is_one_of(std::string_view name, const Names& names) {
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view other) { return ascii_iequals(name, other); });
}

}  // namespace

bool is_field_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_framing_field(std::string_view name) { return is_one_of(name, kFraming); }

bool is_request_field_in_use(std::string_view name) { return is_one_of(name, kInUse); }

}  // namespace trackly::config
