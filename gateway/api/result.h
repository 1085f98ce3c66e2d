#pragma once

#include <string>
#include <utility>
#include <variant>

namespace trackly {

/// A fault as one sentence for a person. Where code has to tell faults apart it uses an enum of its
/// own as the error type of Result.
struct Fault {
  std::string text;
};

/// A value or the reason why there is none. Errors travel up as return values: nothing in this
/// program throws across a layer.
template <class T, class E = Fault>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return value;` and `return Fault{...};` read as what they mean.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// Requires: ok().
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// Requires: !ok().
  const E& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, E> state_;
};

}  // namespace trackly
