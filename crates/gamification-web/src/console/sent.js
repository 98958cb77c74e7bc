import { Problem } from "../client/problem.js";
import { h } from "../elements/h.js";
import { button, card, stack } from "./parts.js";

/** @import { Client } from "../types.js" */
/** @typedef {[type: string, data: Record<string, string>]} Act */

/**
 * Sends events, and shows the last ones sent: as CloudEvents, with the verdict, and as a request to paste.
 * @param {Client} platform
 * @param {AbortSignal} signal
 */
export function createSender(platform, signal) {
  const verdict = h("p", { role: "status" }, "Nothing was sent yet.");
  const copy = button("Copy", () => navigator.clipboard.writeText(curl.textContent ?? ""), "small");
  copy.hidden = !navigator.clipboard; // not on insecure origins
  const event = h("pre", { tabindex: 0, role: "region", "aria-label": "CloudEvent" });
  const curl = h("pre", { tabindex: 0, role: "region", "aria-label": "As curl" });
  const sent = stack(h("h3", null, "CloudEvent"), event, h("h3", null, "As curl", copy), curl);
  sent.hidden = true;

  return {
    root: card("Last request", verdict, sent),
    verdict,
    /** @param {Act[]} acts @returns {Promise<boolean>} whether the service took them */
    async send(...acts) {
      const now = new Date();
      const events = acts.map(([type, data], index) => ({
        specversion: "1.0",
        id: `${now.getTime()}-${index}`,
        source: "/console",
        type,
        time: now.toISOString(),
        data: { community_id: platform.communityId, ...data },
      }));
      const [only] = events;
      sent.hidden = false;
      event.textContent = JSON.stringify(events.length > 1 ? events : only, null, 2);
      // The token is named only.
      curl.textContent = `curl -sS ${location.origin}/api/events \\
  -H "Authorization: Bearer $PLATFORM_TOKEN" \\
  -H "Content-Type: application/cloudevents-batch+json" \\
  -d '${JSON.stringify(events)}'`;
      try {
        const { results, ...counts } = await platform.sendEvents(events, { signal });
        const verdicts = Object.entries(counts).filter(([, count]) => count);
        const tags = verdicts.map(([status, count]) => tag(status, events.length > 1 ? `${count} ${status}` : status));
        verdict.replaceChildren(...tags, events.length > 1 ? "" : ` ${only?.type} ${results[0]?.detail ?? ""}`);
        return !counts.rejected;
      } catch (problem) {
        if (problem instanceof Problem) verdict.replaceChildren(tag("rejected", problem.code), ` ${problem.detail}`);
        return false;
      }
    },
  };
}

/** @param {string} kind @param {string} text */
const tag = (kind, text) => h("b", { class: `tag ${kind}` }, text);
