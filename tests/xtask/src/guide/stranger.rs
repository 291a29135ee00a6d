//! The first pages as a stranger follows them: a project of its own, with the dependencies that their commands add and nothing
//! else, and in it their programs. The packages of this repository have more features on, so they would not show that a page
//! forgets one.

use std::fs;
use std::path::Path;

use crate::failure::{Failure, Result};
use crate::process;
use crate::workspace::Workspace;

/// Where the project begins, where it gets more for its test, and where more for its contract.
const PAGES: &[&str] = &[
    "guide/src/tutorial.md",
    "guide/src/tutorial-nodes.md",
    "guide/src/contract.md",
];

/// These begin with the same commands.
const OTHERS: &[&str] = &["README.md", "guide/src/getting-started.md"];

const STEPS: &str = "guide/samples/src/tutorial";

/// Compiles their programs, beside something that waits: it takes most of a minute.
///
/// # Errors
///
/// If a program does not compile, or one of its tests, with what the pages say.
pub(crate) fn check(workspace: &Workspace) -> Result {
    let folder = workspace.target.join("stranger");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let programs = folder.join("src/bin");
    let source = |path: &str| fs::read_to_string(workspace.root.join(path));

    let first = commands(&source(PAGES[0])?);
    for page in OTHERS {
        if commands(&source(page)?) != first {
            return Err(Failure::new(format!(
                "{page} adds other dependencies than {}",
                PAGES[0]
            )));
        }
    }
    for step in fs::read_dir(workspace.root.join(STEPS))? {
        let step = step?;
        place(&step.path(), &programs.join(step.file_name()))?;
    }
    place(
        &workspace.root.join("guide/samples/src/readme"),
        &programs.join("readme"),
    )?;
    let hello = source("guide/samples/src/hello.rs")?;
    fs::write(programs.join("hello.rs"), part(&hello, "all"))?;

    let contract = source("guide/samples/src/contract.rs")?;
    let parts = ["uses", "described", "emits"].map(|anchor| part(&contract, anchor));
    // Its hub, and who emits the rest, are shown further down that page.
    let program = format!("#![allow(dead_code)]\n{}\nfn main() {{}}\n", parts.concat());
    fs::write(programs.join("contract.rs"), program)?;

    let mut commands = first;
    for page in &PAGES[1..] {
        commands.extend(self::commands(&source(page)?));
    }
    let manifest = manifest(&commands, &source("Cargo.toml")?, &workspace.root);
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(workspace.root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    // Without what only its tests may use, and with it.
    for targets in ["--bins", "--tests"] {
        let mut check = process::cargo();
        check
            .current_dir(&folder)
            .args(["check", "--quiet", "--offline", targets, "--target-dir"])
            .arg(&workspace.target);
        process::run(&mut process::leisurely(&check))?;
    }
    Ok(())
}

/// A program as its page shows it, with its test if it has one, and its page.
fn place(from: &Path, to: &Path) -> Result {
    fs::create_dir_all(to)?;
    let main = fs::read_to_string(from.join("main.rs"))?;
    let shown = part(&main, "all") + &part(&main, "test");
    fs::write(to.join("main.rs"), shown)?;
    fs::copy(from.join("index.html"), to.join("index.html"))?;
    Ok(())
}

/// What stands between the marks of an anchor, without other marks.
fn part(text: &str, anchor: &str) -> String {
    let (begin, end) = (
        format!("// ANCHOR: {anchor}"),
        format!("// ANCHOR_END: {anchor}"),
    );
    let lines = text.lines().skip_while(|line| line.trim() != begin);
    let lines = lines.take_while(|line| line.trim() != end);
    let shown = lines.filter(|line| !line.trim().starts_with("// ANCHOR"));
    shown.flat_map(|line| [line, "\n"]).collect()
}

/// What a page gives to `cargo add`.
fn commands(page: &str) -> Vec<String> {
    let lines = page.lines();
    let commands = lines.filter_map(|line| line.strip_prefix("$ cargo add "));
    commands.map(str::to_owned).collect()
}

/// What is added, by one command or by several.
#[derive(Clone, Default)]
struct Dependency<'a> {
    name: &'a str,
    version: &'a str,
    path: Option<&'a str>,
    features: Vec<&'a str>,
    is_for_tests: bool,
}

