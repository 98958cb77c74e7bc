import { Problem } from "../client/problem.js";
import { h } from "../elements/h.js";
import { card, counted } from "./parts.js";

/** @import { Client, CloudEvent } from "../types.js" */

/**
 * Sends events, and shows the last ones sent: as CloudEvents, with the verdict, and as a request to paste.
 * @param {Client} platform
 * @param {string} community_id
 */
export function sent(platform, community_id) {
  const verdict = h("p", { class: "verdict", role: "status" }, h("span", { class: "muted" }, "Nothing was sent yet."));
  const [event, curl] = [code("CloudEvent"), code("As curl")];
  const copy = h("button", { type: "button", class: "small", hidden: !navigator.clipboard }, "Copy");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(curl.text.textContent ?? "");
    copy.textContent = "Copied";
  });
  curl.label.append(copy);
  const details = h("div", { class: "stack", hidden: true }, event.root, curl.root);

  return {
    root: card("Last request", verdict, details),
    /**
     * @param {[type: string, data: Record<string, string>][]} acts
     * @param {AbortSignal} signal
     * @returns {Promise<boolean>} whether the service took them
     */
    async send(acts, signal) {
      const time = new Date().toISOString();
      const events = acts.map(([type, data], index) => ({
        specversion: "1.0",
        id: `${type}-${Date.now().toString(36)}-${index}`,
        source: "/console",
        type,
        time,
        data: { community_id, ...data },
      }));
      details.hidden = false;
      event.label.firstChild?.replaceWith(events.length > 1 ? counted(events.length, "CloudEvent") : "CloudEvent");
      event.text.textContent = JSON.stringify(events.length > 1 ? events : events[0], null, 2);
      curl.text.textContent = asCurl(events);
      copy.textContent = "Copy";
      try {
        const { results, ...counts } = await platform.sendEvents(events, { signal });
        const [first] = results;
        verdict.replaceChildren(
          ...Object.entries(counts).flatMap(([status, count]) =>
            count ? [h("b", { class: `tag ${status}` }, events.length > 1 ? `${count} ${status}` : status), " "] : [],
          ),
          h("span", null, events.length > 1 ? "" : [acts[0]?.[0], first?.detail].filter(Boolean).join(": ")),
        );
        return counts.rejected === 0;
      } catch (problem) {
        if (!(problem instanceof Problem)) return false; // the page was left
        verdict.replaceChildren(h("b", { class: "tag rejected" }, problem.status || problem.code), ` ${problem.detail}`);
        return false;
      }
    },
  };
}

/** @param {string} label */
function code(label) {
  const text = h("code");
  const title = h("h3", null, label);
  const root = h("div", { class: "code" }, title, h("pre", { tabindex: 0, role: "region", "aria-label": label }, text));
  return { root, text, label: title };
}

/** The token is named only. @param {readonly CloudEvent[]} events */
const asCurl = (events) =>
  [
    `curl -sS ${location.origin}/api/events`,
    `-H "Authorization: Bearer $PLATFORM_TOKEN"`,
    `-H "Content-Type: application/cloudevents-batch+json"`,
    `-d '${JSON.stringify(events).replaceAll("'", "'\\''")}'`,
  ].join(" \\\n  ");
