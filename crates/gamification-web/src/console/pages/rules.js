import { Problem } from "../../client/problem.js";
import { Field } from "../../elements/field.js";
import { h } from "../../elements/h.js";
import { textOf } from "../../elements/text.js";
import { attempt, button, counted, formats, heading, muted, report, versions } from "../parts.js";

/** @import { FieldError, MessageKey, Rule, RuleDraft, Rules, RulesPreview, RulesUpdate } from "../../types.js" */
/** @import { Context } from "../parts.js" */

export const title = "Rules";

const COLUMNS = /** @type {const} */ ([
  ["points", "Points"],
  ["daily_cap", "Cap a day"],
  ["per_pair_daily_cap", "Cap a day and liker"],
]);
const text = (/** @type {MessageKey} */ key) => textOf("en", key, {});

/** @param {Context} context */
export function show(context) {
  const { client, signal, isAdmin } = context;
  if (!isAdmin) return [heading(title), muted("Only admins see and change the rules.")];
  const box = h("div");
  const history = versions(context, client.rulesHistory);
  attempt(signal, box, async () => box.replaceChildren(form(context, await client.rules({ signal }), history.begin)));
  return [
    heading(title, muted("What is changed counts from then on; nothing earned before changes.")),
    box,
    history.root,
  ];
}

/** @param {Context} context @param {Rules} base what the fields were filled with @param {() => unknown} changed */
function form({ client, signal }, base, changed) {
  const rows = base.rules.map(row);
  const exclude = h("input", { type: "checkbox" });
  const status = h("p", { class: "grow", role: "status" });
  const buttons = [
    h("button", { class: "primary" }, text("save")),
    button(text("preview"), () => preview()),
    button(text("theirs"), () => resolve(false)),
    button(text("mine"), () => resolve(true)),
  ];
  const told = h("p", { class: "grow" }, "Somebody else changed the rules");
  const conflict = h("div", { class: "card row", role: "alert", hidden: true }, told, ...buttons.slice(2));
  let isBusy = false;

  const say = (said = "") => {
    status.textContent = said;
  };
  /** @returns {RulesUpdate} */
  const drafts = () => ({ rules: rows.map(({ draft }) => draft()), exclude_admins: exclude.checked });
  const isStill = (/** @type {RulesUpdate} */ sent) => JSON.stringify(drafts()) === JSON.stringify(sent);
  const fill = (/** @type {Rules} */ { rules, exclude_admins }) => {
    exclude.checked = exclude_admins;
    for (const [index, row] of rows.entries()) row.fill(rules[index]);
  };
  fill(base);

  const busy = (/** @type {boolean} */ is) => {
    isBusy = is;
    for (const one of buttons) one.ariaDisabled = is ? "true" : null;
  };
  /** One request at a time; what it is refused for is shown where it belongs. @param {() => Promise<void>} work */
  const during = async (work) => {
    if (isBusy) return false;
    busy(true);
    conflict.hidden = true;
    for (const { fields } of rows) for (const field of fields) field.fail();
    try {
      await work();
      return true;
    } catch (problem) {
      if (!signal.aborted) refused(problem);
      return false;
    } finally {
      busy(false);
    }
  };
  const refused = (/** @type {unknown} */ problem) => {
    if (!(problem instanceof Problem)) throw problem;
    say();
    if (problem.status === 412) conflict.hidden = false;
    else if (problem.status === 422) mark(problem.errors);
    else {
      say(`${problem.detail}.`);
      report(root, problem);
    }
  };
  /** @param {readonly FieldError[]} errors each with its place, such as #/rules/2/points */
  const mark = (errors) => {
    const fields = errors.flatMap(({ pointer, detail }) => {
      const [, , index, name] = pointer.split("/");
      const field = rows[Number(index)]?.fields[COLUMNS.findIndex(([column]) => column === name)];
      field?.fail(detail);
      return field ?? [];
    });
    fields[0]?.input.focus();
    say(text("invalid"));
  };

  const preview = () =>
    during(async () => {
      const sent = drafts();
      const { days, members, rules } = await client.previewRules(sent, { signal });
      if (!isStill(sent)) return; // it would be of something else
      for (const [index, row] of rows.entries()) row.preview(rules[index]);
      const sum = (/** @type {"earned" | "over_cap"} */ of) => rules.reduce((sum, rule) => sum + rule[of], 0);
      say(
        `Of ${counted(sum("earned"), "point")} that ${counted(members, "member")} earned in the last ${days} days, the caps would have taken ${formats.count.format(sum("over_cap"))}.`,
      );
    });
  const save = () =>
    during(async () => {
      say(text("saving"));
      const sent = drafts();
      base = await client.setRules(sent, { ifMatch: client.etag(base) });
      if (isStill(sent)) fill(base);
      say(text("saved"));
      changed();
    });
  /** @param {boolean} isMine what is in the fields replaces what somebody else has saved */
  const resolve = async (isMine) => {
    rows[0]?.fields[0]?.input.focus(); // the button goes, and a mistake may come
    const isDone = await during(async () => {
      base = await client.rules({ signal });
      if (!isMine) fill(base);
      say();
      changed();
    });
    if (isMine && isDone) await save();
  };

  const root = h(
    "form",
    {
      class: "card rules",
      onsubmit: (event) => {
        event.preventDefault();
        save();
      },
      oninput: ({ target }) => {
        for (const { fields, preview } of rows) {
          preview(); // it was of something else
          for (const field of fields) if (field.input === target) field.fail();
        }
        say();
      },
    },
    h("h2", null, "What members earn points by"),
    h("div", { class: "head", "aria-hidden": "true" }, h("span"), ...COLUMNS.map(([, name]) => h("span", null, name))),
    h("ol", { role: "list" }, ...rows.map(({ root }) => root)),
    h("label", { class: "row" }, exclude, "Leave admins out of leaderboards"),
    conflict,
    h("div", { class: "row" }, ...buttons.slice(0, 2), status),
  );
  return root;
}

