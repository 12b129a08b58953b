"use strict";
// Reads what the server tells and draws it. Texts of devices are set as text, never as markup.
const $ = id => document.getElementById(id);
const MEANING = { pending: "not begun", waiting: "waits", running: "at work", asks: "waits for an operator", paused: "paused", done: "done",
  unchanged: "as planned before", waived: "skipped by an operator", failed: "failed", skipped: "not begun: what it hangs on failed", cancelled: "cancelled" };
let board = null, units = {}, boxes = {}, groups = {}, filter = "all", shown = "", skew = 0;

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "class") element.className = value; else if (name === "click") element.addEventListener("click", value);
    else if (name === "style") for (const [key, set] of Object.entries(value)) element.style.setProperty(key, set);
    else element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child !== null && child !== ""));
  return element;
}
const hue = at => 265 - 110 * (board.stages.length < 2 ? 0 : at / (board.stages.length - 1));

function head() {
  skew = 1000 * board.now - Date.now();
  document.title = `${board.state} · ${board.site || "Rackwright"}`;
  $("title").textContent = [board.site, board.run].filter(Boolean).join(" · ") || "No run yet";
  const asks = board.gates.some(gate => gate.state === "asks"), state = asks && board.state === "running" ? "asks" : board.state;
  $("state").textContent = asks && state === "asks" ? "waits for you" : board.state;
  $("state").className = `pill ${state}`;
  $("progress").textContent = board.progress;
  clock();
  const bars = board.stages.map((stage, at) => make("div", { class: "stage", title: stage.name, style: { "--hue": hue(at) } },
    make("b", {}, make("span", {}, stage.letters), make("span", {}, `${stage.good}/${stage.total}`)),
    make("i", { "aria-hidden": "true" }, make("span", { style: { width: `${stage.total ? 100 * stage.good / stage.total : 0}%` } })),
    make("div", { class: "name" }, stage.name),
    stage.failed ? make("div", { class: "wrong" }, `! ${stage.failed} failed`) : ""));
  $("stages").replaceChildren(...bars);
}

