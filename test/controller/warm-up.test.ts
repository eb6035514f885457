import { describe, expect, test } from "@jest/globals";
import { PERSONA, USER } from "../../src/api/resources.ts";
import { warmPeople } from "../../src/controller/warm-up.ts";
import type { Clouds } from "../../src/providers/clouds.ts";
import { IndexedObjects } from "../../src/runtime/indexed.ts";
import type { KubeObject, ObjectStore } from "../../src/runtime/port.ts";

const object = (kind: string, name: string, spec: object): KubeObject => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind,
  metadata: { name, namespace: "team", uid: name },
  spec,
});
const persona = (name: string, more: object = {}) =>
  object(PERSONA, name, { application: { tenantId: `tenant-of-${name}` }, ...more });
const user = (index: number, personaName = "agents") =>
  object(USER, `u${index}`, {
    personaRef: { name: personaName },
    entraUser: { userPrincipalName: `u${index}@example.com` },
  });

function setUp(...objects: KubeObject[]) {
  const kinds = new Map([PERSONA, USER].map((kind) => [kind, new IndexedObjects()]));
  for (const one of objects) kinds.get(one.kind)!.set(one);
  const store = {
    get: (kind: string, namespace: string, name: string) => kinds.get(kind)!.get(IndexedObjects.key(namespace, name)),
    list: (kind: string) => kinds.get(kind)!.list(),
  } as unknown as ObjectStore;
  const asked: { tenant: string; names: string[] }[] = [];
  const clouds = {
    graph: async (tenant: string) => ({
      async user(key: { userPrincipalName: string }, _: object, among: () => Iterable<string>) {
        asked.push({ tenant, names: [...new Set([key.userPrincipalName, ...among()])] });
      },
    }),
  } as unknown as Clouds;
  const settle = () => new Promise(setImmediate);
  return { store, clouds, asked, settle };
}

describe("people of Entra", () => {
  test("of personas that are suspended are left to others", async () => {
    const { store, clouds, asked, settle } = setUp(persona("asleep", { suspend: true }), user(1, "asleep"));
    warmPeople(clouds, store, 1_000);
    await settle();
    expect(asked).toEqual([]);
  });

  test("are looked up tenant by tenant once all users are listed", async () => {
    const { store, clouds, asked, settle } = setUp(
      persona("agents"),
      persona("managers"),
      user(1),
      user(2),
      user(3, "managers"),
    );
    warmPeople(clouds, store, 1_000);
    await settle();
    expect(asked).toEqual([
      { tenant: "tenant-of-agents", names: ["u1@example.com", "u2@example.com"] },
      { tenant: "tenant-of-managers", names: ["u3@example.com"] },
    ]);
  });
});
