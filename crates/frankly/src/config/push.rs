//! Which push gateways may be called.

use std::path::Path;

use anyhow::Context;
use app::config::PushGateways;

use super::authorities;
use super::settings::{self, Settings};

/// Any gateway on the public network, or those named.
pub(super) fn gateways(settings: &Settings) -> anyhow::Result<PushGateways> {
    let named = settings.get("push.gateways", settings::text)?;
    let ca_file = settings.get("push.ca_file", settings::text)?;
    let authorities = ca_file.map(|path| authorities(Path::new(&path))).transpose();
    let authorities = authorities.with_context(|| format!("{}: push.ca_file", settings.source("push.ca_file")))?;
    let named: Option<Vec<&str>> = named.as_deref().map(|text| text.split_whitespace().collect());
    let at_fault = if named.is_some() { "push.gateways" } else { "push.ca_file" };
    let gateways = PushGateways::new(named.as_deref(), authorities.as_deref());
    gateways.with_context(|| format!("{}: {at_fault}", settings.source(at_fault)))
}

#[cfg(test)]
mod tests {
    use super::super::Overrides;
    use super::*;

    fn check(file: &str) -> anyhow::Result<PushGateways> {
        gateways(&Settings::gather(Some((Path::new("frankly.toml"), file)), |_| None, &Overrides::default())?)
    }

    #[test]
    fn gateways_are_checked_at_the_start() {
        assert!(check("").is_ok());
        let two = "https://a.example/_matrix/push/v1/notify http://10.0.0.1:9/_matrix/push/v1/notify";
        assert!(check(&format!("[push]\ngateways = \"{two}\"\n")).is_ok());
        let why = |file: &str| format!("{:#}", check(file).unwrap_err());
        insta::assert_snapshot!(why("[push]\ngateways = \"https://a.example\"\n"), @"frankly.toml:2: push.gateways: https://a.example is no gateway: an address is http:// or https://, a host and /_matrix/push/v1/notify");
        insta::assert_snapshot!(why("[push]\ngateways = \" \"\n"), @"frankly.toml:2: push.gateways: name 1 to 64 gateways");
        insta::assert_snapshot!(why("[push]\nca_file = \"gone.pem\"\n"), @"frankly.toml:2: push.ca_file: cannot read gone.pem: No such file or directory (os error 2)");
    }
}
