# Written, not run here. In the root of a source tree: nix build path:.
{
  description = "splice, tee, vmsplice and sendfile in user space";
  inputs.nixpkgs.url = "nixpkgs";
  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      each = f: nixpkgs.lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
    in {
      packages = each (pkgs: {
        default = pkgs.stdenv.mkDerivation {
          pname = "anysplice";
          version = "0.1.0";
          src = ./.;
          nativeBuildInputs = with pkgs; [ meson ninja pkg-config python3 ];
          buildInputs = with pkgs; [ abseil-cpp fmt libseccomp nlohmann_json spdlog ];
          mesonFlags = [ "-Dtests=false" "-Dwerror=false" ];
        };
      });
    };
}
