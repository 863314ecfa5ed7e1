// Rules that change while calls are made.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <atomic>
#include <thread>

#include "core/inject/control.h"
#include "tests/unit/inject_fixture.h"

namespace anysplice::inject {
namespace {

// The file of the command, of which the engine takes rules while this lives.
class Controlled {
 public:
  Controlled() {
    char path[] = "/tmp/anysplice-unit.XXXXXX";
    const int fd = mkostemp(path, O_CLOEXEC);
    REQUIRE(fd >= 0);
    REQUIRE(ftruncate(fd, sizeof(Control)) == 0);
    control_ = static_cast<Control*>(
        mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    REQUIRE(control_ != MAP_FAILED);
    CHECK_FALSE(open_control(path));  // it is for something else
    control_->magic = Control::kMagic;
    REQUIRE(open_control(path));
    unlink(path);
    ::close(fd);
  }
  ~Controlled() {
    leave_control();
    munmap(control_, sizeof(Control));
  }
  void begin() { control_->version.fetch_add(1); }
  void write(const char* text) { strcpy(control_->text, text); }
  void end() { control_->version.fetch_add(1); }
  void say(const char* text) {
    begin();
    std::atomic_thread_fence(std::memory_order_seq_cst);
    write(text);
    end();
  }
  Control& control() { return *control_; }

 private:
  Control* control_;
};

TEST_CASE("rules are switched on and off", "[inject]") {
  Controlled file;
  Injected injected("splice:limit=10");
  CHECK(splices(2) == Results{10, 10});
  file.say("splice:limit=20;splice:errno=EIO@2");
  CHECK(splices(3) == Results{20, -EIO, 20});
  // They count anew.
  file.say("splice:limit=30;splice:errno=EIO@2");
  CHECK(splices(3) == Results{30, -EIO, 30});
  file.say("splice:gone@2");
  CHECK(splices(3) == Results{1000, -ENOSYS, -ENOSYS});
  file.say("");
  CHECK(splices(2) == Results{1000, 1000});
  file.say("splice(->file):limit=1@after=900");
  CHECK(splices(1, 900) == Results{900});
}

TEST_CASE("what is no specification, or half of one, changes nothing", "[inject]") {
  Controlled file;
  Injected injected("splice:limit=10");
  file.say("splice:limit=20");
  CHECK(splices(1) == Results{20});
  file.say("splice:limt=30");
  CHECK(splices(1) == Results{20});
  file.begin();
  file.write("splice:limit=40");
  CHECK(splices(1) == Results{20});
  file.end();
  CHECK(splices(1) == Results{40});
  // Without an end.
  file.begin();
  memset(file.control().text, 'x', sizeof(file.control().text));
  file.end();
  CHECK(splices(1) == Results{40});
  file.say("splice:limit=50");
  CHECK(splices(1) == Results{50});
}

TEST_CASE("who has left the file is told nothing more", "[inject]") {
  Controlled file;
  Injected injected("splice:limit=10");
  file.say("splice:limit=20");
  CHECK(splices(1) == Results{20});
  leave_control();
  file.say("splice:limit=30");
  CHECK(splices(1) == Results{20});
}

TEST_CASE("each call has one plan, however often they change", "[inject]") {
  Controlled file;
  Injected injected("unsafe:splice:limit=10");
  std::atomic<bool> over{false};
  std::atomic<int> wrong{0}, calls{0};
  const auto make_calls = [&] {
    while (!over) {
      int ends[2];
      char bytes[100] = {};
      if (anysplice::pipe2(ends, 0) != 0) continue;
      const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
      if (anysplice::write(ends[1], bytes, sizeof(bytes)) != sizeof(bytes)) ++wrong;
      const ssize_t n = anysplice::splice(ends[0], nullptr, null, nullptr, sizeof(bytes), 0);
      // 10, 33 or 44: never one plan's kind and the other's amount, nor nothing at all.
      if (n != 10 && n != 33 && n != 44) ++wrong;
      ++calls;
      for (const int fd : {ends[0], ends[1], null}) anysplice::close(fd);
    }
  };
  std::thread first(make_calls), second(make_calls);
  for (int i = 0; i < 600 || calls < 1000; ++i) {
    file.say("unsafe:splice(file->):limit=55;unsafe:splice(pipe->):limit=33");
    file.say("unsafe:splice(pipe->):limit=44;unsafe:splice(file->):limit=66");
    // Now and then somebody has the time to read it.
    for (const int made = calls; i % 4 == 0 && calls < made + 2;) std::this_thread::yield();
  }
  over = true;
  first.join();
  second.join();
  CHECK(wrong == 0);
  CHECK(splices(1) == Results{44});
}

}  // namespace
}  // namespace anysplice::inject
