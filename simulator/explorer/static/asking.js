// Questions to the server, which works out every score and rank; the page only shows them.
export class Refused extends Error {
  constructor(refused) {
    super(refused.code);
    this.code = refused.code;
    this.faults = refused.faults ?? [];
    this.more = refused.more ?? 0;
  }
}

// Whether anything is still to be answered, for whoever waits for the page to be settled.
let open = 0;

function busy(more) {
  open += more;
  document.body.dataset.busy = open > 0 ? "yes" : "no";
}

export async function ask(path, body) {
  busy(1);
  try {
    return await answerTo(path, body);
  } finally {
    busy(-1);
  }
}

async function answerTo(path, body) {
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
    if (timer) clearTimeout(timer);
    else busy(1);
    timer = setTimeout(() => {
      timer = 0;
      work();
      busy(-1);
    }, milliseconds);
  };
}
