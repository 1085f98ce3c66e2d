#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace trackly::test {

/// What it takes to decide a row of the vendor's error-codes page.
enum class DecidedBy : std::uint8_t {
  request,  // nothing but the request
  state,    // what the gateway knows beside it: keys, accounts, counters
  service,  // only the service can tell
  both,     // the gateway in its own matters, and the service in its own
};

/// A row of the tables of the vendor's error-codes page.
struct PageRow {
  int number = 0;  // from 1, in the order of the page
  int status = 0;
  std::string code;
  std::string text;  // templates as the page prints them: "…", "{PRODUCT}"
  DecidedBy decided_by = DecidedBy::service;
};

/// All rows, from tests/contract/data/error-codes.tsv.
const std::vector<PageRow>& page();
/// The row of that number; throws std::out_of_range where there is none.
const PageRow& row(int number);

/// What a client gets for a row.
struct Expected {
  int status = 0;
  std::string code;
  std::string text;

  /// As the gateway writes it.
  std::string json() const;
  /// As the page prints its examples: nothing that the gateway would write.
  std::string printed_json() const;
};

/// `values` fill the row's template, in the one way that each template has.
Expected expected(const PageRow& row, const std::string& values = {});

}  // namespace trackly::test
