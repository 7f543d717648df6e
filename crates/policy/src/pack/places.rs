//! Where a rule may be used.

/// Members of the European Union.
const EU: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL",
    "PT", "RO", "SE", "SI", "SK",
];

/// Jurisdictions as a pack or rule names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    everywhere: bool,
    within: Vec<String>,
    without: Vec<String>,
}

impl Places {
    /// Reads `*`, `DE`, `US-CA`, `EU` and, with a `!` before them, what is taken out.
    pub(crate) fn read(written: &[String]) -> Result<Self, String> {
        let mut places = Self { everywhere: false, within: Vec::new(), without: Vec::new() };
        for entry in written {
            let (list, code) = match entry.strip_prefix('!') {
                Some(code) => (&mut places.without, code),
                None if entry == "*" => {
                    places.everywhere = true;
                    continue;
                }
                None => (&mut places.within, entry.as_str()),
            };
            if !is_code(code) {
                return Err(format!("{entry} is no jurisdiction; write *, EU, a country as in DE, or a part of one as in US-CA"));
            }
            list.push(code.to_owned());
        }
        if !places.everywhere && places.within.is_empty() {
            return Err("jurisdictions must name a place, or *".to_owned());
        }
        Ok(places)
    }

    /// Whether somebody there may be judged. Nobody knows where `""` is: only what holds everywhere holds there.
    pub(crate) fn hold(&self, jurisdiction: &str) -> bool {
        let among = |list: &[String]| list.iter().any(|code| lies_in(jurisdiction, code));
        if jurisdiction.is_empty() {
            return self.everywhere && self.without.is_empty();
        }
        (self.everywhere || among(&self.within)) && !among(&self.without)
    }
}

fn is_code(code: &str) -> bool {
    let (country, part) = code.split_once('-').map_or((code, None), |(country, part)| (country, Some(part)));
    let is_part = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) && part.is_none_or(is_part)
}

fn lies_in(jurisdiction: &str, code: &str) -> bool {
    let country = jurisdiction.split('-').next().unwrap_or_default();
    jurisdiction == code || country == code || (code == "EU" && EU.contains(&country))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(written: &[&str]) -> Result<Places, String> {
        Places::read(&written.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_part_lies_in_its_country_and_countries_in_the_union() {
        let eu = places(&["EU", "US-CA"]).unwrap();
        assert!(eu.hold("DE") && eu.hold("DE-BY") && eu.hold("US-CA"));
        assert!(!eu.hold("US") && !eu.hold("GB") && !eu.hold(""));
        let outside = places(&["*", "!EU"]).unwrap();
        assert!(outside.hold("GB") && !outside.hold("FR") && !outside.hold(""), "who may be in the union is not judged");
        assert!(places(&["*"]).unwrap().hold(""));
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for written in [&[][..], &["Germany"], &["de"], &["!"], &["!DE"], &["US-"], &["US-CALIF"]] {
            assert!(places(written).is_err(), "{written:?}");
        }
    }
}
