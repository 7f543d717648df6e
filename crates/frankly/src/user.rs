//! `frankly user`: people and staff, by the operator's hand. Works on the database itself, also while
//! the server runs: a running server trusts a session for up to half a minute, then looks again.

use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use app::accounts::admin::{Account, UserChange};
use app::accounts::register::StaffMadeAccount;
use app::accounts::relations::{PersonTold, Relate, Related, Upserted};
use app::rules::Rules;
use app::{App, Caller};
use clap::{Args, Subcommand};
use model::contact::ContactLimit;
use model::id::{OwnedDeviceId, OwnedUserId};
use model::person::{AccountState, AgeBand, Role};
use model::secret::Secret;
use serde_json::{Value, json};

use crate::config::Overrides;
use crate::serve;

/// People and staff
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  frankly user add ana --password-stdin --age-band adult --data ./data\n  \
    frankly user add rosa --password-stdin --role reviewer --data ./data\n  \
    frankly user list --json --data ./data\n  frankly user lock ben --data ./data")]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
    /// Configuration file [default: ./frankly.toml if it is there]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<std::path::PathBuf>,
    /// Directory of the embedded database [default: ./data]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<String>,
    /// PostgreSQL instead of the embedded database, as in `postgres://user@host/name`
    #[arg(long, value_name = "URL", global = true)]
    database: Option<String>,
    /// The name in user IDs, for a database that has none yet [default: localhost]
    #[arg(long, value_name = "NAME", global = true)]
    server_name: Option<String>,
    /// Answer in JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make an account
    #[command(after_help = "Example:\n  frankly user add rosa --password-stdin --role reviewer --display-name Rosa --data ./data")]
    Add(AddArgs),
    /// List all accounts
    #[command(after_help = "Example:\n  frankly user list --json --data ./data")]
    List,
    /// Show one account
    #[command(after_help = "Example:\n  frankly user show ana --data ./data")]
    Show(WhoArgs),
    /// Give a role to an account, or take it away
    #[command(
        after_help = "Examples:\n  frankly user role rosa senior_reviewer --data ./data\n  frankly user role rosa reviewer --remove --data ./data"
    )]
    Role(RoleArgs),
    /// Let an account only log out
    #[command(after_help = "Example:\n  frankly user lock ben --data ./data")]
    Lock(WhoArgs),
    /// Undo a lock
    #[command(after_help = "Example:\n  frankly user unlock ben --data ./data")]
    Unlock(WhoArgs),
    /// Let an account only read and leave
    #[command(after_help = "Example:\n  frankly user suspend ben --data ./data")]
    Suspend(WhoArgs),
    /// Undo a suspension
    #[command(after_help = "Example:\n  frankly user unsuspend ben --data ./data")]
    Unsuspend(WhoArgs),
    /// Tell how old somebody is
    #[command(after_help = "Example:\n  frankly user age ana adult --data ./data")]
    Age(AgeArgs),
    /// Tell that one person follows or blocks another; two who follow each other are friends
    #[command(
        after_help = "Examples:\n  frankly user relate ana ben --friends --data ./data\n  frankly user relate ana ben --blocks --data ./data\n  \
        frankly user relate ana ben --blocks --remove --data ./data"
    )]
    Relate(RelateArgs),
    /// Tell whose account watches over a young person's, and how far it narrows their contacts
    #[command(
        after_help = "Examples:\n  frankly user guardian ben ana --limit friends --data ./data\n  frankly user guardian ben --remove --data ./data"
    )]
    Guardian(GuardianArgs),
    /// Set a password and log every device out
    #[command(after_help = "Example:\n  echo \"$NEW\" | frankly user password ana --password-stdin --data ./data")]
    Password(PasswordArgs),
}

#[derive(Args, Debug)]
struct WhoArgs {
    /// Local part or whole user ID
    user: String,
}

#[derive(Args, Debug)]
struct AddArgs {
    /// Local part of the user ID
    localpart: String,
    #[command(flatten)]
    password: GivenPassword,
    /// Role of a member of staff; may be given several times
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Vec<Role>,
    /// u13, 13-15, 16-17, adult or unknown
    #[arg(long, value_name = "BAND", default_value = "unknown", value_parser = age_band)]
    age_band: AgeBand,
    /// Jurisdiction, as in DE
    #[arg(long, value_name = "J", default_value = "")]
    jurisdiction: String,
    /// The name shown
    #[arg(long, value_name = "N")]
    display_name: Option<String>,
}

#[derive(Args, Debug)]
struct RoleArgs {
    /// Local part or whole user ID
    user: String,
    /// The role
    #[arg(value_parser = role)]
    role: Role,
    /// Take it away
    #[arg(long)]
    remove: bool,
}

#[derive(Args, Debug)]
struct AgeArgs {
    /// Local part or whole user ID
    user: String,
    /// u13, 13-15, 16-17, adult or unknown
    #[arg(value_name = "BAND", value_parser = age_band)]
    age_band: AgeBand,
}

