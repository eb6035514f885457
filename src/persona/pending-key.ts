/** A new access key between its making and the moment Entra has it. The secret is in this process's memory, for minutes, and nowhere else. */

/** AWS accepts a new key everywhere within seconds; one that is still refused after this time is given up. */
const ACCEPTED_WITHIN_MS = 300_000;

export class PendingKey {
  readonly id: string;
  /** Our clock: when Entra last heard that AWS refuses it. */
  refusedAt: number | undefined;
  #secret: string | undefined;

  constructor(made: { id: string; secret: string }) {
    this.id = made.id;
    this.#secret = made.secret;
    // Whatever becomes of the persona meanwhile.
    setTimeout(() => this.forget(), ACCEPTED_WITHIN_MS).unref();
  }

  forget(): void {
    this.#secret = undefined;
  }

  /** For the two calls that hand it to Entra; private, so that no log line or JSON can show it. Undefined once forgotten. */
  get credentials(): { accessKeyId: string; secretAccessKey: string } | undefined {
    return this.#secret === undefined ? undefined : { accessKeyId: this.id, secretAccessKey: this.#secret };
  }
}
