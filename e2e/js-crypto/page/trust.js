// Keys: cross-signing, backups, verification, devices.
import { VerificationPhase } from "matrix-js-sdk/lib/crypto-api/index.js";
import { encodeBase64 } from "matrix-js-sdk/lib/base64.js";
import { until } from "./member.js";

const SAS = "m.sas.v1";

/** Makes the member's cross-signing keys; says how often a password was wanted. */
export async function bootstrap(member) {
  const before = member.asked;
  await member.crypto.bootstrapCrossSigning({ authUploadDeviceSigningKeys: (make) => member.withPassword(make) });
  return { asked: member.asked - before, ready: await member.crypto.isCrossSigningReady() };
}

/** Throws away cross-signing keys and backup and makes new ones, as after losing everything. */
export async function reset(member) {
  const before = member.asked;
  await member.crypto.resetEncryption((make) => member.withPassword(make));
  return { asked: member.asked - before, ready: await member.crypto.isCrossSigningReady() };
}

/** Secret storage and a key backup; gives the recovery key that its person writes down. */
export async function backUp(member) {
  const key = await member.crypto.createRecoveryKeyFromPassphrase();
  member.recoveryKey = encodeBase64(key.privateKey);
  await member.crypto.bootstrapSecretStorage({ createSecretStorageKey: async () => key, setupNewKeyBackup: true });
  return member.recoveryKey;
}

/** Waits until the backup on the server holds as many sessions as this device has. */
export async function backedUp(member) {
  const sessions = (await member.crypto.exportRoomKeys()).length;
  const info = await until("the backup", async () => {
    const now = await member.crypto.getKeyBackupInfo();
    return now?.count >= sessions && now;
  });
  return {
    sessions,
    count: info.count,
    version: info.version,
    active: await member.crypto.getActiveSessionBackupVersion(),
  };
}

/** On a device that has nothing but the recovery key: its secrets, its own signature, and the keys of all sessions. */
export async function restore(member) {
  // as clients do first, which is also how this device learns its person's public keys
  if (!(await member.crypto.userHasCrossSigningKeys(undefined, true))) throw new Error("there are no keys to restore");
  await member.crypto.bootstrapCrossSigning({ authUploadDeviceSigningKeys: (make) => member.withPassword(make) });
  await member.crypto.loadSessionBackupPrivateKeyFromSecretStorage();
  await member.crypto.checkKeyBackupAndEnable();
  const restored = await member.crypto.restoreKeyBackup();
  member.late.clear(); // what was here before its keys were
  return { ...restored, ready: await member.crypto.isCrossSigningReady(), asked: member.asked };
}

/** Which devices of somebody this client would encrypt for, and which of them their owner has signed. */
export async function devices(member, user) {
  const known = (await member.crypto.getUserDeviceInfo([user], true)).get(user) ?? new Map();
  const told = {};
  for (const id of known.keys()) told[id] = (await member.crypto.getDeviceVerificationStatus(user, id)).signedByOwner;
  return told;
}

export async function trusts(member, user) {
  const status = await member.crypto.getUserVerificationStatus(user);
  return {
    verified: status.isVerified(),
    before: status.wasCrossSigningVerified(),
    approval: status.needsUserApproval,
  };
}

export async function trustsDevice(member, user, device) {
  return (await member.crypto.getDeviceVerificationStatus(user, device))?.crossSigningVerified === true;
}

/** Asks somebody in a conversation to compare emoji. */
export async function asksToVerify(member, user, room) {
  member.request = await member.crypto.requestVerificationDM(user, room);
}

/** Asks one's own other devices to compare emoji. */
export async function asksOwnDevices(member) {
  await until("one's own keys", () => member.crypto.userHasCrossSigningKeys(undefined, true));
  member.request = await member.crypto.requestOwnUserVerification();
}

/** Accepts the request that came, once it has come: one that was ended before stays where it was. */
export async function accepts(member) {
  const waits = () => member.request?.phase === VerificationPhase.Requested && !member.request.initiatedByMe;
  await until("a request to verify", waits);
  await member.request.accept();
}

/** Starts comparing, once the other side is ready. */
export async function begins(member) {
  await phase(member.request, VerificationPhase.Ready);
  await member.request.startVerification(SAS);
}

/** The emoji that this side shows; both sides call it. */
export async function emoji(member) {
  const verifier = await until("the start of comparing", () => member.request.verifier);
  member.compared = verifier.verify();
  member.compared.catch(() => {}); // whoever confirms awaits it
  member.shown = await until("emoji", () => verifier.getShowSasCallbacks());
  return member.shown.sas.emoji.map(([sign]) => sign);
}

/** Says that the emoji are the same, and waits for the end. */
export async function confirms(member) {
  await member.shown.confirm();
  await member.compared;
  await phase(member.request, VerificationPhase.Done);
  member.request = null;
}

/** Says that they are not the same. */
export async function denies(member) {
  member.shown.mismatch();
  await phase(member.request, VerificationPhase.Cancelled);
  const { cancellationCode } = member.request;
  member.request = null;
  return cancellationCode;
}

const phase = (request, wanted) =>
  until(`verification phase ${VerificationPhase[wanted]}`, () => request.phase === wanted);

/** Removes another device of one's own; says how often a password was wanted. */
export async function removes(member, device) {
  const before = member.asked;
  await member.withPassword((auth) => member.client.deleteDevice(device, auth ?? undefined));
  return member.asked - before;
}

/** Lets go of the session for sending, so that the next message makes a new one. */
export async function rotates(member, room) {
  await member.crypto.forceDiscardSession(room);
}
