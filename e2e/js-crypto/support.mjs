// What the drives share: checks, the page on a loopback port, and members who live in browser contexts of their own.
import { createWriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { preview } from "vite";

export const baseUrl = process.env.FRANKLY_URL;
export const password = "correct horse battery";
/** The server's counter of encrypted events that do not fit their session. */
export const ODDITIES = "frankly_sealed_oddities_total";
export const phrases = { sealed: "the lighthouse keeper counts 47 herons" };

const logs = createWriteStream(join(process.env.FRANKLY_LOGS ?? tmpdir(), "js-crypto-pages.log"), { flags: "a" });

/** Lines that ./test counts: `ok …` and `not ok …`; a failed check does not stop the others. */
export class Checks {
  passed = 0;
  failed = 0;

  constructor(name) {
    this.name = name;
  }

  that(what, holds, detail = "") {
    if (holds) this.passed += 1;
    else this.failed += 1;
    console.log(`${holds ? "ok" : "not ok"} ${this.name}: ${what}${holds || detail === "" ? "" : `: ${detail}`}`);
    return Boolean(holds);
  }

  equal(what, found, wanted) {
    const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)];
    return this.that(what, is === should, `${is} is not ${should}`);
  }

  /** Runs topics one after the other; one that breaks ends the drive, since the next ones build on it. */
  async topics(list) {
    for (const topic of list) {
      try {
        await topic();
      } catch (error) {
        this.that(topic.name, false, String(error.message ?? error).split("\n")[0]);
        break;
      }
    }
  }
}

/** Every encrypted event that a member held at the end, over all members and reloads. */
export class Tally {
  readable = 0;
  late = 0;
  undecryptable = [];

  add(told, whose) {
    this.readable += told.readable;
    this.late += told.late;
    for (const [id, reason] of told.undecryptable) this.undecryptable.push(`${whose} ${id} ${reason}`);
  }

  async end(checks, least) {
    console.log(
      `| ${checks.name}: ${this.readable} times an encrypted event was read, ${this.undecryptable.length} undecryptable, ${this.late} came before their key`,
    );
    checks.equal("no message came before its key", this.late, 0);
    checks.that(
      "undecryptable messages: 0",
      this.undecryptable.length === 0,
      this.undecryptable.slice(0, 5).join(", "),
    );
    checks.equal("no session came from two devices, no index twice", await counter(ODDITIES), 0);
    checks.that(`at least ${least} were read`, this.readable >= least, this.readable);
  }
}

export class Stage {
  /** Answers that say it was the server's fault. */
  faults = [];

  static async open() {
    const stage = new Stage();
    stage.pages = await preview({
      configFile: new URL("vite.config.js", import.meta.url).pathname,
      root: new URL("page", import.meta.url).pathname,
      preview: { host: "127.0.0.1", port: 0 },
    });
    stage.url = `http://127.0.0.1:${stage.pages.httpServer.address().port}/`;
    stage.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
      ],
    });
    return stage;
  }

  /** A browser profile of its own, with empty stores. */
  async device(label) {
    const context = await this.browser.newContext();
    context.on("response", (answer) => {
      if (answer.status() < 400) return;
      const said = `${answer.status()} ${answer.request().method()} ${new URL(answer.url()).pathname}`;
      logs.write(`${new Date().toISOString()} ${label} ${said}\n`);
      if (answer.status() >= 500) this.faults.push(said);
    });
    return new Device(label, context, this.url).load();
  }

  /** Somebody with an account who is logged in. */
  async person(name) {
    const device = await this.device(name);
    Object.assign(device, await device.ask("register", baseUrl, name, password));
    return device;
  }

  async close() {
    await this.browser?.close();
    await new Promise((resolve) => this.pages.httpServer.close(resolve));
    this.pages.httpServer.closeAllConnections?.();
  }
}

class Device {
  constructor(label, context, url) {
    Object.assign(this, { label, context, url, page: null });
  }

  async load() {
    this.page = await this.context.newPage();
    this.page.on(
      "console",
      (line) =>
        ["warning", "error"].includes(line.type()) &&
        logs.write(`${new Date().toISOString()} ${this.label} ${line.type()} ${line.text()}\n`),
    );
    this.page.on("pageerror", (error) =>
      logs.write(`${new Date().toISOString()} ${this.label} uncaught ${error.stack}\n`),
    );
    await this.ready();
    return this;
  }

  async ready() {
    await this.page.goto(this.url);
    await this.page.waitForFunction(() => globalThis.ready);
  }

  /** Calls a function of the page; what it throws is thrown here. */
  ask(name, ...given) {
    return this.page.evaluate(([called, parts]) => globalThis.ask(called, ...parts), [name, given]);
  }

  /** Loads the page again: what the member knows then comes from the stores of the browser. */
  async reload() {
    await this.ask("save");
    await this.page.reload();
    await this.page.waitForFunction(() => globalThis.ready);
    await this.ask("start");
  }

  async close() {
    await this.context.close();
  }
}

/** What a counter of the server stands at, over all its labels. */
export async function counter(name) {
  const text = await (await fetch(`${baseUrl}/metrics`)).text();
  const rows = text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return rows.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** Runs a drive and ends the process with its outcome. */
export async function run(name, play) {
  const checks = new Checks(name);
  const stage = await Stage.open();
  try {
    await play(stage, checks);
  } catch (error) {
    checks.that("the drive came to its end", false, error.stack);
  }
  checks.that("the server answered nothing with a 5xx", stage.faults.length === 0, stage.faults.slice(0, 3).join(", "));
  await stage.close();
  console.log(`${checks.passed} checks passed${checks.failed ? `, ${checks.failed} failed` : ""}`);
  process.exit(checks.failed ? 1 : 0);
}
