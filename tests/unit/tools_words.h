// An argv for the parsers of the tools.
#ifndef ANYSPLICE_TESTS_UNIT_TOOLS_WORDS_H_
#define ANYSPLICE_TESTS_UNIT_TOOLS_WORDS_H_

#include <initializer_list>
#include <string>
#include <vector>

#include "absl/types/span.h"

class Words {
 public:
  Words(std::initializer_list<const char*> words) : texts_(words.begin(), words.end()) {
    for (std::string& text : texts_) pointers_.push_back(text.data());
  }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;

  operator absl::Span<char* const>() const { return pointers_; }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

#endif  // ANYSPLICE_TESTS_UNIT_TOOLS_WORDS_H_
