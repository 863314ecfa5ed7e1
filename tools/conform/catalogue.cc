#include "tools/conform/catalogue.h"

#include <ctype.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace conform {
namespace {

struct Registered {
  const char* name;
  void (*run)();
};

std::vector<Registered>& groups() {
  static std::vector<Registered> all;
  return all;
}

std::vector<Item> items;
const Topic* topic;  // of the group whose cases come in

constexpr std::string_view kArrow = " -> ";
constexpr const char* kCalls[] = {"splice",          "tee",  "vmsplice", "sendfile",
                                  "copy_file_range", "read", "write",    "sequence"};

// Letters, digits and underscores; what else tells names apart gets a word.
std::string slug(std::string_view text) {
  std::string out;
  const auto word = [&](std::string_view w) {
    if (!out.empty() && out.back() != '_') out += '_';
    out += w;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    const bool starts = i == 0 || text[i - 1] == ' ';
    if (isalnum(c)) {
      out += static_cast<char>(tolower(c));
    } else if (text.substr(i, 2) == "->") {
      word("to_");
      ++i;
    } else if (c == '-' && starts && i + 1 < text.size() && isdigit(text[i + 1])) {
      word("minus_");
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  while (!out.empty() && out.back() == '_') out.pop_back();
  return out;
}

// Takes the word and what separates it from the rest off the front.
bool take_word(std::string_view word, std::string_view* text) {
  if (!text->starts_with(word)) return false;
  std::string_view rest = text->substr(word.size());
  if (rest.starts_with(": ")) {
    rest.remove_prefix(2);
  } else if (rest.starts_with(' ')) {
    rest.remove_prefix(1);
  } else {
    return false;
  }
  *text = rest;
  return true;
}

Item identified(const oracle::Case& one) {
  Item item = {one, topic, "", topic->call, {}};
  std::string_view rest = one.name;
  for (const char* call : kCalls) {
    if (take_word(call, &rest)) {
      item.call = call;
      break;
    }
  }
  take_word("pairs", &rest);
  take_word("order", &rest);
  std::string described = topic->before + std::string(rest) + topic->after;
  if (described.starts_with("from ")) described.erase(0, 5);
  item.id = item.call + "." + slug(described) + "." + topic->property;
  item.kinds = kinds_in(described);
  if (item.call == "vmsplice") item.kinds.emplace_back("memory");
  return item;
}

struct Word {
  const char* text;
  const char* kind;
};
// The first that a side contains decides.
constexpr Word kWords[] = {
    {"end, O_DIRECT", "packets"},
    {"/proc/", "procfs"},
    {"sysctl", "procfs"},
    {"sysfs", "sysfs"},
    {"/dev/", "device"},
    {"terminal", "terminal"},
    {"TCP", "tcp"},
    {"UDP", "udp"},
    {"netlink", "netlink"},
    {"unix", "unix"},
    {"socket", "unix"},
    {"FIFO", "fifo"},
    {"memfd", "memfd"},
    {"directory", "directory"},
    {"pidfd", "anonymous"},
    {"eventfd", "anonymous"},
    {"epoll", "anonymous"},
    {"signalfd", "anonymous"},
    {"timerfd", "anonymous"},
    {"inotify", "anonymous"},
    {"pipe", "pipe"},
    {"packets", "pipe"},
    {"file", "file"},
    {"closed", "closed"},
    {"-1", "closed"},
    {"INT_MAX", "closed"},
};

}  // namespace

std::vector<std::string> kinds_in(std::string_view text) {
  std::vector<std::string> kinds;
  for (;;) {
    const size_t arrow = text.find(kArrow);
    const std::string_view side = text.substr(0, arrow);
    for (const Word& word : kWords) {
      if (side.find(word.text) == std::string_view::npos) continue;
      if (std::find(kinds.begin(), kinds.end(), word.kind) == kinds.end()) {
        kinds.emplace_back(word.kind);
      }
      break;
    }
    if (arrow == std::string_view::npos) return kinds;
    text.remove_prefix(arrow + kArrow.size());
  }
}

const std::vector<Item>& catalogue() {
  if (!items.empty()) return items;
  for (const Registered& group : groups()) {
    topic = &topic_of(group.name);
    group.run();
  }
  std::set<std::string_view> ids;
  for (const Item& item : items) {
    if (!ids.insert(item.id).second) throw std::logic_error("two cases have the id " + item.id);
  }
  return items;
}

}  // namespace conform

namespace oracle {

Group::Group(const char* name, void (*run)()) { conform::groups().push_back({name, run}); }

void check(const std::vector<Case>& cases) {
  for (const Case& one : cases) conform::items.push_back(conform::identified(one));
}

}  // namespace oracle
