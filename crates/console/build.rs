//! Makes sure that there is a folder of pages to embed, so that `cargo build` alone works.
//!
//! The pages are built by npm (see `web/README.md`). Where they have not been built, one plain
//! page that says how takes their place; npm is never called from here.

use std::{fs, io, path::Path};

/// Relative to this crate; the same folder as in `src/pages.rs`.
const PAGES: &str = "../../web/dist/console";

const NOT_BUILT: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="frankly-pages" content="not-built">
<title>Frankly console: not built</title>
</head>
<body>
<h1>The console is not in this build</h1>
<p>The server works; only these pages are missing. Build them, then build the server again:</p>
<pre>npm --prefix web ci
npm --prefix web run build
cargo build</pre>
</body>
</html>
"#;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={PAGES}");
    let index = Path::new(PAGES).join("index.html");
    if !index.exists() {
        fs::create_dir_all(PAGES)?;
        fs::write(index, NOT_BUILT)?;
    }
    Ok(())
}
