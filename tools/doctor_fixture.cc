#include "tools/doctor_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace anysplice::tools {

const char kProbeData[kProbeBytes] =
    "anysplice: sixty-four bytes to be moved from one to another.\n";

namespace {

std::string temporary_name() {
  const char* folder = secure_getenv("TMPDIR");
  return absl::StrCat(folder != nullptr && *folder == '/' ? folder : "/tmp",
                      "/anysplice-doctor-XXXXXX");
}

// The descriptor, or -1 if it did not take the bytes.
int filled(int fd) {
  return write(fd, kProbeData, kProbeBytes) == static_cast<ssize_t>(kProbeBytes) ? fd : -1;
}

int rewound(int fd) { return lseek(fd, 0, SEEK_SET) == 0 ? fd : -1; }

int temporary_file(int flags) {
  std::string path = temporary_name();
  const int fd = mkostemp(path.data(), O_CLOEXEC | flags);
  if (fd >= 0) unlink(path.c_str());
  return fd;
}

Fixture make_memfd() {
  return {rewound(filled(memfd_create("anysplice-doctor", MFD_CLOEXEC))),
          memfd_create("anysplice-doctor", MFD_CLOEXEC)};
}

Fixture make_append_file() {
  return {rewound(filled(temporary_file(O_APPEND))), temporary_file(O_APPEND)};
}

Fixture make_fifo() {
  Fixture fixture;
  std::string folder = temporary_name();
  if (mkdtemp(folder.data()) == nullptr) return fixture;
  const std::string path = absl::StrCat(folder, "/fifo");
  if (mkfifo(path.c_str(), 0600) == 0) {
    fixture.from = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    fixture.to = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (filled(fixture.to) < 0) fixture.from = -1;
    unlink(path.c_str());
  }
  rmdir(folder.c_str());
  return fixture;
}

Fixture make_socket_pair(int type) {
  int ends[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) return {};
  if (filled(ends[1]) < 0) return {-1, ends[0]};
  return {ends[0], ends[0]};
}

Fixture make_unix_datagram() { return make_socket_pair(SOCK_DGRAM); }

Fixture make_tcp() {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener, generic, size) != 0 || listen(listener, 1) != 0 ||
      getsockname(listener, generic, &size) != 0 || connect(client, generic, size) != 0) {
    return {};
  }
  const int server = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (filled(server) < 0) return {-1, client};
  return {client, client};
}

Fixture make_procfs() { return {open("/proc/version", O_RDONLY | O_CLOEXEC), -1}; }

// The name of this very process: harmless to write.
Fixture make_procfs_comm() {
  return {open("/proc/self/comm", O_RDONLY | O_CLOEXEC),
          open("/proc/self/comm", O_WRONLY | O_CLOEXEC)};
}

Fixture make_sysfs() {
  for (const char* path : {"/sys/devices/system/cpu/online", "/sys/kernel/mm/ksm/run",
                           "/sys/power/state", "/sys/kernel/uevent_seqnum"}) {
    if (const int fd = open(path, O_RDONLY | O_CLOEXEC); fd >= 0) return {fd, -1};
  }
  return {};
}

Fixture make_terminal() {
  const int controller = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (controller < 0 || grantpt(controller) != 0 || unlockpt(controller) != 0) return {};
  const char* name = ptsname(controller);
  const int terminal = name != nullptr ? open(name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
  termios settings;
  if (terminal < 0 || tcgetattr(terminal, &settings) != 0) return {};
  cfmakeraw(&settings);
  if (tcsetattr(terminal, TCSANOW, &settings) != 0 || filled(controller) < 0) return {-1, terminal};
  return {terminal, terminal};
}

Fixture make_zero() {
  return {open("/dev/zero", O_RDONLY | O_CLOEXEC), open("/dev/zero", O_WRONLY | O_CLOEXEC)};
}

Fixture make_null() {
  return {open("/dev/null", O_RDONLY | O_CLOEXEC), open("/dev/null", O_WRONLY | O_CLOEXEC)};
}

Fixture make_eventfd() { return {eventfd(1, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC)}; }

Fixture make_directory() { return {open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), -1}; }

constexpr Kind kKinds[] = {
    {"regular file", make_regular_file},
    {"O_APPEND file", make_append_file},
    {"memfd", make_memfd},
    {"pipe", make_pipe},
    {"FIFO", make_fifo},
    {"unix stream", make_unix_stream},
    {"unix datagram", make_unix_datagram},
    {"TCP socket", make_tcp},
    {"terminal", make_terminal},
    {"/proc/version", make_procfs},
    {"/proc/self/comm", make_procfs_comm},
    {"sysfs file", make_sysfs},
    {"/dev/zero", make_zero},
    {"/dev/null", make_null},
    {"eventfd", make_eventfd},
    {"directory", make_directory},
};

}  // namespace

Fixture make_pipe() {
  int full[2], empty[2];
  if (pipe2(full, O_CLOEXEC) != 0 || pipe2(empty, O_CLOEXEC) != 0) return {};
  return {filled(full[1]) < 0 ? -1 : full[0], empty[1]};
}

Fixture make_regular_file() { return {rewound(filled(temporary_file(0))), temporary_file(0)}; }

Fixture make_unix_stream() { return make_socket_pair(SOCK_STREAM); }

absl::Span<const Kind> kinds() { return kKinds; }

}  // namespace anysplice::tools
