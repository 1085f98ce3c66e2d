#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/api/message.h"
#include "gateway/api/result.h"

namespace trackly::http {

/// Names one exchange on a connection: the stream identifier where we serve HTTP/2, else exchanges
/// count from 1.
using StreamId = std::int64_t;

/// Which side of the connection we are: a server reads requests from clients ("downstream"), a
/// client reads responses from the service ("upstream").
enum class Side : std::uint8_t { server, client };

/// A request head that cannot be served as it stands; each has its status (design: all are
/// `invalid_input`).
enum class HeadFault : std::uint8_t {
  malformed,       // 400: it does not parse, or its framing is ambiguous
  uri_too_long,    // 414
  head_too_large,  // 431
  timeout,         // 408: see Codec::expire_head()
};

/// Why we end an exchange early; on HTTP/2 the RST_STREAM code follows from it, on HTTP/1.1 the
/// connection is closed where the message could not be delimited otherwise.
enum class ResetReason : std::uint8_t {
  cancelled,       // CANCEL: the other side of the proxy went away
  internal_error,  // INTERNAL_ERROR: an answer that has begun cannot be finished
};

/// How the peer ended an exchange early.
struct PeerReset {
  /// The peer says that it did not process the request (RFC 9113 section 8.7): REFUSED_STREAM, or
  /// above the last stream of a GOAWAY. Repeating it is safe.
  bool not_processed = false;
  /// The message broke a rule of its protocol, as opposed to being cut or cancelled.
  bool malformed = false;
};

/// What a codec finds in the bytes it is given. Called from inside receive() and produce(); an
/// event may call send_*(), credit() and reset(), never receive() or produce().
class CodecEvents {
 public:
  CodecEvents() = default;
  CodecEvents(const CodecEvents&) = delete;
  CodecEvents& operator=(const CodecEvents&) = delete;
  virtual ~CodecEvents() = default;

  /// Server: a request arrived. Client: the final response head. `end`: no body and no trailers
  /// follow, and no on_end() either.
  virtual void on_head(StreamId id, Head head, bool end) = 0;
  /// Client only: a 1xx response (103 and others; 101 is a fault).
  virtual void on_informational(StreamId id, Head head) = 0;
  /// Server only: a request head with a fault. `head` holds what could be read. No on_body(),
  /// on_trailers() or on_end() follows for it; it is to be answered, and on HTTP/1.1 the connection
  /// closes after the answer.
  virtual void on_bad_head(StreamId id, Head head, HeadFault fault) = 0;
  /// Server, HTTP/1.1 only: the rest of the request's body cannot be read (a bad chunk, a client
  /// that closed before the end). No on_body(), on_trailers() or on_end() follows for it; it is to
  /// be answered, if no answer has begun, and the connection closes after that.
  virtual void on_bad_body(StreamId id) = 0;
  /// A piece of the body, valid during the call. It counts against the receive window until
  /// credit().
  virtual void on_body(StreamId id, std::string_view bytes) = 0;
  /// Right before on_end, where there are any. Framing fields and pseudo-fields are refused.
  virtual void on_trailers(StreamId id, FieldList trailers) = 0;
  /// The peer's message is complete.
  virtual void on_end(StreamId id) = 0;
  /// send_body() would take bytes again, after it took less than it was given.
  virtual void on_room(StreamId id) = 0;
  /// The peer ended the exchange early, or (client) broke the protocol on it, or the connection
  /// ended while it was open. No further event follows for it. A server gets it with `malformed`
  /// on HTTP/2 for a request body that is not as long as its content-length.
  virtual void on_reset(StreamId id, PeerReset reset) = 0;
  /// Our whole message was produced *and* the peer's is complete or no longer wanted: the codec has
  /// forgotten the id. Not called after on_reset() or reset().
  virtual void on_done(StreamId id) = 0;
  /// The peer will accept no further requests on this connection (GOAWAY; Connection: close).
  virtual void on_closing() = 0;
};

/// The limits that a codec enforces; sizes in bytes.
struct CodecLimits {
  std::size_t header_bytes = 64UL << 10;
  std::size_t header_count = 100;
  std::size_t uri_bytes = 16UL << 10;
  std::size_t max_streams = 128;
  /// Body bytes that a stream may have delivered and not been credited for, before its first credit
  /// (a request that nothing has vouched for yet) and after it.
  std::size_t initial_window = 64UL << 10;
  std::size_t open_window = 1UL << 20;
  /// send_body() takes at most this much that is not produced yet.
  std::size_t send_buffer = 64UL << 10;
  /// A refused request that is still being sent: bytes that are read and discarded before the codec
  /// gives the sender up.
  std::uint64_t linger_bytes = 64ULL << 20;
};

enum class DrainPhase : std::uint8_t {
  announce,  // GOAWAY with the highest stream id / "Connection: close" on the answers from now on
  refuse,    // GOAWAY with the last stream seen: new streams are refused / what is idle is over
};

/// What a peer makes us do beyond the messages that it sends and gets. Whoever has a clock judges
/// how much of it is too much. HTTP/1.1 has nothing of the kind.
struct PeerCosts {
  /// Streams that it cancelled, or that a fault of its own ended.
  std::uint64_t resets = 0;
  /// Bytes of frames that carried neither a head nor a body, frame headers included.
  std::uint64_t overhead_bytes = 0;
  std::uint64_t message_bytes = 0;  // the other bytes
  /// It was given up because it sent too much of what we would have had to answer or to keep.
  bool flooded = false;
};

/// Bytes <-> messages for one connection, both sides of it, without any I/O, clock or thread: tests
/// feed strings. One implementation for each protocol (h1_codec, h2_codec).
///
/// The receiving side is flow controlled by credit: a stream's window shrinks by what on_body()
/// delivered and grows by credit(). The sending side takes what fits its buffer and says on_room()
/// when there is more.
///
/// Order of use: receive() what the socket gave, then produce() until it returns false, once a
/// turn.
class Codec {
 public:
  Codec() = default;
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
  virtual ~Codec() = default;

