// stdio on pipes whose bytes were looked at before: libc reads inside itself.
#include <fcntl.h>
#include <stdio.h>
#include <wchar.h>

#include <iostream>

#include "hazard.h"

using namespace hazard;

namespace {

// Ways to read "12 word\nrest" from stdin.
const struct {
  const char* name;
  std::function<void()> read;
} kReaders[] = {
    {"fgets",
     [] {
       char line[20];
       CHECK(fgets(line, sizeof(line), stdin) != nullptr);
       CHECK_EQ(std::string(line), "12 word\n");
     }},
    {"fread",
     [] {
       char bytes[9] = {};
       CHECK_EQ(fread(bytes, 1, 8, stdin), 8u);
       CHECK_EQ(std::string(bytes), "12 word\n");
     }},
    {"getc", [] { CHECK_EQ(getc(stdin), '1'); }},
    {"fgetc", [] { CHECK_EQ(fgetc(stdin), '1'); }},
    {"getchar", [] { CHECK_EQ(getchar(), '1'); }},
    {"getchar_unlocked", [] { CHECK_EQ(getchar_unlocked(), '1'); }},
    {"fgetwc", [] { CHECK_EQ(fgetwc(stdin), static_cast<wint_t>('1')); }},
    {"getline",
     [] {
       char* line = nullptr;
       size_t size = 0;
       CHECK_EQ(getline(&line, &size, stdin), 8);
       CHECK_EQ(std::string(line), "12 word\n");
     }},
    {"fscanf",
     [] {
       int number = 0;
       char word[10] = {};
       CHECK_EQ(fscanf(stdin, "%d %9s", &number, word), 2);
       CHECK_EQ(number, 12);
       CHECK_EQ(std::string(word), "word");
     }},
    {"scanf",
     [] {
       int number = 0;
       CHECK_EQ(scanf("%d", &number), 1);
       CHECK_EQ(number, 12);
     }},
    {"wscanf",
     [] {
       int number = 0;
       CHECK_EQ(wscanf(L"%d", &number), 1);
       CHECK_EQ(number, 12);
     }},
    {"fwscanf",
     [] {
       int number = 0;
       CHECK_EQ(fwscanf(stdin, L"%d", &number), 1);
       CHECK_EQ(number, 12);
     }},
    {"cin",
     [] {
       int number = 0;
       std::string word;
       std::cin >> number >> word;
       CHECK_EQ(number, 12);
       CHECK_EQ(word, "word");
     }},
    {"cin without stdio",
     [] {
       std::ios::sync_with_stdio(false);
       std::string line;
       CHECK(std::getline(std::cin, line));
       CHECK_EQ(line, "12 word");
     }},
};

constexpr std::string_view kText = "12 word\nrest";

}  // namespace

ROLE(look_then_read) {
  const Pipe copy;
  CHECK_EQ(tee(0, copy.w, 100, 0), static_cast<ssize_t>(kText.size()));
  kReaders[std::stoul(argument())].read();
  CHECK_EQ(take(copy.r, kText.size()), kText);
}

HAZARD(stdin_inherited) {
  for (size_t i = 0; i < std::size(kReaders); ++i) {
    const Pipe input;
    put(input.w, kText);
    finish(rerun("look_then_read", std::to_string(i), input.r));
  }
}

HAZARD(stdin_made_here) {
  for (const auto& reader : kReaders) {
    finish(start([&] {
      const Teed input(kText);
      CHECK_EQ(dup2(input.pipe.r, 0), 0);
      reader.read();
    }));
  }
}

HAZARD(stdin_teed_in_a_child) {
  for (const auto& reader : kReaders) {
    const Pipe input;
    const Pipe copy;
    put(input.w, kText);
    finish(start([&] {
      CHECK_EQ(dup2(input.r, 0), 0);
      CHECK_EQ(tee(0, copy.w, 100, 0), static_cast<ssize_t>(kText.size()));
      reader.read();
    }));
  }
}

HAZARD(fdopen_of_both_ends) {
  const Teed teed("before ");
  FILE* in = fdopen(teed.pipe.r, "r");
  FILE* out = fdopen(teed.pipe.w, "w");
  CHECK(fputs("after\n", out) >= 0 && fflush(out) == 0);
  char line[20];
  CHECK(fgets(line, sizeof(line), in) != nullptr);
  CHECK_EQ(std::string(line), "before after\n");
  // Bytes that come after stdio has started to read.
  put(teed.pipe.w, "third\nfourth\n");
  CHECK_EQ(tee(teed.pipe.r, teed.copy.w, 100, 0), 13);
  CHECK(fgets(line, sizeof(line), in) != nullptr);
  CHECK_EQ(std::string(line), "third\n");
}

HAZARD(dprintf_behind_bytes) {
  const Teed teed("one ");
  CHECK_EQ(dprintf(teed.pipe.w, "%s", "two "), 4);
  put(teed.pipe.w, "three");
  CHECK_EQ(take(teed.pipe.r, 13), "one two three");
}

HAZARD(stdout_behind_bytes) {
  const Teed teed("one ");
  finish(start([&] {
    CHECK_EQ(dup2(teed.pipe.w, 1), 1);
    printf("two ");
    fflush(stdout);
    std::cout << "three" << std::flush;
  }));
  CHECK_EQ(take(teed.pipe.r, 13), "one two three");
}

HAZARD(stdout_made_here) {
  const Teed teed("one ");
  CHECK_EQ(dup2(teed.pipe.w, 1), 1);
  printf("two ");
  fflush(stdout);
  put(1, "three");
  CHECK_EQ(take(teed.pipe.r, 13), "one two three");
}

HAZARD(popen_between_bytes) {
  const Teed teed("for popen");
  close(teed.pipe.w);
  FILE* program = popen(("cat <&" + std::to_string(teed.pipe.r)).c_str(), "r");
  CHECK(program != nullptr);
  char line[20];
  CHECK(fgets(line, sizeof(line), program) != nullptr);
  CHECK_EQ(std::string(line), "for popen");
  // The stream's own pipe may be spliced from, too.
  CHECK_EQ(pclose(program), 0);
  program = popen("printf abc", "r");
  CHECK_EQ(splice(fileno(program), nullptr, teed.copy.w, nullptr, 3, 0), 3);
  CHECK_EQ(pclose(program), 0);
  CHECK_EQ(take(teed.copy.r, 12), "for popenabc");
}
