// Where every conversation is readable, a stock client asks for an encrypted one: it is told, never fooled.
// FRANKLY_ON_ENCRYPTION_REQUEST says what the operator chose: `strip` or `refuse`.
import { run } from "./support.mjs";

const choice = process.env.FRANKLY_ON_ENCRYPTION_REQUEST;

await run(`js-crypto ${choice}`, async (stage, checks) => {
  const world = { ana: null, ben: null, room: null };

  async function accounts() {
    world.ana = await stage.person("rana");
    world.ben = await stage.person("rben");
    const known = await (await fetch(`${process.env.FRANKLY_URL}/.well-known/matrix/client`)).json();
    checks.equal("clients that look beforehand learn that nothing is encrypted here", known["io.element.e2ee"], {
      default: false,
      force_disable: true,
    });
  }

  async function refusing() {
    const { ana, ben } = world;
    const refused = await ana.ask("refusedOpening", ben.userId);
    checks.that(
      "a request for an encrypted conversation is refused",
      refused?.status === 403 && refused.errcode === "M_FORBIDDEN",
      JSON.stringify(refused),
    );
    checks.that("with the reason, in words", /read by the safety team/.test(refused?.error), refused?.error);
    checks.equal("and leaves no room", await ana.ask("rooms"), 0);
    world.room = await ana.ask("open", ben.userId, false);
  }

  async function stripping() {
    const { ana, ben } = world;
    world.room = await ana.ask("open", ben.userId);
    const shown = await ana.ask("shows", world.room);
    checks.that(
      "the first message says that encryption was asked for and is not there",
      /Your app asked for end-to-end encryption. It is not possible here/.test(shown.first?.content?.body),
      JSON.stringify(shown.first),
    );
    checks.equal("it comes from the server's own account", shown.first?.sender?.split(":")[0], "@frankly");
  }

  async function knowing() {
    const { ana, ben, room } = world;
    await ben.ask("join", room);
    await ana.ask("sees", room, ben.userId);
    for (const one of [ana, ben]) {
      const shown = await one.ask("shows", room);
      checks.that(`${one.label}'s client shows a room that is not encrypted`, !shown.encrypted && !shown.encrypts);
      checks.equal(`${one.label} sees in the create event that it is readable`, shown.conversation?.mode, "readable");
      checks.that(
        `${one.label} is told in words who can read`,
        /safety team/.test(shown.mode?.notice),
        JSON.stringify(shown.mode),
      );
    }
    const id = await ana.ask("say", room, "a postcard");
    const read = await ben.ask("reads", room, id);
    checks.that("what ana says is readable, and ben's client knows it", read.body === "a postcard" && !read.sealed);
  }

  async function later() {
    const { ana, room } = world;
    const state = await ana.ask("refusedState", room, "m.room.encryption", { algorithm: "m.megolm.v1.aes-sha2" });
    checks.that("encryption cannot be switched on later", state?.status === 403 && state.error, JSON.stringify(state));
    const sealed = await ana.ask("forced", room, "m.room.encrypted", {
      algorithm: "m.megolm.v1.aes-sha2",
      ciphertext: "AwgAEg",
      session_id: "s",
    });
    checks.that(
      "nor is ciphertext taken, which nobody here could read",
      sealed?.status === 403 && sealed.error,
      JSON.stringify(sealed),
    );
  }

  await checks.topics([accounts, choice === "refuse" ? refusing : stripping, knowing, later]);
});
