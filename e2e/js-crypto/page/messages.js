// Conversations and what is said in them.
import * as sdk from "matrix-js-sdk";
import { EventStatus } from "matrix-js-sdk";
import { Attachment, EncryptedAttachment } from "@matrix-org/matrix-sdk-crypto-wasm";
import { until } from "./member.js";

const ENCRYPTION = { type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } };
const text = (body) => ({ msgtype: "m.text", body });

/** A direct conversation, asked for as a stock client does: with encryption in its initial state. */
export async function open(member, other, sealed = true) {
  const initial_state = sealed ? [ENCRYPTION] : [];
  const made = await member.client.createRoom({
    is_direct: true,
    preset: "trusted_private_chat",
    invite: [other],
    initial_state,
  });
  await member.client.setAccountData("m.direct", { [other]: [made.room_id] });
  await until("the room", () => member.room(made.room_id)?.getMember(other));
  return made.room_id;
}

/** As `open`, for one that must not come about; gives the error. */
export async function refusedOpening(member, other) {
  const made = member.client.createRoom({
    is_direct: true,
    preset: "trusted_private_chat",
    invite: [other],
    initial_state: [ENCRYPTION],
  });
  return refusal(made);
}

export const rooms = async (member) => (await member.client.getJoinedRooms()).joined_rooms.length;

export async function join(member, room) {
  await until("the invitation", () => member.room(room)?.getMyMembership() === "invite");
  await member.client.joinRoom(room);
  await until("membership", () => member.room(room)?.getMyMembership() === "join");
}

/** Waits until somebody is in the room as this client knows it. */
export async function sees(member, room, other) {
  await until("the other member", () => member.room(room)?.getMember(other)?.membership === "join");
}

export const say = async (member, room, body) =>
  (await member.client.sendEvent(room, "m.room.message", text(body))).event_id;

/** Many messages, one after the other. */
export async function sayMany(member, room, bodies) {
  const ids = [];
  for (const body of bodies) ids.push(await say(member, room, body));
  return ids;
}

/** Many messages, while the server may be gone for a time: what was not sent is sent again, as its person would. */
export async function sayThrough(member, room, bodies) {
  const told = { ids: [], again: 0 };
  for (const body of bodies) {
    try {
      told.ids.push(await say(member, room, body));
    } catch {
      told.ids.push(await sendAgain(member, room, body, told));
    }
  }
  return told;
}

async function sendAgain(member, room, body, told) {
  return until(`"${body}" to be sent`, async () => {
    const event = member.events(room).find((one) => one.getContent().body === body);
    // it may have been stored although nobody was told so: then its echo comes by the sync
    if (event && event.status !== EventStatus.NOT_SENT) return event.status === null && event.getId();
    told.again += 1;
    const sent = event && (await member.client.resendEvent(event, member.room(room)).catch(() => null));
    return sent?.event_id;
  });
}

/** How often each of these was said in a room, as this client holds it. */
export function times(member, room, bodies) {
  const said = member.events(room).map((event) => event.getContent().body);
  return bodies.map((body) => said.filter((one) => one === body).length);
}

/** What a member reads of an event, and whether it came encrypted. */
export async function reads(member, room, id) {
  const event = await member.event(room, id);
  return {
    body: event.getContent().body,
    sealed: event.isEncrypted(),
    failed: event.isDecryptionFailure(),
    type: event.getType(),
  };
}

export async function readsMany(member, room, ids) {
  const bodies = [];
  for (const id of ids) bodies.push((await reads(member, room, id)).body);
  return bodies;
}

/** Waits for the next message that somebody else sent after event `after`. */
export async function hears(member, room, after) {
  const found = await until("an answer", () => {
    const events = member.events(room);
    const start = events.findIndex((event) => event.getId() === after);
    const me = member.client.getUserId();
    return (
      start >= 0 &&
      events.slice(start + 1).find((event) => event.getSender() !== me && event.getType() === "m.room.message")
    );
  });
  return { body: found.getContent().body, sealed: found.isEncrypted(), id: found.getId() };
}

/** Waits until `count` messages of somebody are here and readable; gives what they say, in order. */
export async function hearsAll(member, room, user, count) {
  const said = () =>
    member.events(room).filter((event) => event.getSender() === user && event.getType() === "m.room.message");
  await member.seek(room, `${count} messages`, () => said().length >= count);
  return said().map((event) => event.getContent().body);
}

export async function edit(member, room, id, body) {
  const relates = { rel_type: "m.replace", event_id: id };
  const content = { ...text(`* ${body}`), "m.new_content": text(body), "m.relates_to": relates };
  return (await member.client.sendEvent(room, "m.room.message", content)).event_id;
}

/** Waits until an event reads differently; gives what it reads then. */
export async function readsEdited(member, room, id) {
  const event = await member.event(room, id);
  await until("the edit", () => event.replacingEvent() && !event.replacingEvent().isBeingDecrypted());
  return event.getContent().body;
}

export async function react(member, room, id, key) {
  return (
    await member.client.sendEvent(room, "m.reaction", {
      "m.relates_to": { rel_type: "m.annotation", event_id: id, key },
    })
  ).event_id;
}

export async function seesReaction(member, room, id) {
  const event = await member.seek(room, "the reaction", () => member.events(room).find((one) => one.getId() === id));
  return event.getRelation()?.key;
}

