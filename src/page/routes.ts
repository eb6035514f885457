/** Addresses of the page, each with its view. */
import type { Explanation } from "../why/index.ts";
import { notFound, type Scene, type View } from "./layout.ts";
import { changesView } from "./views/changes.ts";
import { overview } from "./views/overview.ts";
import { peopleView } from "./views/people.ts";
import { personView } from "./views/person.ts";
import { personaView } from "./views/persona.ts";
import { setsView, setView } from "./views/sets.ts";

/** Until a look at the clouds is given up, milliseconds. */
const LOOK_MS = 20_000;

/** `section`: the entry of the navigation to which the view belongs. */
export async function route(pathname: string, scene: Scene): Promise<{ view: View; section: string }> {
  const [kind, namespace, name, ...more] = pathname.slice(1).split("/").map(decode);
  if (kind === "" && namespace === undefined) return { view: overview(scene), section: "/" };
  if (namespace === undefined) {
    if (kind === "people") return { view: peopleView(scene), section: "/people" };
    if (kind === "changes") return { view: await changesView(scene), section: "/changes" };
    if (kind === "sets") return { view: setsView(scene), section: "/sets" };
  }
  if (namespace !== undefined && name !== undefined && more.length === 0) {
    const named = <T extends { metadata: { namespace: string; name: string } }>(all: readonly T[]) =>
      all.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
    const { personas, users, sets } = scene.objects;
    if (kind === "persona") {
      const persona = named(personas);
      return { view: persona ? personaView(persona, scene) : notFound(`Persona ${namespace}/${name}`), section: "/" };
    }
    if (kind === "person") {
      const user = named(users);
      const view = user ? personView(user, scene, await look(scene, user)) : notFound(`Person ${namespace}/${name}`);
      return { view, section: "/people" };
    }
    if (kind === "set") {
      const set = named(sets);
      return { view: set ? setView(set, scene) : notFound(`Set ${namespace}/${name}`), section: "/sets" };
    }
  }
  return { view: notFound("This page"), section: "" };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

async function look(
  { source }: Scene,
  user: Scene["objects"]["users"][number],
): Promise<Explanation | Error | undefined> {
  if (!source.explain) return undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Error>((resolve) => {
    timer = setTimeout(
      () => resolve(new Error(`They did not answer within ${LOOK_MS / 1000} seconds. Reload to try again.`)),
      LOOK_MS,
    );
  });
  try {
    return await Promise.race([source.explain(user), late]);
  } catch (error) {
    return error as Error;
  } finally {
    clearTimeout(timer);
  }
}
