// matrix-js-sdk, a client library that is not ours, follows its rooms by sliding sync on a Frankly server.
const baseUrl = process.env.FRANKLY_URL;
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
const { SlidingSync } = await import("matrix-js-sdk/lib/sliding-sync.js");

let failed = 0;

function check(name, holds, detail = "") {
  if (holds) {
    print(`ok js-sdk sliding: ${name}`);
  } else {
    failed += 1;
    print(`not ok js-sdk sliding: ${name}${detail === "" ? "" : `: ${detail}`}`);
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

async function account(name) {
  const guest = sdk.createClient({ baseUrl });
  const made = await guest.registerRequest({ username: name, password, auth: { type: "m.login.dummy" } });
  return sdk.createClient({ baseUrl, accessToken: made.access_token, userId: made.user_id, deviceId: made.device_id });
}

const screen = (last) => ({
  ranges: [[0, last]],
  timeline_limit: 1,
  required_state: [
    ["m.room.name", ""],
    ["m.room.member", "$LAZY"],
    ["m.room.member", "$ME"],
    ["m.room.create", ""],
    ["m.room.topic", ""],
  ],
  filters: { not_room_types: ["m.space"] },
});

const world = { ana: null, ben: null, sliding: null, rooms: [] };
const text = (body) => ({ msgtype: "m.text", body });
const timeline = (room) => world.ben.getRoom(room)?.getLiveTimeline().getEvents() ?? [];
const bodies = (room) => timeline(room).map((event) => event.getContent().body);
const membership = (room) => world.ben.getRoom(room)?.getMyMembership();

async function starting() {
  world.ana = await account("slidana");
  world.ben = await account("slidben");
  for (let n = 0; n < 5; n += 1) {
    const made = await world.ana.createRoom({ name: `room ${n}`, preset: "private_chat", invite: [world.ben.getUserId()] });
    await world.ben.joinRoom(made.room_id);
    await world.ana.sendEvent(made.room_id, "m.room.message", text(`hello ${n}`));
    world.rooms.push(made.room_id);
  }
  const lists = new Map([["all", screen(1)]]);
  world.sliding = new SlidingSync(baseUrl, lists, { timeline_limit: 20, required_state: [["*", "*"]] }, world.ben, 5_000);
  await world.ben.startClient({ slidingSync: world.sliding });
  const [, , , last, latest] = world.rooms;
  check("the rooms with the latest events come first", await until(() => membership(latest) === "join" && membership(last) === "join"));
  check("and no others", world.ben.getRooms().length === 2, world.ben.getRooms().length);
  check("with their names", world.ben.getRoom(latest)?.name === "room 4", world.ben.getRoom(latest)?.name);
  check("and their last message", bodies(latest).includes("hello 4"), bodies(latest));
  check("the list says how many there are", world.sliding.getListData("all")?.joinedCount === 5);
}

async function growing() {
  world.sliding.setListRanges("all", [[0, 99]]);
  check("a longer list shows the others", await until(() => world.ben.getRooms().length === 5), world.ben.getRooms().length);
  check("each with its last message", world.rooms.every((room, n) => bodies(room).includes(`hello ${n}`)));
}

async function talking() {
  const [room] = world.rooms;
  for (const body of ["one", "two", "three"]) await world.ana.sendEvent(room, "m.room.message", text(body));
  check("messages arrive", await until(() => bodies(room).includes("three")));
  const said = bodies(room).filter((body) => ["one", "two", "three"].includes(body));
  check("none twice, in order", JSON.stringify(said) === JSON.stringify([...new Set(said)]) && said.at(-1) === "three", said);
  await world.ana.setRoomTopic(room, "tea");
  const topic = () => world.ben.getRoom(room)?.currentState.getStateEvents("m.room.topic", "")?.getContent().topic;
  check("state is told", await until(() => topic() === "tea"), topic());
  world.sliding.modifyRoomSubscriptions(new Set([room]));
  const all = ["hello 0", "one", "two", "three"];
  check("an opened room tells its past", await until(() => all.every((body) => bodies(room).includes(body))), bodies(room));
}

async function moving() {
  const made = await world.ana.createRoom({ name: "tea", is_direct: true, invite: [world.ben.getUserId()] });
  const room = made.room_id;
  check("an invitation is seen", await until(() => membership(room) === "invite"), membership(room));
  await world.ben.joinRoom(room);
  check("and becomes a room", await until(() => membership(room) === "join"), membership(room));
  await world.ana.sendEvent(room, "m.room.message", text("welcome"));
  check("in which one is heard", await until(() => bodies(room).includes("welcome")));
  await world.ben.leave(room);
  check("until one leaves", await until(() => [undefined, "leave"].includes(membership(room))), membership(room));
}

async function besides() {
  const [room] = world.rooms;
  await world.ana.sendTyping(room, true, 20_000);
  check("who types is told", await until(() => world.ben.getRoom(room).getMember(world.ana.getUserId())?.typing));
  const last = timeline(room).at(-1);
  await world.ana.sendReceipt(last, "m.read", {});
  check("who has read is told", await until(() => world.ben.getRoom(room).getEventReadUpTo(world.ana.getUserId(), true)));
  await world.ben.setAccountData("org.example.kept", { tea: true });
  check("account data is told", await until(() => world.ben.getAccountData("org.example.kept")?.getContent().tea));
}

for (const topic of [starting, growing, talking, moving, besides]) {
  try {
    await topic();
  } catch (error) {
    // One broken topic must not hide the others.
    check(topic.name, false, error);
  }
}
for (const client of [world.ana, world.ben]) client?.stopClient();
process.exit(failed ? 1 : 0);
