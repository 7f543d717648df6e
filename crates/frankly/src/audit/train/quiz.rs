//! `frankly audit train quiz`: eight questions, seven right.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{anyhow, bail};
use audit::exit::Exit;
use audit::train::{Answered, BANK, Lesson, Paper, Record, TO_PASS};
use clap::Args;
use jiff::Timestamp;

use super::Taught;
use super::files::Kept;

/// Ask eight questions; seven right answers pass, for twelve months
///
/// What was wrong is asked again in a quiz three days later or more. The outcome is signed and added to the records.
/// Ends with 1 when it was not passed.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  frankly audit train quiz --person p-17 --platform signal --seed 7 --answers ddbbaaca")]
pub(super) struct QuizArgs {
    /// Who takes it, by a pseudonym
    #[arg(long, value_name = "NAME")]
    person: String,
    #[command(flatten)]
    taught: Taught,
    /// What it is drawn by; the same draws the same [default: chance]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// The letters of the answers, as from the page [default: asked for]
    #[arg(long, value_name = "LETTERS", requires = "seed")]
    answers: Option<String>,
    #[command(flatten)]
    kept: Kept,
    /// The present moment [default: now]
    #[arg(long, value_name = "MOMENT")]
    now: Option<Timestamp>,
}

pub(super) fn run(args: &QuizArgs) -> anyhow::Result<Exit> {
    if args.person.trim().is_empty() {
        bail!("somebody takes a quiz: --person");
    }
    let lessons = args.taught.lessons()?;
    let key = args.kept.key_or_new()?;
    let now = args.now.unwrap_or_else(Timestamp::now);
    let seed = args.seed.unwrap_or_else(rand::random);
    let (paper, letters) = if let Some(letters) = &args.answers {
        // a page that was printed knows nothing of what to ask again
        (BANK.draw(seed, &[]), letters.trim().chars().collect())
    } else {
        let paper = BANK.draw(seed, &args.kept.chain(None)?.ask_again(&args.person, now));
        let letters = ask(&paper)?;
        (paper, letters)
    };
    let answered = paper.answered(&letters).map_err(|error| anyhow!("{error}"))?;
    let record = record(args, &lessons, seed, now, &answered);
    args.kept.add(&record, &key)?;
    explain(&paper, &answered);
    let passed = if answered.passed() { "passed" } else { "not passed" };
    println!("{} of {} right, {TO_PASS} are needed: {passed}, until {}", answered.right, answered.of, record.until);
    Ok(if answered.passed() { Exit::Pass } else { Exit::Violation })
}

fn record(args: &QuizArgs, lessons: &[Lesson], seed: u64, at: Timestamp, answered: &Answered) -> Record {
    Record {
        person: args.person.clone(),
        platforms: args.taught.platform.clone(),
        lesson: Lesson::sha256(lessons),
        questions: BANK.sha256.clone(),
        seed,
        right: answered.right,
        of: answered.of,
        wrong: answered.wrong.clone(),
        passed: answered.passed(),
        at,
        until: Record::valid_until(at, answered.passed()),
    }
}

/// Asks at the terminal, or reads a letter a line.
fn ask(paper: &Paper<'_>) -> anyhow::Result<Vec<char>> {
    let input = std::io::stdin();
    let terminal = input.is_terminal();
    let mut lines = input.lock().lines();
    let mut letters = Vec::new();
    for (number, question) in (1..).zip(&paper.questions) {
        println!("\n{number} of {}: {}", paper.questions.len(), question.item.ask);
        question.answers().for_each(|(letter, answer)| println!("  {letter}) {answer}"));
        loop {
            print!("> ");
            std::io::stdout().flush()?;
            let Some(line) = lines.next().transpose()? else { bail!("the answers end before the questions") };
            let mut typed = line.trim().chars().map(|c| c.to_ascii_lowercase());
            match (typed.next(), typed.next()) {
                (Some(letter), None) if question.answers().any(|(known, _)| known == letter) => {
                    letters.push(letter);
                    break;
                }
                _ if terminal => println!("One of the letters, please."),
                _ => bail!("“{}” is no letter of question {number}", line.trim()),
            }
        }
    }
    println!();
    Ok(letters)
}

fn explain(paper: &Paper<'_>, answered: &Answered) {
    for question in paper.questions.iter().filter(|question| answered.wrong.contains(&question.item.id)) {
        println!("{}\n  right: {}\n  {}\n", question.item.ask, question.item.answers[0], question.item.why);
    }
}
