#!/bin/bash
# A test of the JDK in $JAVA_HOME: copies the file `in` by Files.copy, or with `transfer` as argument by
# FileChannel.transferTo, to `out`. Run it in a scratch folder.
. "$(dirname "$0")/need.sh"
jdk=${JAVA_HOME:-/usr}
need "$jdk/bin/javac" openjdk-17-jdk-headless
cat >Copy.java <<'END'
import java.nio.channels.FileChannel;
import java.nio.file.*;
class Copy {
  public static void main(String[] how) throws Exception {
    Path from = Path.of("in"), to = Path.of("out");
    Files.deleteIfExists(to);
    if (how.length == 0) {
      Files.copy(from, to);
      return;
    }
    try (FileChannel in = FileChannel.open(from);
        FileChannel out = FileChannel.open(to, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (long at = 0, n; at < in.size(); at += n)
        if ((n = in.transferTo(at, in.size() - at, out)) <= 0) throw new Exception("moved " + n);
    }
  }
}
END
[ -s Copy.class ] || env -u LD_PRELOAD "$jdk/bin/javac" Copy.java || exit
exec "$jdk/bin/java" -Xshare:auto -XX:TieredStopAtLevel=1 Copy "$@"
