/**
 * Ask once: a create that a second one would double, in a service that shows a new object late and may lose its answer.
 *
 * Guarantees: at most one create of a key is under way at any time, also across crashes, lost answers and lost status. The intent is in
 * the status before the call is sent. Nothing further is asked for until the object is seen, the service has refused it for sure, or it
 * has been absent for as long as the service may take to show it.
 * Assumptions: the service shows an object within `showsWithinMs` (its clock) after it accepted the create; what is looked for identifies
 * the object (a name or tag of its own); a status write that was answered survives.
 * Errors: `waiting` while it must not be asked for; whatever the create throws, when its outcome is known.
 */
import { isoSeconds } from "../domain/duration.ts";
import { ReconcileError } from "../runtime/errors.ts";

/** Times (ISO 8601, the service's clock) at which something was asked for, by key; `unknownSince`: the status was lost then. */
type Notes = Record<string, string | undefined> & { unknownSince?: string };

/** Looks in a row that found nothing. Losing it costs a longer look, never an object. */
export interface Absence {
  /** Our clock, and the service's, in ms. */
  since: number;
  serviceSince: number;
  looks: number;
}

export interface Ask {
  key: string;
  /** How long the service may take to show a new object, ms. */
  showsWithinMs: number;
  /** As a person names it: "the application". */
  object: string;
  /** Why it may exist unseen although it was not asked for. */
  suspicion?: string;
  /** An absence counts after so many looks over so long a time (our clock, ms). Default: at once. */
  settled?: { looks: number; ms: number };
  lookAgainMs: number;
}

const REASON = "WaitingForReplication";
/** Looks in a row where something suggests that the object exists: a replica that is far behind may answer several of them. */
const SUSPECTED_LOOKS = 10;
/** A look after a lost answer, ms. */
const AFTER_LOST_ANSWER_MS = 1_000;

export class AskOnce {
  readonly notes: Notes;
  readonly #absences: Record<string, Absence>;
  readonly #persist: () => Promise<void>;
  readonly #now: () => number;
  readonly #serviceNow: () => number;

  constructor(p: {
    notes: Notes;
    absences: Record<string, Absence>;
    /** Writes the notes into the status. Throws when it cannot: then nothing is asked for. */
    persist(): Promise<void>;
    now(): number;
    serviceNow(): number;
  }) {
    this.notes = p.notes;
    this.#absences = p.absences;
    this.#persist = p.persist;
    this.#now = p.now;
    this.#serviceNow = p.serviceNow;
  }

  /** Status was lost after work had begun: anything may be under way. */
  get lostHistory(): boolean {
    return this.notes.unknownSince !== undefined;
  }

  /** When it was asked for; undefined: it was not, or it was seen since. */
  askedAt(key: string): string | undefined {
    return this.notes[key];
  }

  /** Takes note of a look that found the object. */
  found(key: string): void {
    delete this.notes[key];
    delete this.#absences[key];
  }

  /** Takes note of a look that did not. */
  absent(key: string): Absence {
    const { since, serviceSince, looks } = this.#absences[key] ?? {
      since: this.#now(),
      serviceSince: this.#serviceNow(),
      looks: 0,
    };
    this.#absences[key] = { since, serviceSince, looks: looks + 1 };
    return this.#absences[key];
  }

  /** It was waited for long enough: what was lost with the status would have shown. */
  trust(): void {
    delete this.notes.unknownSince;
  }

  /** `create` gets the time that is in the notes. */
  async ask<T>(ask: Ask, create: (since: string) => Promise<T>): Promise<T> {
    this.#requireAbsence(ask);
    const { unknownSince } = this.notes;
    const since = new Date(this.#serviceNow()).toISOString();
    this.notes[ask.key] = since;
    this.trust();
    try {
      await this.#persist();
    } catch (error) {
      delete this.notes[ask.key];
      if (unknownSince) this.notes.unknownSince = unknownSince;
      throw error;
    }
    try {
      const made = await create(since);
      delete this.#absences[ask.key];
      return made;
    } catch (error) {
      if ((error as { outcomeUnknown?: unknown } | undefined)?.outcomeUnknown === false) {
        delete this.notes[ask.key];
        throw error;
      }
      throw this.#waiting(
        `the answer about ${ask.object} was lost; looking whether it was created`,
        AFTER_LOST_ANSWER_MS,
      );
    }
  }

  /** Throws while something that was asked for may still show: whatever deletes then would leave it behind. */
  requireSettled(ask: Pick<Ask, "key" | "showsWithinMs" | "object" | "lookAgainMs">): void {
    const from = this.#from({ ...ask, suspicion: undefined });
    if (from !== undefined && this.#serviceNow() < from + ask.showsWithinMs)
      throw this.#waiting(
        `${this.#why(ask)}; waiting until ${isoSeconds(from + ask.showsWithinMs)} in case it shows`,
        ask.lookAgainMs,
      );
  }

  #requireAbsence(ask: Ask): void {
    const from = this.#from(ask);
    if (from !== undefined && this.#serviceNow() < from + ask.showsWithinMs)
      throw this.#waiting(
        `${this.#why(ask)}; a new one is created if none shows until ${isoSeconds(from + ask.showsWithinMs)}`,
        ask.lookAgainMs,
      );
    if (!ask.settled) return;
    const { looks = 0, since = this.#now() } = this.#absences[ask.key] ?? {};
    const least = from === undefined ? ask.settled.looks : Math.max(ask.settled.looks, SUSPECTED_LOOKS);
    if (looks < least || this.#now() - since < ask.settled.ms)
      throw this.#waiting(`checking that ${ask.object} does not exist before it is created`, AFTER_LOST_ANSWER_MS);
  }

  /** Since when it is waited for (service's clock, ms); undefined: nothing suggests that it may exist. */
  #from({ key, suspicion }: Pick<Ask, "key" | "suspicion">): number | undefined {
    const asked = Date.parse(this.notes[key] ?? "");
    if (!Number.isNaN(asked)) {
      const now = this.#serviceNow();
      if (asked <= now) return asked;
      // A time from the status is a hint: one in the future would be waited for for ever, so it counts from now on.
      this.notes[key] = new Date(now).toISOString();
      return now;
    }
    if (!this.lostHistory && suspicion === undefined) return undefined;
    return (this.#absences[key] ?? this.absent(key)).serviceSince;
  }

  #why({ key, object, suspicion }: Pick<Ask, "key" | "object" | "suspicion">): string {
    const asked = this.notes[key];
    if (asked) return `${object} was requested at ${asked} and does not show yet`;
    return suspicion ?? `the status was lost, so ${object} may have been requested already`;
  }

  #waiting(message: string, retryAfterMs: number): ReconcileError {
    return new ReconcileError("waiting", REASON, message, { retryAfterMs });
  }
}
