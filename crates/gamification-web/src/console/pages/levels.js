import { h } from "../../elements/h.js";
import { heading } from "../parts.js";

/** @import { Context } from "../parts.js" */

export const title = "Levels";

/** @param {Context} context */
export function show({ isAdmin }) {
  const grid = Object.assign(h("level-definitions-grid"), { showPoints: true, heading: "Nine levels" });
  const note = h("p", { class: "muted" }, "A level once reached stays, whatever happens to points or thresholds.");
  return [heading(title, note), grid, ...(isAdmin ? [h("level-editor")] : [])];
}
