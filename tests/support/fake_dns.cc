#include "tests/support/fake_dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <stdexcept>
#include <utility>

namespace trackly::test {
namespace {

// RFC 1035 section 4.1.1.
constexpr std::size_t kHeaderBytes = 12;
constexpr std::uint16_t kResponse = 0x8180;  // with recursion, as desired and available
constexpr std::uint16_t kTruncated = 0x0200;
constexpr std::uint16_t kServerFailure = 2;
constexpr std::uint16_t kNoSuchName = 3;
constexpr std::uint16_t kRefused = 5;
// RFC 1035 section 3.2.2, RFC 3596 section 2.1.
constexpr std::uint16_t kA = 1;
constexpr std::uint16_t kCname = 5;
constexpr std::uint16_t kAaaa = 28;
constexpr std::uint16_t kInternet = 1;
// RFC 1035 section 4.1.4: the name of the question.
constexpr std::uint16_t kPointerToQuestion = 0xC000 | kHeaderBytes;

void put16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xFF);
}

void put32(std::string& out, std::uint32_t value) {
  put16(out, static_cast<std::uint16_t>(value >> 16));
  put16(out, static_cast<std::uint16_t>(value & 0xFFFF));
}

std::uint16_t get16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>((static_cast<unsigned char>(bytes[at]) << 8) |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

/// Labels, each after its length, and the empty one.
std::string encode_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    out += static_cast<char>(label.size());
    out += label;
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  return out + '\0';
}

struct Question {
  std::string name;
  std::uint16_t type = 0;
  std::string section;  // as it was sent
};

std::optional<Question> read_question(std::string_view message) {
  Question question;
  std::size_t at = kHeaderBytes;
  while (at < message.size() && message[at] != 0) {
    const auto length = static_cast<std::size_t>(message[at]);
    if (!question.name.empty()) question.name += '.';
    question.name += message.substr(at + 1, length);
    at += 1 + length;
  }
  if (at + 5 > message.size()) return std::nullopt;
  question.type = get16(message, at + 1);
  question.section = message.substr(kHeaderBytes, at + 5 - kHeaderBytes);
  return question;
}

std::string header(std::string_view question, std::uint16_t flags, std::uint16_t answers) {
  std::string out(question.substr(0, 2));
  put16(out, flags);
  put16(out, 1);  // questions
  put16(out, answers);
  put32(out, 0);  // authorities, additional records
  return out;
}

std::string address_bytes(const std::string& address, std::uint16_t type) {
  std::array<char, sizeof(in6_addr)> bytes{};
  const int family = type == kA ? AF_INET : AF_INET6;
  if (type != kA && type != kAaaa) return {};
  if (inet_pton(family, address.c_str(), bytes.data()) != 1) return {};
  return {bytes.data(), type == kA ? sizeof(in_addr) : sizeof(in6_addr)};
}

void put_record(std::string& out, const std::string& owner, std::uint16_t type, std::uint32_t ttl,
                const std::string& data) {
  out += owner;
  put16(out, type);
  put16(out, kInternet);
  put32(out, ttl);
  put16(out, static_cast<std::uint16_t>(data.size()));
  out += data;
}

std::string records(std::string_view message, const Question& question, const DnsAnswer& answer) {
  std::string owner;
  put16(owner, kPointerToQuestion);
  std::string body;
  std::uint16_t count = 0;
  if (!answer.alias.empty()) {
    const std::string alias = encode_name(answer.alias);
    put_record(body, owner, kCname, answer.alias_ttl, alias);
    ++count;
    owner = alias;
  }
  for (const std::string& address : answer.addresses) {
    const std::string bytes = address_bytes(address, question.type);
    if (bytes.empty()) continue;
    put_record(body, owner, question.type, answer.ttl, bytes);
    ++count;
  }
  return header(message, kResponse, count) + question.section + body;
}

int open_socket(int type, std::uint16_t& port) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, size) != 0 || getsockname(fd, generic, &size) != 0) {
    close(fd);
    return -1;
  }
  port = ntohs(address.sin_port);
  return fd;
}

}  // namespace

