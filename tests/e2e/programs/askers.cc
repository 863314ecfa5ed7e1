// askers rights|groups|groups=i386|namespace|socket|netlink|limit|limit=0: a splice for which the
// kernel asks who makes it. Prints what it returned, and errno. Linked statically. Root's.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>

namespace {

constexpr gid_t kOthers[] = {12345};

bool set_groups() { return setgroups(1, kOthers) == 0; }

// By the call of 32-bit programs, where the kernel has that; else it gets SIGSEGV.
bool set_groups_by_other_abi() {
#ifdef __x86_64__
  constexpr long kSetgroups32 = 206;
  void* const low =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  memcpy(low, kOthers, sizeof(kOthers));
  long result;
  asm volatile("int $0x80" : "=a"(result) : "a"(kSetgroups32), "b"(1), "c"(low) : "memory");
  return result == 0;
#else
  return set_groups();
#endif
}

// Which the first message gives it; -1 for one that the kernel has drawn.
int address_of(int netlink) {
  sockaddr_nl address{};
  socklen_t size = sizeof(address);
  if (getsockname(netlink, reinterpret_cast<sockaddr*>(&address), &size) != 0) return -2;
  if (address.nl_pid == static_cast<__u32>(getpid())) return 1;
  return static_cast<int>(address.nl_pid) < -4096 ? -1 : static_cast<int>(address.nl_pid);
}

void send_to_netlink(int from) {
  for (int i = 0; i < 2; ++i) {
    const int to = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    const ssize_t n = splice(from, nullptr, to, nullptr, 2, 0);
    printf("%zd from %d\n", n, address_of(to));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string_view how = argv[1];
  int ends[2];
  if (pipe(ends) != 0 || write(ends[1], "bytes", 5) != 5) return 2;
  int in = ends[0];
  int out = open("out", O_CREAT | O_RDWR | O_TRUNC, 0666);
  if (how == "rights") {
    if (setgroups(0, nullptr) != 0 || setresgid(1000, 1000, 1000) != 0 ||
        setresuid(1000, 1000, 1000) != 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) {
      return 2;
    }
  } else if (how == "groups" || how == "groups=i386") {
    // After calls that were made for it.
    for (int i = 0; i < 20; ++i) splice(in, nullptr, out, nullptr, 0, 0);
    if (!(how == "groups" ? set_groups() : set_groups_by_other_abi())) return 2;
  } else if (how == "namespace") {
    if (unshare(CLONE_NEWUTS) != 0 || sethostname("inner", 5) != 0) return 2;
    in = open("/proc/sys/kernel/hostname", O_RDONLY);
    out = ends[1];
  } else if (how == "socket") {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 2;
    out = pair[0];
  } else if (how == "netlink") {
    return send_to_netlink(in), 0;
  } else if (how == "limit" || how == "limit=0") {
    const rlim_t most = how == "limit" ? 3 : 0;
    const rlimit limit{most, most};
    if (most > 0) signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
  }
  const ssize_t n = splice(in, nullptr, out, nullptr, 5, 0);
  printf("%zd %d\n", n, n < 0 ? errno : 0);
}
