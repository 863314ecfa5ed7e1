// Rules about ends by their names, and what is counted on a file.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/inject/names.h"
#include "core/sys/sys.h"
#include "tests/unit/inject_fixture.h"

namespace anysplice::inject {
namespace {

TEST_CASE("patterns", "[inject]") {
  for (const auto& [pattern, text] : {std::pair{"", ""},
                                      {"*", ""},
                                      {"*", "a/b"},
                                      {"a?c", "abc"},
                                      {"*.log", "x.log.log"},
                                      {"*a*b*", "xaxbx"},
                                      {"**", "x"},
                                      {"a*b*c", "abbbc"},
                                      {"127.*:80", "127.0.0.1:80"}}) {
    INFO(pattern << " " << text);
    CHECK(matches(pattern, text));
  }
  for (const auto& [pattern, text] : {std::pair{"", "a"},
                                      {"?", ""},
                                      {"a", "ab"},
                                      {"ab", "a"},
                                      {"*.log", "x.log2"},
                                      {"a*b*c", "abb"},
                                      {"*:80", "h:8080"}}) {
    INFO(pattern << " " << text);
    CHECK_FALSE(matches(pattern, text));
  }
}

TEST_CASE("what is named", "[inject]") {
  Plan plan;
  SpecError error;
  REQUIRE(parse_spec("splice(file:*.log|proc:/proc/x-y->pipe|fd:7):short;sendfile(->tcp:*:80):byte",
                     &plan, &error));
  REQUIRE(plan.names == 4);
  CHECK(plan.name[0].what == NameOf::kPath);
  CHECK(plan.name[0].kinds == kFile);
  CHECK(std::string(plan.name[1].pattern) == "/proc/x-y");
  CHECK(plan.name[2].what == NameOf::kNumber);
  CHECK(plan.name[2].number == 7);
  CHECK(std::string(plan.name[3].pattern) == "*:80");
  const Rule* rule = plan.rule;
  CHECK(rule[0].in == 0);
  CHECK(rule[0].in_names == 3);
  CHECK(rule[0].out == kPipe);
  CHECK(rule[0].out_names == 4);
  CHECK(rule[1].in == kAnyKind);
  CHECK(rule[1].out_names == 8);
  std::string many = "splice(";
  for (int i = 0; i < 33; ++i) many += i == 0 ? "fd:1" : "|fd:1";
  Plan other;
  CHECK_FALSE(parse_spec((many + "->any):short").c_str(), &other, &error));
  CHECK(std::string(error.message).find("32") != std::string::npos);
}

// A file in a folder of its own.
struct NamedFile {
  explicit NamedFile(const char* name) {
    REQUIRE(mkdtemp(folder) != nullptr);
    path = std::string(folder) + "/" + name;
    fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
  }
  ~NamedFile() {
    unlink(path.c_str());
    rmdir(folder);
    ::close(fd);
  }
  char folder[32] = "/tmp/anysplice-unit.XXXXXX";
  std::string path;
  int fd;
};

ssize_t splice_to(int fd, size_t length = 100) {
  Pipe pipe;
  pipe.fill(length);
  const ssize_t n = anysplice::splice(pipe.ends[0], nullptr, fd, nullptr, length, 0);
  return n < 0 ? -errno : n;
}

bool paths_are_known() {
  Plan plan;
  plan.name[0] = {.what = NameOf::kPath, .pattern = "*"};
  return has_name(plan, 1, STDIN_FILENO, kFile);
}

TEST_CASE("a file by its name", "[inject]") {
  if (!paths_are_known()) return;
  const NamedFile log("a-(b.log");
  const NamedFile other("a.txt");
  {
    Injected injected("splice(->file:*.log):errno=ENOSPC");
    CHECK(splice_to(log.fd) == -ENOSPC);
    CHECK(splice_to(other.fd) == 100);
    // It has that name still, though nobody finds it by it.
    unlink(log.path.c_str());
    CHECK(splice_to(log.fd) == -ENOSPC);
  }
  Injected injected(("splice(->file:" + other.path + "):errno=EIO").c_str());
  CHECK(splice_to(other.fd) == -EIO);
  CHECK(splice_to(log.fd) == 100);
}

TEST_CASE("a descriptor by its number", "[inject]") {
  const File file, other;
  Injected injected(("splice(->fd:" + std::to_string(file.fd) + "):errno=EIO").c_str());
  CHECK(splice_to(file.fd) == -EIO);
  CHECK(splice_to(other.fd) == 100);
}

// Both ends of a connection by loopback.
struct Tcp {
  explicit Tcp(int family) {
    const int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 address{};
    address.sin6_family = static_cast<sa_family_t>(family);
    if (family == AF_INET6) address.sin6_addr = in6addr_loopback;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (family == AF_INET)
      reinterpret_cast<sockaddr_in*>(any)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    there = bind(listener, any, size) == 0 && listen(listener, 1) == 0 &&
            getsockname(listener, any, &size) == 0;
    client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    there = there && connect(client, any, size) == 0;
    server = there ? accept(listener, nullptr, nullptr) : -1;
    port = ntohs(address.sin6_port);  // at the same place in both
    ::close(listener);
  }
  ~Tcp() {
    ::close(client);
    ::close(server);
  }
  bool there;
  int client;
  int server;
  int port;
};

TEST_CASE("a connection by its address", "[inject]") {
  const auto family = GENERATE(AF_INET, AF_INET6);
  const Tcp tcp(family), other(family);
  if (!tcp.there || !other.there) return;  // no IPv6 here
  const std::string host = family == AF_INET ? "127.0.0.1" : "[::1]";
  for (const std::string& name :
       {"*:" + std::to_string(tcp.port), host + ":" + std::to_string(tcp.port)}) {
    Injected injected(("splice(->tcp:" + name + "):errno=EINVAL").c_str());
    // Its own port, or the other's.
    CHECK(splice_to(tcp.server) == -EINVAL);
    CHECK(splice_to(tcp.client) == -EINVAL);
    CHECK(splice_to(other.server) == 100);
  }
  Injected injected("splice(->udp:*:*|unix:*):errno=EINVAL");
  CHECK(splice_to(tcp.server) == 100);
}

TEST_CASE("a local socket by its path", "[inject]") {
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char folder[] = "/tmp/anysplice-unit.XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", folder);
  REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  REQUIRE(listen(listener, 1) == 0);
  REQUIRE(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  {
    Injected injected(
        (std::string("splice(->unix:") + folder + "/s):errno=EIO@2..,errno=EINVAL@2").c_str());
    CHECK(splice_to(client) == 100);
  }
  {
    Injected injected((std::string("splice(->unix:") + folder + "/s):errno=EINVAL").c_str());
    CHECK(splice_to(client) == -EINVAL);
    int pair[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    CHECK(splice_to(pair[0]) == 100);
    for (const int fd : pair) ::close(fd);
  }
  unlink(address.sun_path);
  rmdir(folder);
  ::close(listener);
  ::close(client);
}

TEST_CASE("after so many bytes on a file", "[inject]") {
  const File file, other;
  {
    Injected injected("splice(pipe->file):errno=ENOSPC@after=250");
    // 100, 200, 300: then it is full. The other one is not.
    CHECK(splice_to(file.fd) == 100);
    CHECK(splice_to(file.fd) == 100);
    CHECK(splice_to(other.fd) == 100);
    CHECK(splice_to(file.fd) == 100);
    CHECK(splice_to(file.fd) == -ENOSPC);
    CHECK(splice_to(other.fd) == 100);
    CHECK(splice_to(other.fd) == 100);
    CHECK(splice_to(other.fd) == -ENOSPC);
  }
  {
    Injected again("splice(pipe->file):errno=ENOSPC@after=250");
    CHECK(splice_to(file.fd) == 100);
  }
  // Of files that are named each has a count of its own, too.
  Injected named(("splice(->fd:" + std::to_string(file.fd) + "|fd:" + std::to_string(other.fd) +
                  "):errno=ENOSPC@after=150")
                     .c_str());
  for (const int fd : {file.fd, other.fd}) CHECK(splice_to(fd) == 100);
  for (const int fd : {file.fd, other.fd}) CHECK(splice_to(fd) == 100);
  for (const int fd : {file.fd, other.fd}) CHECK(splice_to(fd) == -ENOSPC);
}

TEST_CASE("what is passed is left alone by what follows", "[inject]") {
  const File file, other;
  const std::string number = std::to_string(file.fd);
  {
    Injected injected(("splice(->fd:" + number + "):pass;splice(pipe->file):errno=EIO").c_str());
    CHECK(splice_to(file.fd) == 100);
    CHECK(splice_to(other.fd) == -EIO);
  }
  // In order: one after another, and what is passed the others do not count.
  Injected injected("splice(pipe->file):errno=EINTR@1,limit=10@2,pass@3,errno=EIO@2..");
  CHECK(splice_to(file.fd) == -EINTR);
  CHECK(splice_to(file.fd) == -EIO);
  CHECK(splice_to(file.fd) == 100);
  CHECK(splice_to(file.fd) == -EIO);
}

// How often the system was asked for addresses.
int asked;

TEST_CASE("nobody is asked for a name that no rule is about", "[inject]") {
  int pair[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  const auto peer = sys->getpeername;
  const auto own = sys->getsockname;
  sys->getpeername = [](int, sockaddr*, socklen_t*) { return ++asked, -1; };
  sys->getsockname = [](int, sockaddr*, socklen_t*) { return ++asked, -1; };
  asked = 0;
  {
    // Of other kinds, calls and processes.
    Injected injected(
        "splice(->socket):limit=10;splice(unix:*->):byte;sendfile(->tcp:*:*):byte;"
        "splice+tee(->unix:*|pipe):byte@process=other");
    CHECK(splice_to(pair[0]) == 10);
    CHECK(asked == 0);
  }
  Injected injected("splice(->unix:*):limit=10");
  CHECK(splice_to(pair[0]) == 100);
  CHECK(asked == 2);
  sys->getpeername = peer;
  sys->getsockname = own;
  for (const int fd : pair) ::close(fd);
}

}  // namespace
}  // namespace anysplice::inject
