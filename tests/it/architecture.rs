//! The import rules of ARCHITECTURE.md: modules depend on each other in one direction, and files form no circles.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

/// A file of `src/` by its module path: `aws::error`, or `aws` for `aws/mod.rs`. The crate root is the empty path.
type Module = String;

/// What a file imports, and the names that it re-exports for others.
#[derive(Debug, Default)]
struct Imports {
    /// Absolute paths below the crate, such as `aws::error::RequestError`.
    paths: BTreeSet<Vec<String>>,
    /// Public name to absolute path.
    reexports: BTreeMap<String, Vec<String>>,
}

/// Collects the paths that begin with `crate`, `self` or `super`, outside tests.
struct Collector {
    module: Vec<String>,
    imports: Imports,
}

impl Collector {
    /// The absolute form of a path, unless it leads out of this crate.
    fn resolve(&self, path: &[String]) -> Option<Vec<String>> {
        let mut base = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.module.clone(),
            _ => return None,
        };
        let mut rest = path;
        while let Some((first, tail)) = rest.split_first() {
            match first.as_str() {
                "super" => drop(base.pop()),
                "crate" | "self" => {}
                _ => break,
            }
            rest = tail;
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    fn use_tree(&mut self, prefix: &mut Vec<String>, tree: &syn::UseTree, is_public: bool) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.use_tree(prefix, &path.tree, is_public);
                prefix.pop();
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(prefix, tree, is_public);
                }
            }
            syn::UseTree::Name(name) => self.import(prefix, &name.ident, &name.ident, is_public),
            syn::UseTree::Rename(rename) => {
                self.import(prefix, &rename.ident, &rename.rename, is_public);
            }
            syn::UseTree::Glob(_) => {
                if let Some(path) = self.resolve(prefix) {
                    self.imports.paths.insert(path);
                }
            }
        }
    }

    fn import(
        &mut self,
        prefix: &[String],
        name: &syn::Ident,
        alias: &syn::Ident,
        is_public: bool,
    ) {
        let mut path = prefix.to_vec();
        if name != "self" {
            path.push(name.to_string());
        }
        let is_relative = path
            .first()
            .is_some_and(|first| !["crate", "self", "super"].contains(&first.as_str()));
        if is_public && is_relative {
            // `pub use error::RequestError;` in a mod.rs names a child.
            path.insert(0, "self".to_owned());
        }
        let Some(path) = self.resolve(&path) else {
            return;
        };
        if is_public {
            self.imports.reexports.insert(alias.to_string(), path);
        } else {
            self.imports.paths.insert(path);
        }
    }
}

fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_test_only(&item.attrs) {
            return;
        }
        if item.content.is_some() {
            self.module.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.module.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test_only(&item.attrs) {
            let is_public = !matches!(item.vis, syn::Visibility::Inherited);
            self.use_tree(&mut Vec::new(), &item.tree, is_public);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        // `Self` is no module.
        if names.len() > 1
            && let Some(path) = self.resolve(&names)
        {
            self.imports.paths.insert(path);
        }
        visit::visit_path(self, path);
    }
}

/// The files of `src/`, without those that only tests include.
fn read_sources() -> BTreeMap<Module, Imports> {
    let mut files = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut directories = vec![(root, Vec::new())];
    while let Some((directory, module)) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let mut module = module.clone();
            if stem == "tests" {
                continue;
            }
            if path.is_dir() {
                module.push(stem);
                directories.push((path, module));
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") || stem == "main" {
                continue;
            }
            if stem != "mod" && stem != "lib" {
                module.push(stem);
            }
            let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            let mut collector = Collector {
                module: module.clone(),
                imports: Imports::default(),
            };
            collector.visit_file(&file);
            files.insert(module.join("::"), collector.imports);
        }
    }
    files
}

/// The file in which the item at `path` is defined, re-exports followed.
fn defining_file(files: &BTreeMap<Module, Imports>, path: &[String]) -> Module {
    let mut path = path.to_vec();
    'follow: loop {
        for length in (0..=path.len()).rev() {
            let Some(file) = files.get(&path[..length].join("::")) else {
                continue;
            };
            let target = path.get(length).and_then(|name| file.reexports.get(name));
            // A macro is re-exported by the file that defines it.
            if let Some(target) = target.filter(|target| !path.starts_with(target)) {
                let rest = path.split_off(length + 1);
                path = target.iter().cloned().chain(rest).collect();
                continue 'follow;
            }
            return path[..length].join("::");
        }
        unreachable!("the crate root is a file");
    }
}

/// Which files each file imports from.
fn dependencies() -> BTreeMap<Module, BTreeSet<Module>> {
    let files = read_sources();
    let of_file = |module: &Module, imports: &Imports| {
        let targets = imports.paths.iter().map(|path| defining_file(&files, path));
        targets.filter(|target| target != module).collect()
    };
    files
        .iter()
        .map(|(module, imports)| (module.clone(), of_file(module, imports)))
        .collect()
}

/// The table of ARCHITECTURE.md: what each top-level module may import.
fn allowed_directions() -> BTreeMap<String, BTreeSet<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, table) = text
        .split_once("| module | may import |\n")
        .expect("ARCHITECTURE.md has the table of imports");
    let rows = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let names = |cell: &str| {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [module, imports] = cells[..] else {
            panic!("two cells in {row}");
        };
        (
            names(module).remove(0),
            names(imports).into_iter().collect(),
        )
    })
    .collect()
}

fn top_level(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

#[test]
fn modules_import_only_in_the_allowed_directions() {
    let allowed = allowed_directions();
    let mut used: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let dependencies = dependencies();
    for (module, targets) in &dependencies {
        let from = top_level(module);
        for target in targets {
            let to = top_level(target);
            if from == to || from.is_empty() {
                continue;
            }
            let is_allowed = allowed
                .get(from)
                .is_some_and(|allowed| allowed.contains(to));
            assert!(
                is_allowed,
                "src/{module} imports {target}: ARCHITECTURE.md does not allow `{from}` to import `{to}`"
            );
            used.entry(from).or_default().insert(to);
        }
    }
    // A permission that nothing uses is a hole for the next circle.
    for (module, targets) in &allowed {
        for target in targets {
            let is_used = used
                .get(module.as_str())
                .is_some_and(|used| used.contains(target.as_str()));
            assert!(
                is_used,
                "ARCHITECTURE.md lets `{module}` import `{target}`, which it does not"
            );
        }
    }
}

/// All files that `module` imports, directly or through others.
fn reachable<'d>(
    dependencies: &'d BTreeMap<Module, BTreeSet<Module>>,
    module: &str,
) -> BTreeSet<&'d str> {
    let mut found = BTreeSet::new();
    let mut open = vec![module];
    while let Some(module) = open.pop() {
        for target in &dependencies[module] {
            if found.insert(target.as_str()) {
                open.push(target);
            }
        }
    }
    found
}

#[test]
fn files_do_not_import_each_other_in_cycles() {
    let dependencies = dependencies();
    let mut circles = Vec::new();
    for (module, targets) in &dependencies {
        for target in targets {
            if reachable(&dependencies, target).contains(module.as_str()) {
                circles.push(format!("{module} imports {target}"));
            }
        }
    }
    assert!(
        circles.is_empty(),
        "files import each other in a circle:\n{}",
        circles.join("\n")
    );
}
