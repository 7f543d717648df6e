// One member on one device: the account, the client, and what its stores keep when the page is loaded again.
import * as sdk from "matrix-js-sdk";
import { decodeBase64 } from "matrix-js-sdk/lib/base64.js";
import { CryptoEvent } from "matrix-js-sdk/lib/crypto-api/index.js";

const WAIT_MS = 90_000;
const SAVED = "member";

/** Waits until `find()` gives something, looking often; throws what was missed. */
export async function until(what, find) {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${WAIT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export class Member {
  /** The private key of secret storage: what its person has written down. */
  recoveryKey = null;
  /** How often the server asked for the password before it replaced something. */
  asked = 0;
  /** Events that came before their key did; by their end they must be readable. */
  late = new Set();
  /** A request to verify that came from elsewhere. */
  request = null;
  client = null;

  async register(baseUrl, name, password) {
    const guest = sdk.createClient({ baseUrl });
    const auth = { type: "m.login.dummy" };
    await guest.registerRequest({ username: name, password, auth, inhibit_login: true });
    return this.logIn(baseUrl, name, password);
  }

  async logIn(baseUrl, name, password) {
    const guest = sdk.createClient({ baseUrl });
    const identifier = { type: "m.id.user", user: name };
    const login = await guest.loginRequest({ type: "m.login.password", identifier, password });
    const saved = {
      baseUrl,
      password,
      accessToken: login.access_token,
      userId: login.user_id,
      deviceId: login.device_id,
    };
    localStorage.setItem(SAVED, JSON.stringify(saved));
    return this.start();
  }

  /** Goes on from what the stores of this browser hold. */
  async start() {
    const { baseUrl, accessToken, userId, deviceId } = JSON.parse(localStorage.getItem(SAVED));
    const store = new sdk.IndexedDBStore({ indexedDB, localStorage, dbName: "sync" });
    const cryptoCallbacks = { getSecretStorageKey: ({ keys }) => this.secretStorageKey(keys) };
    this.client = sdk.createClient({ baseUrl, accessToken, userId, deviceId, store, cryptoCallbacks });
    await store.startup();
    await this.client.initRustCrypto();
    this.client.on(CryptoEvent.VerificationRequestReceived, (request) => {
      this.request = request;
    });
    this.client.on(sdk.MatrixEventEvent.Decrypted, (event) => {
      if (event.isDecryptionFailure()) this.late.add(event.getId());
    });
    await this.client.startClient({ initialSyncLimit: 20, pollTimeout: 10_000, threadSupport: true });
    // "Prepared" may mean what the store held; "syncing" means that the server has told what came since.
    await until("the first sync", () => this.client.getSyncState() === sdk.SyncState.Syncing);
    return { userId, deviceId };
  }

  /** Writes what the sync store holds, as clients do every few minutes. */
  async save() {
    await this.client.store.save(true);
  }

  stop() {
    this.client.stopClient();
  }

  async logOut() {
    await this.client.logout(true);
  }

  get crypto() {
    return this.client.getCrypto();
  }

  writeDown(recoveryKey) {
    this.recoveryKey = recoveryKey;
  }

  secretStorageKey(keys) {
    const [id] = Object.keys(keys);
    return this.recoveryKey ? [id, decodeBase64(this.recoveryKey)] : null;
  }

  /** Makes a request that the server may want a password for, as a stock client does. */
  async withPassword(make) {
    try {
      return await make(null);
    } catch (error) {
      if (error.httpStatus !== 401 || !error.data?.flows?.some(({ stages }) => stages.includes("m.login.password")))
        throw error;
      this.asked += 1;
      const { userId, password } = JSON.parse(localStorage.getItem(SAVED));
      const identifier = { type: "m.id.user", user: userId };
      return make({ type: "m.login.password", identifier, password, session: error.data.session });
    }
  }

  room(id) {
    return this.client.getRoom(id);
  }

  /** All events of a room that this client holds, oldest first. */
  events(id) {
    return this.room(id)?.getLiveTimeline().getEvents() ?? [];
  }

  /** What `find()` finds in a room, looking back where a sync told less than there is. */
  async seek(room, what, find) {
    const patience = Date.now() + 1_000;
    return until(what, async () => {
      const found = find();
      if (!found && Date.now() > patience && this.room(room)) await this.client.scrollback(this.room(room), 50);
      return found;
    });
  }

  /** An event once it is here and its decryption has ended. */
  async event(room, id) {
    const found = await this.seek(room, `event ${id}`, () => this.events(room).find((event) => event.getId() === id));
    await until(`decryption of ${id}`, () => !found.isBeingDecrypted() && found.getType() !== "m.room.encrypted");
    return found;
  }
}
