// Which cases run: --only and --skip.
//
// Both take a list: a word is a call, a kind of end, a property, an id or a pattern of ids
// ("splice.*_o_append.*"), or says which of them it is: "kind=procfs".
#ifndef ANYSPLICE_TOOLS_CONFORM_SELECTION_H_
#define ANYSPLICE_TOOLS_CONFORM_SELECTION_H_

#include <string>
#include <vector>

#include "tools/conform/catalogue.h"

namespace conform {

class Selection {
 public:
  // Throw std::invalid_argument for a word that no case knows.
  void only(const std::string& list) { add(list, &only_); }
  void skip(const std::string& list) { add(list, &skip_); }

  bool wants(const Item& item) const;
  // The word of --skip that leaves the case out; null if none does.
  const std::string* left_out_by(const Item& item) const;
  // The same for an end of this name in the middle of a case.
  bool leaves_out_end(const char* name) const;

 private:
  struct Word {
    std::string text;  // as given
    std::string what;  // "call", "kind", "property", "id"; empty: any of them
    std::string value;
    bool matches(const Item& item) const;
  };
  static void add(const std::string& list, std::vector<Word>* words);

  std::vector<Word> only_, skip_;
};

}  // namespace conform

#endif  // ANYSPLICE_TOOLS_CONFORM_SELECTION_H_
