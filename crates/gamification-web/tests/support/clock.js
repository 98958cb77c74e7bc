/** Lets all that can happen without time passing happen. */
export const settle = async () => {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** A clock that stands still until a test lets time pass. */
export function fakeClock() {
  let now = Date.UTC(2026, 10, 22, 10);
  /** @type {Set<{ at: number, then: () => void }>} */
  const timers = new Set();
  const clock = {
    now: () => now,
    random: () => 0,
    /** @param {number} milliseconds @param {() => void} then */
    after(milliseconds, then) {
      const timer = { at: now + milliseconds, then };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    /** How long the pauses are that are waited for now. */
    pauses: () => [...timers].map(({ at }) => at - now).sort((a, b) => a - b),
    /** Lets time pass, and what is due happen in its order. @param {number} milliseconds */
    async pass(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        await settle();
        const [next] = [...timers].sort((a, b) => a.at - b.at);
        if (!next || next.at > end) break;
        now = next.at;
        timers.delete(next);
        next.then();
      }
      now = end;
      await settle();
    },
  };
  return clock;
}
