# Functions that ./run and ./test share. Sourced, not run.
# shellcheck shell=bash

NODE_LEAST="20.19"      # the oldest Node.js that the page builder supports
NODE_LOCAL="22.23.3"    # what is fetched when the system's is older
TOOLS_DIR="$ROOT/.tools"

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; exit 1; }

# The cargo of rustup may be installed but not yet on this shell's path.
ensure_rust() {
  if ! command -v cargo >/dev/null && [ -x "$HOME/.cargo/bin/cargo" ]; then
    PATH="$HOME/.cargo/bin:$PATH"
  fi
  command -v cargo >/dev/null || die "No Rust toolchain found. Install it from https://rustup.rs and run me again; the right version is chosen by rust-toolchain.toml."
}

# install_packages WHY PACKAGE...: from Debian, as root or with sudo.
install_packages() {
  local why="$1"
  shift
  say "Installing from Debian: $* ($why)"
  command -v apt-get >/dev/null || die "Please install $* yourself: apt-get is not here."
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "Please install $* as root: sudo is not here."
    as_root=(sudo)
  fi
  if [ -z "${APT_UPDATED:-}" ]; then
    "${as_root[@]}" apt-get update -qq
    APT_UPDATED=1
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

ensure_compiler() {
  local missing=()
  command -v cc >/dev/null && command -v make >/dev/null || missing+=(build-essential)
  command -v pkg-config >/dev/null || missing+=(pkg-config)
  [ ${#missing[@]} -eq 0 ] || install_packages "SQLite is compiled from C" "${missing[@]}"
}

# at_least HAVE WANT: whether version HAVE is WANT or newer.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

node_is_fine() {
  command -v node >/dev/null && command -v npm >/dev/null && at_least "$(node --version | tr -d v)" "$NODE_LEAST"
}

# Node.js for the pages. Debian 12 has version 18, which is too old for the page builder: its npm then
# fetches a newer one into .tools/, which touches nothing else on the machine.
ensure_node() {
  local arch
  case "$(uname -m)" in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) arch="" ;;
  esac
  local bin="$TOOLS_DIR/node_modules/node-linux-$arch/bin"
  if [ -x "$bin/node" ] && [ -x "$TOOLS_DIR/node_modules/.bin/npm" ]; then
    PATH="$bin:$TOOLS_DIR/node_modules/.bin:$PATH"
  fi
  if node_is_fine; then return; fi
  if ! command -v npm >/dev/null; then
    install_packages "the pages of web/ are built with Node.js" nodejs npm
    if node_is_fine; then return; fi
  fi
  [ -n "$arch" ] || die "Please install Node.js $NODE_LEAST or newer: $(node --version) is too old for building the pages."
  say "Fetching Node.js $NODE_LOCAL from the npm registry into .tools/ (the system's $(node --version 2>/dev/null || echo none) is older than $NODE_LEAST)"
  mkdir -p "$TOOLS_DIR"
  npm install --prefix "$TOOLS_DIR" --no-save --no-audit --no-fund --loglevel=error "node-linux-$arch@$NODE_LOCAL" npm@10 >/dev/null
  PATH="$bin:$TOOLS_DIR/node_modules/.bin:$PATH"
  hash -r
  node_is_fine || die "Node.js $NODE_LOCAL did not install into .tools/."
}

ensure_python() {
  if ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
    install_packages "the client-library tests run in a Python environment of their own" python3 python3-venv
  fi
}

ensure_postgres() {
  PG_BIN="$(find_postgres)"
  if [ -z "$PG_BIN" ]; then
    install_packages "every store test runs on SQLite and on PostgreSQL" postgresql-15
    PG_BIN="$(find_postgres)"
  fi
  [ -n "$PG_BIN" ] || die "PostgreSQL 15 was not found after installing it."
}

find_postgres() {
  local folder
  for folder in /usr/lib/postgresql/15/bin /usr/lib/postgresql/1[6-9]/bin; do
    if [ -x "$folder/initdb" ]; then
      echo "$folder"
      return
    fi
  done
}

ensure_chromium() {
  command -v chromium >/dev/null || install_packages "the console is tested in a real browser" chromium
}

# The pages, when they are not up to date.
build_web() {
  [ -f "$ROOT/web/package.json" ] || return 0
  ensure_node
  (cd "$ROOT" && cargo xtask web)
}
