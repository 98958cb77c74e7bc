import { h } from "../../elements/h.js";
import { heading, muted, time, until } from "../parts.js";

/** @import { Context } from "../parts.js" */

export const title = "Leaderboards";

/** @param {Context} context */
export function show(context) {
  const updated = muted("\u00a0");
  until(
    context,
    context.client.watchLeaderboards(({ last_updated }) =>
      updated.replaceChildren("Last updated ", time(last_updated)),
    ),
  );
  const panels = ["seven-day", "thirty-day", "all-time"].map((period) =>
    h("leaderboard-panel", { period, linked: true }),
  );
  return [heading(title, updated), h("div", { class: "panels" }, ...panels)];
}
