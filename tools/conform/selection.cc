#include "tools/conform/selection.h"

#include <fnmatch.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <stdexcept>

namespace conform {
namespace {

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// What can be asked for, for the message.
std::string known_words() {
  std::set<std::string> calls, kinds, properties;
  for (const Item& item : catalogue()) {
    calls.insert(item.call);
    kinds.insert(item.kinds.begin(), item.kinds.end());
    properties.insert(item.topic->property);
  }
  std::string text;
  const auto tell = [&](const char* what, const std::set<std::string>& words) {
    text += std::string("\n  ") + what + ":";
    for (const std::string& word : words) text += " " + word;
  };
  tell("calls", calls);
  tell("kinds", kinds);
  tell("properties", properties);
  return text + "\n  or an id (--list), also with * in it";
}

}  // namespace

bool Selection::Word::matches(const Item& item) const {
  const bool any = what.empty();
  return ((any || what == "call") && item.call == value) ||
         ((any || what == "kind") && contains(item.kinds, value)) ||
         ((any || what == "property") && value == item.topic->property) ||
         (what == "end" && item.body.name.find(value) != std::string::npos) ||
         ((any || what == "id") && fnmatch(value.c_str(), item.id.c_str(), 0) == 0);
}

void Selection::add(const std::string& list, std::vector<Word>* words) {
  std::istringstream stream(list);
  for (std::string text; std::getline(stream, text, ',');) {
    Word word = {text, "", text};
    if (const size_t equals = text.find('='); equals != std::string::npos) {
      word.what = text.substr(0, equals);
      word.value = text.substr(equals + 1);
    }
    const auto& items = catalogue();
    if (std::none_of(items.begin(), items.end(), [&](const Item& i) { return word.matches(i); })) {
      throw std::invalid_argument("no case has '" + text + "'; there are" + known_words());
    }
    words->push_back(std::move(word));
  }
}

void Selection::skip(const std::string& list) {
  const size_t before = skip_.size();
  add(list, &skip_);
  for (size_t i = before; i < skip_.size(); ++i) skip_[i].text.insert(0, "--skip ");
}

bool Selection::wants(const Item& item) const {
  return only_.empty() || std::any_of(only_.begin(), only_.end(),
                                      [&](const Word& word) { return word.matches(item); });
}

const std::string* Selection::left_out_by(const Item& item) const {
  for (const Word& word : skip_) {
    if (word.matches(item)) return &word.text;
  }
  return nullptr;
}

bool Selection::leaves_out_end(const char* name) const {
  const std::vector<std::string> kinds = kinds_in(name);
  return std::any_of(skip_.begin(), skip_.end(), [&](const Word& word) {
    return word.what == "end"
               ? std::string_view(name).find(word.value) != std::string_view::npos
               : (word.what.empty() || word.what == "kind") && contains(kinds, word.value);
  });
}

}  // namespace conform