  /// Reads; returns how much of `bytes` was taken. Less than all (HTTP/1.1 only) means that the
  /// codec wants no input now: keep the rest and offer it again when wants_input(). A Fault means
  /// that the connection cannot go on: produce() what is left (a GOAWAY), then close. Streams that
  /// were open have been told by on_reset().
  virtual Result<std::size_t> receive(std::string_view bytes) = 0;
  /// The peer closed its sending side. On HTTP/1.1 a client may still wait for its answer; whoever
  /// waits for more of a message is told by on_end() (a response delimited by close) or on_reset().
  /// To be called when receive() has taken everything that came before.
  virtual void receive_eof() = 0;
  /// False while receive() would take nothing: stop reading the socket.
  virtual bool wants_input() const = 0;

  /// Appends what is to be sent to `out`, about `budget` bytes at most; false when nothing is left
  /// for now.
  virtual bool produce(std::string& out, std::size_t budget) = 0;
  /// The connection has served its purpose: close it when everything produced is on its way. On
  /// HTTP/1.1 after a refusal, half-close first and let the peer finish (see lingering()).
  virtual bool finished() const = 0;
  /// The codec reads only to discard, so that a peer that is still sending can read its refusal.
  /// The connection bounds that by time, the codec by bytes.
  virtual bool lingering() const = 0;

  /// Client only: a new exchange, or 0 where available_streams() is 0.
  virtual StreamId open() = 0;
  /// Client only: how many more exchanges may be opened now.
  virtual std::size_t available_streams() const = 0;
  /// Streams that are open on either side.
  virtual std::size_t active_streams() const = 0;

  /// Requires, for all that follow: the id is open and our side of it is not ended. Calls for an id
  /// that ended meanwhile (on_reset, on_done) are ignored.
  virtual void send_informational(StreamId id, const Head& head) = 0;
  /// A server that sends the whole answer before the request is complete thereby refuses the rest:
  /// it is credited or discarded here, the peer can read the answer, and on_body()/on_end() no
  /// longer come for it. (A client whose response ends early is told as usual.)
  virtual void send_head(StreamId id, const Head& head, bool end) = 0;
  /// Returns how many bytes it took; `end` counts only when it took all of them. `bytes` may be
  /// empty.
  virtual std::size_t send_body(StreamId id, std::string_view bytes, bool end) = 0;
  virtual void send_trailers(StreamId id, const FieldList& trailers) = 0;

  /// `bytes` that on_body() delivered were passed on or thrown away. The first credit opens the
  /// window, also one of 0 bytes.
  virtual void credit(StreamId id, std::size_t bytes) = 0;
  /// Ends the exchange at once; no further event comes for it. What was delivered and not credited
  /// is credited to the connection here.
  virtual void reset(StreamId id, ResetReason reason) = 0;

  /// Server only: part of a request head has arrived and the rest has not.
  virtual bool head_pending() const = 0;
  /// Server only: the time for that head is over. HTTP/1.1 reports on_bad_head() with `timeout`, so
  /// that it can be answered; HTTP/2 has no stream to answer on and turns finished() after a
  /// GOAWAY.
  virtual void expire_head() = 0;

  /// Server only, for HTTP/2 streams that linger: the time for it is over. Streams that began to
  /// while others already did are left for the next call, and lingering() stays true.
  virtual void end_linger() = 0;

  virtual PeerCosts costs() const { return {}; }
  /// The peer costs too much: GOAWAY(ENHANCE_YOUR_CALM), and whoever has an exchange on the
  /// connection is told.
  virtual void expel() {}

  /// Server: take no new work; see DrainPhase. finished() turns true when the last stream ends.
  /// Client, HTTP/1.1 only: the next request says "Connection: close" and is the last one.
  virtual void drain(DrainPhase phase) = 0;
};

/// `scheme` is what a server's requests get ("http" or "https"); events must outlive the codec.
std::unique_ptr<Codec> make_h1_codec(Side side, std::string_view scheme, const CodecLimits& limits,
                                     CodecEvents& events);
std::unique_ptr<Codec> make_h2_codec(Side side, std::string_view scheme, const CodecLimits& limits,
                                     CodecEvents& events);

/// The first bytes of an HTTP/2 connection (RFC 9113 section 3.4).
inline constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace trackly::http
