// What a drive may ask of the one member who lives in this page. Each call takes and gives JSON.
import { Member } from "./member.js";
import * as messages from "./messages.js";
import * as trust from "./trust.js";

const member = new Member();
const calls = { ...messages, ...trust };

globalThis.ask = (name, ...given) => (name in calls ? calls[name](member, ...given) : member[name](...given));
globalThis.ready = true;
