#include "tools/conform/cases/loads.h"

namespace oracle {

void put_file(World& w, int write_end, size_t size, loff_t offset) {
  w.splice(w.file(bytes(size, 11)), at(offset), write_end, kNone, size, kNonblock);
}

const std::vector<Load>& loads() {
  static const std::vector<Load> table = {
      {"nothing", [](World&, int) {}},
      {"one byte", [](World& w, int fd) { w.write(fd, "x"); }},
      {"100 and 50 bytes",
       [](World& w, int fd) {
         w.write(fd, bytes(100, 1));
         w.write(fd, bytes(50, 2));
       }},
      {"5000 bytes", [](World& w, int fd) { w.write(fd, bytes(5000, 3)); }},
      {"15 pages", [](World& w, int fd) { w.write(fd, bytes(15 * kPage, 4)); }},
      {"all but one byte", [](World& w, int fd) { w.write(fd, bytes(16 * kPage - 1, 5)); }},
      {"16 pages", [](World& w, int fd) { w.write(fd, bytes(16 * kPage, 6)); }},
      {"vmsplice of 3000 bytes",
       [](World& w, int fd) { w.vmsplice(fd, bytes(3000, 7), kNonblock); }},
      {"three bytes by vmsplice",
       [](World& w, int fd) {
         for (const char* byte : {"1", "2", "3"}) w.vmsplice(fd, byte, kNonblock);
       },
       true},
      {"16 bytes by vmsplice",
       [](World& w, int fd) {
         for (int i = 0; i < 16; ++i) w.vmsplice(fd, bytes(1, i), kNonblock);
       },
       true},
      {"file spliced", [](World& w, int fd) { put_file(w, fd, 10000, 0); }},
      {"file spliced from 1 on", [](World& w, int fd) { put_file(w, fd, 10000, 1); }, true},
      {"large file spliced from 1 on", [](World& w, int fd) { put_file(w, fd, 100000, 1); }, true},
      {"write, vmsplice, file, write",
       [](World& w, int fd) {
         w.write(fd, bytes(10, 1));
         w.vmsplice(fd, bytes(20, 2), kNonblock);
         put_file(w, fd, 30, 0);
         w.write(fd, bytes(40, 3));
       },
       true},
  };
  return table;
}

Pipe loaded_pipe(World& w, const Load& load) {
  const Pipe p = w.pipe(O_NONBLOCK);
  load.put(w, p.w);
  return p;
}

std::vector<Case> between_loads(const char* name, BetweenPipes call) {
  std::vector<Case> cases;
  for (const Load& in : loads()) {
    for (const Load& out : loads()) {
      cases.push_back({std::string(name) + " pipe with " + in.name + " -> pipe with " + out.name,
                       [&in, &out, call](World& w) {
                         for (const size_t length :
                              {size_t{0}, size_t{1}, size_t{50}, kPage, kPage + 1, 15 * kPage,
                               16 * kPage - 1, 16 * kPage, size_t{70000}, kHuge}) {
                           const Pipe a = loaded_pipe(w, in), b = loaded_pipe(w, out);
                           w.header("len %zu", length);
                           call(w, a.r, b.w, length);
                           w.readable(a.r);
                           w.readable(b.r);
                           call(w, a.r, b.w, length);
                           w.write(a.w, "after");
                           w.rest("in", a.r);
                           w.rest("out", b.r);
                           w.fresh();
                         }
                       },
                       allowed_for(in.scattered || out.scattered)});
    }
  }
  return cases;
}

}  // namespace oracle
