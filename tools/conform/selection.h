// Which cases run: --only and --skip.
//
// Both take a list: a word is a call, a kind of end, a property, an id or a pattern of ids
// ("splice.*_o_append.*"), or says which of them it is: "kind=procfs".
#ifndef ANYSPLICE_TOOLS_CONFORM_SELECTION_H_
#define ANYSPLICE_TOOLS_CONFORM_SELECTION_H_

#include <string>
#include <vector>

#include "tools/conform/catalogue.h"
#include "tools/conform/lacks.h"

namespace conform {

class Selection {
 public:
  // Throw std::invalid_argument for a word that no case knows.
  void only(const std::string& list) { add(list, &only_); }
  void skip(const std::string& list);
  // What cannot be done here.
  void skip(const Lack& lack) { skip_.push_back({lack.why, "end", lack.end}); }

  bool wants(const Item& item) const;
  // Why the case is left out; null if it is not.
  const std::string* left_out_by(const Item& item) const;
  // The same for an end of this name in the middle of a case.
  bool leaves_out_end(const char* name) const;

 private:
  struct Word {
    std::string text;  // as given; of --skip, why
    std::string
        what;  // "call", "kind", "property", "id", empty for any of them; "end": see lacks.h
    std::string value;
    bool matches(const Item& item) const;
  };
  static void add(const std::string& list, std::vector<Word>* words);

  std::vector<Word> only_, skip_;
};

}  // namespace conform

#endif  // ANYSPLICE_TOOLS_CONFORM_SELECTION_H_