#[derive(Args, Debug)]
struct RelateArgs {
    /// Local part or whole user ID
    user: String,
    /// The other person
    other: String,
    #[command(flatten)]
    kind: RelationKind,
    /// Not any more
    #[arg(long)]
    remove: bool,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct RelationKind {
    /// The first follows the second
    #[arg(long)]
    follows: bool,
    /// Each follows the other
    #[arg(long)]
    friends: bool,
    /// The first blocks the second
    #[arg(long)]
    blocks: bool,
}

#[derive(Args, Debug)]
struct GuardianArgs {
    /// The young person: local part or whole user ID
    user: String,
    /// The guardian, an adult
    #[arg(required_unless_present = "remove")]
    guardian: Option<String>,
    /// Narrow their contacts to friends, or to the guardian alone
    #[arg(long, value_name = "WHOM", value_parser = contact_limit)]
    limit: Option<ContactLimit>,
    /// No guardian and no limit any more
    #[arg(long, conflicts_with_all = ["guardian", "limit"])]
    remove: bool,
}

#[derive(Args, Debug)]
struct PasswordArgs {
    /// Local part or whole user ID
    user: String,
    #[command(flatten)]
    password: GivenPassword,
}

/// A password on the command line, where other people on this machine may see it, or on standard input.
#[derive(Args)]
#[group(multiple = false)]
struct GivenPassword {
    /// The password; others on this machine may see it while the command runs
    #[arg(long, value_name = "PW")]
    password: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

impl std::fmt::Debug for GivenPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GivenPassword(***)")
    }
}

impl GivenPassword {
    fn read(self) -> anyhow::Result<Option<Secret<String>>> {
        if !self.password_stdin {
            return Ok(self.password.map(Secret::new));
        }
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).context("cannot read the password from standard input")?;
        let password = line.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            bail!("the first line of standard input is empty; it should be the password");
        }
        Ok(Some(Secret::new(password.to_owned())))
    }
}

fn role(name: &str) -> Result<Role, String> {
    Role::parse(name).ok_or_else(|| format!("expected one of {}", Role::ALL.map(Role::as_str).join(", ")))
}

fn age_band(name: &str) -> Result<AgeBand, String> {
    AgeBand::parse(name).ok_or_else(|| format!("expected one of {}", AgeBand::ALL.map(AgeBand::as_str).join(", ")))
}

fn contact_limit(name: &str) -> Result<ContactLimit, String> {
    ContactLimit::parse(name).ok_or_else(|| "expected friends or guardian".to_owned())
}

