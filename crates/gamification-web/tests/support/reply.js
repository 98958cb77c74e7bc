/** Other than 200 with a body. */
export class Reply {
  /** @param {import("./server.js").Answer} answer */
  constructor(answer) {
    this.answer = answer;
  }
}
/** @param {number} status @param {unknown} body @param {Record<string, string>} [headers] */
export const reply = (status, body, headers) => new Reply({ status, body, headers });
