import { h } from "../../elements/h.js";
import { heading, time, until } from "../parts.js";

/** @import { Context } from "../parts.js" */

export const title = "Leaderboards";

/** @param {Context} context */
export function show(context) {
  const updated = h("p", { class: "muted" }, "\u00a0");
  until(
    context,
    context.client.watchLeaderboards(({ last_updated }) => {
      updated.replaceChildren("Last updated ", time(last_updated));
    }),
  );
  const panels = ["seven-day", "thirty-day", "all-time"].map((period) =>
    Object.assign(h("leaderboard-panel"), { period, linked: true }),
  );
  for (const panel of panels)
    panel.addEventListener("member-click", ({ detail }) => {
      location.hash = `#/members/${detail.userId}`;
    });
  return [heading(title, updated), h("div", { class: "panels" }, ...panels)];
}
