/** Access keys of a user. The secret exists in the answer of the create alone. */
import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  GetAccessKeyLastUsedCommand,
  ListAccessKeysCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import { orMissing } from "../errors.ts";
import type { Iam } from "../types.ts";
import { type IamContext, pages } from "./context.ts";

export function accessKeyCalls({ client, call }: IamContext) {
  const keys = {
    async listAccessKeys(UserName, o) {
      return pages(async (Marker) => {
        const r = await call(
          "ListAccessKeys",
          (s) => client.send(new ListAccessKeysCommand({ UserName, Marker }), s),
          o,
        );
        return [
          (r.AccessKeyMetadata ?? []).map((k) => ({ id: k.AccessKeyId!, status: k.Status!, createdAt: k.CreateDate! })),
          r.Marker,
        ];
      });
    },
    async createAccessKey(UserName, o) {
      const r = await call(
        "CreateAccessKey",
        (s) => client.send(new CreateAccessKeyCommand({ UserName }), s),
        o,
        UserName,
      );
      return { id: r.AccessKey!.AccessKeyId!, secret: r.AccessKey!.SecretAccessKey! };
    },
    async deactivateAccessKey(UserName, id, o) {
      const input = { UserName, AccessKeyId: id, Status: "Inactive" as const };
      await call("UpdateAccessKey", (s) => client.send(new UpdateAccessKeyCommand(input), s), o, UserName);
    },
    async deleteAccessKey(UserName, id, o) {
      await orMissing(
        call(
          "DeleteAccessKey",
          (s) => client.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: id }), s),
          o,
          UserName,
        ),
      );
    },
    async accessKeyUse(id, o) {
      const r = await call(
        "GetAccessKeyLastUsed",
        (s) => client.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: id }), s),
        o,
      );
      const used = r.AccessKeyLastUsed;
      return used?.LastUsedDate ? { lastUsedAt: used.LastUsedDate, service: used.ServiceName } : {};
    },
  } satisfies Partial<Iam>;

  return keys;
}