FakeDns::FakeDns() {
  // The port that one protocol gets may be in use for the other.
  for (int tries = 0; tries < 20 && tcp_ < 0; ++tries) {
    if (udp_ >= 0) close(udp_);
    port_ = 0;
    udp_ = open_socket(SOCK_DGRAM, port_);
    tcp_ = open_socket(SOCK_STREAM, port_);
  }
  if (udp_ < 0 || tcp_ < 0 || listen(tcp_, SOMAXCONN) != 0) {
    throw std::runtime_error("cannot start a name server");
  }
  stop_ = eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { run(); });
}

FakeDns::~FakeDns() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(stop_, &one, sizeof(one));
  thread_.join();
  for (const int fd : {udp_, tcp_, stop_}) close(fd);
}

void FakeDns::set(const std::string& name, DnsAnswer answer) {
  const std::lock_guard lock(mutex_);
  answers_[name] = std::move(answer);
}

std::size_t FakeDns::questions(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = questions_.find(name);
  return found == questions_.end() ? 0 : found->second;
}

void FakeDns::run() {
  std::array<pollfd, 3> all = {{{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}, {stop_, POLLIN, 0}}};
  while (true) {
    poll(all.data(), all.size(), -1);
    if (all[2].revents != 0) return;
    if (all[0].revents != 0) answer_datagram();
    if (all[1].revents != 0) answer_connection();
  }
}

void FakeDns::answer_datagram() {
  std::array<char, 4096> bytes{};
  sockaddr_in peer{};
  socklen_t size = sizeof(peer);
  auto* address = reinterpret_cast<sockaddr*>(&peer);
  const ssize_t got = recvfrom(udp_, bytes.data(), bytes.size(), 0, address, &size);
  if (got < 0) return;
  const std::string reply = answer({bytes.data(), static_cast<std::size_t>(got)}, false);
  if (!reply.empty()) sendto(udp_, reply.data(), reply.size(), 0, address, size);
}

void FakeDns::answer_connection() {
  const int fd = accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  // Whoever connects and asks nothing must not keep the others waiting for ever.
  const timeval patience = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  // RFC 1035 section 4.2.2: messages come after their lengths, here two at most, one a family.
  std::string length(2, '\0');
  while (recv(fd, length.data(), length.size(), MSG_WAITALL) == 2) {
    std::string question(get16(length, 0), '\0');
    if (recv(fd, question.data(), question.size(), MSG_WAITALL) <= 0) break;
    const std::string reply = answer(question, true);
    std::string framed;
    put16(framed, static_cast<std::uint16_t>(reply.size()));
    framed += reply;
    if (send(fd, framed.data(), framed.size(), MSG_NOSIGNAL) < 0) break;
  }
  close(fd);
}

std::string FakeDns::answer(std::string_view message, bool over_tcp) {
  const auto question = read_question(message);
  if (!question) return {};
  const std::lock_guard lock(mutex_);
  ++questions_[question->name];
  const auto found = answers_.find(question->name);
  if (found == answers_.end()) {
    return header(message, kResponse | kNoSuchName, 0) + question->section;
  }
  DnsAnswer& answer = found->second;
  if (answer.lost > 0) {
    --answer.lost;
    return {};
  }
  const auto of_family = question->type == kAaaa ? answer.of_ipv6 : answer.of_ipv4;
  switch (of_family.value_or(answer.kind)) {
    case DnsAnswer::Kind::silence:
      return {};
    case DnsAnswer::Kind::failure:
      return header(message, kResponse | kServerFailure, 0) + question->section;
    case DnsAnswer::Kind::refusal:
      return header(message, kResponse | kRefused, 0) + question->section;
    case DnsAnswer::Kind::garbage:
      return header(message, kResponse, 3) + question->section + "\xC0\xFF nonsense";
    case DnsAnswer::Kind::noise:
      return "noise";
    case DnsAnswer::Kind::truncated:
      if (!over_tcp) return header(message, kResponse | kTruncated, 0) + question->section;
      break;
    case DnsAnswer::Kind::records:
      break;
  }
  return records(message, *question, answer);
}

}  // namespace trackly::test
