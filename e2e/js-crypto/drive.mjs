// Two members with matrix-js-sdk and its encryption, each in a browser of their own, have a sealed conversation.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openCase } from "./console.mjs";
import { baseUrl, counter, ODDITIES, password, phrases, run, Tally } from "./support.mjs";

const BURST = 120; // more than the messages of one session, so that keys change on the way
const FILE_BYTES = 300_001;
const LINES_THROUGH = 40; // said while the server is killed
const WORRY = "this worries me";

await run("js-crypto", async (stage, checks) => {
  const tally = new Tally();
  const world = { ana: null, ben: null, room: null, second: null, recovery: null, last: null };
  const lines = (whose, count) => Array.from({ length: count }, (_, number) => `${whose} line ${number}`);
  const count = async (device) => tally.add(await device.ask("tally"), device.label);

  async function accounts() {
    world.ana = await stage.person("kana");
    world.ben = await stage.person("kben");
    for (const one of [world.ana, world.ben]) {
      const made = await one.ask("bootstrap");
      checks.equal(`${one.label}'s first cross-signing keys need no password`, made.asked, 0);
      checks.that(`${one.label}'s keys are ready`, made.ready);
      const signed = () => one.ask("devices", one.userId);
      checks.that(
        `${one.label}'s device is signed by its owner`,
        await eventually(async () => (await signed())[one.deviceId]),
      );
    }
    world.recovery = await world.ana.ask("backUp");
    checks.that("ana has a recovery key", world.recovery);
  }

  async function opening() {
    const { ana, ben } = world;
    world.room = await ana.ask("open", ben.userId);
    const early = await ana.ask("say", world.room, "before you came");
    await ben.ask("join", world.room);
    await ana.ask("sees", world.room, ben.userId);
    for (const one of [ana, ben]) {
      const shown = await one.ask("shows", world.room);
      checks.that(`${one.label} sees an encrypted room`, shown.encrypted && shown.encrypts);
      checks.equal(`${one.label} sees in the create event that it is sealed`, shown.conversation?.mode, "sealed");
    }
    checks.equal(
      "what was said while ben was invited, he reads",
      (await ben.ask("reads", world.room, early)).body,
      "before you came",
    );
  }

  async function talking() {
    const { ana, ben, room } = world;
    for (const [from, to, body] of [
      [ana, ben, phrases.sealed],
      [ben, ana, "and I count the waves 🌊"],
    ]) {
      const id = await from.ask("say", room, body);
      const read = await to.ask("reads", room, id);
      checks.equal(`${to.label} reads what ${from.label} says`, read.body, body);
      checks.that("it travelled encrypted", read.sealed && !read.failed);
      const stored = await to.ask("raw", room, id);
      checks.that(
        "the server has ciphertext alone",
        stored.type === "m.room.encrypted" && !JSON.stringify(stored).includes(body),
      );
    }
    const [hers, his] = [lines("ana", BURST), lines("ben", BURST)];
    const [herIds, hisIds] = await Promise.all([ana.ask("sayMany", room, hers), ben.ask("sayMany", room, his)]);
    checks.equal(`ben reads ${BURST} lines that come fast`, await ben.ask("readsMany", room, herIds), hers);
    checks.equal(`ana reads ${BURST} lines that come fast`, await ana.ask("readsMany", room, hisIds), his);
    const sessions = new Set();
    for (const id of herIds) sessions.add((await ben.ask("raw", room, id)).content.session_id);
    checks.that("the key changed on the way", sessions.size >= 2, sessions.size);
    world.last = herIds.at(-1);
  }

  async function killing() {
    const { ana, ben, room } = world;
    checks.equal("so far no session came from two devices, no index twice", await counter(ODDITIES), 0);
    // one speaks: after a gap this library looks back only where it has written nothing meanwhile
    const said = lines("through it", LINES_THROUGH);
    const talk = ana.ask("sayThrough", room, said);
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(Number(readFileSync(process.env.FRANKLY_PID_FILE, "utf8")), "SIGKILL");
    const { ids, again } = await talk;
    checks.that("the server was killed while ana spoke", again > 0);
    checks.equal("ben reads all that she said through it", await ben.ask("readsMany", room, ids), said);
    for (const one of [ana, ben]) {
      checks.equal(`${one.label} has each line once`, await one.ask("times", room, said), Array(LINES_THROUGH).fill(1));
    }
    const answer = await ben.ask("say", room, "that was quick");
    checks.equal("and ana reads his answer", (await ana.ask("reads", room, answer)).body, "that was quick");
  }

  async function changing() {
    const { ana, ben, room } = world;
    const id = await ana.ask("say", room, "see you at six");
    await ana.ask("edit", room, id, "see you at seven");
    checks.equal("ben reads the edit", await ben.ask("readsEdited", room, id), "see you at seven");
    const reaction = await ben.ask("react", room, id, "👍");
    checks.equal("ana sees the reaction", await ana.ask("seesReaction", room, reaction), "👍");
    const regret = await ana.ask("say", room, "forget this");
    await ben.ask("reads", room, regret);
    await ana.ask("redact", room, regret);
    const left = await ben.ask("seesRedaction", room, regret);
    checks.equal("ben no longer has what was redacted", left.here, {});
    checks.that("nor has the server its ciphertext", !("ciphertext" in left.server), JSON.stringify(left.server));
  }

  async function threads() {
    const { ana, ben, room } = world;
    const root = await ana.ask("say", room, "where shall we meet?");
    await ben.ask("reads", room, root);
    const first = await ben.ask("sayInThread", room, root, "at the pier");
    const second = await ana.ask("sayInThread", room, root, "or under the clock");
    for (const one of [ana, ben]) {
      const wanted = { body: "or under the clock", sealed: true, root: "where shall we meet?" };
      checks.equal(`${one.label} reads a thread`, await one.ask("readsThread", room, root, second), wanted);
      checks.equal(
        `${one.label} reads the first`,
        (await one.ask("readsThread", room, root, first)).body,
        "at the pier",
      );
      const told = (await one.ask("raw", room, root)).unsigned["m.relations"]["m.thread"];
      checks.that("the server counts it without reading it", told.count === 2 && told.latest_event.event_id === second);
    }
  }

  async function files() {
    const { ana, ben, room } = world;
    const bytes = Array.from({ length: FILE_BYTES }, (_, number) => (number * 31 + (number >> 8)) & 0xff);
    const sent = await ana.ask("sendFile", room, "herons.bin", bytes);
    const got = await ben.ask("getFile", room, sent.id);
    checks.that(
      `a file of ${FILE_BYTES} bytes comes back byte for byte`,
      Buffer.compare(Buffer.from(got.bytes), Buffer.from(bytes)) === 0,
    );
    checks.that(
      "what travelled is something else",
      Buffer.compare(Buffer.from(got.encrypted), Buffer.from(bytes)) !== 0 && got.encrypted.length === FILE_BYTES,
    );
    const stored = JSON.stringify(await ben.ask("raw", room, sent.id));
    checks.that(
      "the server is not told which file a message shows",
      !stored.includes(sent.address) && !stored.includes("herons"),
    );
  }

  async function reloading() {
    const { ana, ben, room } = world;
    for (const one of [ana, ben]) await count(one);
    await ben.reload();
    await ben.ask("scrollBack", room);
    checks.equal(
      "after loading the page again ben reads what came before",
      (await ben.ask("reads", room, world.last)).body,
      `ana line ${BURST - 1}`,
    );
    const more = await ana.ask("say", room, "still there?");
    checks.equal("and what comes after", (await ben.ask("reads", room, more)).body, "still there?");
    const answer = await ben.ask("say", room, "yes");
    checks.equal("ana reads his answer", (await ana.ask("reads", room, answer)).body, "yes");
    await ben.ask("stop");
    const missed = await ana.ask("sayMany", room, lines("missed", 15));
    await ana.reload();
    await ben.reload();
    await ben.ask("scrollBack", room); // more than a sync tells at once
    checks.equal(
      "what was said while ben was away, he reads",
      await ben.ask("readsMany", room, missed),
      lines("missed", 15),
    );
    const later = await ben.ask("say", room, "back again");
    checks.equal("ana, loaded again, reads him", (await ana.ask("reads", room, later)).body, "back again");
  }

  async function comparing() {
    const { ana, ben, room } = world;
    await ana.ask("asksToVerify", ben.userId, room);
    await ben.ask("accepts");
    await ana.ask("begins");
    const [hers, his] = await Promise.all([ana.ask("emoji"), ben.ask("emoji")]);
    checks.that("both see seven emoji", hers.length === 7);
    checks.equal("and the same ones", hers, his);
    await Promise.all([ana.ask("confirms"), ben.ask("confirms")]);
    checks.that("ana has verified ben", await eventually(async () => (await ana.ask("trusts", ben.userId)).verified));
    checks.that("ben has verified ana", await eventually(async () => (await ben.ask("trusts", ana.userId)).verified));
    await ben.ask("asksToVerify", ana.userId, room);
    await ana.ask("accepts");
    await ben.ask("begins");
    await Promise.all([ana.ask("emoji"), ben.ask("emoji")]);
    checks.equal("emoji that differ end it", await ben.ask("denies"), "m.mismatched_sas");
  }

  async function restoring() {
    const { ana, ben, room } = world;
    const kept = await ana.ask("backedUp");
    checks.that(
      "ana's backup holds the keys of all her sessions",
      kept.count >= kept.sessions && kept.sessions >= 3 && kept.active === kept.version,
      JSON.stringify(kept),
    );
    const second = await stage.device("kana-2");
    world.second = second;
    Object.assign(second, await second.ask("logIn", baseUrl, "kana", password));
    await second.ask("writeDown", world.recovery);
    const restored = await second.ask("restore");
    checks.that(
      "a new device takes every key from the backup",
      restored.imported === restored.total && restored.total >= kept.sessions,
      JSON.stringify(restored),
    );
    checks.that("and signs itself with keys from secret storage, unasked", restored.ready && restored.asked === 0);
    await second.ask("scrollBack", room);
    checks.equal(
      "it reads the first message",
      (await second.ask("reads", room, world.last)).body,
      `ana line ${BURST - 1}`,
    );
    checks.that(
      "ben's client sees that it is ana's",
      await eventually(async () => (await ben.ask("devices", ana.userId))[second.deviceId]),
    );
    const id = await ben.ask("say", room, "which of you?");
    for (const one of [ana, second])
      checks.equal(`${one.label} reads what is new`, (await one.ask("reads", room, id)).body, "which of you?");
    const both = await second.ask("say", room, "this one");
    for (const one of [ana, ben])
      checks.equal(`${one.label} reads the new device`, (await one.ask("reads", room, both)).body, "this one");
  }

  async function verifyingOnesOwn() {
    const { ana } = world;
    const third = await stage.device("kana-3");
    Object.assign(third, await third.ask("logIn", baseUrl, "kana", password));
    // a request from a device that is not known yet would be dropped
    checks.that(
      "ana's first device hears of another one",
      await eventually(async () => third.deviceId in (await ana.ask("devices", ana.userId))),
    );
    await third.ask("asksOwnDevices");
    await ana.ask("accepts");
    await third.ask("begins");
    const [hers, its] = await Promise.all([ana.ask("emoji"), third.ask("emoji")]);
    checks.equal("an own device without the recovery key shows the same emoji", hers, its);
    await Promise.all([ana.ask("confirms"), third.ask("confirms")]);
    checks.that(
      "ana's first device trusts it",
      await eventually(() => ana.ask("trustsDevice", ana.userId, third.deviceId)),
    );
    checks.that(
      "ben's client sees that it is ana's",
      await eventually(async () => (await world.ben.ask("devices", ana.userId))[third.deviceId]),
    );
    await third.close();
    checks.equal("its removal wants the password", await ana.ask("removes", third.deviceId), 1);
    checks.that(
      "then it is gone for ben",
      await eventually(async () => !(third.deviceId in (await world.ben.ask("devices", ana.userId)))),
    );
    const id = await world.ben.ask("say", world.room, "one less");
    checks.equal("and ana reads on", (await ana.ask("reads", world.room, id)).body, "one less");
  }

  async function plainText() {
    const { ana, room } = world;
    const plain = { msgtype: "m.text", body: "in the clear" };
    const refused = await ana.ask("forced", room, "m.room.message", plain);
    checks.that(
      "plain text is refused with a sentence",
      refused?.status === 403 && refused.error,
      JSON.stringify(refused),
    );
    const beside = await ana.ask("forced", room, "m.room.encrypted", { ...plain, algorithm: "m.megolm.v1.aes-sha2" });
    checks.that("so is plain text that says it is encrypted", beside?.status === 403, JSON.stringify(beside));
    const { content } = await ana.ask("raw", room, world.last);
    const forged = {
      ...content,
      ciphertext: content.ciphertext.replace(/.(?=.{9}$)/, (letter) => (letter === "A" ? "B" : "A")),
    };
    const bent = await ana.ask("forced", room, "m.room.encrypted", forged);
    checks.that(
      "and ciphertext that its session did not sign",
      bent?.status === 400 && bent.errcode === "M_INVALID_SIGNATURE",
      JSON.stringify(bent),
    );
    const weaker = await ana.ask("refusedState", room, "m.room.encryption", { algorithm: "m.none" });
    checks.that("nor can the encryption be changed", weaker?.status === 403, JSON.stringify(weaker));
  }

  async function reporting() {
    const { ana, ben, room } = world;
    const id = await ana.ask("say", room, "something that ben reports");
    await ben.ask("reads", room, id);
    await ben.ask("report", room, id, WORRY);
    const found = await openCase(id);
    checks.equal("the report of a sealed message is a case that says so", found.mode, "sealed");
    const { content } = await ben.ask("raw", room, id);
    checks.equal("it names the session of the message", found.sealed?.session_id, content.session_id);
    checks.equal("and holds the reporter's word", found.reports[0]?.reason, WORRY);
    checks.that(
      "but nothing that was said",
      !found.text.includes("something that ben reports") && !found.text.includes(content.ciphertext),
    );
    checks.that(
      "and there is nothing to reveal",
      found.reveal.status === 403 && !found.allowed.includes("reveal"),
      found.reveal.status,
    );
  }

  async function replacing() {
    const { ana, ben, room } = world;
    const made = await ben.ask("reset");
    checks.equal("new cross-signing keys want the password", made.asked, 1);
    checks.that(
      "ana's client sees that ben's identity changed",
      await eventually(
        async () => (await ana.ask("trusts", ben.userId)).approval || !(await ana.ask("trusts", ben.userId)).verified,
      ),
    );
    const id = await ben.ask("say", room, "new keys");
    checks.equal("what ben says then, ana reads", (await ana.ask("reads", room, id)).body, "new keys");
  }

  async function looking() {
    const kept = filesBelow(process.env.FRANKLY_DATA);
    const holds = (words) => kept.some((bytes) => bytes.includes(words));
    checks.that("what is not secret is found in the server's files", holds(WORRY) && holds("m.room.encrypted"));
    for (const words of [phrases.sealed, "before you came", "see you at seven", "herons.bin", "which of you?"]) {
      checks.that(`"${words}" is not`, !holds(words));
    }
  }

  async function ending() {
    for (const one of [world.ana, world.ben, world.second]) await count(one);
    await tally.end(checks, 600);
  }

  await checks.topics([
    accounts,
    opening,
    talking,
    killing,
    changing,
    threads,
    files,
    reloading,
    comparing,
    restoring,
    verifyingOnesOwn,
    plainText,
    reporting,
    replacing,
    looking,
    ending,
  ]);
});

/** The bytes of every file in a folder and below. */
function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => readFileSync(join(entry.parentPath, entry.name)));
}

async function eventually(holds) {
  const end = Date.now() + 20_000;
  while (Date.now() < end) {
    if (await holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return false;
}
