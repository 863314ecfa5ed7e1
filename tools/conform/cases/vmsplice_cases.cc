// vmsplice, both ways: kinds, flags, and what becomes of the memory.
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tools/conform/cases/case.h"
#include "tools/conform/cases/ends.h"
#include "tools/conform/cases/loads.h"
#include "tools/conform/cases/memory.h"

namespace oracle {

GROUP("vmsplice: every kind, every flag") {
  std::vector<Case> cases;
  for (const Kind& one : kinds()) {
    cases.push_back({std::string("vmsplice: ") + one.name, [&](World& w) {
                       for (const unsigned flags : {2u, 3u, 6u, 0xau, 0xfu, 0x12u, 0x80000002u}) {
                         for (const int count : {1, 0, 1025, -1}) {
                           const End end = one.make(w);
                           char memory[200] = "some bytes of memory";
                           std::vector<iovec> iov(1025, {memory, 30});
                           w.header("%s, flags %#x, %d segments", one.name, flags, count);
                           w.vmsplice(end.fd, iov.data(), count, flags);
                           w.note("memory: %s", describe({memory, 40}).c_str());
                           if (end.look) end.look();
                           w.header("bad segments");
                           w.vmsplice(end.fd, reinterpret_cast<iovec*>(8), count, flags);
                           w.vmsplice(end.fd, nullptr, count, flags);
                           w.fresh();
                         }
                       }
                     }});
  }
  check(cases);
}

GROUP("vmsplice: memory and what becomes of it") {
  check({
      {"vmsplice: 17 one-byte calls",
       [](World& w) {
         const Pipe p = w.pipe();
         for (int i = 0; i < 17; ++i) w.vmsplice(p.w, bytes(1, i), kNonblock);
         w.readable(p.r);
         w.read(p.r, 1);
         w.vmsplice(p.w, "x", kNonblock);
         w.rest("pipe", p.r);
       },
       {kMerges}},
      {"vmsplice: unaligned and gift",
       [](World& w) {
         const Memory memory;
         const Pipe p = w.pipe();
         const iovec aligned = {memory.page(0), kPage}, unaligned = {memory.page(3) + 7, 1000};
         w.vmsplice(p.w, &aligned, 1, SPLICE_F_GIFT);
         w.vmsplice(p.w, &unaligned, 1, SPLICE_F_GIFT);
         w.rest("pipe", p.r);
       }},
      {"vmsplice: unmapped afterwards",
       [](World& w) {
         const Pipe p = w.pipe();
         void* page =
             mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         memset(page, 'm', kPage);
         const iovec iov = {page, kPage};
         w.vmsplice(p.w, &iov, 1);
         munmap(page, kPage);
         w.rest("pipe", p.r);
       }},
      {"vmsplice: the child writes to its copy",
       [](World& w) {
         const Pipe p = w.pipe();
         char* page = static_cast<char*>(
             mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
         memset(page, 'p', kPage);
         const iovec iov = {page, kPage};
         w.vmsplice(p.w, &iov, 1);
         w.in_child([&] {
           memset(page, 'c', kPage);
           w.read(p.r, 100);
         });
         w.rest("pipe", p.r);
       }},
      {"vmsplice: memory of a file, read-only",
       [](World& w) {
         const int fd = w.file(bytes(5000));
         char* map = static_cast<char*>(mmap(nullptr, 8192, PROT_READ, MAP_SHARED, fd, 0));
         const Pipe p = w.pipe();
         const iovec iov = {map + 4000, 2000}, first = {map, 100};
         w.vmsplice(p.w, &iov, 1, kNonblock);
         w.vmsplice(p.r, &first, 1, kNonblock);
         w.rest("pipe", p.r);
         w.content("file", fd);
       }},
      {"vmsplice: beyond the end of a mapped file",
       [](World& w) {
         const int fd = w.file(bytes(100));
         char* map =
             static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
         const Pipe p = w.pipe_of("data");
         const iovec beyond = {map + kPage, 10}, across = {map + kPage - 5, 10};
         w.vmsplice(p.r, &beyond, 1, kNonblock);
         w.vmsplice(p.r, &across, 1, kNonblock);
         w.vmsplice(p.w, &beyond, 1, kNonblock);
         w.vmsplice(p.w, &across, 1, kNonblock);
         w.rest("pipe", p.r);
       }},
      {"vmsplice: PROT_READ memory first, then the retry",
       [](World& w) {
         const Memory memory;
         const Pipe p = w.pipe_of(bytes(1000));
         const iovec bad = {memory.page(1), 500}, good = {memory.page(0), 500};
         w.vmsplice(p.r, &bad, 1);
         w.readable(p.r);
         w.vmsplice(p.r, &good, 1);
         memory.look(w);
         w.rest("pipe", p.r);
       }},
      {"vmsplice: out after the writer closed",
       [](World& w) {
         const Memory memory;
         const Pipe p = w.pipe_of(bytes(10));
         const iovec iov = {memory.page(0), 500};
         w.close(p.w);
         w.vmsplice(p.r, &iov, 1);
         w.vmsplice(p.r, &iov, 1);
         w.vmsplice(p.r, &iov, 1, kNonblock);
       }},
      {"vmsplice: the flag, not O_NONBLOCK",
       [](World& w) {
         const Pipe p = w.pipe(O_NONBLOCK);
         const Memory memory;
         const iovec iov = {memory.page(0), 500};
         w.vmsplice(p.r, &iov, 1, kNonblock);
         w.vmsplice(p.w, &iov, 1, kNonblock);
         w.vmsplice(p.r, &iov, 1);
         w.vmsplice(p.r, &iov, 1);
       }},
      {"vmsplice: segments that overlap each other",
       [](World& w) {
         const Memory memory;
         const Pipe p = w.pipe_of(bytes(300));
         const iovec iov[] = {{memory.page(0), 200}, {memory.page(0) + 100, 100}};
         w.vmsplice(p.r, iov, 2);
         memory.look(w);
       }},
      {"vmsplice: a whole pipe, in and out",
       [](World& w) {
         const Pipe p = w.pipe();
         // How many slots it takes depends on where in a page it begins.
         char* map = static_cast<char*>(
             mmap(nullptr, 256 << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
         const size_t size = 100000;
         memcpy(map, bytes(size).data(), size);
         char* back = map + (128 << 10);
         const iovec in = {map, size}, out = {back, size};
         w.vmsplice(p.w, &in, 1, kNonblock);
         w.vmsplice(p.r, &out, 1, kNonblock);
         w.note("%s", describe({back, size}).c_str());
       }},
  });
}

}  // namespace oracle
