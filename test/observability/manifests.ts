/** Objects with the defaults that admission would fill in. */
import { parseManifests } from "../../src/manifests/read.ts";
import type { KubeObject } from "../../src/runtime/port.ts";

export function defaulted(kind: string, name: string, spec: object, status: object): KubeObject {
  const text = JSON.stringify({
    apiVersion: "connectsso.dev/v1alpha1",
    kind,
    metadata: { name, namespace: "team" },
    spec,
  });
  const read = { objects: [], problems: [], sources: new Map() } as Parameters<typeof parseManifests>[3];
  parseManifests(text, "test", "team", read);
  if (read.problems.length > 0) throw new Error(JSON.stringify(read.problems));
  const object = read.objects[0] as unknown as KubeObject;
  const metadata = { ...object.metadata, uid: `uid-of-${name}`, creationTimestamp: "2026-01-01T00:00:00Z" };
  return { ...object, metadata, status };
}
