// Questions to the server, which works out every score and rank; the page only shows them.
export class Refused extends Error {
  constructor(refused) {
    super(refused.code);
    this.code = refused.code;
    this.faults = refused.faults ?? [];
    this.more = refused.more ?? 0;
  }
}

export async function ask(path, body) {
  const request = body === undefined
    ? {}
    : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  let answer, told;
  try {
    answer = await fetch(path, request);
    told = await answer.json();
  } catch {
    throw new Refused({ code: "no-answer" });
  }
  if (!answer.ok) throw new Refused(told.refused ?? { code: "failed" });
  return told;
}

// Runs one at a time; what is asked meanwhile is asked once more at the end, so that the last state is answered.
export function latest(work) {
  let running = null;
  let again = false;
  return function run() {
    if (running) {
      again = true;
      return running;
    }
    running = (async () => {
      try {
        do {
          again = false;
          await work();
        } while (again);
      } finally {
        running = null;
      }
    })();
    return running;
  };
}

export function afterPause(milliseconds, work) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds);
  };
}