impl Dependency<'_> {
    fn line(&self, root: &Path) -> String {
        let mut values = Vec::new();
        match self.path {
            // Beside the project the pages have a checkout of this name.
            Some(path) => {
                let inside = path.trim_start_matches("../roomcast/");
                values.push(format!("path = {:?}", root.join(inside)));
            }
            None => values.push(format!("version = {:?}", self.version)),
        }
        if !self.features.is_empty() {
            values.push(format!("features = {:?}", self.features));
        }
        format!("{} = {{ {} }}\n", self.name, values.join(", "))
    }
}

/// What `cargo add` would have made of the commands, with the versions of the repository's lock file. Its profiles are
/// there so that what it has built need not be built again.
fn manifest(commands: &[String], repository: &str, root: &Path) -> String {
    let mut all: Vec<Dependency<'_>> = Vec::new();
    for command in commands {
        let mut words = command.split_whitespace();
        let (mut names, mut given) = (Vec::new(), Dependency::default());
        while let Some(word) = words.next() {
            match word {
                "--dev" => given.is_for_tests = true,
                "--path" => given.path = words.next(),
                "--features" => given
                    .features
                    .extend(words.next().unwrap_or_default().split(',')),
                name => names.push(name),
            }
        }
        for name in names {
            let (name, version) = name.split_once('@').unwrap_or((name, "*"));
            let is_same =
                |it: &&mut Dependency<'_>| it.name == name && it.is_for_tests == given.is_for_tests;
            match all.iter_mut().find(is_same) {
                Some(known) => known.features.extend(&given.features),
                None => all.push(Dependency {
                    name,
                    version,
                    ..given.clone()
                }),
            }
        }
    }
    let of_repository = repository
        .lines()
        .find(|line| line.starts_with("actix-web = "));
    let lines = |is_for_tests| {
        let listed = all.iter().filter(move |it| it.is_for_tests == is_for_tests);
        listed.map(|it| match of_repository {
            // Its default features need compressors, which the lock file does not have.
            Some(line) if it.name == "actix-web" => format!("{line}\n"),
            _ => it.line(root),
        })
    };
    let (own, for_tests): (String, String) = (lines(false).collect(), lines(true).collect());
    let (_, profiles) = repository.split_once("\n[profile.dev]").unwrap_or_default();
    format!(
        "[package]\nname = \"chat\"\nedition = \"2024\"\n\n[workspace]\n\n[lints.rust]\nwarnings = \"deny\"\n\n\
         [dependencies]\n{own}\n[dev-dependencies]\n{for_tests}\n[profile.dev]{profiles}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_what_its_page_shows() {
        let program = "//! Step.\n\n// ANCHOR: all\nuse a;\n// ANCHOR: b\nfn b() {}\n// ANCHOR_END: b\n// ANCHOR_END: all\n\nfn run() {}\n";
        assert_eq!(part(program, "all"), "use a;\nfn b() {}\n");
        assert_eq!(part(program, "test"), "");
    }

    #[test]
    fn commands_become_dependencies() {
        let page = "text\n$ cargo new chat\n$ cargo add serde --features derive\n$ cargo add actix-web\n\
                    $ cargo add --dev roomcast --path ../roomcast/framework --features testing,admin\n\
                    $ cargo add ts-rs@12 serde --features url\n";
        let repository =
            "actix-web = \"4\"\n\n[profile.release]\nlto = true\n\n[profile.dev]\ndebug = 1\n";
        let made = manifest(&commands(page), repository, Path::new("/here"));
        let (_, made) = made.split_once("[dependencies]\n").unwrap_or_default();
        assert_eq!(
            made,
            "serde = { version = \"*\", features = [\"derive\", \"url\"] }\nactix-web = \"4\"\n\
             ts-rs = { version = \"12\", features = [\"url\"] }\n\n[dev-dependencies]\n\
             roomcast = { path = \"/here/framework\", features = [\"testing\", \"admin\"] }\n\n[profile.dev]\ndebug = 1\n"
        );
    }
}
