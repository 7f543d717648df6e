// A member with matrix-js-sdk and one with matrix-sdk, of which Element X is made, have a sealed conversation.
// FRANKLY_PEER is the program of e2e/rust; its `peer` answers every text with "echo: …" and ends after "bye".
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { baseUrl, password, run, Tally } from "./support.mjs";

const LINES = 110; // more than the messages of one session
const WAIT_MS = 90_000;

/** The other client: what it printed so far, and waiting for a line of a kind. */
class Peer {
  told = [];

  constructor(name) {
    const given = ["peer", "--url", baseUrl, "--user", name, "--password", password, "--register"];
    this.child = spawn(process.env.FRANKLY_PEER, given, { stdio: ["ignore", "pipe", "inherit"] });
    this.ended = new Promise((resolve) => this.child.once("exit", resolve));
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) this.told.push(JSON.parse(line));
    });
  }

  of(kind) {
    return this.told.filter((line) => line.kind === kind);
  }

  async until(kind, count = 1) {
    const end = Date.now() + WAIT_MS;
    while (this.of(kind).length < count) {
      if (Date.now() > end || this.child.exitCode !== null)
        throw new Error(`the peer did not say "${kind}" ${count} times`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return this.of(kind);
  }
}

await run("js-crypto peer", async (stage, checks) => {
  const tally = new Tally();
  const peer = new Peer("rusty");
  const world = { ana: null, user: null, room: null };

  /** Says something and waits for the echo of it. */
  async function echoed(body, what) {
    const { ana, room } = world;
    const id = await ana.ask("say", room, body);
    const answer = await ana.ask("hears", room, id);
    checks.that(what, answer.body === `echo: ${body}` && answer.sealed, JSON.stringify(answer));
    return id;
  }

  async function opening() {
    const [ready] = await peer.until("ready");
    world.user = ready.user;
    world.ana = await stage.person("jane");
    await world.ana.ask("bootstrap");
    world.room = await world.ana.ask("open", world.user);
    await world.ana.ask("sees", world.room, world.user);
    checks.that("the peer joins a sealed conversation", (await peer.until("joined"))[0].room === world.room);
    checks.that("its device is known", ready.device in (await world.ana.ask("devices", world.user)));
  }

  async function talking() {
    const { ana, room } = world;
    await echoed("hello from a browser", "what the browser says, matrix-sdk reads and answers");
    const bodies = Array.from({ length: LINES }, (_, number) => `line ${number}`);
    await ana.ask("sayMany", room, bodies);
    await peer.until("decrypted", LINES + 1);
    const read = peer
      .of("decrypted")
      .map(({ body }) => body)
      .slice(1);
    checks.that(`${LINES} lines are read once, in order`, JSON.stringify(read) === JSON.stringify(bodies), read.length);
    const echoes = await ana.ask("hearsAll", room, world.user, LINES + 1);
    checks.that(
      "and all echoes, in order",
      JSON.stringify(echoes.slice(1)) === JSON.stringify(bodies.map((body) => `echo: ${body}`)),
      echoes.length,
    );
  }

  async function reloading() {
    const { ana, room } = world;
    await ana.reload();
    await ana.ask("scrollBack", room);
    await echoed("loaded again", "after loading the page again both read on");
    await ana.ask("rotates", room);
    await echoed("a new key", "and with a key made anew");
  }

  async function ending() {
    const { ana, room } = world;
    await ana.ask("say", room, "bye");
    const [bye] = await peer.until("bye");
    checks.equal(
      "matrix-sdk ends with nothing undecryptable",
      [bye.undecryptable, peer.of("undecryptable").length],
      [0, 0],
    );
    checks.equal("nothing reached it in plain text", peer.of("plain").length, 0);
    console.log(
      `| js-crypto peer: matrix-sdk read ${peer.of("decrypted").length} sealed messages, ${peer.of("waiting").length} came before their key`,
    );
    checks.equal("it ends well", await peer.ended, 0);
    tally.add(await ana.ask("tally"), "jane");
    await tally.end(checks, 2 * LINES);
  }

  await checks.topics([opening, talking, reloading, ending]);
  peer.child.kill();
});
