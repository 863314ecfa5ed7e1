// Whether the library's constructor could use splice and tee.
#ifndef ANYSPLICE_TESTS_HAZARDS_EARLY_LIBRARY_H_
#define ANYSPLICE_TESTS_HAZARDS_EARLY_LIBRARY_H_

__attribute__((visibility("default"))) bool carried_early();
__attribute__((visibility("default"))) bool carried_first();

#endif  // ANYSPLICE_TESTS_HAZARDS_EARLY_LIBRARY_H_
