// A member of the safety team, over the console's HTTP interface.
import { baseUrl } from "./support.mjs";

const HOME = `${baseUrl}/_frankly/v1/console`;

async function call(method, path, body, cookie = "") {
  const headers = { "content-type": "application/json", "x-frankly-console": "1", cookie };
  const answer = await fetch(`${HOME}${path}`, { method, headers, body: body && JSON.stringify(body) });
  return { status: answer.status, cookie: answer.headers.get("set-cookie")?.split(";")[0], text: await answer.text() };
}

/** Claims the case about an event and asks to see the message; gives what the case says and what was answered. */
export async function openCase(event) {
  const { FRANKLY_STAFF: user, FRANKLY_STAFF_PASSWORD: password } = process.env;
  const { cookie } = await call("POST", "/login", { user, password });
  const { cases } = JSON.parse((await call("GET", "/cases?state=all&limit=100", undefined, cookie)).text);
  for (const { id } of cases) {
    const { text } = await call("POST", `/cases/${id}/claim`, {}, cookie);
    const found = JSON.parse(text);
    if (found.message?.event_id !== event) continue;
    const reveal = await call("POST", `/cases/${id}/reveal`, { reason: "to see what was reported", window: 5 }, cookie);
    return {
      text,
      mode: found.mode,
      sealed: found.message.sealed,
      reports: found.reports,
      allowed: found.allowed,
      reveal,
    };
  }
  throw new Error("no case is about the event");
}