/** A rule as it is edited: only likes have a liker. @param {Rule} rule */
function row({ source }) {
  const name = text(source);
  const fields = COLUMNS.slice(0, source.endsWith("_liked") ? 3 : 2).map(
    ([column, title]) =>
      new Field(`${source}-${column}`, {
        inputmode: "numeric",
        autocomplete: "off",
        placeholder: column === "points" ? null : "No cap",
        "aria-label": `${name}: ${title.toLowerCase()}`,
      }),
  );
  const taken = h("small", { class: "muted" });
  /** @type {(rule?: RulesPreview["rules"][number]) => void} */
  const preview = (rule) => {
    taken.hidden = !rule;
    if (!rule) return;
    const { earned, over_cap: over, members_over_cap: members } = rule;
    const { count } = formats;
    const beyond = over
      ? `${count.format(over)} beyond the caps, by ${counted(members, "member")}`
      : "nothing beyond the caps";
    taken.textContent = `${count.format(earned)} earned, ${beyond}`;
    taken.classList.toggle("over", over > 0);
  };
  return {
    root: h("li", null, h("b", null, name), ...fields.map(({ input, error }) => h("div", null, input, error)), taken),
    fields,
    preview,
    draft: () => {
      const [points, daily_cap, per_pair_daily_cap] = fields.map(({ input }) => number(input.value));
      return /** @type {RuleDraft} */ ({ source, points, daily_cap, per_pair_daily_cap });
    },
    fill: (/** @type {Rule | undefined} */ rule) => {
      for (const [index, [column]] of COLUMNS.entries())
        if (fields[index]) fields[index].input.value = String(rule?.[column] ?? "");
      preview();
    },
  };
}

/** Nothing is no cap; what is no number is for the service to refuse, and must not become nothing. @param {string} entered */
function number(entered) {
  const text = entered.trim();
  const number = Number(text);
  return text && Number.isFinite(number) ? number : text || null;
}
