// Where variables and functions lie in the object. Each page that the start of a program touches
// costs it a page fault, which is most of what it costs to have the object preloaded: so what the
// start touches lies together, apart from what is large or seldom used. No code: of threads
// and signal handlers there is nothing to say.
#ifndef ANYSPLICE_CORE_BASE_PLACEMENT_H_
#define ANYSPLICE_CORE_BASE_PLACEMENT_H_

#if defined(__ELF__)
// Zeros at first, and more than a few bytes that the start does not touch (core/api/placement.ld).
#define ANYSPLICE_SELDOM [[gnu::section(".bss.anysplice_seldom")]]
// The same, of which the start touches a few bytes at the beginning.
#define ANYSPLICE_LIST [[gnu::section(".bss.anysplice_lists")]]
// Called at the start of each program.
#define ANYSPLICE_AT_START [[gnu::section(".text.anysplice_start")]]
#else
#define ANYSPLICE_SELDOM
#define ANYSPLICE_LIST
#define ANYSPLICE_AT_START
#endif

#endif  // ANYSPLICE_CORE_BASE_PLACEMENT_H_
