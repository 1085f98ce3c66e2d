#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/fault_matrix/fault.h"
#include "tests/support/curl.h"

namespace trackly::test {

/// What is asked for: idempotent or not, the body held until it is whole or passed on as it comes.
enum class Ask : std::uint8_t { contacts, message, upload };

/// One cell of the matrix.
struct Cell {
  Link link = Link::http;
  Downstream downstream = Downstream::h1;
  Stage stage = Stage::whole_request;
  Ask ask = Ask::message;
  bool reused = false;  // the connection has served a request before
  bool once = false;    // the service is healthy when it is asked again
  Fault fault;

  friend void PrintTo(const Cell& cell, std::ostream* out);
};

/// "Http_H1_AfterTheRequest_Resets_message_reused_once"
std::string name_of(const Cell& cell);

/// Every cell: what can go wrong on this link, in each stage, for each client and request.
std::vector<Cell> every_cell();

/// What becomes of a request.
struct Outcome {
  int status = 0;
  std::string body = {};
  bool cut = false;               // the client gets a part of an answer, and can tell
  std::string proxy_status = {};  // what follows "trackly-gateway; "; empty: there is none
  std::string upstream_error = {};
  bool delivered = true;
  int attempts = 1;
  std::string retry_after = {};  // empty: any, as the status demands

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// The rules: from what a fault amounts to, and when.
Outcome expected_outcome(const Cell& cell);

}  // namespace trackly::test