function clock() {
  if (!board || !board.begun) return;
  const ended = ["done", "failed", "cancelled"].includes(board.state);
  const now = Date.now() + skew, silent = (now - Date.parse(board.at)) / 1000;
  const passed = ((ended ? Date.parse(board.at) : now) - Date.parse(board.begun)) / 1000;
  $("time").textContent = `${about(Math.max(0, passed))} gone` + (ended ? "" : `, ${board.left}`)
    + (!ended && silent > 90 ? `; nothing was told for ${about(silent)}: look whether somebody works on it` : "");
}
function about(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function racks() {
  units = {};
  boxes = {};
  const few = board.racks.length <= 6;
  $("racks").replaceChildren(...board.racks.map(rack => {
    const said = make("span", { class: "soft" }), signs = make("span", { class: "mark", "aria-hidden": "true" });
    const box = make("details", { class: "rack" }, make("summary", {}, make("b", {}, rack.name), " ", said, signs));
    boxes[rack.name] = { rack, box, said, signs };
    box.open = few;
    let below = rack.height ? rack.height + 1 : 0;
    for (const stand of rack.stands) {
      const empty = stand.unit && below ? below - stand.unit - stand.height : 0;
      if (empty > 0) box.append(make("div", { class: "gap", style: { "--u": empty } }));
      if (stand.unit) below = stand.unit;
      const unit = make("button", { type: "button", style: { "--u": stand.height }, click: () => open(stand.name) });
      unit.stand = stand;
      units[stand.name] = unit;
      box.append(unit);
    }
    return box;
  }));
  for (const name of Object.keys(units)) unit(name);
  sums();
}
// What a rack says when it is folded: how many of its devices are through, what is wrong, and a sign for each.
function sums() {
  for (const { rack, said, signs, box } of Object.values(boxes)) {
    const states = rack.stands.map(stand => board.devices[stand.name].state), number = wanted => states.filter(state => wanted.includes(state)).length;
    const parts = [`${number(["done", "unchanged", "waived"])}/${states.length}`];
    for (const [state, word] of [["failed", "failed"], ["asks", "asks"], ["running", "at work"]]) if (number([state])) parts.push(`${number([state])} ${word}`);
    said.textContent = parts.join(", ");
    signs.textContent = states.map(state => board.signs[state]).join("");
    box.classList.toggle("wrong", states.includes("failed"));
  }
}
function unit(name) {
  const element = units[name], device = board.devices[name];
  if (!element || !device) return;
  const stand = element.stand, moved = /[^.:]/.test(device.signs) ? " moved" : "";
  element.className = `unit ${device.state}${moved}${stand.height < 3 ? " thin" : ""}`;
  element.style.setProperty("--hue", hue(device.stage));
  const over = ["failed", "running", "asks", "waiting"].includes(device.state) && device.text;
  element.title = `${name}: ${device.letters} ${device.state}`;
  element.setAttribute("aria-label", `${name}, ${board.stages[device.stage].name}: ${MEANING[device.state]}`);
  element.replaceChildren(
    make("span", { class: "who" }, make("span", {}, name), make("span", { class: "small" }, over ? device.text : stand.unit ? `unit ${stand.unit} ${stand.about}` : stand.about)),
    make("span", { class: "mark" }, `${device.letters} ${board.signs[device.state]}`));
  show(element, device);
}
function show(element, device) {
  const wanted = $("find").value.trim().toLowerCase();
  element.hidden = (filter !== "all" && device.state !== filter) || !element.stand.name.toLowerCase().includes(wanted);
}
function sift(unfold) {
  for (const [name, element] of Object.entries(units)) show(element, board.devices[name]);
  const wanted = filter !== "all" || $("find").value.trim() !== "";
  for (const { box } of Object.values(boxes)) {
    box.hidden = !box.querySelector(".unit:not([hidden])");
    if (unfold === true) box.open = wanted ? !box.hidden : board.racks.length <= 6;
  }
}

function lists() {
  const asks = board.gates.filter(gate => gate.state === "asks");
  fill("asks", asks.map(gate => make("li", { class: "asks" }, make("b", {}, gate.name), `: ${gate.question} `,
    make("div", {}, "answer with ", make("code", {}, `rackwright bringup --approve ${gate.name}`), " or ", make("code", {}, "--refuse")))));
  const failed = Object.entries(board.devices).filter(([, device]) => device.state === "failed");
  const refused = board.gates.filter(gate => gate.state === "failed");
  fill("failed", [...refused.map(gate => make("li", { class: "failed" }, make("b", {}, gate.name), `: ${gate.cause}${gate.holds ? `; ${gate.holds} tasks behind it` : ""}`)),
    ...failed.slice(0, 20).map(([name, device]) => make("li", { class: "failed" },
    make("button", { type: "button", class: "link", click: () => open(name) }, name), ` at ${board.stages[device.stage].name}: ${device.text}`, ...device.remedies.map(remedy))),
    ...(failed.length > 20 ? [make("li", {}, `${failed.length - 20} more: show "failed" below`)] : [])]);
  fill("waits", board.gates.filter(gate => gate.waits_for && gate.holds && gate.state !== "asks").map(gate => make("li", {},
    make("b", {}, gate.name), ` waits for ${gate.first}${gate.waits_for > 1 ? ` and ${gate.waits_for - 1} more` : ""}; ${gate.holds} tasks behind it`)));
}
function fill(id, items) {
  $(id).hidden = !items.length;
  $(id).querySelector("ul").replaceChildren(...items);
}
const remedy = text => make("div", {}, `remedy: ${text}`);
function finding(one) {
  const seen = one.expected || one.actual ? make("div", { class: "soft" }, `expected ${one.expected || "-"}, found ${one.actual || "-"}`) : "";
  return make("li", { class: one.status }, make("b", {}, `${one.status} ${one.subject}`), ` ${one.message}`, seen, one.remedy ? make("div", {}, one.remedy) : "", make("div", { class: "soft" }, one.check));
}
const line = ([at, subject, text]) => make("li", {}, make("time", {}, at), ` ${subject} ${text}`);
// Findings of one check stand together: one dead switch makes dozens, and none of them may hide the others.
function group(one) {
  const known = groups[one.check];
  if (known) return known;
  const made = { number: 0, about: new Set(), count: make("span", { class: "soft" }), list: make("ul", { class: "plain" }) };
  made.box = make("details", { class: "check" }, make("summary", {}, one.check, " ", made.count), made.list);
  $("findings").append(made.box);
  return groups[one.check] = made;
}
function forget() {
  $("findings").replaceChildren();
  groups = {};
  board.found = 0;
}
function sort(told) {
  for (const one of told) {
    const known = group(one);
    known.about.add(one.subject.split(":")[0]);
    known.list.append(finding(one));
    known.box.open = ++known.number === 1;
    const names = [...known.about];
    known.count.textContent = `${known.number} of ${names.slice(0, 4).join(", ")}${names.length > 4 ? ` and ${names.length - 4} more` : ""}`;
  }
  board.found = (board.found || 0) + told.length;
  $("findings-count").textContent = board.found || "";
  $("no-findings").hidden = board.found > 0;
}
function append(told) {
  if (told.anew) forget();
  sort(told.findings);
  $("log").prepend(...told.log.map(line).reverse());
  while ($("log").children.length > 500) $("log").lastChild.remove();
}

async function open(name) {
  shown = name;
  const answer = await fetch(`devices/${encodeURIComponent(name)}`);
  if (!answer.ok || shown !== name) return;
  const device = await answer.json();
  // Between two stages a device is not one that nothing was begun of.
  const next = device.state === "pending" && device.tasks.some(task => task.state !== "pending") && device.tasks.find(task => task.state === "pending");
  $("device-name").textContent = `${name}: ${next ? `${next.stage} comes next` : MEANING[device.state]}`;
  const list = (title, items) => items.length ? [make("h2", {}, title), make("ul", { class: "plain" }, ...items)] : [];
  $("device-body").replaceChildren(
    make("p", { class: "soft" }, device.rack ? `rack ${device.rack}` : "in no rack"),
    ...device.tasks.map(task => make("div", { class: `task ${task.state}` }, make("span", { class: "sign" }, board.signs[task.state]), make("span", {}, task.stage),
      make("span", {}, MEANING[task.state], task.took_s !== null ? `, ${about(task.took_s)}` : "",
        task.step && task.state === "running" ? `: ${task.step}` : "", task.waits_for.length ? `; for ${task.waits_for.slice(0, 3).join(", ")}${task.waits_for.length > 3 ? ` and ${task.waits_for.length - 3} more` : ""}` : "",
        task.cause ? make("div", {}, task.cause) : "", ...task.remedies.map(remedy)))),
    ...list("Findings", device.findings.map(finding)),
    make("h2", {}, "Log"), make("ol", { class: "log" }, ...device.log.map(line).reverse()));
  if (!$("device").open) $("device").showModal();
}
$("close").addEventListener("click", () => $("device").close());
$("device").addEventListener("close", () => { shown = ""; });
$("device").addEventListener("click", event => { if (event.target === $("device")) $("device").close(); });
$("find").addEventListener("input", () => sift(true));
for (const button of $("filter").children) button.addEventListener("click", () => {
  filter = button.dataset.filter;
  for (const other of $("filter").children) other.setAttribute("aria-pressed", String(other === button));
  sift(true);
});

const source = new EventSource("events");
source.addEventListener("whole", event => {
  board = JSON.parse(event.data);
  $("legend").replaceChildren(...Object.entries(board.signs).map(([state, sign]) => make("span", {}, `${sign} ${MEANING[state]}`)));
  forget();
  $("log").replaceChildren();
  racks(); head(); lists(); append(board); sift();
});
source.addEventListener("news", event => {
  const told = JSON.parse(event.data), devices = told.devices;
  Object.assign(board.devices, devices);
  board = { ...board, ...told, devices: board.devices };
  for (const name of Object.keys(devices)) unit(name);
  sums(); head(); lists(); append(told); sift();
  if (shown && devices[shown]) open(shown);
});
source.onopen = () => { $("link").hidden = true; };
source.onerror = () => {
  $("link").hidden = false;
  $("link").textContent = source.readyState === EventSource.CLOSED
    ? "This page is not let in any more: open the address that rackwright serve printed." : "Connection lost; trying again.";
};
setInterval(clock, 1000);
