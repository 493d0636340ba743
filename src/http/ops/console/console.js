// The console: signs in through the API, then looks at the node each second and follows its events.
// Tokens are kept in memory alone: they end with the page.

const INTERVAL = 1000, RETRY = 2000, EVENTS = 100;
const api = document.body.dataset.api;
const part = (id) => document.getElementById(id);

let session = null; // tokens, and who is signed in
let operates = false; // whether they may give orders
let refreshing = null; // the refresh under way: one for all that need it
let before = null; // the last look, to tell rates by
let following = null; // ends the stream of events

class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The node answered ${status}.`);
    this.status = status;
  }
}

// --- Asking ---------------------------------------------------------------------------------------------------------

async function send(path, { method = "GET", body, token, headers = {}, signal } = {}) {
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  return fetch(path, { method, headers, signal, body: body && JSON.stringify(body), cache: "no-store" });
}

async function read(answer) {
  const content = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, content);
  return content;
}

// Asks as who is signed in; once more, with a new token, if the token has expired.
async function ask(path, options = {}) {
  const asked = session;
  if (!asked) throw new Refusal(401, { detail: "Signed out." });
  let answer = await send(path, { ...options, token: asked.accessToken });
  if (answer.status === 401) {
    await refresh(asked);
    answer = await send(path, { ...options, token: session?.accessToken });
  }
  if (answer.status === 401) leave("The session has ended.");
  return answer;
}

async function refresh(asked) {
  if (session !== asked) return; // somebody else has
  refreshing ??= send(`${api}/auth/refresh-token`, { method: "POST", body: { refreshToken: asked.refreshToken } })
    .then(read)
    .then((tokens) => { if (session === asked) session = { ...asked, ...tokens }; })
    .catch((error) => {
      if (!(error instanceof Refusal) || error.status >= 429) throw error;
      leave("The session has ended.");
    })
    .finally(() => { refreshing = null; });
  return refreshing;
}

// --- Signing in and out ---------------------------------------------------------------------------------------------

part("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target, button = form.querySelector("button");
  const { email, password } = Object.fromEntries(new FormData(form));
  button.disabled = true;
  part("refusal").textContent = "";
  try {
    session = await read(await send(`${api}/auth/login`, { method: "POST", body: { email, password } }));
    form.reset();
    await enter();
  } catch (error) {
    end(error.message);
  } finally {
    button.disabled = false;
  }
});

async function enter() {
  const me = await read(await ask(`${api}/auth/me`));
  const held = new Set(me.permissions);
  const may = (name) => ["*", "*:*", "system", "system:*", `*:${name}`, `system:${name}`].some((pattern) => held.has(pattern));
  const admin = (me.roles ?? []).includes("admin");
  operates = admin || may("operate");
  if (!admin && !may("read")) throw new Error("This account lacks the permission system:read.");
  show(true);
  part("logs").hidden = !operates;
  part("sign-out").focus();
  look();
  follow();
  if (operates) showLevel();
}

function leave(why = "") {
  session = before = null;
  following?.abort();
  rows.clear();
  part("actors").replaceChildren();
  part("events").replaceChildren();
  for (const id of ["node", "readiness", "notice", "stream", "set-level"]) part(id).textContent = "";
  show(false);
  part("refusal").textContent = why;
  part("sign-in").email.focus();
}

function show(inside) {
  part("sign-in").hidden = inside;
  part("console").hidden = part("sign-out").hidden = !inside;
}

function end(why) {
  if (session) send(`${api}/auth/logout`, { method: "POST", body: { refreshToken: session.refreshToken } }).catch(() => {});
  leave(why);
}

part("sign-out").addEventListener("click", () => end());

// --- The tree -------------------------------------------------------------------------------------------------------

async function look() {
  const looking = session?.user;
  while (looking && session?.user === looking) {
    if (!document.hidden) await lookOnce().catch(lost);
    await new Promise((done) => setTimeout(done, INTERVAL));
  }
}

async function lookOnce() {
  const { actors } = await read(await ask("ops/actors"));
  const taken = performance.now();
  const health = await read(await send("health"));
  const readiness = await (await send("health/ready")).json();
  if (!session) return;
  part("node").textContent =
    `${health.version} · ${health.environment} · up ${elapsed(health.uptime)} · ${health.memoryUsage.rss} MB`;
  const unready = readiness.unready ?? [];
  told("readiness", unready.length ? `Not ready: ${unready.join(", ")}` : "Ready", unready.length ? "bad" : "good");
  showActors(actors, before && { actors: before.actors, seconds: (taken - before.taken) / 1000 }, health.timestamp);
  before = { actors, taken };
}

function lost(error) {
  if (!session) return;
  const refused = error instanceof Refusal;
  told("readiness", refused ? error.message : "Connection lost, retrying …", "bad");
}

function told(id, words, kind) {
  const element = part(id);
  if (element.textContent !== words) element.textContent = words;
  element.className = kind;
}

const unfolded = new Set();
let shown = []; // what the table was made of, to make it again at once when a row is unfolded
const rows = new Map(); // the table's rows by key, kept so that the focus stays where it is

function showActors(actors, earlier, now) {
  shown = [actors, earlier, now];
  const lines = [];
  for (const actor of actors) {
    const past = earlier?.actors.find((other) => other.name === actor.name);
    const messages = (actor.messages ?? []).map((message) => {
      const same = past?.messages.find((other) => other.type === message.type) ?? { count: 0, errors: 0 };
      const rate = (figure) => (past && message[figure] >= same[figure] ? (message[figure] - same[figure]) / earlier.seconds : null);
      return { ...message, rate: rate("count"), lost: rate("errors") };
    });
    const sum = (figure) => (past ? messages.reduce((sum, message) => sum + (message[figure] ?? 0), 0) : null);
    const busiest = messages.toSorted((one, other) => other.rate - one.rate || other.count - one.count)[0];
    lines.push(actorRow(actor, now, {
      rate: sum("rate"), lost: sum("lost"), p50Ms: busiest?.p50Ms,
      p99Ms: messages.length ? Math.max(...messages.map((message) => message.p99Ms)) : null,
    }));
    if (!unfolded.has(actor.name)) continue;
    for (const replica of actor.replicas ?? []) {
      const name = `${actor.name}/${replica.replica}`;
      lines.push(fill(row(name, name), { ...replica, now }));
    }
    for (const message of messages) lines.push(fill(row(`${actor.name} ${message.type}`, message.type), message));
  }
  const table = part("actors");
  for (const [key, element] of rows) if (!lines.includes(element)) { element.remove(); rows.delete(key); }
  lines.forEach((element, at) => { if (table.children[at] !== element) table.insertBefore(element, table.children[at] ?? null); });
}

function actorRow(actor, now, figures) {
  const element = row(actor.name, null, () => {
    const fold = button(actor.name, () => {
      if (!unfolded.delete(actor.name)) unfolded.add(actor.name);
      fold.setAttribute("aria-expanded", unfolded.has(actor.name));
      showActors(...shown);
    });
    fold.className = "fold";
    fold.setAttribute("aria-expanded", unfolded.has(actor.name));
    const restart = button("Restart", () => confirmRestart(actor.name));
    restart.setAttribute("aria-label", `Restart ${actor.name}`);
    return [fold, restart];
  });
  return fill(element, { ...actor, ...figures, now });
}

// The row of this key; a new one has a name, or the buttons that are made for it.
function row(key, name, buttons) {
  if (rows.has(key)) return rows.get(key);
  const element = document.createElement("tr");
  const heading = document.createElement("th");
  heading.scope = "row";
  element.append(heading);
  for (let at = 1; at < 13; at++) element.append(document.createElement("td"));
  for (const at of [2, 3, 4, 5, 6, 8, 9, 10]) element.children[at].className = "figure";
  element.children[11].className = "failure";
  if (buttons) {
    const [fold, restart] = buttons();
    heading.append(fold);
    if (operates) element.children[12].append(restart);
  } else {
    heading.textContent = name;
    element.className = "part";
  }
  rows.set(key, element);
  return element;
}

function fill(element, { state, stalledMs, threads, rate, lost, p50Ms, p99Ms, mailbox, inFlight, restarts, lastFailure, now }) {
  const put = (at, words) => { const cell = element.children[at]; if (cell.textContent !== words) cell.textContent = words; };
  const condition = stalledMs != null && state === "running" ? "stalled" : state ?? "";
  put(1, threads ? `${condition} ${threads.live}/${threads.expected}` : condition.replace("_", " "));
  element.children[1].className = { running: "good", starting: "passing", suspended: "passing", draining: "passing" }[condition] ?? "bad";
  put(2, rate == null ? "" : count(rate));
  put(3, lost == null ? "" : count(lost));
  element.children[3].classList.toggle("bad", lost > 0);
  put(4, p50Ms == null ? "" : latency(p50Ms));
  put(5, p99Ms == null ? "" : latency(p99Ms));
  if (mailbox) {
    put(6, `${mailbox.depth}/${mailbox.bound}`);
    const meter = element.children[7].firstChild ?? element.children[7].appendChild(document.createElement("meter"));
    Object.assign(meter, { max: mailbox.bound, value: mailbox.depth, high: mailbox.bound * 0.7, optimum: 0 });
    meter.setAttribute("aria-label", `${mailbox.depth} of ${mailbox.bound}`);
    put(8, latency(mailbox.oldestMs));
  }
  put(9, inFlight == null ? "" : `${inFlight}`);
  put(10, restarts == null ? "" : `${restarts}`);
  put(11, lastFailure ? `${clock(lastFailure.time, now)} ${lastFailure.at ?? ""}: ${lastFailure.reason}` : "");
  return element;
}

function button(words, press) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = words;
  element.addEventListener("click", press);
  return element;
}

// --- Orders ---------------------------------------------------------------------------------------------------------

function confirmRestart(name) {
  const dialog = part("confirmation");
  part("question").textContent = `Restart ${name}?`;
  dialog.returnValue = "no";
  dialog.onclose = () => { if (dialog.returnValue === "yes") restart(name); };
  dialog.showModal();
}

async function restart(name) {
  told("notice", `Restarting ${name} …`, "");
  try {
    const { restarted } = await read(await ask(`ops/actors/${encodeURIComponent(name)}/restart`, { method: "POST" }));
    told("notice", `${name}: ${restarted} restarted.`, "good");
  } catch (error) {
    told("notice", `${name}: ${error.message}`, "bad");
  }
}

async function showLevel(level) {
  level ??= await ask("ops/log-level").then(read).catch(() => null);
  if (!level) return;
  part("log-level").level.value = level.level;
  const back = level.revertAfterSeconds;
  told("set-level", `Now ${level.level}${back ? `, goes back in ${elapsed(back)}` : ""}.`, "");
}

part("log-level").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { level, seconds } = Object.fromEntries(new FormData(event.target));
  const body = seconds ? { level, revertAfterSeconds: Number(seconds) } : { level };
  try {
    await showLevel(await read(await ask("ops/log-level", { method: "PUT", body })));
  } catch (error) {
    told("set-level", error.message, "bad");
  }
});

// --- Events ---------------------------------------------------------------------------------------------------------

// EventSource cannot send a token, so the stream is read by hand.
async function follow() {
  const { signal } = (following = new AbortController());
  let last = null;
  while (!signal.aborted) {
    try {
      const headers = last === null ? {} : { "Last-Event-ID": `${last}` };
      const answer = await ask("ops/events", { headers, signal });
      if (answer.status === 403 || answer.status === 404) return told("stream", "There are no events for this account.", "");
      if (!answer.ok) throw new Refusal(answer.status, {});
      told("stream", "", "");
      for await (const event of messages(answer.body)) {
        last = event.sequence ?? last;
        showEvent(event);
      }
    } catch {
      if (signal.aborted) return;
      last = null; // a node that was started anew counts anew
      told("stream", "The stream of events is interrupted, retrying …", "passing");
    }
    await new Promise((done) => setTimeout(done, RETRY));
  }
}

async function* messages(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let waiting = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (waiting + value).split("\n\n");
    waiting = parts.pop();
    for (const part of parts) {
      const data = part.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim()).join("\n");
      if (data) yield JSON.parse(data);
    }
  }
}

function showEvent({ sequence, time, actor, kind, ...more }) {
  const list = part("events"), item = document.createElement("li"), at = document.createElement("time");
  at.dateTime = time ?? "";
  at.textContent = (time ?? "").slice(11, 19);
  const words = Object.entries(more).map(([name, value]) => ` ${name}=${value}`).join("");
  item.append(at, `${actor ?? ""} ${kind.replaceAll("_", " ")}${words}`);
  list.prepend(item);
  while (list.children.length > EVENTS) list.lastChild.remove();
}

// --- Figures as people read them ------------------------------------------------------------------------------------

function count(number) {
  if (number < 10) return number ? number.toFixed(1) : "0";
  return number < 1000 ? number.toFixed(0) : `${(number / 1000).toFixed(1)}k`;
}

function latency(ms) {
  if (!ms) return "0";
  if (ms < 1) return `${(ms * 1000).toFixed(0)} µs`;
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function elapsed(seconds) {
  const [days, hours, minutes] = [86400, 3600, 60].map((unit) => Math.floor(seconds / unit));
  if (days) return `${days} d ${hours % 24} h`;
  if (hours) return `${hours} h ${minutes % 60} min`;
  return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

function clock(time, now) {
  return time.slice(0, 10) === now.slice(0, 10) ? time.slice(11, 19) : time.slice(0, 10);
}
