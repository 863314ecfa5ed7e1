// faulting pipe|tcp: one thread's write sleeps over a page that a thread of this program brings
// (userfaultfd(2)), with the pipe or the connection locked in the kernel. Meanwhile a splice waits
// for the same one, and the thread that brings the page first has bytes of its own spliced. Prints
// what the splice returned. Linked statically. Root's.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace {

constexpr size_t kPage = 4096;

void* page;
int faults = -1;
std::atomic<bool> sleeps{false};

void check(bool good, const char* what) {
  if (good) return;
  perror(what);
  exit(3);
}

void move_own(int times) {
  for (int i = 0; i < times; ++i) {
    int from[2], to[2];
    char bytes[4];
    check(pipe(from) == 0 && pipe(to) == 0 && write(from[1], "xyz", 3) == 3 &&
              splice(from[0], nullptr, to[1], nullptr, 3, 0) == 3 && read(to[0], bytes, 4) == 3,
          "own");
    for (const int fd : {from[0], from[1], to[0], to[1]}) close(fd);
  }
}

void* bring_page(void*) {
  uffd_msg message;
  check(read(faults, &message, sizeof(message)) == sizeof(message), "fault");
  sleeps = true;
  usleep(200000);
  move_own(1);
  static char source[kPage] __attribute__((aligned(kPage)));
  uffdio_copy copy{reinterpret_cast<uint64_t>(page), reinterpret_cast<uint64_t>(source), kPage, 0,
                   0};
  check(ioctl(faults, UFFDIO_COPY, &copy) == 0, "copy");
  return nullptr;
}

void* write_page(void* end) {
  check(write(*static_cast<int*>(end), page, kPage) == kPage, "write");
  return nullptr;
}

void connect_tcp(int (&ends)[2]) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  ends[1] = socket(AF_INET, SOCK_STREAM, 0);
  check(bind(listener, name, size) == 0 && listen(listener, 1) == 0 &&
            getsockname(listener, name, &size) == 0 && connect(ends[1], name, size) == 0,
        "connect");
  ends[0] = accept(listener, nullptr, nullptr);
}

void watch_page() {
  page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  faults = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC));
  check(faults >= 0, "userfaultfd");
  uffdio_api api{UFFD_API, 0, 0};
  uffdio_register watched{
      {reinterpret_cast<uint64_t>(page), kPage}, UFFDIO_REGISTER_MODE_MISSING, 0};
  check(ioctl(faults, UFFDIO_API, &api) == 0 && ioctl(faults, UFFDIO_REGISTER, &watched) == 0,
        "register");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const bool tcp = strcmp(argv[1], "tcp") == 0;
  alarm(10);
  int in[2], out[2], ends[2];
  check(pipe(in) == 0 && pipe(out) == 0, "pipe");
  if (tcp) connect_tcp(ends);
  watch_page();
  move_own(50);
  pthread_t bringer, writer;
  int* const busy = tcp ? &ends[1] : &in[1];
  check(pthread_create(&bringer, nullptr, bring_page, nullptr) == 0, "thread");
  if (tcp) check(write(in[1], "abcde", 5) == 5, "write");
  check(pthread_create(&writer, nullptr, write_page, busy) == 0, "thread");
  while (!sleeps) usleep(1000);
  const ssize_t n = splice(in[0], nullptr, tcp ? ends[1] : out[1], nullptr, kPage, 0);
  printf("%zd %d\n", n, n < 0 ? errno : 0);
}
