//! Files as they are served: without what stands in them for people and for the checker of types, which is a quarter of what
//! a page would load. Lines stay where they are, so that whoever follows an error finds the line in the source.

use std::borrow::Cow;

/// What a file is served as, by its name.
pub(crate) fn as_served<'a>(path: &str, text: Cow<'a, [u8]>) -> Cow<'a, [u8]> {
    let language = match path.rsplit_once('.') {
        Some((_, "js")) => Language::JavaScript,
        Some((_, "css")) => Language::Css,
        _ => return text,
    };
    match std::str::from_utf8(&text) {
        Ok(source) => Cow::Owned(slim(source, language).into_bytes()),
        Err(_) => text,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    JavaScript,
    Css,
}

/// A text without its comments and indentation.
fn slim(source: &str, language: Language) -> String {
    let is_script = language == Language::JavaScript;
    let mut slim = Slim { out: String::with_capacity(source.len()), rest: source };
    // For each template that code stands in, how many braces are open in that code.
    let mut templates: Vec<usize> = Vec::new();
    while let Some(next) = slim.rest.chars().next() {
        match next {
            '/' if slim.rest.starts_with("/*") => slim.skip_comment(),
            '/' if is_script && slim.rest.starts_with("//") => slim.skip_line(),
            '/' if is_script && slim.may_be_regex() => slim.copy_regex(),
            '"' | '\'' => slim.copy_string(next),
            '`' if is_script => {
                slim.copy(1);
                slim.copy_template(&mut templates);
            }
            '}' if templates.last() == Some(&0) => {
                templates.pop();
                slim.copy(1);
                slim.copy_template(&mut templates);
            }
            '\n' => slim.end_line(),
            _ => {
                let open = templates.last_mut();
                match (next, open) {
                    ('{', Some(open)) => *open += 1,
                    ('}', Some(open)) => *open -= 1,
                    _ => {}
                }
                slim.copy(next.len_utf8());
            }
        }
    }
    slim.out
}

struct Slim<'a> {
    out: String,
    rest: &'a str,
}

impl Slim<'_> {
    fn copy(&mut self, bytes: usize) {
        let (copied, rest) = self.rest.split_at(bytes.min(self.rest.len()));
        self.out.push_str(copied);
        self.rest = rest;
    }

    fn end_line(&mut self) {
        self.out.truncate(self.out.trim_end_matches([' ', '\t']).len());
        self.copy(1);
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn skip_comment(&mut self) {
        let (comment, rest) =
            self.rest.split_at(self.rest.find("*/").map_or(self.rest.len(), |end| end + "*/".len()));
        self.out.extend(comment.chars().filter(|character| *character == '\n'));
        // What stands behind it begins a line, or was apart from what stands before it by a space already.
        self.rest = if self.out.is_empty() || self.out.ends_with(['\n', ' ']) {
            rest.trim_start_matches([' ', '\t'])
        } else {
            rest
        };
    }

    fn skip_line(&mut self) {
        let end = self.rest.find('\n').unwrap_or(self.rest.len());
        self.rest = self.rest.split_at(end).1;
    }

    /// A string to its closing quote.
    fn copy_string(&mut self, quote: char) {
        self.copy(1);
        self.copy_until(|rest| rest.starts_with(quote));
        self.copy(1);
    }

    /// A template to its end, or to where code begins in it.
    fn copy_template(&mut self, templates: &mut Vec<usize>) {
        self.copy_until(|rest| rest.starts_with('`') || rest.starts_with("${"));
        if self.rest.starts_with("${") {
            templates.push(0);
            self.copy("${".len());
        } else {
            self.copy(1);
        }
    }

    /// A regular expression to its closing slash: none in a class of characters is one.
    fn copy_regex(&mut self) {
        self.copy(1);
        let mut is_in_class = false;
        self.copy_until(|rest| {
            match rest.chars().next() {
                Some('[') => is_in_class = true,
                Some(']') => is_in_class = false,
                _ => {}
            }
            !is_in_class && rest.starts_with('/')
        });
        self.copy(1);
    }

    /// Copies to where something ends; what stands behind a backslash ends nothing.
    fn copy_until(&mut self, mut is_end: impl FnMut(&str) -> bool) {
        while let Some(next) = self.rest.chars().next() {
            if next == '\\' {
                let escaped = self.rest.chars().nth(1).map_or(0, char::len_utf8);
                self.copy(1 + escaped);
            } else if is_end(self.rest) {
                break;
            } else {
                self.copy(next.len_utf8());
            }
        }
    }

    /// Whether a slash begins a regular expression here: it divides what ends a value.
    fn may_be_regex(&self) -> bool {
        let before = self.out.trim_end();
        let word = before.rsplit(|character: char| !character.is_alphanumeric() && character != '_').next();
        let is_keyword =
            word.is_some_and(|word| ["return", "typeof", "case", "in", "of", "await"].contains(&word));
        let ends_value = |last: char| last.is_alphanumeric() || "_$)]}\"'`".contains(last);
        is_keyword || !before.chars().next_back().is_some_and(ends_value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_go_and_lines_stay() {
        let source = "/** Of a module. */\nimport { h } from \"./h.js\"; // builds\n\n/**\n * @type {X}\n */\n  const x = /** @type {Y} */ (y) /* last */;\n";
        let expected = "\nimport { h } from \"./h.js\";\n\n\n\n\nconst x = (y) ;\n";
        assert_eq!(slim(source, Language::JavaScript), expected);
    }

    #[test]
    fn what_looks_like_a_comment_in_a_text_stays() {
        for code in [
            "const a = \"https://levels.example /* no */\";",
            "const a = 'it\\'s // no';",
            "const a = `// no ${b ? `/* ${c} */` : { d: \"}\" }} // no`;",
            "const a = `first\n   // second\n`;",
            "const a = b.replace(/\\/\\*+$/, \"\") / 2;",
            "const a = /[/*]/.test(b) ? 1 / 2 / 3 : 0;",
            "return /^https?:\\/\\//.test(a);",
            "const a = (b + c) / d / e[0] / 2;",
            "`${a}` / 2; `\\`${`// no`}`;",
        ] {
            assert_eq!(slim(code, Language::JavaScript), code);
        }
    }

    #[test]
    fn of_a_sheet_of_styles_comments_alone_go() {
        let sheet = "/* colours */\na {\n  background: url(https://a/b);\n  content: \"/* no */\";\n}\n";
        let expected = "\na {\nbackground: url(https://a/b);\ncontent: \"/* no */\";\n}\n";
        assert_eq!(slim(sheet, Language::Css), expected);
    }

    #[test]
    fn what_is_broken_or_no_text_is_served_as_it_is() {
        for broken in ["\"open", "`open ${", "/* open", "/open", "\"\\"] {
            let _ = slim(broken, Language::JavaScript);
        }
        assert_eq!(*as_served("a.js", Cow::Borrowed(b"\xff // ")), *b"\xff // ");
        assert_eq!(*as_served("a.svg", Cow::Borrowed(b"<!-- // -->")), *b"<!-- // -->");
    }
}
