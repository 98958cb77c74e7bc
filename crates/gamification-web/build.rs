//! The files are part of the program, though no compiler reads them.

fn main() {
    println!("cargo::rerun-if-changed=src");
}
