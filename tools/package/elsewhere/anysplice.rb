# Written, not run here. Homebrew on Linux; brew install --build-from-source ./anysplice.rb, with the
# source tarball of the release beside this file.
class Anysplice < Formula
  desc "splice, tee, vmsplice and sendfile in user-space"
  url "file://#{__dir__}/anysplice-0.1.0.tar.gz"
  license "MIT"

  depends_on "meson" => :build
  depends_on "ninja" => :build
  depends_on "nlohmann-json" => :build
  depends_on "pkg-config" => :build
  depends_on "spdlog" => :build
  depends_on "abseil"
  depends_on "libseccomp"
  depends_on :linux

  def install
    system "meson", "setup", "build", "-Dtests=false", "-Dwerror=false", *std_meson_args
    system "meson", "compile", "-C", "build"
    system "meson", "install", "-C", "build"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/anysplice --version")
  end
end