export async function redact(member, room, id) {
  await member.client.redactEvent(room, id);
}

/** Waits until an event is redacted; says what is left of its ciphertext here and on the server. */
export async function seesRedaction(member, room, id) {
  await until("the redaction", () =>
    member
      .events(room)
      .find((event) => event.getId() === id)
      ?.isRedacted(),
  );
  return {
    here: member
      .events(room)
      .find((event) => event.getId() === id)
      .getContent(),
    server: (await raw(member, room, id)).content,
  };
}

/** An event as the server gives it. */
export const raw = (member, room, id) => member.client.fetchRoomEvent(room, id);

/** Answers in a thread, as clients write it. */
export async function sayInThread(member, room, root, body) {
  const relates = { rel_type: "m.thread", event_id: root, is_falling_back: true, "m.in_reply_to": { event_id: root } };
  const content = { ...text(body), "m.relates_to": relates };
  return (await member.client.sendEvent(room, root, "m.room.message", content)).event_id;
}

/** Waits until a thread holds an event; gives what it says and what its root says. */
export async function readsThread(member, room, root, id) {
  const thread = await until("the thread", () => member.room(room).getThread(root));
  const found = await until("the answer", () => thread.findEventById(id));
  await until("its decryption", () => !found.isBeingDecrypted() && found.getType() !== "m.room.encrypted");
  const { body } = found.getContent();
  return { body, sealed: found.isEncrypted(), root: thread.rootEvent?.getContent().body };
}

/** Encrypts a file in this page, uploads it and sends it; gives the event's ID and the address. */
export async function sendFile(member, room, name, bytes) {
  const encrypted = Attachment.encrypt(Uint8Array.from(bytes));
  const { content_uri } = await member.client.uploadContent(new Blob([encrypted.encryptedData]), {
    type: "application/octet-stream",
    includeFilename: false,
  });
  const file = { ...JSON.parse(encrypted.mediaEncryptionInfo), url: content_uri };
  const content = { msgtype: "m.file", body: name, file, info: { size: bytes.length } };
  return { id: (await member.client.sendEvent(room, "m.room.message", content)).event_id, address: content_uri };
}

/** Downloads the file that an event shows and decrypts it; also what travelled, and how. */
export async function getFile(member, room, id) {
  const { file } = (await member.event(room, id)).getContent();
  const url = member.client.mxcUrlToHttp(file.url, undefined, undefined, undefined, false, true, true);
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${member.client.getAccessToken()}` } });
  const encrypted = new Uint8Array(await answer.arrayBuffer());
  const { url: _, ...info } = file;
  const bytes = Attachment.decrypt(new EncryptedAttachment(encrypted, JSON.stringify(info)));
  return { bytes: [...bytes], encrypted: [...encrypted], type: answer.headers.get("content-type") };
}

/** Reads back to the first event of a room. */
export async function scrollBack(member, room) {
  await until("the start of the room", async () => {
    await member.client.scrollback(member.room(room), 100);
    return member.events(room)[0]?.getType() === "m.room.create";
  });
}

/** Of the encrypted events of all rooms here: how many are readable, and which are not. */
export async function tally(member) {
  const told = { readable: 0, undecryptable: [], late: member.late.size };
  for (const room of member.client.getRooms()) {
    const threads = room.getThreads().flatMap((thread) => thread.events.filter((event) => event !== thread.rootEvent));
    for (const event of [...member.events(room.roomId), ...threads]) {
      if (!event.isEncrypted() || event.isRedacted()) continue;
      if (event.isDecryptionFailure() || event.getType() === "m.room.encrypted")
        told.undecryptable.push([event.getId(), event.decryptionFailureReason]);
      else told.readable += 1;
    }
  }
  return told;
}

/** What a client may show of how a room is kept: its create event, its state and its first messages. */
export async function shows(member, room) {
  const here = await until("the room", () => member.room(room));
  const state = here.getLiveTimeline().getState(sdk.EventTimeline.FORWARDS);
  return {
    encrypted: here.hasEncryptionStateEvent(),
    encrypts: await member.crypto.isEncryptionEnabledInRoom(room),
    conversation: state.getStateEvents("m.room.create", "")?.getContent()["org.frankly.conversation"],
    mode: state.getStateEvents("org.frankly.mode", "")?.getContent(),
    first: member
      .events(room)
      .find((event) => event.getType() === "m.room.message" || event.getType() === "m.room.encrypted")?.event,
  };
}

export const report = (member, room, id, reason) => member.client.reportEvent(room, id, -100, reason);

/** Sends an event as it is, past the library's encryption; gives the refusal, or null. */
export const forced = (member, room, type, content) =>
  refusal(
    member.client.http.authedRequest(
      "PUT",
      `/rooms/${encodeURIComponent(room)}/send/${type}/f${Date.now()}`,
      undefined,
      content,
    ),
  );

/** Sets state; gives the refusal, or null. */
export const refusedState = (member, room, type, content) =>
  refusal(member.client.sendStateEvent(room, type, content, ""));

async function refusal(call) {
  try {
    await call;
    return null;
  } catch (error) {
    return { status: error.httpStatus, errcode: error.errcode, error: error.data?.error };
  }
}
