// matrix-js-sdk, a client library that is not ours, has a readable conversation on a Frankly server.
import { readFileSync } from "node:fs";

const baseUrl = process.env.FRANKLY_URL;
const phrases = JSON.parse(readFileSync(new URL("../support/phrases.json", import.meta.url), "utf8"));
const password = "correct horse battery";
const waitMs = 20_000;

// The library writes a line for every step; the checks below say what matters.
const print = console.log.bind(console);
for (const level of ["trace", "debug", "log", "info", "warn", "error"]) console[level] = () => {};

// The library uses this function of Node 22; the rest of it runs on Node 20.
Promise.withResolvers ??= function withResolvers() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};

const sdk = await import("matrix-js-sdk");

let failed = 0;

function check(name, holds, detail = "") {
  if (holds) {
    print(`ok js-sdk: ${name}`);
  } else {
    failed += 1;
    print(`not ok js-sdk: ${name}${detail === "" ? "" : `: ${detail}`}`);
  }
  return Boolean(holds);
}

/** Waits until `holds()`, looking often, with a bound. */
async function until(holds) {
  const end = Date.now() + waitMs;
  while (Date.now() < end) {
    if (holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return Boolean(holds());
}

/** Awaits a call that must be refused; gives the error. */
async function refusal(call) {
  try {
    await call;
    return null;
  } catch (error) {
    return error;
  }
}

async function person(name) {
  const guest = sdk.createClient({ baseUrl });
  const first = await refusal(guest.registerRequest({ username: name, password }));
  check(`${name} is asked how to register`, first?.httpStatus === 401 && first.data.flows.length > 0, first);
  const auth = { type: "m.login.dummy", session: first?.data.session };
  const account = await guest.registerRequest({ username: name, password, auth });
  check(`${name} registers`, account.user_id.startsWith(`@${name}:`));
  const login = await guest.loginRequest({
    type: "m.login.password",
    identifier: { type: "m.id.user", user: name },
    password,
  });
  check(`${name} logs in`, login.access_token && login.device_id);
  const client = sdk.createClient({
    baseUrl,
    accessToken: login.access_token,
    userId: login.user_id,
    deviceId: login.device_id,
  });
  await client.startClient({ initialSyncLimit: 50, pollTimeout: 5_000 });
  check(`${name} syncs`, await until(() => client.isInitialSyncComplete()));
  return client;
}

const world = { ana: null, ben: null, room: null, hello: null };
const timeline = (client) => client.getRoom(world.room)?.getLiveTimeline().getEvents() ?? [];
const find = (client, id) => timeline(client).find((event) => event.getId() === id);
const text = (body) => ({ msgtype: "m.text", body });

async function accounts() {
  world.ana = await person("jana");
  world.ben = await person("jben");
  check("capabilities name a room version", (await world.ana.getCapabilities())["m.room_versions"]?.default);
}

async function opening() {
  const { ana, ben } = world;
  const made = await ana.createRoom({ is_direct: true, preset: "trusted_private_chat", invite: [ben.getUserId()] });
  world.room = made.room_id;
  check("ben sees the invitation", await until(() => ben.getRoom(world.room)?.getMyMembership() === "invite"));
  check("the invitation is a direct one", ben.getRoom(world.room)?.getDMInviter() === ana.getUserId());
  await ben.joinRoom(world.room);
  check("ben is in the room", await until(() => ben.getRoom(world.room)?.getMyMembership() === "join"));
  check("ana sees him there", await until(() => ana.getRoom(world.room)?.getMember(ben.getUserId())?.membership === "join"));
  check("the room is not encrypted", !ana.getRoom(world.room).hasEncryptionStateEvent());
}

async function talking() {
  const { ana, ben, room } = world;
  world.hello = (await ana.sendEvent(room, "m.room.message", text("hello ben"))).event_id;
  check("ben gets the message", await until(() => find(ben, world.hello)?.getContent().body === "hello ben"));
  const once = await ana.sendEvent(room, "m.room.message", text("once"), "fixed-txn");
  const same = await ana.http.authedRequest(
    "PUT",
    `/rooms/${encodeURIComponent(room)}/send/m.room.message/fixed-txn`,
    undefined,
    text("once"),
  );
  check("a repeated transaction is one event", once.event_id === same.event_id);
  const lines = ["line 0", "line 1", "line 2", "line 3", "line 4"];
  for (const line of lines) await ben.sendEvent(room, "m.room.message", text(line));
  const arrived = () =>
    timeline(ana)
      .map((event) => event.getContent().body)
      .filter((body) => body?.startsWith("line "));
  await until(() => arrived().length >= lines.length);
  check("five lines arrive once, in order", JSON.stringify(arrived()) === JSON.stringify(lines), arrived().length);
}

async function changing() {
  const { ana, ben, room, hello } = world;
  await ana.sendEvent(room, "m.room.message", {
    ...text("* hello Ben"),
    "m.new_content": text("hello Ben"),
    "m.relates_to": { rel_type: "m.replace", event_id: hello },
  });
  check("ben sees the edit", await until(() => find(ben, hello)?.getContent().body === "hello Ben"));
  const reaction = await ben.sendEvent(room, "m.reaction", {
    "m.relates_to": { rel_type: "m.annotation", event_id: hello, key: "👍" },
  });
  check("ana sees the reaction", await until(() => find(ana, reaction.event_id)?.getRelation()?.key === "👍"));
  const regret = (await ana.sendEvent(room, "m.room.message", text("never mind"))).event_id;
  await until(() => find(ben, regret));
  await ana.redactEvent(room, regret);
  check("ben sees the redaction", await until(() => find(ben, regret)?.isRedacted()));
}

async function presence() {
  const { ana, ben, room, hello } = world;
  await ana.sendTyping(room, true, 20_000);
  check("ben sees ana typing", await until(() => ben.getRoom(room).getMember(ana.getUserId())?.typing));
  await ben.sendReadReceipt(find(ben, hello));
  check("ana sees the receipt", await until(() => ana.getRoom(room).getEventReadUpTo(ben.getUserId(), true)));
  await ben.setRoomReadMarkers(room, hello);
  check("the read marker is in his account data", await until(() => ben.getRoom(room).getAccountData("m.fully_read")));
}

async function safety() {
  const { ana, ben, room, hello } = world;
  check("ben reports the event", await ben.reportEvent(room, hello, -100, "a test report"));
  const held = (await ana.sendEvent(room, "m.room.message", text(phrases.withheld))).event_id;
  check("the sender of a withheld message sees it", await until(() => find(ana, held)));
  const after = (await ana.sendEvent(room, "m.room.message", text("after the withheld one"))).event_id;
  check("the next message arrives", await until(() => find(ben, after)));
  check("the withheld one does not", !find(ben, held));
  const hidden = await refusal(ben.fetchRoomEvent(room, held));
  check("nor can it be fetched by its ID", hidden?.httpStatus === 404, hidden);
  const blocked = await refusal(ana.sendEvent(room, "m.room.message", text(phrases.blocked)));
  check("a blocked message is refused with 403 and a sentence", blocked?.httpStatus === 403 && blocked.data.error, blocked);
}

async function leaving() {
  const { ben, room } = world;
  await ben.leave(room);
  check("ben's sync says that he left", await until(() => ben.getRoom(room)?.getMyMembership() === "leave"));
  await ben.forget(room);
  const gone = await refusal(
    ben.http.authedRequest("PUT", `/rooms/${encodeURIComponent(room)}/send/m.room.message/late`, undefined, text("x")),
  );
  check("ben can no longer send", gone?.httpStatus === 403, gone);
}

for (const topic of [accounts, opening, talking, changing, presence, safety, leaving]) {
  try {
    await topic();
  } catch (error) {
    // One broken topic must not hide the others.
    check(topic.name, false, error);
  }
}
for (const client of [world.ana, world.ben]) client?.stopClient();
process.exit(failed ? 1 : 0);
