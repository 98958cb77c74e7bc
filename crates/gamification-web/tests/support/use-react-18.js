// Lets `react` be React 18 for a program that is started with --import of this.

import { register } from "node:module";

const react = new URL("../react-18/node_modules/react/index.js", import.meta.url).href;
const hooks = `export const resolve = (name, context, next) =>
  name === "react" ? { url: ${JSON.stringify(react)}, shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
