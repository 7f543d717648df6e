//! What a host asks of robots (RFC 9309).

use crate::limits;

/// The name by which a host may speak of this program.
pub const PRODUCT: &str = "frankly-audit";

/// The rules of a host that are about this program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Robots {
    rules: Vec<Rule>,
    /// Milliseconds between two questions.
    pub delay_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    allows: bool,
    pattern: String,
}

impl Robots {
    /// Nothing may be fetched: the host does not say what it wants.
    pub fn nothing() -> Self {
        Self { rules: vec![Rule { allows: false, pattern: "/".to_owned() }], delay_ms: None }
    }

    /// Reads a `robots.txt`. Lines that are not understood have no effect.
    pub fn read(text: &str) -> Self {
        let mut named = Self::default();
        let mut others = Self::default();
        let (mut is_named, mut for_us, mut for_all, mut in_names) = (false, false, false, false);
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            if key == "user-agent" {
                if !in_names {
                    (for_us, for_all) = (false, false);
                }
                in_names = true;
                let product = value.split(['/', ' ']).next().unwrap_or_default();
                for_us |= product.eq_ignore_ascii_case(PRODUCT);
                for_all |= product == "*";
                is_named |= for_us;
                continue;
            }
            in_names = false;
            if for_us {
                named.take(&key, value);
            }
            if for_all {
                others.take(&key, value);
            }
        }
        if is_named { named } else { others }
    }

    fn take(&mut self, key: &str, value: &str) {
        match key {
            "allow" | "disallow" if value.starts_with(['/', '*']) && self.rules.len() < limits::ROBOTS_RULES => {
                self.rules.push(Rule { allows: key == "allow", pattern: value.to_owned() });
            }
            "crawl-delay" => {
                let seconds = value.parse::<f64>().ok().filter(|seconds| (0.0..=86_400.0).contains(seconds));
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a day")]
                let delay_ms = seconds.map(|seconds| (seconds * 1_000.0) as u64);
                self.delay_ms = delay_ms.or(self.delay_ms);
            }
            _ => {}
        }
    }

    /// Whether a path, with its query, may be fetched: the longest rule that fits decides, and `allow` where two are equal.
    pub fn allows(&self, path: &str) -> bool {
        if path == "/robots.txt" {
            return true;
        }
        let fitting = self.rules.iter().filter(|rule| fits(&rule.pattern, path));
        fitting.max_by_key(|rule| (rule.pattern.len(), rule.allows)).is_none_or(|rule| rule.allows)
    }
}

/// Whether a pattern with `*` and a last `$` fits the beginning of a path.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, whole) = pattern.strip_suffix('$').map_or((pattern, false), |pattern| (pattern, true));
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    if parts.len() > limits::ROBOTS_STEPS / path.len().max(1) {
        // a rule that cannot be looked at forbids
        return true;
    }
    let Some((last, middle)) = parts.split_last() else { return !whole || rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    if whole { rest.ends_with(last) } else { rest.contains(last) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_rule_decides() {
        let robots = Robots::read("User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /*.pdf$\nCrawl-delay: 1.5 # slow\n");
        let allowed = |path: &str| robots.allows(path);
        assert!(allowed("/") && !allowed("/a/c") && allowed("/a/b/c") && allowed("/x.pdf?y") && !allowed("/x.pdf"));
        assert_eq!(robots.delay_ms, Some(1_500));
    }

    #[test]
    fn who_is_named_has_rules_of_their_own() {
        let text =
            "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: Frankly-Audit/2\nDisallow: /private\n\nUser-agent: x\nAllow: /\n";
        let robots = Robots::read(text);
        assert!(robots.allows("/terms") && !robots.allows("/private/x"));
        assert!(!Robots::read(&text.replace("Frankly-Audit", "somebody")).allows("/terms"));
        assert!(Robots::read("User-agent: frankly-audit\nDisallow:\n\nUser-agent: *\nDisallow: /").allows("/x"), "nothing is forbidden");
    }

    #[test]
    fn what_is_not_understood_has_no_effect() {
        assert!(Robots::read("<html>not found</html>").allows("/x"));
        assert!(Robots::read("Disallow: /\n").allows("/x"), "a rule for nobody");
        assert!(!Robots::nothing().allows("/x"));
        let hostile = format!("User-agent: *\nDisallow: /{}\n", "a*".repeat(100_000));
        assert!(!Robots::read(&hostile).allows(&format!("/{}", "a".repeat(100_000))));
    }
}
