/** The page over a cluster: how soon the view of people begins, and what they cost in memory. */
import { request } from "node:http";
import { NAMESPACE } from "../lib/people.ts";
import { Program, program } from "../lib/program.ts";
import type { Result } from "../lib/results.ts";
import type { Scene } from "../lib/scene.ts";
import { median } from "../lib/statistics.ts";
import { sleep, until } from "../lib/wait.ts";

const VISITS = 21;
/** Between two visits, so that they stay below the limit of one reader. */
const PAUSE_MS = 250;

export async function page(scene: Scene): Promise<Result[]> {
  const empty = await measure(scene, "default");
  const full = await measure(scene, NAMESPACE);
  const what = `page at ${scene.users.toLocaleString("en")}`;
  const note = `${Math.round(full.rss)} MB with them, ${Math.round(empty.rss)} MB without`;
  return [
    {
      what: `${what}, first byte of people`,
      value: full.people,
      unit: "ms",
      bound: 200,
      strict: true,
      note: `median of ${VISITS}`,
    },
    {
      what: `${what}, first byte of a search`,
      value: full.search,
      unit: "ms",
      bound: 200,
      strict: true,
      note: `median of ${VISITS}`,
    },
    { what: `${what}, memory of the people`, value: full.rss - empty.rss, unit: "MB", bound: 60, strict: true, note },
  ];
}

async function measure(scene: Scene, namespace: string): Promise<{ people: number; search: number; rss: number }> {
  const args = ["page", "--kubeconfig", scene.cluster.kubeconfig, "-n", namespace, "--listen", "127.0.0.1:0"];
  // By its first line, as the controller is: with the flags of V8 and malloc that the image has too.
  const running = new Program(program(), args, {
    ...scene.sandbox.env,
    CONNECT_SSO_ALLOW_INSECURE_ENDPOINTS: "1",
  });
  try {
    const address = await until("the page", 60_000, async () => /page at (\S+)/.exec(running.said)?.[1], 20);
    const cookie = (await fetch(address, { redirect: "manual" })).headers.get("set-cookie")!.split(";")[0]!;
    const visit = async (path: string) => {
      const times: number[] = [];
      for (let index = 0; index < VISITS; index++) {
        times.push(await firstByte(new URL(path, address), cookie));
        await sleep(PAUSE_MS);
      }
      return median(times);
    };
    const people = await visit("/people");
    const search = await visit("/people?q=user+9&state=ready");
    return { people, search, rss: running.usage().rss };
  } finally {
    await running.stop();
  }
}

/** Milliseconds from the request to the first byte of the body. */
function firstByte(url: URL, cookie: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    request(url, { headers: { cookie } }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url.pathname}: ${response.statusCode}`));
      response.once("data", () => resolve(performance.now() - began)).resume();
    })
      .once("error", reject)
      .end();
  });
}