/// Carries `frankly user …` out.
pub(crate) async fn run(args: UserArgs) -> anyhow::Result<ExitCode> {
    let mut overrides = Overrides::default();
    overrides.put("data", args.data.as_deref());
    overrides.put("database", args.database.as_deref());
    overrides.put("server_name", args.server_name.as_deref());
    let options = crate::config::load(args.config.as_deref(), &overrides)?;
    let app = serve::open_app_with(&options, true, Rules::default()).await?;
    let json = args.json;
    match args.command {
        UserCommand::Add(add) => show(&account(&app, &add_person(&app, add).await?).await?, json),
        UserCommand::List => list(&app, json).await?,
        UserCommand::Show(who) => show(&account(&app, &named(&app, &who.user)?).await?, json),
        UserCommand::Role(args) => {
            let change = if args.remove { UserChange::RemoveRole(args.role) } else { UserChange::AddRole(args.role) };
            change_and_show(&app, &args.user, change, json).await?;
        }
        UserCommand::Lock(who) => set_state(&app, &who.user, AccountState::Locked, json).await?,
        UserCommand::Suspend(who) => set_state(&app, &who.user, AccountState::Suspended, json).await?,
        UserCommand::Unlock(who) | UserCommand::Unsuspend(who) => set_state(&app, &who.user, AccountState::Active, json).await?,
        UserCommand::Age(args) => change_and_show(&app, &args.user, UserChange::AgeBand(args.age_band), json).await?,
        UserCommand::Relate(args) => relate(&app, &args, json).await?,
        UserCommand::Guardian(args) => set_guardian(&app, args, json).await?,
        UserCommand::Password(args) => set_password(&app, args, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn add_person(app: &App, add: AddArgs) -> anyhow::Result<OwnedUserId> {
    let password = add.password.read()?;
    let new = StaffMadeAccount {
        localpart: add.localpart.clone(),
        password,
        display_name: add.display_name,
        age_band: add.age_band,
        jurisdiction: add.jurisdiction,
    };
    let user = app.make_account(new).await.map_err(|error| anyhow!("{}: {error}", add.localpart))?;
    for role in add.role {
        app.change_account(&user, UserChange::AddRole(role)).await?;
    }
    Ok(user)
}

async fn set_state(app: &App, user: &str, state: AccountState, json: bool) -> anyhow::Result<()> {
    let account = account(app, &named(app, user)?).await?;
    if account.service || account.state == AccountState::Deactivated {
        bail!("{} is {}; its state cannot be changed", account.user_id, if account.service { "the server's own" } else { "closed" });
    }
    change_and_show(app, user, UserChange::State(state), json).await
}

async fn set_password(app: &App, args: PasswordArgs, json: bool) -> anyhow::Result<()> {
    let user_id = named(app, &args.user)?;
    let found = account(app, &user_id).await?;
    if found.service || found.state == AccountState::Deactivated {
        bail!("nobody can log in as {user_id}, so it takes no password");
    }
    let password = args.password.read()?.context("say --password PW or --password-stdin")?;
    let hash = app.hash_password(&password).await?;
    app.change_account(&user_id, UserChange::Password(hash)).await?;
    let caller = Caller { user_id, device_id: OwnedDeviceId::from(""), state: found.state };
    app.log_out(&caller, true).await?;
    show(&account(app, &caller.user_id).await?, json);
    Ok(())
}

async fn relate(app: &App, args: &RelateArgs, json: bool) -> anyhow::Result<()> {
    let (user_id, other) = (named(app, &args.user)?, named(app, &args.other)?);
    let yes = !args.remove;
    let follows = (args.kind.follows || args.kind.friends).then_some(yes);
    let one = Relate { user_id: user_id.clone(), other: other.clone(), follows, blocks: args.kind.blocks.then_some(yes) };
    let back = Relate { user_id: other, other: user_id.clone(), follows: Some(yes), blocks: None };
    let relations = if args.kind.friends { vec![one, back] } else { vec![one] };
    for outcome in app.tell_relations(&app.config.tenant.0, relations).await? {
        match outcome {
            Related::Changed | Related::Unchanged => {}
            Related::Unknown(who) => bail!("there is no {who} here"),
            Related::Oneself => bail!("nobody has relations with themselves"),
            Related::TooMany => bail!("{user_id} has as many relations as anybody may have"),
        }
    }
    show(&account(app, &user_id).await?, json);
    Ok(())
}

async fn set_guardian(app: &App, args: GuardianArgs, json: bool) -> anyhow::Result<()> {
    let user_id = named(app, &args.user)?;
    account(app, &user_id).await?;
    let guardian = args.guardian.as_deref().map(|guardian| named(app, guardian)).transpose()?;
    let told = PersonTold {
        user_id: user_id.clone(),
        display_name: None,
        age_band: None,
        jurisdiction: None,
        guardian: Some(guardian),
        limit: Some(args.limit),
    };
    match app.tell_people(&app.config.tenant.0, vec![told]).await?.as_slice() {
        [Upserted::BadGuardian] => bail!("a guardian is somebody else here who is known to be an adult"),
        [Upserted::NotYours] => bail!("{user_id} is closed, or the server's own"),
        _ => {}
    }
    show(&account(app, &user_id).await?, json);
    Ok(())
}

async fn change_and_show(app: &App, user: &str, change: UserChange, json: bool) -> anyhow::Result<()> {
    let user_id = named(app, user)?;
    app.change_account(&user_id, change).await?;
    show(&account(app, &user_id).await?, json);
    Ok(())
}

fn named(app: &App, user: &str) -> anyhow::Result<OwnedUserId> {
    app.user_named(user).map_err(|error| anyhow!("{user}: {error} (this one is {})", app.config.server_name))
}

async fn account(app: &App, user_id: &OwnedUserId) -> anyhow::Result<Account> {
    Ok(app.account(user_id).await?)
}

async fn list(app: &App, json: bool) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let page = app.accounts(after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.user_id.to_string();
        for account in &page {
            show(account, json);
        }
    }
}

fn show(account: &Account, json: bool) {
    serve::announce(&if json { as_json(account).to_string() } else { as_text(account) });
}

fn as_json(account: &Account) -> Value {
    json!({
        "user_id": account.user_id,
        "display_name": account.display_name,
        "age_band": account.age_band.as_str(),
        "jurisdiction": account.jurisdiction,
        "state": account.state.as_str(),
        "strikes": account.strikes,
        "roles": account.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>(),
        "password": account.password_hash.is_some(),
        "created_ms": account.created_ms,
        "erase_asked_ms": account.erase_asked_ms,
        "guardian": account.guardian,
        "contact_limit": account.limit.map(ContactLimit::as_str),
    })
}

/// One line: ID, state, age band, then what is not usual.
fn as_text(account: &Account) -> String {
    let mut words = vec![account.user_id.to_string(), account.state.as_str().to_owned(), account.age_band.as_str().to_owned()];
    words.extend(account.display_name.as_ref().map(|name| format!("{name:?}")));
    if !account.roles.is_empty() {
        words.push(format!("roles: {}", account.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")));
    }
    if account.strikes > 0 {
        words.push(format!("strikes: {}", account.strikes));
    }
    if account.password_hash.is_none() {
        words.push("no password".to_owned());
    }
    words.extend(account.guardian.as_ref().map(|guardian| format!("guardian: {guardian}")));
    words.extend(account.limit.map(|limit| format!("contacts: {}", limit.as_str())));
    if account.erase_asked_ms.is_some() {
        words.push("asked for erasure".to_owned());
    }
    words.join("  ")
}
