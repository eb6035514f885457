/**
 * What is kept of an object. A tenant that may create objects could otherwise fill the memory that all tenants share: an object may have 256 KiB
 * of annotations, and etcd takes 1.5 MiB. Labels and annotations are read only of the kind's own API group.
 */
import type { KubeObject } from "./port.ts";

/** Labels, annotations, finalizers and owners each. */
const MOST_ENTRIES = 32;
/** Longest value of an annotation that is kept, characters: what a status may repeat of it. */
const LONGEST_VALUE = 253;
/** A larger status than any that we write is not ours, characters: the object counts as one without status, and the next pass writes it again. */
const LARGEST_STATUS = 64 * 1024;

type Entries = Record<string, string>;

/** Changes the object. By new records, because `delete` turns an object into a hash table of several times its size. */
export function slim(object: KubeObject, group: string): KubeObject {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp, ...rest } =
    object.metadata;
  const metadata: KubeObject["metadata"] = { name, namespace, uid, resourceVersion, generation, creationTimestamp };
  if (deletionTimestamp) metadata.deletionTimestamp = deletionTimestamp;
  if (rest.finalizers) metadata.finalizers = rest.finalizers.slice(0, MOST_ENTRIES);
  if (rest.ownerReferences) metadata.ownerReferences = rest.ownerReferences.slice(0, MOST_ENTRIES);
  const labels = ownEntries(rest.labels, group);
  if (labels) metadata.labels = labels;
  const annotations = ownEntries(rest.annotations, group);
  if (annotations) metadata.annotations = annotations;
  object.metadata = metadata;
  if (JSON.stringify(object.status)?.length > LARGEST_STATUS) object.status = undefined;
  return object;
}

function ownEntries(entries: Entries | undefined, group: string): Entries | undefined {
  if (!entries) return undefined;
  const own = Object.keys(entries).filter((key) => key.startsWith(`${group}/`));
  if (own.length === 0) return undefined;
  return cutValues(Object.fromEntries(own.slice(0, MOST_ENTRIES).map((key) => [key, entries[key]!])));
}

/** Of annotations no value is longer than what a status may repeat of it. */
export function cutValues(entries: Entries): Entries {
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, cut(value)]));
}

/**
 * Never ends with half of a character: the API server would replace it, and what is compared would differ for ever. A copy, because a slice
 * keeps the whole text in memory.
 */
function cut(text: string): string {
  return text.length <= LONGEST_VALUE ? text : Buffer.from(text.slice(0, LONGEST_VALUE)).toString();
}
