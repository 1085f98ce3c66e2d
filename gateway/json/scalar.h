#pragma once

#include <optional>
#include <string_view>

#include "gateway/json/document.h"

namespace trackly::json {

/// A single value that was not part of a JSON text, such as a query parameter. Holds no copy: the
/// text must outlive it, and it must outlive the handles it gives out.
class Scalar {
 public:
  /// Unlike in a JSON text, it need not be valid UTF-8.
  static Scalar string(std::string_view text);
  /// nullopt where the text is not a number in JSON's grammar.
  static std::optional<Scalar> number(std::string_view text);
  /// nullopt for anything but "true" and "false".
  static std::optional<Scalar> boolean(std::string_view text);

  Scalar(const Scalar& other);
  Scalar& operator=(const Scalar& other);

  Value value() const { return {tape_, 0}; }

 private:
  Scalar(std::string_view text, Kind kind);

  Entry entry_;
  Tape tape_;
};

}  // namespace trackly::json
