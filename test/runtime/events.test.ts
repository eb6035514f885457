import { expect, test } from "@jest/globals";
import type { KubeClient } from "../../src/runtime/client.ts";
import { EventRecorder } from "../../src/runtime/events.ts";

test("a flood of events in one namespace neither delays nor displaces those of another", async () => {
  const written: string[] = [];
  const client = { create: async (_: object, namespace: string) => void written.push(namespace) };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const recorder = new EventRecorder({ client: client as unknown as KubeClient, log, controller: "c", instance: "i" });
  const record = (namespace: string, name: string) =>
    recorder.record(
      { apiVersion: "v1", kind: "Pod", metadata: { namespace, name, uid: `${namespace}/${name}` } },
      { type: "Warning", reason: "Seen", action: "Look", note: name },
    );
  for (let count = 0; count < 1_500; count++) record("loud", `p${count}`);
  for (const name of ["a", "b"]) record("quiet", name);
  await recorder.flush();
  expect(written.slice(0, 4)).toEqual(["loud", "quiet", "loud", "quiet"]);
  // What one namespace may have waiting is bounded.
  expect(written).toHaveLength(1_002);
});
