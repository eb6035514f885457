/** Which ConnectUsers are those of a set: a tenant may set any label, annotation and owner on a user of its namespace. */
import { describe, expect, test } from "@jest/globals";
import type { ConnectUser, ConnectUserSet } from "../../src/api/resources.ts";
import { INDEXES } from "../../src/controller/kinds.ts";
import { FolderStore } from "../../src/runtime/folder-store.ts";
import { existingOf } from "../../src/set/facts.ts";
import { memberName } from "../../src/set/member.ts";
import { idOf, look, person, setOf, sourceOf } from "./support.ts";

const ADA = idOf(1);
const made = (name: string, more: object = {}, entraUser: object = { objectId: ADA }) => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUser",
  metadata: { name, namespace: "contact-centre", ...more },
  spec: { personaRef: { name: "agents" }, entraUser },
});
const LABEL = { labels: { "connectsso.dev/set": "cc" } };
const OWNER = {
  ownerReferences: [
    { apiVersion: "connectsso.dev/v1alpha1", kind: "ConnectUserSet", name: "cc", uid: "1", controller: true },
  ],
};

describe("a label makes no user one of a set", () => {
  test.each<[string, ReturnType<typeof made>, boolean]>([
    ["as the set makes it", made(memberName("cc", ADA), LABEL), true],
    ["another name", made("ada", LABEL), false],
    ["another name, and the owner reference", made("ada", { ...LABEL, ...OWNER }), false],
    ["by user principal name", made(memberName("cc", ADA), LABEL, { userPrincipalName: "p1@example.com" }), false],
    ["the name for another person", made(memberName("cc", ADA), LABEL, { objectId: idOf(2) }), false],
    ["without the label", made(memberName("cc", ADA), OWNER), false],
  ])("%s", (_, user, isOne) => {
    const store = new FolderStore(INDEXES);
    store.load({ ...user, metadata: { uid: "u", ...user.metadata } });
    const found = existingOf(setOf() as ConnectUserSet, { store });
    expect(found.map(({ metadata }: ConnectUser) => metadata.name)).toEqual(isOne ? [user.metadata.name] : []);
  });
});

test("a name that is taken by somebody else leaves the person out, with the reason", () => {
  const source = sourceOf([person(1), person(2)], { "CC Agents": [1, 2] });
  const [ada, bob] = look(setOf(), { source, isTaken: (name) => name === memberName("cc", ADA) });
  expect(ada).toMatchObject({
    state: "LeftOut",
    reasons: [`ConnectUser ${memberName("cc", ADA)} is there and is for somebody else; delete it`],
  });
  expect(ada!.change).toBeUndefined();
  expect(bob).toMatchObject({ state: "Active", change: { verb: "Create" } });
});
